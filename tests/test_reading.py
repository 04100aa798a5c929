"""Files, frames and folders become examples and targets, and what cannot be read is named."""

from __future__ import annotations

import gzip
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import autonas
from autonas import decoding, generators, reading
from autonas.errors import InputError
from autonas.inputs.image import ImageInput
from autonas.inputs.text import TextInput

FRAME = pd.DataFrame({"age": [31, 45, 27], "city": ["Rome", "Oslo", None], "left": ["no", "yes", "no"]})


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz"])
def test_a_file_with_a_target(suffix, tmp_path):
    path = tmp_path / f"customers{suffix}"
    FRAME.to_csv(path, index=False, sep="\t" if suffix == ".tsv" else ",")
    x, y = reading.read(path, "left")
    pd.testing.assert_frame_equal(x, FRAME[["age", "city"]], check_dtype=False)
    assert y.tolist() == ["no", "yes", "no"]
    x, y = reading.read(str(path), ["left", "age"])
    assert (list(x.columns), list(y.columns)) == (["city"], ["left", "age"])


def test_a_parquet_file(tmp_path):
    FRAME.to_parquet(tmp_path / "customers.parquet")
    assert reading.read(tmp_path / "customers.parquet", "left")[1].tolist() == ["no", "yes", "no"]


def test_a_frame_with_a_target_stays_as_it_is():
    x, y = reading.read(FRAME, "left")
    assert list(x.columns) == ["age", "city"]
    assert y.name == "left"
    assert "left" in FRAME.columns


def test_a_folder_of_parquet_files_is_a_table(tmp_path):
    (tmp_path / "parts").mkdir()
    FRAME.to_parquet(tmp_path / "parts" / "one.parquet")
    FRAME.to_parquet(tmp_path / "parts" / "two.parquet")
    assert reading.read(tmp_path / "parts", "left")[1].tolist() == ["no", "yes", "no"] * 2
    assert len(reading.unlabelled(tmp_path / "parts", "left")) == 6


def test_a_path_may_start_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    FRAME.to_csv(tmp_path / "customers.csv", index=False)
    assert reading.read("~/customers.csv", "left")[1].tolist() == ["no", "yes", "no"]
    assert list(reading.unlabelled("~/customers.csv", "left")) == ["age", "city"]


def test_columns_that_fit_did_not_see_are_left_out():
    texts = TextInput()
    texts.columns = ["city"]
    assert list(reading.examples(texts, FRAME, "left").columns) == ["city"]
    assert list(reading.examples(texts, FRAME.rename(columns={"city": "town"}), "left").columns) == ["age", "town"]
    assert reading.examples(texts, ["Rome"]) == ["Rome"]


def test_another_separator_is_told(tmp_path):
    FRAME.to_csv(tmp_path / "customers.csv", sep=";", index=False)
    with pytest.raises(
        InputError, match=r"^x must be a table whose columns are separated by ','.*read_csv\(path, sep=';'\)"
    ):
        reading.read(tmp_path / "customers.csv", "left")


def test_a_single_image_is_passed_as_a_list(tmp_path):
    picture(tmp_path / "cat.png", (8, 8))
    with pytest.raises(InputError, match=r"passed as \['.*cat.png'\]"):
        reading.unlabelled(str(tmp_path / "cat.png"))


def picture(path, shape, value=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(shape, value, "uint8")).save(path)


def test_columns_of_mixed_types_and_empty_last_fields_are_read(tmp_path):
    rows = [f"{number},1," for number in range(300_000)]
    (tmp_path / "mixed.csv").write_text("\n".join(["a,b", *rows, "word,2,", *rows]))
    x, y = reading.read(tmp_path / "mixed.csv", "b")  # any warning is an error here
    assert (x["a"].iloc[300_000], y.iloc[300_000], len(x)) == ("word", 2, 600_001)


def test_names_of_rows_are_no_column(tmp_path):
    FRAME.to_csv(tmp_path / "indexed.csv")
    pd.testing.assert_frame_equal(reading.table(tmp_path / "indexed.csv"), FRAME, check_dtype=False)


