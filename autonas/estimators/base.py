"""The contract of an estimator: what it is given, what it may cost and what it tells; and what estimators share."""

from __future__ import annotations

import abc
import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from autonas import checkpoint, stratified
from autonas import data as data_module
from autonas.errors import InputError
from autonas.training import train

if TYPE_CHECKING:
    import numpy as np

    from autonas.heads.base import Head
    from autonas.inputs.base import Input
    from autonas.space import Candidate
    from autonas.trials import Trial

TIMINGS = ("startup_seconds", "step_seconds")


@dataclasses.dataclass
class Data:
    """Prepared data: preprocessed, encoded, split.

    Attributes:
        x: Preprocessed examples, (n, ...), float32: an array, a dict of arrays, or an `autonas.streams.Stream`.
        y: Encoded targets, (n, ...), likewise.
        weights: One weight for each example, or None.
        validation: The same three for the validation part, or None when there is none.
        strata: One class for each example of `x`, or None: what a part of the data keeps in proportion.
        input: Where `x` came from; it can lower its resolution.
        head: Where `y` came from; it has the loss and the metrics.
        seed: Which part of the examples a smaller part is: the same one for every candidate.
        judging: One weight for each example as a part to validate on has it: without class weights.
    """

    x: Any
    y: Any
    weights: np.ndarray | None
    validation: tuple[Any, Any, np.ndarray | None] | None
    strata: np.ndarray | None
    input: Input
    head: Head
    seed: int = 0
    judging: np.ndarray | None = None

    def __len__(self) -> int:
        return data_module.length(self.x)

    def part(self, share: float, at_least: int = 0) -> Data:
        """A share of the training examples, never fewer than `at_least`; the validation part stays whole."""
        n = min(len(self), max(at_least, math.ceil(share * len(self))))
        if n == len(self):
            return self
        rows = stratified.subsample(len(self), self.strata, n / len(self), self.seed)
        weights = None if self.weights is None else self.weights[rows]
        strata = None if self.strata is None else self.strata[rows]
        x, y = data_module.take(self.x, rows), data_module.take(self.y, rows)
        return dataclasses.replace(self, x=x, y=y, weights=weights, strata=strata)

    def validated_on(self, most: int) -> Data:
        """The same data, with at most so many examples to validate on; they are drawn at random."""
        if self.validation is None or data_module.length(self.validation[0]) <= most:
            return self
        count = data_module.length(self.validation[0])
        rows = stratified.subsample(count, None, most / count, self.seed)
        x, y, weights = self.validation
        weights = None if weights is None else weights[rows]
        return dataclasses.replace(self, validation=(data_module.take(x, rows), data_module.take(y, rows), weights))

    def reduced(self, factor: float) -> Data:
        """The same data, cheaper to train on: each example at `factor` of its resolution."""
        if factor == 1:
            return self
        validation = self.validation
        if validation is not None:
            validation = (self.input.reduce(validation[0], factor), *validation[1:])
        x = data_module.applied(self.x, lambda x: self.input.reduce(x, factor))
        return dataclasses.replace(self, x=x, validation=validation)


@dataclasses.dataclass(frozen=True)
class Budget:
    """What a training may cost, and what it aims at.

    Attributes:
        epochs: Most epochs to train; a decaying learning rate ends there.
        batch_size: Examples in a batch.
        longest: Epochs that an augmented training may have instead, which learns on, where there is time for them; None adds
            none.
        patience: Epochs without a better validation metric after which training stops; None never stops.
        monitor: The metric that decides which epoch was best: `"val_accuracy"`.
        mode: `"max"` or `"min"`.
        deadline: When the training must have ended, as `time.monotonic()` counts; None has no end.
        callbacks: The user's own Keras callbacks.
        stop_after: Share of the training after which it ends, while the learning rate is still on its way down.
        data: Share of the training examples to train on; the steps are then those of `stop_after` on all of them.
        checkpoint: File that the training goes on from, if it is there, and that it leaves for a longer one to go on from.
        beat: The best value of `monitor` so far, in the units of the target: a training that has next to no chance to get
            there is stopped; None stops none.
    """

    epochs: int
    batch_size: int
    longest: int | None = None
    patience: int | None = None
    monitor: str = "val_loss"
    mode: str = "min"
    deadline: float | None = None
    callbacks: Sequence[Any] = ()
    stop_after: float = 1.0
    data: float = 1.0
    checkpoint: Path | None = None
    beat: float | None = None


