"""A quality and a cost as one objective: a soft target, where a limit would be a hard one."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any, ClassVar

from autonas.errors import InputError
from autonas.objectives.base import Cost, Objective

NAME = "tradeoff"


class Tradeoff(Objective):
    """A quality, weighed by how far a cost is from its target: `quality * (cost / target) ** weight`.

    At the target it is the quality itself. With a weight of -0.07, twice the cost has to bring 5 % more of the quality to be
    worth it. There is a single optimum for one exchange rate; for the whole curve pass both objectives as a list, and for a
    bound that is always kept to use `limits`.

    Of a quality that is minimised, or is below zero, the factor is turned over, so that less cost is better there too.

    Args:
        quality: A metric on the validation part: `"val_accuracy"`, or what else `objective=` takes for one.
        cost: `"latency_ms"`, `"size_kb"`, ...
        target: Of the cost, in its unit.
        weight: Exponent, below 0.

    Raises:
        InputError: If the quality is a cost or the cost is none, or a number is out of its range.

    References:
    - [Tan et al., 2019](https://arxiv.org/abs/1807.11626): MnasNet: Platform-Aware Neural Architecture Search for Mobile,
      equations 2 and 3, with one weight on both sides of the target.

    Example:

    >>> objective = Tradeoff("val_accuracy", "latency_ms", target=2.0, weight=-0.07)
    >>> round(objective.value({"val_accuracy": 0.9}, {"latency_ms": 4.0}), 4)
    0.8574
    """

    name = NAME
    cheap: ClassVar[bool] = False

    def __init__(self, quality: Any, cost: Any, target: float, weight: float = -0.07) -> None:
        from autonas.objectives import get

        first, second = get(quality), get(cost)
        if first.quality is not first:
            raise InputError.of("Tradeoff(quality=)", "a metric on the validation part", repr(quality))
        if not isinstance(second, Cost):
            raise InputError.of("Tradeoff(cost=)", "a cost such as 'latency_ms'", repr(cost))
        self._quality, self._cost = first, second
        self.target = _number("target", target, 0.0, math.inf, "a number above 0")
        self.weight = _number("weight", weight, -math.inf, 0.0, "a number below 0")
        self.direction = first.direction

    @property
    def quality(self) -> Objective:
        """The quality alone: it says which epoch of a training was best."""
        return self._quality

    @property
    def costs(self) -> Mapping[str, Cost]:
        """The cost."""
        return {self._cost.name: self._cost}

    def value(self, metrics: Mapping[str, float], costs: Mapping[str, float]) -> float:
        """The weighed quality."""
        quality = metrics[self._quality.name]
        turned = self.sign if quality >= 0 else -self.sign
        return quality * (costs[self._cost.name] / self.target) ** (turned * self.weight)

    def plain(self) -> list[Any]:
        made_with = {
            "quality": self._quality.plain(),
            "cost": self._cost.plain(),
            "target": self.target,
            "weight": self.weight,
        }
        return [self.name, self.direction, made_with]

    def __repr__(self) -> str:
        return f"Tradeoff({self._quality.name!r}, {self._cost.name!r}, target={self.target}, weight={self.weight})"


def _number(name: str, value: Any, above: float, below: float, expected: str) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not above < float(value) < below:
        raise InputError.of(f"Tradeoff({name}=)", expected, repr(value))
    return float(value)