def test_a_target_that_is_a_number_or_an_index():
    frame = pd.DataFrame(np.arange(6).reshape(2, 3))
    x, y = reading.read(frame, 2)
    assert (list(x.columns), y.tolist()) == ([0, 1], [2, 5])
    assert list(reading.read(frame, frame.columns[1:])[1].columns) == [1, 2]


def test_a_folder_of_images_by_class(tmp_path):
    for number, side in enumerate((8, 10, 12)):
        picture(tmp_path / "cat" / f"{number}.png", (side, side + 2), 10)
        picture(tmp_path / "dog" / f"{number}.jpg", (side, side + 2), 200)
    (tmp_path / "cat" / "notes.txt").write_text("not an image")
    (tmp_path / "dog" / ".3.png").write_text("hidden")
    (tmp_path / ".hidden").mkdir()
    files, labels = reading.read(tmp_path, None)
    assert [f"{file.parent.name}/{file.name}" for file in files[1:5]] == [
        "cat/1.png",
        "cat/2.png",
        "dog/0.jpg",
        "dog/1.jpg",
    ]
    x, y = decoding.image_folder(tmp_path)
    assert (x.shape, x.dtype) == ((6, 10, 12), np.uint8)
    assert y.tolist() == labels.tolist() == ["cat"] * 3 + ["dog"] * 3
    assert (x[:3] == 10).all()
    assert (x[3:] > 190).all()
    assert decoding.image_folder(tmp_path, shape=(9, 9, 3))[0].shape == (6, 9, 9, 3)


def test_a_frame_with_a_column_of_paths(tmp_path, monkeypatch):
    for number in range(3):
        picture(tmp_path / "images" / f"{number}.png", (8, 9), number)
    frame = pd.DataFrame({"note": list("cab"), "file": [f"{number}.png" for number in (2, 0, 1)], "size": [1, 2, 3]})
    assert reading.image_column(frame).tolist() == ["2.png", "0.png", "1.png"]
    assert reading.image_column(frame[["note"]]).tolist() == list("cab")  # the only one, whatever the paths end in
    monkeypatch.chdir(tmp_path / "images")
    assert ImageInput().check(frame)[:, 0, 0].tolist() == [2, 0, 1]
    gap = frame.assign(file=["2.png", None, "1.png"])
    with pytest.raises(InputError, match=r"paths of images\. Got 1 of 3 that are none: (None|nan)"):
        ImageInput().check(gap)
    with pytest.raises(InputError, match=r"one column of paths.*Got none among \['note', 'size'\].*the column itself"):
        ImageInput().check(frame.drop(columns="file"))
    with pytest.raises(InputError, match=r"one column of paths.*Got 2: \['file', 'back'\]"):
        ImageInput().check(frame.assign(back=frame["file"]))


def test_the_images_in_a_folder_and_its_folders_are_sorted_by_path(tmp_path):
    names = ["b.png", "a/2.png", "a/1.JPG", "c/1.png"]
    for name in [*names, "c/deep/1.png", ".hidden/1.png", "c/.1.png", "notes.txt"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert reading.unlabelled(tmp_path) == sorted(tmp_path / name for name in names)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"a folder of images, or of folders of images\. Got no images in .*empty"):
        reading.unlabelled(str(tmp_path / "empty"))


