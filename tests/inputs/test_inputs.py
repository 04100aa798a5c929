"""Every input keeps the contract, and the suite notices one that does not."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autonas import generators, inputs
from autonas.errors import InputError
from autonas.inputs.image import ImageInput
from autonas.inputs.sequence import SequenceInput
from autonas.inputs.table import TableInput
from autonas.inputs.text import TextInput
from autonas.testing.inputs import check_input

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 12, 9, 3)).astype("uint8")
SAMPLES = {
    "image": (ImageInput, IMAGES),
    "table": (TableInput, generators.houses(20, 0)[0]),
    "sequence": (SequenceInput, [np.random.default_rng(n).normal(size=(3 + n, 2)) for n in range(6)]),
    "text": (TextInput, generators.reviews(12, 0)[0]),
    "several": (
        lambda: inputs.get({"front": "image", "back": "image"}),
        {"front": IMAGES, "back": IMAGES[:, ::-1, :, 0]},
    ),
}


@pytest.mark.parametrize("name", inputs.INPUTS)
def test_an_input_keeps_the_contract(name, tmp_path):
    make, x = SAMPLES[name]
    check_input(make(), x, tmp_path)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match=r"'image'.*Did you mean 'image'"):
        inputs.get("imag")


class ForgetsStatistics(ImageInput):
    def get_config(self):
        return {**super().get_config(), "mean": [0.0, 0.0, 0.0]}


class ChangesWhatItChecks(ImageInput):
    def check(self, x, name="x"):
        return super().check(x, name) + 1


class TakesNothing(ImageInput):
    def check(self, x, name="x"):
        return super().check(x, name) if len(x) else np.empty((0, 12, 9, 3))


class CopiesForNothing(ImageInput):
    def reduce(self, x, factor):
        return super().reduce(x, factor).copy()


class NamesWhatItLacks(ImageInput):
    def files(self):
        return {"scaling.json": [["means"]]}


class WritesTwoListsInLines(ImageInput):
    def files(self):
        return {"scaling.txt": [["mean"], ["variance"]]}


class Trains(ImageInput):
    def preprocessor(self):
        model = super().preprocessor()
        return keras.Model(model.input, keras.layers.Conv2D(3, 1)(model.output))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (ForgetsStatistics, "from_config gives the same preprocessor"),
        (ChangesWhatItChecks, "check leaves what it checked"),
        (TakesNothing, "no examples at all"),
        (CopiesForNothing, "is x"),
        (NamesWhatItLacks, "what files names for scaling.json"),
        (WritesTwoListsInLines, "scaling.txt, a .txt, has one list"),
        (Trains, "nothing to train"),
    ],
)
def test_the_suite_tells_what_is_wrong(wrong, told, tmp_path):
    with pytest.raises(AssertionError, match=told):
        check_input(wrong(), IMAGES, tmp_path)
