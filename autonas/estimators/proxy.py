"""The proxy task: a cheaper training that ranks candidates nearly as the full one does."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from autonas import stopwatch
from autonas.errors import InputError
from autonas.estimators.base import Budget, Data, Estimator, evaluate, steps, unbeaten, whether
from autonas.trials import Trial, completed

if TYPE_CHECKING:
    from autonas.space import Candidate

_DATA, _EPOCHS = 0.5, 0.25  # shares where there is time for them
_FEWEST = 2  # epochs, where the time is short: a first one says little
_LEAST_STEPS = 100  # below which a training says little, and saves little beside its start
_RECORDED = ("proxy_data", "proxy_epochs")


class Proxy(Estimator):
    """Trains each candidate on less: part of the data, fewer epochs, a lower resolution.

    Where the time of a search is bounded, shares that are left open shrink until it has time for about fifteen trials, or
    thirty for a front, so that there is something to choose from. The first trial times its steps and begins anew with
    smaller shares if need be; all others have the same. The validation part shrinks with the training part then. The record
    of each trial has the shares, as `proxy_data` and `proxy_epochs`.

    Args:
        data: Share of the training examples, in (0, 1]; None means a half, or less where the time is short.
        epochs: Share of the full training's epochs, in (0, 1]; at least one is trained. None means a quarter, or less where
            the time is short, but at least two epochs.
        resolution: Share of the side of an image, in (0, 1].
        least: Examples below which a share of the data does not go: where data is scarce, a part of it ranks badly and saves
            little.
        stop_hopeless: Whether to stop, from half of its epochs on, a training whose validation curve has a chance of under
            1 % to get to the best one so far (`autonas.learning_curves`). Its record has its best epoch, and `hopeless` 1
            among the metrics. Curves that rise late, as many do where the learning rate decays to zero, may be stopped
            wrongly: see `docs/predictor.md`.

    Raises:
        InputError: If a share is outside (0, 1].

    Example:

    >>> clf = autonas.ImageClassifier(estimator=autonas.Proxy(data=0.25, epochs=0.5, resolution=0.5))

    References:
    - EcoNAS, Zhou et al., 2020, https://arxiv.org/abs/2001.01233: which reductions keep the ranking.
    """

    judges_late_choices: ClassVar[bool] = False

    def __init__(
        self,
        data: float | None = None,
        epochs: float | None = None,
        resolution: float = 1.0,
        least: int = 2_000,
        stop_hopeless: bool = False,
    ) -> None:
        for name, share in (("data", data), ("epochs", epochs), ("resolution", resolution)):
            if share is None and name != "resolution":
                continue
            if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share <= 1:
                raise InputError.of(f"Proxy({name}=)", "a share in (0, 1]", repr(share))
        if isinstance(least, bool) or not isinstance(least, int) or least < 1:
            raise InputError.of("Proxy(least=)", "a positive integer", repr(least))
        self.data, self.epochs, self.resolution, self.least = data, epochs, resolution, least
        self.stop_hopeless = whether("Proxy(stop_hopeless=)", stop_hopeless)
        self._shares = (data or _DATA, epochs or _EPOCHS)
        self._short = False
        self._allowed: float | None = None
        self._prepared: tuple[Any, Data] | None = None

    def paced(self, seconds: float, trials: Sequence[Trial]) -> Proxy:
        """A copy whose open shares shrink until a trial takes about so many seconds; those of earlier trials stay."""
        paced = copy.copy(self)
        known = [
            trial.metrics for trial in completed(trials) if set(_RECORDED) <= set(trial.metrics)
        ]  # not one that was cut
        if known:
            paced._shares = (known[0][_RECORDED[0]], known[0][_RECORDED[1]])
            paced._short = paced._shares != self._shares
        elif self.data is None or self.epochs is None:
            paced._allowed = seconds
        return paced

    def evaluate(self, candidate: Candidate, data: Data, budget: Budget, seed: int) -> dict[str, float]:
        budget = budget if self.stop_hopeless else unbeaten(budget)
        steps = self.steps(data, budget) / self.resolution**2
        if self._allowed is None or steps <= _LEAST_STEPS:
            return self._evaluate(candidate, data, budget, seed)
        timed = dataclasses.replace(budget, callbacks=[*budget.callbacks, stopwatch.watch(self._allowed, steps)])
        try:
            metrics = self._evaluate(candidate, data, timed, seed)
        except stopwatch.TooSlow as found:
            self._shrink(max(found.steps, _LEAST_STEPS) / steps, data, budget)
            metrics = self._evaluate(candidate, data, budget, seed)
        self._allowed = None
        return metrics

    def _evaluate(self, candidate: Candidate, data: Data, budget: Budget, seed: int) -> dict[str, float]:
        metrics = evaluate(candidate, self._prepare(data), self._shorter(budget), seed)
        told = dict(zip(_RECORDED, self._shares, strict=True))
        return {**metrics, **told, "step_seconds": metrics["step_seconds"] / self.resolution**2}

    def _shrink(self, factor: float, data: Data, budget: Budget) -> None:
        """Takes smaller shares, with `factor` times the steps: epochs and examples are cut alike, as far as both may be."""
        rows, epochs = len(self._prepare(data)), self._shorter(budget).epochs
        least, fewest = min(self.least, rows), min(_FEWEST, epochs)
        seen = factor * rows * epochs  # examples, each as often as it is
        fewer = epochs if self.epochs is not None else max(fewest, round(epochs * math.sqrt(factor)))
        part = rows if self.data is not None else min(rows, max(least, round(seen / fewer)))
        if self.epochs is None:
            fewer = min(epochs, max(fewest, round(seen / part)))
        self._shares, self._short = (part / len(data), fewer / budget.epochs), True
        self._prepared = None

    def steps(self, data: Data, budget: Budget) -> float:
        """Its epochs on its share of the examples; at a lower resolution each is a part of a step."""
        return self.resolution**2 * steps(len(self._prepare(data)), self._shorter(budget))

    def get_config(self) -> dict[str, Any]:
        return {
            "name": "proxy",
            "data": self.data,
            "epochs": self.epochs,
            "resolution": self.resolution,
            "least": self.least,
            **({"stop_hopeless": True} if self.stop_hopeless else {}),
        }

    def _shorter(self, budget: Budget) -> Budget:
        return dataclasses.replace(budget, epochs=max(1, math.ceil(self._shares[1] * budget.epochs - 1e-9)))

    def _prepare(self, data: Data) -> Data:
        """The reduced data, made once: every candidate is measured on the same part."""
        if self._prepared is None or self._prepared[0] is not data:
            part = data.part(self._shares[0], at_least=self.least)
            if self._short:
                part = part.validated_on(max(self.least, len(part)))
            self._prepared = (data, part.reduced(self.resolution))
        return self._prepared[1]
