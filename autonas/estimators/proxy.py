"""The proxy task: a cheaper training that ranks candidates nearly as the full one does."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, ClassVar

from autonas.errors import InputError
from autonas.estimators.base import Budget, Data, Estimator, evaluate, steps, unbeaten, whether

if TYPE_CHECKING:
    from autonas.space import Candidate


class Proxy(Estimator):
    """Trains each candidate on less: part of the data, fewer epochs, a lower resolution.

    Args:
        data: Share of the training examples, in (0, 1].
        epochs: Share of the full training's epochs, in (0, 1]; at least one is trained.
        resolution: Share of the side of an image, in (0, 1].
        least: Examples below which `data` does not go: where data is scarce, a part of it ranks badly and saves little.
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
        data: float = 0.5,
        epochs: float = 0.25,
        resolution: float = 1.0,
        least: int = 2_000,
        stop_hopeless: bool = False,
    ) -> None:
        for name, share in (("data", data), ("epochs", epochs), ("resolution", resolution)):
            if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share <= 1:
                raise InputError.of(f"Proxy({name}=)", "a share in (0, 1]", repr(share))
        if isinstance(least, bool) or not isinstance(least, int) or least < 1:
            raise InputError.of("Proxy(least=)", "a positive integer", repr(least))
        self.data, self.epochs, self.resolution, self.least = data, epochs, resolution, least
        self.stop_hopeless = whether("Proxy(stop_hopeless=)", stop_hopeless)
        self._prepared: tuple[Data, Data] | None = None

    def evaluate(self, candidate: Candidate, data: Data, budget: Budget, seed: int) -> dict[str, float]:
        budget = self._shorter(budget if self.stop_hopeless else unbeaten(budget))
        metrics = evaluate(candidate, self._prepare(data), budget, seed)
        return {**metrics, "step_seconds": metrics["step_seconds"] / self.resolution**2}

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
        return dataclasses.replace(budget, epochs=max(1, math.ceil(self.epochs * budget.epochs)))

    def _prepare(self, data: Data) -> Data:
        """The reduced data, made once: every candidate is measured on the same part."""
        if self._prepared is None or self._prepared[0] is not data:
            self._prepared = (data, data.part(self.data, at_least=self.least).reduced(self.resolution))
        return self._prepared[1]
