"""Files, frames and folders become examples and targets, and what cannot be read is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import autonas
from autonas import generators, reading
from autonas.errors import InputError

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
    pytest.importorskip("pyarrow")
    FRAME.to_parquet(tmp_path / "customers.parquet")
    assert reading.read(tmp_path / "customers.parquet", "left")[1].tolist() == ["no", "yes", "no"]


def test_a_frame_with_a_target_stays_as_it_is():
    x, y = reading.read(FRAME, "left")
    assert list(x.columns) == ["age", "city"]
    assert y.name == "left"
    assert "left" in FRAME.columns


def picture(path, shape, value=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(shape, value, "uint8")).save(path)


def test_a_folder_of_images_by_class(tmp_path):
    for number, side in enumerate((8, 10, 12)):
        picture(tmp_path / "cat" / f"{number}.png", (side, side + 2), 10)
        picture(tmp_path / "dog" / f"{number}.jpg", (side, side + 2), 200)
    (tmp_path / "cat" / "notes.txt").write_text("not an image")
    (tmp_path / ".hidden").mkdir()
    x, y = reading.read(tmp_path, None)
    assert (x.shape, x.dtype) == ((6, 10, 12), np.uint8)
    assert y.tolist() == ["cat"] * 3 + ["dog"] * 3
    assert (x[:3] == 10).all()
    assert (x[3:] > 190).all()


def test_colour_stays_colour_and_large_images_are_made_smaller(tmp_path):
    picture(tmp_path / "a" / "1.png", (600, 300, 3), 7)
    picture(tmp_path / "a" / "2.png", (600, 300), 7)
    assert reading.image_files([tmp_path / "a" / "1.png", tmp_path / "a" / "2.png"]).shape == (2, 256, 256, 3)


def test_images_that_do_not_decode_are_named(tmp_path):
    picture(tmp_path / "a" / "1.png", (8, 8))
    (tmp_path / "a" / "2.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"1 of 2 that are none: .*2\.png"):
        reading.read(tmp_path, None)
    with pytest.raises(InputError, match=r"files that exist.*1 of 1.*3\.png"):
        reading.image_files([tmp_path / "a" / "3.png"])


BAD = {
    "no file": ("missing.csv", "left", "a table that can be read.*missing.csv"),
    "another kind": ("notes.docx", "left", "ends in one of"),
    "no target": ("customers.csv", None, "target must be the name of a column"),
    "unknown target": ("customers.csv", "lef", "Did you mean 'left'"),
    "empty": ("empty.csv", "left", "a table that can be read.*empty.csv"),
    "no images": ("folder", None, "no images"),
    "target of a folder": ("folder", "left", "folders are the classes"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_read(case, tmp_path):
    FRAME.to_csv(tmp_path / "customers.csv", index=False)
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "folder").mkdir()
    name, target, message = BAD[case]
    with pytest.raises(InputError, match=message):
        reading.read(tmp_path / name, target)
    with pytest.raises(InputError, match="Pass targets as y"):
        reading.read(np.ones((2, 2)), "left")


def test_fit_takes_a_file_and_predict_a_frame(tmp_path):
    frame, prices = generators.houses(60, 0)
    frame.assign(price=prices).to_csv(tmp_path / "houses.csv", index=False)
    options = {"max_trials": 1, "top_k": 1, "verbose": 0, "directory": tmp_path}
    task = autonas.TabularRegressor(project_name="file", **options)
    task.fit(tmp_path / "houses.csv", target="price", epochs=1)
    other = autonas.TabularRegressor(project_name="frame", **options)
    other.fit(frame.assign(price=prices), target="price", epochs=1)
    np.testing.assert_allclose(task.predict(frame), other.predict(frame), rtol=1e-3)
    assert task.evaluate(tmp_path / "houses.csv", target="price") == pytest.approx(task.evaluate(frame, prices))
    with pytest.raises(InputError, match="y must be left out with target"):
        task.fit(frame, prices, target="price")


def test_fit_takes_a_folder_of_images(tmp_path):
    for number in range(8):
        picture(tmp_path / "images" / "dark" / f"{number}.png", (8, 8), number)
        picture(tmp_path / "images" / "light" / f"{number}.png", (9, 8), 250 - number)
    task = autonas.ImageClassifier(max_trials=1, top_k=1, verbose=0, directory=tmp_path)
    task.fit(tmp_path / "images", epochs=1)
    assert task.classes.tolist() == ["dark", "light"]
    paths = [tmp_path / "images" / "dark" / "0.png", tmp_path / "images" / "light" / "0.png"]
    assert len(task.predict(pd.DataFrame({"path": paths})["path"])) == 2
