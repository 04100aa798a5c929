"""Texts: words, pairs of words and n-grams of characters by number, what they weigh, and which characters there are."""

from __future__ import annotations

import itertools
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.errors import InputError, NotFittedError
from autonas.inputs.base import Input

if TYPE_CHECKING:
    import keras

MOST_WORDS, MOST_PAIRS, MOST_GRAMS = 20_000, 40_000, 60_000
LONGEST, LONGEST_BAG, SHORTEST = 128, 1_024, 16
WIDTHS = (5, 3, 2)  # of n-grams, in the order in which a long text keeps them
READ = 20_000  # texts that n-grams are learned from
LONG = 0.02  # share of texts that may be cut without a word
UNKNOWN, FIRST = 1, 2  # numbers of words; 0 is no word
NO_WORD = "."  # stands for a vocabulary without words: Keras wants one entry, and punctuation is never found
NO_GRAM = "." * (WIDTHS[0] + 1)  # the same for n-grams: too long to be found
CHARACTERS = [chr(code) for code in range(32, 127)]
_STRIPPED = re.compile(r"[!\"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~']")  # what Keras strips
_LOWER = {code: code + 32 for code in range(65, 91)}  # Keras lowers the letters of ASCII
_SPACE = re.compile(r"[ \t\n\r\f\v]+")  # where Keras splits