def test_a_table_without_its_target_is_examples(tmp_path):
    FRAME.to_csv(tmp_path / "customers.csv", index=False)
    assert list(reading.unlabelled(tmp_path / "customers.csv", "left").columns) == ["age", "city"]
    assert list(reading.unlabelled(str(tmp_path / "customers.csv"), ["left", "gone"]).columns) == ["age", "city"]
    assert list(reading.unlabelled(FRAME, None).columns) == ["age", "city", "left"]
    with pytest.raises(InputError, match=r"that exists, or examples\. Got 'a good film'.*passed as \['a good film'\]"):
        reading.unlabelled("a good film")


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (["a.png"], True),
        (("a.png", None), True),
        (np.array(["a.png"]), True),
        (pd.Series(["a.png"]), True),
        (pd.DataFrame({"a": ["a.png"]}), True),
        (pd.DataFrame({"a": ["a.png"], "b": [1]}), False),
        (pd.DataFrame({"a": [1]}), False),
        ([], False),
        ([[1, 2]], False),
        (np.zeros((2, 8, 8)), False),
        (np.array([b"a.png"]), False),
        ("a.png", False),
    ],
)
def test_what_is_taken_for_paths(x, expected):
    assert reading.are_paths(x) is expected


def test_what_is_not_installed_is_named(tmp_path, monkeypatch):
    picture(tmp_path / "1.png", (8, 8))
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(InputError, match=r"pip install autonas\[images\]"):
        decoding.image_files([tmp_path / "1.png"])

    def absent(path):
        raise ImportError("Unable to find a usable engine")

    monkeypatch.setattr(pd, "read_parquet", absent)
    (tmp_path / "a.parquet").touch()
    with pytest.raises(InputError, match=r"a\.parquet.*pip install autonas\[parquet\]"):
        reading.read(tmp_path / "a.parquet", "left")


BAD = {
    "no file": ("missing.csv", "left", "^x must be a file or a folder that exists. Got '.*missing.csv' instead.$"),
    "another kind": ("notes.docx", "left", "ends in one of"),
    "a kind within the name": ("customers.csv.bak", "left", "ends in one of"),
    "no folder": ("nowhere", None, "a file or a folder that exists"),
    "no target": ("customers.csv", None, "target must be the name of a column"),
    "unknown target": ("customers.csv", "lef", "Did you mean 'left'"),
    "empty": ("empty.csv", "left", "a table that can be read.*empty.csv"),
    "no rows": ("header.csv", "a", "header.csv', which has none"),
    "too many fields": ("wide.csv", "a", "wide.csv', whose rows have more fields than its first line"),
    "other fields": ("ragged.csv", "a", "ragged.csv.*Expected 2 fields in line 3, saw 3"),
    "no UTF-8": ("latin.csv", "a", "latin.csv.*utf-8"),
    "no zip": ("text.csv.gz", "a", "text.csv.gz.*gzip"),
    "half a zip": ("half.csv.gz", "a", "half.csv.gz.*ended before"),
    "a damaged zip": ("damaged.csv.gz", "a", "damaged.csv.gz"),
    "no column": ("customers.csv", [], "one or more of the columns.*Got \\[\\]"),
    "all columns": ("customers.csv", ["age", "city", "left"], "some of the columns.*Got all"),
    "a column twice": ("customers.csv", ["age", "age"], "'age', which comes twice"),
    "no images": ("folder", None, "no images"),
    "a class without images": ("classes", None, "no images in .*classes/b"),
    "target of a folder": ("folder", "left", "folders are the classes"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_read(case, tmp_path):
    FRAME.to_csv(tmp_path / "customers.csv", index=False)
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "notes.docx").touch()
    (tmp_path / "customers.csv.bak").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "header.csv").write_text("a,b\n")
    (tmp_path / "wide.csv").write_text("a,b\n1,2,3\n2,4,5\n")
    (tmp_path / "ragged.csv").write_text("a,b\n1,2\n3,4,5\n")
    (tmp_path / "latin.csv").write_bytes(b"a,b\n\xe9,1\n")
    (tmp_path / "text.csv.gz").write_text("a,b\n1,2\n")
    whole = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(999)))
    middle = len(whole) // 2
    (tmp_path / "half.csv.gz").write_bytes(whole[:middle])
    (tmp_path / "damaged.csv.gz").write_bytes(whole[:middle] + b"\xff" * 20 + whole[middle + 20 :])
    picture(tmp_path / "classes" / "a" / "1.png", (8, 8))
    (tmp_path / "classes" / "b").mkdir()
    name, target, message = BAD[case]
    with pytest.raises(InputError, match=message):
        reading.read(tmp_path / name, target)


