"""The evaluation of one candidate: its costs, then the limits on them, then its quality by the estimator."""

from __future__ import annotations

import copy
import dataclasses
import functools
import hashlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas import assembly, memory, objectives, pace, stopwatch, timetable
from autonas.descent import Descent
from autonas.errors import InputError, RejectedError
from autonas.estimators.base import TIMINGS, Budget, Data, Estimator, OutOfTime
from autonas.estimators.base import steps as steps_of
from autonas.graph import read
from autonas.loop import Interrupted, Outcome
from autonas.objectives import COSTS, asked, lead, measure
from autonas.objectives.base import BuiltModel, Cost, Objective
from autonas.screens.base import Candidate, Screen
from autonas.space import SearchSpace, for_inference, seeded
from autonas.training import exact
from autonas.trials import BUDGET, RESOURCE, STARTING_POINT, Trial, bare, completed, key
from autonas.values import Values

if TYPE_CHECKING:
    import keras

    from autonas.devices.base import Device

SCREENED = 64  # examples in the batch that screens get
SURE = 0.5  # share of the predicted seconds that is surely needed: patience may save the rest
ALWAYS = ("params", "flops", "memory_kb")  # costs that take milliseconds, so every trial has them


class Evaluation:
    """Evaluates candidates of one space on one data set.

    Args:
        space: Where the candidates come from.
        data: What they are trained and validated on.
        estimator: Measures their quality.
        budget: Of a full training.
        objectives: What is optimised; the first is the score of a trial.
        screen: Refuses candidates before they are trained.
        limits: On costs; what they are about is measured, and stands in the records.
        device: Where latency is measured.
        assemble: Makes of a core the model that the user gets, whose costs count.
        seed: Of all that is random.
        files: What a `.tflite` of a candidate carries; it counts in its size.
        checkpoints: Folder for trainings that a strategy may go on with; None keeps none, and they begin anew.
    """

    def __init__(
        self,
        space: SearchSpace,
        data: Data,
        estimator: Estimator,
        budget: Budget,
        objectives: Sequence[Objective],
        screen: Screen,
        limits: Mapping[str, tuple[Cost, float]],
        device: Device,
        assemble: Callable[[keras.Model], keras.Model],
        seed: int,
        files: Mapping[str, str] | None = None,
        checkpoints: Path | None = None,
    ) -> None:
        self.space, self.data, self.estimator, self.budget = space, data, estimator, budget
        self.objectives, self.screen, self.device = list(objectives), screen, device
        self.limits, self.assemble, self.seed = dict(limits), assemble, seed
        self.files, self.checkpoints = dict(files or {}), checkpoints
        self.costs: dict[str, Cost] = {name: COSTS[name]() for name in ALWAYS} | asked(objectives, limits)
        self.rivals: Callable[[], Sequence[Trial]] = lambda: ()  # the trials that a candidate has to beat
        self.in_full: tuple[float, Data] | None = None  # the seconds that a last training may take, and its data
        self._built: dict[str, BuiltModel] = {}
        self._known: dict[str, dict[str, float]] = {}  # costs of candidates that were looked at before their trial

    def __call__(self, number: int, values: Values) -> Outcome:
        """Evaluates a candidate as trial `number`.

        Raises:
            RejectedError: If it breaks a limit, or its training would not fit the machine or the time that is left.
            TrialError: If its training diverges.
            Interrupted: If the time was up, or is too short for any training.
        """
        costs = self._known.get(key(bare(values))) or self._measure(values)
        if lead(self.objectives) is None:
            return self._outcome({}, costs)
        budget = self._share(number, values)
        self._refuse_what_takes_too_long(number, costs, budget)
        try:
            metrics = self.estimator.evaluate(
                self.space.candidate(values), self.data, self._timed(number, budget), self._seed(number, values)
            )
        except OutOfTime as cut:
            raise Interrupted(self._outcome(cut.metrics, costs) if cut.metrics else None) from cut
        except stopwatch.TooSlow as found:
            late = f"its steps take {found.step:.2g} s, for which there is no time, or none to train it in full"
            raise RejectedError(late, costs, for_now=True) from found
        return self._outcome(metrics, costs)

    def _measure(self, values: Values) -> dict[str, float]:
        built = self.built(values)
        broken = self.screen.refusal(built)
        if broken is not None:
            # what a measurement would cost is not paid for a candidate that is not trained
            graph_costs = {name: self.costs[name] for name in ALWAYS}
            raise RejectedError(broken, measure(graph_costs, built))
        self._refuse_what_does_not_fit(built)
        costs = measure(self.costs, built)
        self._built.clear()
        if BUDGET in values:
            self._known[key(bare(values))] = costs
        return costs

    def _refuse_what_does_not_fit(self, built: BuiltModel) -> None:
        """A training that this machine has no memory for would not fail, but be killed with all that runs beside it."""
        needed, free = memory.training_bytes(built.graph, self.budget.batch_size), memory.available_bytes()
        if free is not None and needed > free and lead(self.objectives) is not None:
            raise RejectedError(
                f"a training takes about {needed / 2**20:,.0f} MB, and {free / 2**20:,.0f} MB are free",
                measure({name: self.costs[name] for name in ALWAYS}, built),
                for_now=True,
            )

    def _refuse_what_takes_too_long(self, number: int, costs: Mapping[str, float], budget: Budget) -> None:
        """A training that the deadline cut would leave no record; where even the quickest so far took too long, all is over."""
        if budget.deadline is None:
            return
        trials = completed(trial for trial in self.rivals() if trial.number < number)
        steps, left = self.estimator.steps(self.data, budget), budget.deadline - time.monotonic()
        seconds = None if steps is None else pace.predicted(trials, costs["flops"], steps)
        if seconds is None or SURE * seconds <= left:
            return
        if SURE * min(trial.seconds for trial in trials) > left:
            raise Interrupted
        late = f"its training takes about {seconds:,.0f} s, and {left:,.0f} s are left"
        raise RejectedError(late, costs, for_now=True)

    def _timed(self, number: int, budget: Budget) -> Budget:
        """A budget whose training is broken off after its first steps, if there is no time for it or none to train it in full.

        Who is too slow for that is no finalist where others are quick enough (`autonas.timetable.payable`), and may be many
        times slower than its FLOPs say.
        """
        trials = completed(trial for trial in self.rivals() if trial.number < number)
        steps = None if budget.deadline is None or not trials else self.estimator.steps(self.data, budget)
        if steps is None or budget.deadline is None:
            return budget
        slowest = math.inf
        if self.in_full is not None:
            kept, data = self.in_full
            fewest = timetable.at_least(self.budget, timetable.PAYABLE_EPOCHS)
            if any(timetable.seconds(trial, data, fewest) <= kept for trial in trials):
                slowest = kept / (timetable.MARGIN * steps_of(len(data), fewest))
        watch = stopwatch.watch(budget.deadline - time.monotonic(), steps, slowest)
        return dataclasses.replace(budget, callbacks=[*budget.callbacks, watch])

    def built(self, values: Values) -> BuiltModel:
        """The model that a candidate would become, its weights as if trained; kept until its trial."""
        text = key(bare(values))
        if text not in self._built:
            with seeded(self.seed):
                model = self.assemble(assembly.as_if_trained(self.space.candidate(values).core()))
            self._built = {text: self._as_built(model)}
        return self._built[text]

    def _as_built(self, model: keras.Model) -> BuiltModel:
        return BuiltModel(model, self.device, self.files, self.budget.batch_size)

    def candidate(self, values: Values, trial: Trial | None = None) -> Candidate:
        """A candidate as screens see it; its networks are not built after the deadline.

        Raises:
            Interrupted: From what it makes, if the time was up.
        """
        make, make_core = functools.partial(self.built, values), functools.partial(self._core, values)
        return Candidate(
            values,
            self.space.hyperparameters,
            trial,
            self._in_time(make),
            self._in_time(make_core),
            lambda: self._batch,
        )

    def _core(self, values: Values) -> keras.Model:
        """The network that would be trained, fresh: for all candidates from the same seed."""
        candidate = self.space.candidate(values)
        with seeded(self.seed):
            core = candidate.core()
        core.compile(loss=candidate.loss(), jit_compile=False)
        return core

    @functools.cached_property
    def _batch(self) -> tuple[Any, Any]:
        """One training batch, its classes in proportion."""
        part = self.data.part(min(SCREENED, self.budget.batch_size) / len(self.data))
        return part.x, part.y

    def _in_time(self, make: Callable[[], Any]) -> Callable[[], Any]:
        def made() -> Any:
            if self.budget.deadline is not None and time.monotonic() > self.budget.deadline:
                raise Interrupted
            return make()

        return made

    def check_metrics(self) -> None:
        """Says which objective no training would tell.

        Raises:
            InputError: If one of several qualities is not among the metrics, or the part to judge on is not of both classes
                where that has to be.
        """
        quality = lead(self.objectives)
        if quality is None:
            return
        wanted = None if quality.name == "val_loss" else quality.name.removeprefix("val_")
        # the first one is also told where Keras has no metric for it, such as average precision
        known = {quality.name, *(f"val_{name}" for name in names_of(self.data.head.metrics(wanted)))}
        missing = [o.quality.name for o in self.objectives if o.quality and o.quality.name not in known | {"val_loss"}]
        if missing:
            raise InputError.of(
                "objective",
                f"of metrics that are trained with, {sorted(known)}",
                missing,
                "Name the others in metrics=.",
            )
        try:
            exact(self.data, self.budget)
        except InputError as error:
            expected = f"of both classes, with weights above zero, as {quality.name!r} is computed on it"
            hint = "Split in another way, or give validation_data."
            raise InputError.of("The part to judge on", expected, "a single class", hint) from error

    def scores(self, metrics: Mapping[str, float], costs: Mapping[str, float]) -> list[float]:
        """The score of each objective, higher is better."""
        return [objective.score(objective.value(metrics, costs)) for objective in self.objectives]

    def fits(self, core: keras.Model) -> bool:
        """Whether a network would be within the limits, once it is trained; parts of it may still be the same."""
        if not self.limits:
            return True
        model = self.assemble(assembly.as_if_trained(for_inference(core)))
        return self.screen.refusal(self._as_built(model)) is None

    def broken(self, core: keras.Model) -> str | None:
        """Says which limit a trained network breaks, as `objectives.broken` does."""
        if not self.limits:
            return None
        return objectives.broken(self.limits, self._as_built(self.assemble(core)))

    def feasible(self, starting_points: list[Values]) -> list[Values]:
        """Fits starting points to the limits, as `autonas.descent.Descent.feasible` does."""
        if not self.limits:
            return starting_points

        def met(values: Values, built: BuiltModel) -> None:
            self._known[key(values)] = measure(self.costs, built)

        return Descent(self.space, self.limits, self.screen, self.built, met, self.seed).feasible(starting_points)

    def smallest(self, starting_points: Sequence[Values], number: int) -> Trial:
        """A trial, not evaluated, of the starting point with the fewest operations."""
        flops = [read(self.space.candidate(values).core()).flops for values in starting_points]
        return Trial(number, starting_points[int(np.argmin(flops))], origin=STARTING_POINT)

    def _share(self, number: int, values: Values) -> Budget:
        """The budget of one candidate: a strategy or an oracle may say how much of it; callbacks are the trial's own."""
        callbacks = copy.deepcopy(list(self.budget.callbacks))
        if BUDGET not in values or "tuner/epochs" in values:
            epochs = int(values.get("tuner/epochs", self.budget.epochs))
            # a candidate that gets a part of the epochs is not to beat others now, but to be among the better ones
            beat = None if "tuner/epochs" in values else self._best(number)
            return dataclasses.replace(self.budget, epochs=epochs, callbacks=callbacks, beat=beat)
        share = float(values[BUDGET])
        return dataclasses.replace(
            self.budget,
            callbacks=callbacks,
            stop_after=share,
            data=share if values.get(RESOURCE) == "data" else 1.0,
            checkpoint=self._checkpoint(values),
        )

    def _best(self, number: int) -> float | None:
        """The best value of the objective before a trial; None where there is none, or where costs count too."""
        if len(self.objectives) > 1 or self.objectives[0].costs:
            return None
        best = completed(trial for trial in self.rivals() if trial.number < number)[:1]
        return best[0].metrics.get(self.objectives[0].name) if best else None

    def _checkpoint(self, values: Values) -> Path | None:
        name = hashlib.sha256(key(bare(values)).encode()).hexdigest()[:16]
        return None if self.checkpoints is None else self.checkpoints / f"{name}.npz"

    def prune(self, unfinished: Sequence[Trial]) -> None:
        """Deletes the checkpoints of all candidates but those of some trials."""
        if self.checkpoints is not None:
            kept = {self._checkpoint(trial.values) for trial in unfinished}
            for file in self.checkpoints.glob("*.npz"):
                if file not in kept:
                    file.unlink()

    def _outcome(self, metrics: Mapping[str, float], costs: Mapping[str, float]) -> Outcome:
        timings = {name: metrics[name] for name in TIMINGS if name in metrics}
        metrics = {name: value for name, value in metrics.items() if name not in TIMINGS}
        scores = self.scores(metrics, costs)
        return Outcome(scores[0], metrics, {**costs, **timings}, scores if len(scores) > 1 else ())

    def _seed(self, number: int, values: Values) -> int:
        """The seed of a trial; of one that may go on, of its candidate, so that it goes on with the same."""
        if BUDGET in values:
            number = int(hashlib.sha256(key(bare(values)).encode()).hexdigest()[:8], 16)
        return int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])


def names_of(metrics: Any) -> list[str]:
    """The names of a head's metrics, with the output's before them where there are several outputs."""
    if isinstance(metrics, Mapping):
        return [f"{output}_{name}" for output, own in metrics.items() for name in names_of(own)]
    return [metric.name for metric in metrics]
