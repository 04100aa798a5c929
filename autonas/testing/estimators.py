"""What every estimator has to keep to."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.blocks import Chain, ConvBlock, ReductionBlock
from autonas.estimators.base import TIMINGS, Budget, Data, Estimator
from autonas.heads.classification import ClassificationHead
from autonas.inputs.image import ImageInput
from autonas.space import Candidate, SearchSpace

if TYPE_CHECKING:
    import keras_tuner


class Shallow(ConvBlock):
    """A conv block of `conv_depth` layers in all, of which the first is normalised: quick to trace."""

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        width, depth = hp.Choice("conv_width", self.widths), hp.Choice("conv_depth", [1, 2, 3])
        x = keras.layers.Activation("relu")(self.stem(hp, "conv_stride", x, width))
        for _ in range(depth - 1):
            x = keras.layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        return x

    def starting_points(self) -> list[dict[str, Any]]:
        return [{}]


def example() -> tuple[Candidate, Data]:
    """A small candidate, and 64 images of two classes that it learns at once."""
    rng = np.random.default_rng(0)
    y = np.arange(64) % 2
    x = (rng.normal(size=(64, 8, 8, 1)) + 2 * y[:, None, None, None]).astype("float32")
    head, images = ClassificationHead(), ImageInput()
    head.fit(y)
    images.fit(x)
    targets = head.encode(y)
    space = SearchSpace(Chain(Shallow(8, 64), ReductionBlock()), head, (8, 8, 1))
    candidate = space.candidate(space.complete({"conv_depth": 1, "conv_width": 8}))
    return candidate, Data(x, targets, None, (x[:32], targets[:32], None), y, images, head)


def check_estimator(make: Callable[[], Estimator]) -> None:
    """Checks an estimator: plain and finite metrics, equal for equal seeds, no changed data, settings that JSON keeps.

    Args:
        make: Makes one.

    Raises:
        AssertionError: If it does not keep to the contract.

    Example:

    >>> check_estimator(Full)
    """
    candidate, data = example()
    x, values = data.x.copy(), dict(candidate.values)
    budget = Budget(epochs=4, batch_size=16, monitor="val_accuracy", mode="max")
    results = [make().evaluate(candidate, data, budget, seed) for seed in (0, 0, 1)]
    for result in results:
        _expect({"accuracy", "val_accuracy", "val_loss", "epochs", *TIMINGS} <= set(result), "metrics are missing")
        _expect(all(type(v) is float and math.isfinite(v) for v in result.values()), "metrics are no plain floats")
        _expect(0 <= result["val_accuracy"] <= 1 and 1 <= result["epochs"] <= 4, "metrics are out of range")
    first, same, other = ({n: v for n, v in result.items() if n not in TIMINGS} for result in results)
    _expect(first == same, "equal seeds give different metrics")
    _expect(first != other, "the seed makes no difference")
    _expect(np.array_equal(x, data.x) and values == candidate.values, "what was given has changed")
    steps = make().steps(data, budget)
    _expect(steps is None or 0 < steps < math.inf, "the steps are no positive number")
    json.dumps(make().get_config())


def _expect(condition: bool, otherwise: str) -> None:
    if not condition:
        raise AssertionError(otherwise)