class TextInput(Input):
    """One text an example, of any Unicode.

    Texts are lowered, freed of punctuation and split at white space. A network gets the numbers of the words, and for bags
    of words the numbers of words and pairs of words with their tf-idf weights. So it does of n-grams of two to five
    characters, across words and with punctuation: they know endings, spellings and numbers, and writings without spaces. What
    that leaves out, such as capitals and length, is in the counts of characters. Vocabularies and lengths follow the training
    texts. Networks that go by the order of words read 128 of them at most; bags take 1,024 words and pairs, words first, and
    as many n-grams, the widest first.

    Attributes:
        length: Words of a prepared text, at least 16 and at most 128; known after `fit`.
        words: How many numbers words can have; known after `fit`.
        pairs: How many numbers words and pairs can have; known after `fit`.
        grams: How many numbers n-grams of characters can have; known after `fit`.

    Example:

    >>> texts = TextInput()
    >>> rows = texts.check(["A film to remember!", "Two hours of rain."])
    >>> texts.fit(rows)
    >>> texts.shape["words"]
    (16,)

    References:
    - Sparck Jones, 1972, https://doi.org/10.1108/eb026526 (weights by document frequency)
    - Cavnar & Trenkle, 1994, https://dsacl3-2019.github.io/materials/CavnarTrenkle.pdf (n-grams of characters)
    """

    least_epochs, full_steps = 8, 600  # bags are done soon, and what follows is learned by heart

    def __init__(self) -> None:
        self.length, self._pair_length, self._gram_length = 0, 0, 0
        self._words: list[str] = []
        self._pairs: list[str] = []
        self._grams: list[str] = []
        self._idf: list[float] = []
        self._gram_idf: list[float] = []
        self._mean: list[float] = []
        self._scale: list[float] = []

    @property
    def shape(self) -> dict[str, tuple[int, ...]]:
        pairs, grams = (self._pair_length,), (self._gram_length,)
        return {
            "words": (self.length,),
            "pairs": pairs,
            "weights": pairs,
            "grams": grams,
            "gram_weights": grams,
            "characters": (len(CHARACTERS) + 1,),
        }

    @property
    def words(self) -> int:
        return len(self._words) + FIRST

    @property
    def pairs(self) -> int:
        return len(self._pairs) + FIRST

    @property
    def grams(self) -> int:
        return len(self._grams) + FIRST

    def batch_size(self, rows: int) -> int:
        """Vocabularies make a step of the optimiser dear: large batches take fewer."""
        return 32 if rows < 5_000 else 128

    def check(self, x: Any, name: str = "x") -> np.ndarray:
        """Returns texts as an array of Python strings, (n,), of dtype object: one long text costs the others nothing.

        Raises:
            InputError: If there is none, or something else among them.
        """
        if isinstance(x, (str, bytes, Mapping, Set)) or not hasattr(x, "__len__"):
            hint = "Pass [text]." if isinstance(x, (str, bytes)) else ""
            raise InputError.of(name, "a list, an array or a column of texts", f"a {type(x).__name__}", hint)
        if getattr(x, "ndim", 1) == 2 and x.shape[1] == 1:  # a frame of one column too
            x = x.iloc[:, 0] if hasattr(x, "iloc") else x[:, 0]
        values = x.tolist() if hasattr(x, "tolist") else list(x)
        if getattr(x, "ndim", 1) != 1 or not values:
            got = f"the columns {list(x.columns)[:20]}" if hasattr(x, "columns") else f"shape {np.shape(x)}"
            raise InputError.of(name, "a list or one column of texts, at least one", got)
        for number, value in enumerate(values):
            if not isinstance(value, str):
                raise InputError.of(f"{name}[{number}]", "a text", *_what_else(value))
        return np.array([*map(_encodable, values), None], dtype=object)[:-1]

    def fit(self, x: np.ndarray) -> None:
        """Learns the vocabularies, the weights, and how long texts are; warns if words of many texts are not read."""
        tokens = [_tokens(text) for text in x]
        long = sum(len(each) > LONGEST_BAG for each in tokens)
        if long > LONG * len(x):
            warnings.warn(
                f"{long} of {len(x)} texts have more than {LONGEST_BAG:,} words; those after them are not read. Cut or split "
                "such texts yourself if what matters stands at their end.",
                stacklevel=2,
            )
        pairs = [_with_pairs(each) for each in tokens]
        self.length = _usual_length(tokens, LONGEST)
        self._pair_length = _usual_length(pairs, LONGEST_BAG)
        least = 2 if len(x) >= 1_000 else 1
        self._words = _frequent((word for each in tokens for word in each), least, MOST_WORDS) or [NO_WORD]
        self._pairs, self._idf = _weighed(pairs, least, MOST_PAIRS, NO_WORD)
        grams = [_grams(text) for text in x[:: -(-len(x) // READ)]]
        self._gram_length = _usual_length(grams, LONGEST_BAG)
        self._grams, self._gram_idf = _weighed(grams, least, MOST_GRAMS, NO_GRAM)
        counts = np.log1p(self._counts(x))
        self._mean = counts.mean(axis=0).tolist()
        self._scale = np.maximum(counts.std(axis=0), 0.05).tolist()

    def preprocessor(self) -> keras.Model:
        """Returns the model from texts, (batch,), to the arrays of `shape`."""
        import keras

        if not self.length:
            raise NotFittedError("The vocabulary is not known yet: call `fit` first.")
        inputs = keras.Input((), dtype="string", name="text")

        def numbered(vocabulary: list[str], length: int, name: str, **options: Any) -> Any:
            layer = keras.layers.TextVectorization(
                output_sequence_length=length, vocabulary=vocabulary, name=name, **options
            )
            return layer(inputs)

        def weights(numbers: Any, idf: list[float], name: str) -> Any:
            table = keras.layers.Embedding(len(idf) + FIRST, 1, trainable=False, name=name)
            found = keras.ops.squeeze(table(numbers), -1)
            table.set_weights([np.array([0.0, 0.0, *idf], "float32")[:, None]])
            norm = keras.ops.sqrt(keras.ops.sum(keras.ops.square(found), axis=1, keepdims=True))
            return found / keras.ops.maximum(norm, 1e-6)

        words = numbered(self._words, self.length, "words")
        pairs = numbered(self._pairs, self._pair_length, "pairs", ngrams=2)
        spaced = [" ".join(gram) for gram in self._grams]  # as Keras joins them
        as_grams: dict[str, Any] = {"standardize": "lower", "split": "character", "ngrams": WIDTHS}
        grams = numbered(spaced, self._gram_length, "grams", **as_grams)
        count = keras.layers.TextVectorization(
            standardize=None, split="character", output_mode="count", vocabulary=CHARACTERS, name="characters"
        )(inputs)
        counts = keras.ops.log1p(keras.ops.cast(count, "float32"))
        variance = [scale**2 for scale in self._scale]
        outputs = {
            "words": keras.ops.cast(words, "float32"),
            "pairs": keras.ops.cast(pairs, "float32"),
            "weights": weights(pairs, self._idf, "idf"),
            "grams": keras.ops.cast(grams, "float32"),
            "gram_weights": weights(grams, self._gram_idf, "gram_idf"),
            "characters": keras.layers.Normalization(mean=self._mean, variance=variance, name="scale")(counts),
        }
        return keras.Model(inputs, outputs, name="preprocessor")

    def numbers(self, x: np.ndarray) -> dict[str, np.ndarray]:
        tokens = [_tokens(text) for text in x]
        pairs = _numbered(map(_with_pairs, tokens), len(x), self._pairs, self._pair_length)
        grams = _numbered(map(_grams, x), len(x), self._grams, self._gram_length)
        counts = (np.log1p(self._counts(x)) - np.array(self._mean)) / np.array(self._scale)
        return {
            "words": _numbered(tokens, len(x), self._words, self.length),
            "pairs": pairs,
            "weights": _weights(pairs, self._idf),
            "grams": grams,
            "gram_weights": _weights(grams, self._gram_idf),
            "characters": counts.astype("float32"),
        }

    def reduce(self, x: dict[str, np.ndarray], factor: float) -> dict[str, np.ndarray]:
        """Cuts the words; the bags stay whole."""
        if not 0 < factor <= 1:
            raise InputError.of("factor", "in (0, 1]", factor)
        kept = max(min(SHORTEST, self.length), round(self.length * factor))
        return x if kept == self.length else {**x, "words": x["words"][:, :kept]}

    def files(self) -> dict[str, list[list[Any]]]:
        """`vocabulary.txt` has the word with the number 2 in its first line, the next ones below; `pairs.txt`, of words and
        pairs, and `grams.txt`, of characters, are alike. 0 stands for none, 1 for an unknown one. `scaling.json` has the
        weights of `pairs.txt`, `idf`, those of `grams.txt`, `gram_idf`, and the mean and scale of the logarithms of counts of
        characters.
        """
        scaling = [["idf"], ["gram_idf"], ["mean"], ["scale"]]
        vocabularies = {"vocabulary.txt": [["words"]], "pairs.txt": [["pairs"]], "grams.txt": [["grams"]]}
        return {**vocabularies, "scaling.json": scaling}

    def get_config(self) -> dict[str, Any]:
        """What JSON has to keep: the vocabularies, the weights and the lengths."""
        return {
            "length": self.length,
            "pair_length": self._pair_length,
            "gram_length": self._gram_length,
            "words": self._words,
            "pairs": self._pairs,
            "grams": self._grams,
            "idf": self._idf,
            "gram_idf": self._gram_idf,
            "mean": self._mean,
            "scale": self._scale,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TextInput:
        texts = cls()
        texts.length, texts._pair_length = config["length"], config["pair_length"]
        texts._gram_length = config["gram_length"]
        texts._words, texts._pairs, texts._grams = (list(config[name]) for name in ("words", "pairs", "grams"))
        texts._idf, texts._gram_idf = list(config["idf"]), list(config["gram_idf"])
        texts._mean, texts._scale = list(config["mean"]), list(config["scale"])
        return texts

    def _counts(self, x: np.ndarray) -> np.ndarray:
        """How often each character is there, those that are not ASCII together as the first."""
        place = {character: number for number, character in enumerate(CHARACTERS, start=1)}
        counts = np.zeros((len(x), len(CHARACTERS) + 1), "float32")
        for row, text in zip(counts, x, strict=True):
            for character, count in Counter(text).items():
                row[place.get(character, 0)] += count
        return counts


def _encodable(text: str) -> str:
    """The text without halves of surrogate pairs and without the zero character, which are no UTF-8 that TensorFlow keeps."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")


def _what_else(value: Any) -> tuple[str, str]:
    """What stands where a text should, and what to do about it."""
    kind = type(value).__name__
    if value is None or kind in ("NAType", "NaTType") or (isinstance(value, float) and value != value):
        return "a gap", "Fill in an empty text, or leave it out."
    return f"a {kind}", "Decode them first." if isinstance(value, bytes) else ""


def _tokens(text: str) -> list[str]:
    plain = _STRIPPED.sub("", text.translate(_LOWER))
    return [token for token in _SPACE.split(plain) if token]


def _with_pairs(tokens: list[str]) -> list[str]:
    return tokens + [f"{one} {other}" for one, other in itertools.pairwise(tokens)]


def _grams(text: str) -> list[str]:
    lowered = text.translate(_LOWER)
    return [lowered[start : start + width] for width in WIDTHS for start in range(len(lowered) - width + 1)]


def _weighed(rows: list[list[str]], least: int, most: int, otherwise: str) -> tuple[list[str], list[float]]:
    """The tokens in most texts, and their weights; `otherwise` alone if there is none.

    What has a line break or another control character in it would not be one line of a file.
    """
    documents = Counter(token for each in rows for token in set(each) if token.isprintable())
    tokens = _frequent(documents, least, most) or [otherwise]
    frequency = np.array([documents[token] for token in tokens], "float64")
    return tokens, (np.log((1 + len(rows)) / (1 + frequency)) + 1).astype("float32").tolist()


def _weights(numbered: np.ndarray, idf: list[float]) -> np.ndarray:
    found = np.array([0.0, 0.0, *idf], "float32")[numbered.astype(int)]
    norm = np.sqrt(np.sum(np.square(found), axis=1, keepdims=True))
    return found / np.maximum(norm, np.float32(1e-6))


def _frequent(tokens: Any, least: int, most: int) -> list[str]:
    counts = tokens if isinstance(tokens, Counter) else Counter(tokens)
    kept = [(-count, token) for token, count in counts.items() if count >= least]
    return [token for _, token in sorted(kept)[:most]]


def _usual_length(rows: Iterable[list[str]], most: int) -> int:
    return int(np.clip(np.ceil(np.quantile([len(row) for row in rows], 0.98)), SHORTEST, most))


def _numbered(rows: Iterable[list[str]], count: int, vocabulary: list[str], length: int) -> np.ndarray:
    numbers = {token: number for number, token in enumerate(vocabulary, start=FIRST)}
    result = np.zeros((count, length), "float32")
    for place, row in enumerate(rows):
        cut = row[:length]
        result[place, : len(cut)] = [numbers.get(token, UNKNOWN) for token in cut]
    return result
