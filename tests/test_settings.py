"""What a call of `fit` amounts to follows the data, and is the same in words for the same call."""

import json

import numpy as np
import pytest

from autonas import inputs, objectives, screens, settings
from autonas.preparation import Given, Part
from autonas.screens import Predictor, ZeroCost
from autonas.screens.base import Screen
from autonas.strategies.evolution import Evolution


@pytest.mark.parametrize(
    ("kind", "rows", "epochs", "batch_size"),
    [
        ("image", 100, 60, 32),
        ("image", 10_000, 31, 64),
        ("image", 1_000_000, 15, 64),
        ("table", 1_000, 120, 32),
        ("table", 5_000, 120, 128),
        ("table", 100_000, 15, 256),
        ("text", 200, 60, 32),
        ("text", 1_000, 18, 32),
        ("text", 9_600, 8, 128),
    ],
)
def test_epochs_and_batches_follow_the_examples(kind, rows, epochs, batch_size):
    budget = settings.training_budget(inputs.get(kind), objectives.get("val_accuracy"), rows, None, None, [])
    assert (budget.epochs, budget.longest, budget.batch_size) == (epochs, 2 * epochs, batch_size)
    assert (budget.monitor, budget.mode) == ("val_accuracy", "max")


def test_several_inputs_are_trained_as_the_heaviest_of_them():
    both = inputs.get({"picture": "image", "facts": "table"})
    budget = settings.training_budget(both, objectives.get("val_accuracy"), 1_000, None, None, [])
    assert (budget.epochs, budget.batch_size) == (60, 32)
    assert not both.light
    both = inputs.get({"picture": "image", "note": "text"})
    budget = settings.training_budget(both, objectives.get("val_accuracy"), 10_000, None, None, [])
    assert (budget.epochs, budget.batch_size) == (31, 64)


def test_what_the_user_says_is_used():
    budget = settings.training_budget(inputs.get("image"), objectives.get("latency_ms"), 100, 3, 8, ["callback"])
    assert (budget.epochs, budget.longest, budget.batch_size, budget.callbacks) == (3, None, 8, ["callback"])
    assert (budget.monitor, budget.mode) == ("val_loss", "min")


def test_equal_calls_are_described_alike_and_others_are_not():
    part = Part(np.arange(4), np.arange(4), None)
    first = settings.described_fit(Given(part, part, 0.2), None, None, [], {1: 2})
    assert first == settings.described_fit(Given(part, part, 0.2), None, None, [], {1: 2.0})
    assert first != settings.described_fit(Given(part, part, 0.2), None, None, [], {1: 3})
    assert first != settings.described_fit(Given(part, part, 0.2, "time"), None, None, [], {1: 2})


def test_names():
    assert settings.snake("ImageClassifier") == "image_classifier"
    assert settings.default_name("ImageClassifier", {"seed": 0}) == settings.default_name(
        "ImageClassifier", {"seed": 0}
    )
    assert settings.default_name("ImageClassifier", {"seed": 0}) != settings.default_name(
        "ImageClassifier", {"seed": 1}
    )
    assert settings.described(Evolution(population=7)) == [
        "Evolution",
        {"population": 7, "sample": 5, "crossover": 0.0},
    ]


class Mine(Screen):
    def __init__(self, model, function=len):
        self.model, self.function, self._kept = model, function, object()

    def score(self, candidates, finished):
        return np.zeros(len(candidates))


class Model:
    def __init__(self, size):
        self.size, self.weights = size, np.zeros(3)


def test_parts_of_a_part_are_described_and_places_in_memory_are_not():
    screen = screens.get(["zero_cost", Mine(Model(3)), Predictor(proxies=["nwot"])])
    told = settings.described(screen)
    assert told == settings.described(screens.get(["zero_cost", Mine(Model(3)), Predictor(proxies=["nwot"])]))
    assert " at 0x" not in json.dumps(told)
    assert told != settings.described(screens.get(["zero_cost", Mine(Model(4)), Predictor(proxies=["nwot"])]))
    assert settings.described(Mine(Model(3))) == [
        "Mine",
        {"model": ["Model", {"size": 3}], "function": ["len", {}]},
    ]
    assert settings.described(None) is None
    assert settings.described(ZeroCost("nwot"))[1]["proxies"] == {"nwot": ["Nwot", {}]}
