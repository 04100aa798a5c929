"""Proxies work on what the tasks search: every default space, every kind of data and of target."""

import keras
import numpy as np
import pandas as pd
import pytest

from autonas import data as data_module
from autonas import default_spaces, generators, heads, inputs, preparation, proxies
from autonas.proxies import PROXIES, Network
from autonas.screens.base import Candidate
from autonas.screens.zero_cost import ZeroCost
from autonas.space import SearchSpace, seeded

RNG = np.random.default_rng(0)
ROWS = 60
NUMBERS, CLASSES = RNG.normal(size=ROWS), np.arange(ROWS) % 3


def images():
    return RNG.integers(0, 256, (ROWS, 8, 8)).astype("uint8")


def table():
    frame = pd.DataFrame(RNG.normal(size=(ROWS, 3)), columns=list("abc"))
    return frame.assign(kind=RNG.choice(list("xyz"), ROWS), a=frame["a"].where(frame["a"] < 1))


def sequences():
    return [RNG.normal(size=(length, 3)) for length in RNG.integers(4, 12, ROWS)]


TASKS = {
    "images": ("image", images, "regression", np.stack([NUMBERS, NUMBERS**2], axis=1)),
    "table": ("table", table, "regression", NUMBERS),
    "texts": ("text", lambda: generators.reviews(ROWS, 0)[0], "classification", CLASSES > 0),
    "sequences": ("sequence", sequences, "classification", CLASSES),
    "several": (
        {"picture": "image", "facts": "table"},
        lambda: {"picture": images(), "facts": table()},
        {"number": "regression", "kind": "classification"},
        {"number": NUMBERS, "kind": CLASSES},
    ),
}
SILENT = {  # by family: which proxies cannot tell
    "bags": {"nwot", "jacov"},
    "bag": {"nwot", "jacov"},
    "grams": {"nwot", "jacov"},
    "pooled": {"nwot"},
    "recurrent": {"nwot"},
    "additive": {"nwot", "jacov"},
    "kernels": {"nwot", "jacov"},
    "flat": {"nwot"},
}


def prepared(name):
    kind, make, head, y = TASKS[name]
    input, head = inputs.get(kind), heads.get(head)
    options = {"validation_split": 0.2, "validation_data": None, "class_weight": None, "sample_weight": None, "seed": 0}
    data, _ = preparation.prepare(
        preparation.check(input, head, make(), y, **options), input, head, input.preprocessor(), None, 0
    )
    space = SearchSpace(default_spaces.default(input, len(data)), head, input.shape)
    first = slice(0, 16)
    return space, head, data_module.take(data.x, first), data_module.take(data.y, first)


def families(space):
    """One starting point of each family."""
    return {str(space.kind(values)): values for values in reversed(space.starting_points())}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name != "table" else ()) for name in TASKS]
)
def test_every_proxy_scores_every_family_or_says_that_it_cannot(name):
    space, head, x, y = prepared(name)
    tensors = data_module.mapped(keras.ops.convert_to_tensor, x)
    candidates = []
    for values in families(space).values():
        with seeded(0):
            core = space.candidate(values).core()
        before = [np.array(variable) for variable in core.variables]
        network = Network(core, x, y, head.loss())
        copied = network.copy(tensors, training=False)["outputs"]
        data_module.mapped(
            lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5),
            copied,
            core(tensors, training=False),
        )
        found = {each: proxies.get(each).judge(network) for each in PROXIES}
        silent = {each for each, score in found.items() if np.isnan(score)}
        assert silent - {"zen"} <= SILENT.get(values.get("family"), set()), values
        assert ("zen" in silent) == (name != "images"), values
        for old, variable in zip(before, core.variables, strict=True):
            np.testing.assert_array_equal(old, np.array(variable))
        candidates.append(Candidate(values, space.hyperparameters, proxies=found))
    scores = ZeroCost().score(candidates, [])
    assert ((scores > 0) & (scores < 1)).all()
