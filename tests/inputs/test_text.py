"""Texts of any Unicode are read alike in Keras and without it, and weigh what scikit-learn says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from autonas.data import feed
from autonas.errors import InputError
from autonas.inputs import text
from autonas.inputs.text import TextInput

TEXTS = [
    "A film to remember!",
    "Two hours of rain, and no film",
    "",
    "  spaces\tand\nlines\r\n ",
    "ÉCOLE naïve cafe\u0301 ﬁ ß İ",
    "日本語 の 映画 😀👩‍👩‍👧 مرحبا",
    "don't e-mail $5.00 100% [x] \\ `y` {z}",
    "nul\0inside and half a pair \ud800 here",
    "a\u00a0no-break\u2003space \x1f\x0b\x0c",
    "word " * 300,
]


def fitted(texts):
    given = TextInput()
    rows = given.check(texts)
    given.fit(rows)
    return given, rows


def test_keras_and_numpy_read_any_unicode_alike():
    given, rows = fitted(TEXTS)
    prepared = given.preprocessor().predict(feed(rows), verbose=0)
    for name, expected in given.numbers(rows).items():
        np.testing.assert_allclose(prepared[name], expected, atol=1e-5, err_msg=name)


def test_random_unicode_is_read_alike():
    given, _ = fitted(TEXTS)
    rng = np.random.default_rng(0)
    alphabet = [*"abcXYZ012 .,!?'-_\t\n", "é", "ß", "日", "😀", "\u0301", "\u200d", "\u00a0", "\u2028", "\x1c", "\x85"]
    rows = given.check(["".join(rng.choice(alphabet, rng.integers(0, 60))) for _ in range(200)])
    prepared = given.preprocessor().predict(feed(rows), verbose=0)
    for name, expected in given.numbers(rows).items():
        np.testing.assert_allclose(prepared[name], expected, atol=1e-5, err_msg=name)


def test_weights_are_scikit_learns_tfidf_where_no_word_comes_twice():
    texts = ["one two three", "two three four", "three five six", "seven two one"]
    given, rows = fitted(texts)
    prepared = given.numbers(rows)
    vectorizer = TfidfVectorizer(ngram_range=(1, 2)).fit(texts)
    expected = vectorizer.transform(texts).toarray()
    for row, (numbers, weights) in enumerate(zip(prepared["pairs"].astype(int), prepared["weights"], strict=True)):
        for number, weight in zip(numbers, weights, strict=True):
            if number:
                token = given.get_config()["pairs"][number - 2]
                assert weight == pytest.approx(expected[row, vectorizer.vocabulary_[token]], rel=1e-5)


def test_weights_of_n_grams_are_scikit_learns_where_none_comes_twice():
    texts = ["Abcdef", "cdefgh", "efghij", "hijk ab"]
    given, rows = fitted(texts)
    prepared = given.numbers(rows)
    sizes = [TfidfVectorizer(analyzer="char", ngram_range=(n, n)).build_analyzer() for n in (2, 3, 5)]
    vectorizer = TfidfVectorizer(analyzer=lambda text: [gram for size in sizes for gram in size(text)]).fit(texts)
    expected = vectorizer.transform(texts).toarray()
    assert set(given.get_config()["grams"]) == set(vectorizer.vocabulary_)
    for row, (numbers, weights) in enumerate(zip(prepared["grams"].astype(int), prepared["gram_weights"], strict=True)):
        found = np.zeros(expected.shape[1])
        for number, weight in zip(numbers, weights, strict=True):
            if number:
                found[vectorizer.vocabulary_[given.get_config()["grams"][number - 2]]] = weight
        np.testing.assert_allclose(found, expected[row], rtol=1e-5)


def test_a_long_text_keeps_its_longest_n_grams():
    given, rows = fitted(["abcdefghij" * 150])
    grams = given.get_config()["grams"]
    numbers = given.numbers(rows)["grams"][0].astype(int)
    assert len(numbers) == 1_024
    assert {len(grams[number - 2]) for number in numbers} == {5}


def test_n_grams_are_of_characters_in_any_writing():
    given, _ = fitted(["映画は日本", "😀e\u0301", "line\nbreak\r\x85"])
    grams = set(given.get_config()["grams"])
    assert {"映画", "映画は日本", "😀e\u0301", "ne", "re"} <= grams
    assert not any(part in gram for gram in grams for part in "\n\r\x85")  # a vocabulary has one in each line


def test_n_grams_are_learned_from_a_part_of_very_many_texts(monkeypatch):
    monkeypatch.setattr(text, "READ", 2)
    given, rows = fitted(["ab", "cd", "ef", "gh"])
    assert given.get_config()["grams"] == ["ab", "ef"]
    assert given.numbers(rows)["grams"][:, 0].tolist() == [2, 1, 3, 1]


@pytest.mark.parametrize("texts", [["", "?!"], [f"word{number}" for number in range(1_000)]])
def test_texts_without_a_word_to_learn_are_read_alike(texts):
    given, _ = fitted(texts)
    rows = given.check(["a word, a", ".", "?"])
    prepared = given.preprocessor().predict(feed(rows), verbose=0)
    assert prepared["words"][0, :4].tolist() == [1, 1, 1, 0]
    for name, expected in given.numbers(rows).items():
        np.testing.assert_allclose(prepared[name], expected, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    "form",  # pyarrow, in which pandas keeps texts where it is installed, takes no half of a pair
    [
        TEXTS,
        tuple(TEXTS),
        np.array(TEXTS, dtype=object),
        pd.Series(TEXTS, dtype=object),
        pd.DataFrame({"text": TEXTS}, dtype=object),
    ],
)
def test_forms(form):
    assert TextInput().check(form).tolist() == TextInput().check(TEXTS).tolist()


def test_unknown_words_have_a_number_of_their_own():
    given, _ = fitted(["good film", "bad film"])
    prepared = given.numbers(given.check(["good unseen film"]))
    assert prepared["words"][0, :4].tolist() == [4, 1, 2, 0]
    assert prepared["weights"][0, 1] == 0


def test_sizes_follow_the_texts():
    short, _ = fitted(["a b c"] * 10)
    long, _ = fitted(["word " * 1000] * 10)
    assert (short.length, long.length) == (16, 128)


def test_a_shorter_length_is_cheaper():
    given, rows = fitted(["word " * 100] * 4)
    prepared = given.numbers(rows)
    assert given.reduce(prepared, 0.5)["words"].shape == (4, 50)
    assert given.reduce(prepared, 1.0) is prepared


BAD = {
    "one text": ("a text", r"Pass \[text\]"),
    "bytes": ([b"x"], r"x\[0\].*Decode"),
    "missing": (["a", None], r"x\[1\].*a gap"),
    "nan": (["a", np.nan], r"x\[1\].*a gap"),
    "pandas' gap": (pd.Series(["a", None], dtype="string"), r"x\[1\].*a gap"),
    "an array among them": (["a", np.array([1, 2])], r"x\[1\].*a ndarray"),
    "a dict": ({"a": "b"}, "a column of texts. Got a dict"),
    "a set": ({"a", "b"}, "a column of texts. Got a set"),
    "one text of bytes": (b"a text", "a column of texts. Got a bytes"),
    "numbers": ([1, 2], r"x\[0\].*a int"),
    "lists": ([["a"], ["b"]], r"x\[0\].*a list"),
    "nothing": ([], "at least one"),
    "a matrix": (np.array([["a", "b"]]), "shape"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_texts(case):
    x, message = BAD[case]
    with pytest.raises(InputError, match=message):
        TextInput().check(x)


def test_what_a_long_text_ends_with_is_read():
    filler = " ".join(f"filler{number}" for number in range(300))
    texts = TextInput()
    texts.fit(texts.check([f"{filler} {end}" for end in ("a good film", "two bad hours")] * 20))
    good, bad = texts.numbers(texts.check([f"{filler} a good film", f"{filler} two bad hours"]))["pairs"]
    assert not np.array_equal(good, bad)
    assert texts.shape["pairs"] == (605,)


def test_texts_that_are_longer_than_is_read_are_told():
    texts = TextInput()
    with pytest.warns(UserWarning, match=r"1 of 2 texts have more than 1,024 words"):
        texts.fit(texts.check(["word " * 1_025, "short"]))