class Estimator(abc.ABC):
    """Measures the quality of a candidate.

    What it takes and gives is plain, so that the same call can run in another process. It owns its training and leaves
    nothing behind but the checkpoint that the budget asks for: no weights, no changed state.

    Attributes:
        judges_late_choices: Whether it trains long enough for `autonas.blocks.Block.late_choices`; if not, they are left to
            the full trainings.
    """

    judges_late_choices: ClassVar[bool] = True

    @abc.abstractmethod
    def evaluate(self, candidate: Candidate, data: Data, budget: Budget, seed: int) -> dict[str, float]:
        """Trains a candidate, as far as this estimator does.

        Args:
            candidate: What to measure.
            data: What to train and to validate on.
            budget: What the full training would take; an estimator may use less.
            seed: The only source of chance.

        Returns:
            The metrics of the best epoch by Keras's names (`"accuracy"`, `"val_accuracy"`, ...), `"epochs"`, the
            timings of `Training`, as the full training would have them, and `"hopeless"` (1) if it was stopped as such.

        Raises:
            TrialError: If the candidate diverges.
            OutOfTime: If the deadline came first.
        """

    def paced(self, seconds: float, trials: Sequence[Trial]) -> Estimator:
        """This estimator, made so much cheaper, if it can be, that a trial takes about so many seconds.

        Args:
            seconds: What a trial may take.
            trials: Of the search so far, that the others are to be comparable with.
        """
        return self

    def steps(self, data: Data, budget: Budget) -> float | None:
        """How many steps `evaluate` takes at most, each as long as the `"step_seconds"` that it tells.

        The seconds of a training are predicted by it, so that one which there is no time for is not begun.

        Args:
            data: What `evaluate` would be given.
            budget: Likewise.

        Returns:
            The number, which need not be whole; None, as here, where it cannot be told: then nothing is predicted.
        """
        return None

    @abc.abstractmethod
    def get_config(self) -> dict[str, Any]:
        """Its settings as plain data: trials of other settings cannot be compared."""


class OutOfTime(Exception):
    """The deadline came before a training could end. Its metrics, when it got so far, are in `metrics`."""

    def __init__(self, metrics: Mapping[str, float]) -> None:
        super().__init__("The time was up before the training ended.")
        self.metrics = dict(metrics)


def evaluate(candidate: Candidate, data: Data, budget: Budget, seed: int) -> dict[str, float]:
    """Trains a candidate and returns what `Estimator.evaluate` promises."""
    training = train(candidate, data, budget, seed)
    metrics = {**training.metrics, "epochs": float(training.epochs), **training.timings}
    if training.hopeless:
        metrics["hopeless"] = 1.0
    if not training.in_time:
        raise OutOfTime(metrics)
    return metrics


def steps(examples: int, budget: Budget) -> float:
    """How many steps `train` takes at most on so many examples."""
    done = 0 if budget.checkpoint is None else checkpoint.steps(budget.checkpoint)
    return max(0.0, budget.stop_after * budget.epochs * math.ceil(examples / budget.batch_size) - done)


def unbeaten(budget: Budget) -> Budget:
    """The budget of a training that is not stopped for being hopeless."""
    return dataclasses.replace(budget, beat=None)


def whether(name: str, value: bool) -> bool:
    """Reads an argument that is True or False.

    Raises:
        InputError: If it is neither.
    """
    if not isinstance(value, bool):
        raise InputError.of(name, "True or False", repr(value))
    return value