def test_a_target_of_what_has_no_names_or_the_same_twice():
    with pytest.raises(InputError, match="Pass targets as y"):
        reading.read(np.ones((2, 2)), "left")
    with pytest.raises(InputError, match="'left', which comes twice"):
        reading.read(pd.concat([FRAME, FRAME[["left"]]], axis=1), "left")


def test_a_target_of_several_levels_says_how_it_is_passed():
    frame = pd.DataFrame(np.eye(3), columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("left", 1)]))
    with pytest.raises(InputError, match=r"several levels is passed as \[\('left', 1\)\]"):
        reading.read(frame, ("left", 1))
    assert list(reading.read(frame, [("left", 1)])[1].columns) == [("left", 1)]


def test_what_brings_no_file_and_no_target_stays_as_it_is():
    x, y = np.ones((2, 2)), [0, 1]
    assert reading.given(x, y, None) == (x, y)
    with pytest.raises(InputError, match="a file or a folder that exists"):
        reading.given("a" * 5000, None, None)


def test_fit_takes_a_file_and_predict_a_frame(tmp_path):
    frame, prices = generators.houses(60, 0)
    frame.assign(price=prices).to_csv(tmp_path / "houses.csv", index=False)
    options = {"max_trials": 1, "top_k": 1, "ensemble": False, "verbose": 0, "directory": tmp_path}
    task = autonas.TabularRegressor(project_name="file", **options)
    task.fit(tmp_path / "houses.csv", target="price", epochs=1)
    other = autonas.TabularRegressor(project_name="frame", **options)
    other.fit(frame.assign(price=prices), target="price", epochs=1)
    np.testing.assert_allclose(task.predict(tmp_path / "houses.csv"), other.predict(frame), rtol=1e-3)
    third = autonas.TabularRegressor(project_name="validation", **options)
    third.fit(frame.assign(price=prices), target="price", validation_data=tmp_path / "houses.csv", epochs=1)
    assert third.predict(frame).shape == prices.shape
    found = pytest.approx(task.evaluate(frame, prices))
    assert task.evaluate(tmp_path / "houses.csv", target="price") == found
    again = autonas.load(tmp_path / "file")  # knows the target's name, too
    assert again.evaluate(str(tmp_path / "houses.csv")) == again.evaluate(frame.assign(price=prices)) == found
    frame.assign(cost=prices).to_csv(tmp_path / "other.csv", index=False)
    assert task.evaluate(tmp_path / "other.csv", target="cost") == found
    with pytest.raises(InputError, match="y must be left out with target"):
        task.fit(frame, prices, target="price")


def test_fit_takes_a_folder_of_images(tmp_path, small_images):
    for number in range(8):
        picture(tmp_path / "images" / "dark" / f"{number}.png", (8, 8), number)
        picture(tmp_path / "images" / "light" / f"{number}.png", (9, 8), 250 - number)
    task = autonas.ImageClassifier(max_trials=1, top_k=1, verbose=0, directory=tmp_path)
    task.fit(tmp_path / "images", epochs=1)
    assert task.classes.tolist() == ["dark", "light"]
    paths = [tmp_path / "images" / "dark" / "0.png", tmp_path / "images" / "light" / "0.png"]
    assert len(task.predict(pd.DataFrame({"path": paths})["path"])) == 2
    for number in range(2):
        picture(tmp_path / "other" / "dark" / f"{number}.png", (20, 16, 3), number)
        picture(tmp_path / "other" / "light" / f"{number}.png", (20, 16, 3), 250 - number)
    assert "accuracy" in task.evaluate(tmp_path / "other")  # brought to the size and the channels of the training
    files = sorted((tmp_path / "images").rglob("*.png"))
    assert task.predict_proba(tmp_path / "images").tolist() == task.predict_proba(files).tolist()
    assert task.predict(str(tmp_path / "images" / "dark")).tolist() == task.predict(files[:8]).tolist()


