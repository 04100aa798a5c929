"""ASHA: successive halving without rounds, so that no rung waits for another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from autonas.strategies.base import MultiFidelity, rungs
from autonas.trials import BUDGET, Trial, bare, completed, key
from autonas.values import Values

if TYPE_CHECKING:
    import keras_tuner
    import numpy as np


class Asha(MultiFidelity):
    """Asynchronous successive halving: a candidate goes on as soon as it is among the best of those on its rung.

    On each rung one in `factor` may go on. The highest rung with one that may is served first; if there is none, a new
    candidate is evaluated with the least budget. It decides after each trial, so it is never further than one evaluation
    from having used its time well, whatever `max_trials` or `max_time` is.

    Args:
        factor: See `autonas.strategies.base.MultiFidelity`.
        least: See there.
        strategy: See there.
        resource: See there.

    References:
        [Li et al., 2020](https://arxiv.org/abs/1810.05934): A System for Massively Parallel Hyperparameter Tuning,
        algorithm 2.

    Example:

    >>> clf = autonas.ImageClassifier(strategy="asha", estimator="full", max_time="10m")
    """

    def propose(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rng: np.random.Generator
    ) -> Values | None:
        """Sends on who may go on, or asks for a new candidate."""
        for place in reversed(range(len(self.shares) - 1)):
            rung, above = self._rung(history, place), self._rung(history, place + 1)
            gone = {key(bare(trial.values)) for trial in above}
            for trial in completed(rung)[: len(rung) // self.factor]:
                if key(bare(trial.values)) not in gone:
                    return self.at(trial.values, self.shares[place + 1])
        values = self.draw(history, space, rng)
        return None if values is None else self.at(values, self.shares[0])

    def unfinished(self, history: Sequence[Trial]) -> list[Trial]:
        """On each rung the best two in `factor`, and never fewer than `factor`, without those that have gone on.

        Who falls behind that can still come to go on, when a rung has become very full; it is then trained from the start.
        """
        kept = []
        for place in range(len(self.shares) - 1):
            rung, above = self._rung(history, place), self._rung(history, place + 1)
            gone = {key(bare(trial.values)) for trial in above}
            leading = completed(rung)[: max(self.factor, 2 * len(rung) // self.factor)]
            kept += [trial for trial in leading if key(bare(trial.values)) not in gone]
        return kept

    def _rung(self, history: Sequence[Trial], place: int) -> list[Trial]:
        return [trial for trial in rungs(history) if trial.values[BUDGET] == self.shares[place]]