OPTIONS = {"max_trials": 1, "top_k": 1, "verbose": 0, "estimator": autonas.Proxy(epochs=0.5)}


def pictures(folder):
    """A frame of paths that start at `folder`, of images of several sizes; and what they show."""
    names = [f"images/{number}.png" for number in range(20)]
    kinds = np.array(["dark", "light"])[np.arange(20) % 2]
    for number, name in enumerate(names):
        picture(folder / name, (8 + number % 3, 8), number + 200 * (number % 2))
    return pd.DataFrame({"path": names, "size": np.arange(20) / 7, "note": list("ab") * 10}), kinds


@pytest.mark.slow
def test_fit_takes_a_table_with_paths_of_images(tmp_path, monkeypatch):
    frame, kinds = pictures(tmp_path / "set")
    frame.assign(kind=kinds).to_csv(tmp_path / "set" / "train.csv", index=False)
    task = autonas.ImageClassifier(directory=tmp_path / "runs", **OPTIONS)
    task.fit(tmp_path / "set" / "train.csv", target="kind", epochs=1)
    expected = task.predict_proba([tmp_path / "set" / name for name in frame["path"]]).tolist()
    assert task.predict_proba(tmp_path / "set" / "train.csv").tolist() == expected
    assert "accuracy" in task.evaluate(tmp_path / "set" / "train.csv")
    with pytest.raises(InputError, match=r"20 of 20 .*Relative paths start at the working folder"):
        task.predict(frame)
    monkeypatch.chdir(tmp_path / "set")
    assert task.predict_proba(frame.assign(kind=kinds)).tolist() == expected
    again = autonas.ImageClassifier(directory=tmp_path / "runs", **OPTIONS)
    again.fit(frame.assign(kind=kinds), target="kind", epochs=1)  # the same images, so the same finished project
    assert [folder.name for folder in (tmp_path / "runs").iterdir()] == [again._project.folder.name]


@pytest.mark.slow
def test_paths_of_images_beside_a_table(tmp_path, monkeypatch):
    frame, kinds = pictures(tmp_path)
    monkeypatch.chdir(tmp_path)
    task = autonas.AutoModel({"picture": "image", "facts": "table"}, "classification", **OPTIONS)
    x = {"picture": frame["path"], "facts": frame[["size", "note"]]}
    task.fit(x, kinds, epochs=1)
    assert task.input.shape["picture"] == (9, 8, 1)
    assert len(task.predict({part: rows[:3] for part, rows in x.items()})) == 3


@pytest.mark.slow
def test_a_table_of_events_and_one_of_texts_are_answered(tmp_path):
    events = generators.card_transactions(cards=40, seed=0, fraud=0.3)
    events.to_csv(tmp_path / "events.csv", index=False)
    task = autonas.SequenceClassifier(sequence_id="card", order_by="time", directory=tmp_path, **OPTIONS)
    task.fit(tmp_path / "events.csv", target="compromised", epochs=1)
    without = events.drop(columns="compromised")
    assert task.predict(tmp_path / "events.csv").tolist() == task.predict(without).tolist()
    assert len(task.predict(without)) == 40
    texts, y = generators.reviews(40, 0)
    pd.DataFrame({"label": y, "text": texts}).to_csv(tmp_path / "texts.csv", index=False)
    task = autonas.TextClassifier(directory=tmp_path, **OPTIONS)
    task.fit(tmp_path / "texts.csv", target="label", epochs=1)
    assert task.predict(tmp_path / "texts.csv").tolist() == task.predict(texts).tolist()
    assert task.evaluate(tmp_path / "texts.csv") == pytest.approx(task.evaluate(texts, y))
    beside = pd.DataFrame({"more": 1, "text": texts, "label": y})
    assert task.predict(beside).tolist() == task.predict(texts).tolist()
    answered = autonas.lite.Model(task.export(tmp_path / "texts.tflite"))
    assert answered.predict(beside).tolist() == answered.predict(tmp_path / "texts.csv").tolist()
