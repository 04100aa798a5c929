"""The evaluation of one candidate: its costs, then the limits on them, then its quality by the estimator.

Also the search for the smallest candidate, which tells before any training whether the limits can be met at all.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from autonas import objectives
from autonas.errors import InputError, RejectedError
from autonas.estimators.base import TIMINGS, Budget, Data, Estimator, OutOfTime
from autonas.objectives.base import BuiltModel, Cost, Objective
from autonas.screens.base import Screen
from autonas.search import Interrupted, Outcome
from autonas.space import SearchSpace, Values, seeded
from autonas.trials import key

if TYPE_CHECKING:
    import keras

    from autonas.devices.base import Device

ALWAYS = ("params", "flops", "memory_kb")  # costs that take milliseconds, so every trial has them


class Evaluation:
    """Evaluates candidates of one space on one data set.

    Args:
        space: Where the candidates come from.
        data: What they are trained and validated on.
        estimator: Measures their quality.
        budget: Of a full training.
        objective: What is optimised.
        screen: Refuses candidates before they are trained.
        limits: On costs; what they are about is measured, and stands in the records.
        device: Where latency is measured.
        assemble: Makes of a core the model that the user gets, whose costs count.
        seed: Of all that is random.
    """

    def __init__(
        self,
        space: SearchSpace,
        data: Data,
        estimator: Estimator,
        budget: Budget,
        objective: Objective,
        screen: Screen,
        limits: Mapping[str, tuple[Cost, float]],
        device: Device,
        assemble: Callable[[keras.Model], keras.Model],
        seed: int,
    ) -> None:
        self.space, self.data, self.estimator, self.budget = space, data, estimator, budget
        self.objective, self.screen, self.device = objective, screen, device
        self.limits, self.assemble, self.seed = dict(limits), assemble, seed
        asked = {name: cost for name, (cost, _) in limits.items()}
        if isinstance(objective, Cost):
            asked[objective.name] = objective
        self.costs: dict[str, Cost] = {name: objectives.COSTS[name]() for name in ALWAYS} | asked
        self._built: dict[str, BuiltModel] = {}

    def __call__(self, number: int, values: Values) -> Outcome:
        """Evaluates a candidate as trial `number`.

        Raises:
            RejectedError: If it breaks a limit.
            TrialError: If its training diverges.
            Interrupted: If the time was up.
        """
        built = self.built(values)
        broken = self.screen.refusal(built)
        if broken is not None:
            # what a measurement would cost is not paid for a candidate that is not trained
            graph_costs = {name: self.costs[name] for name in ALWAYS}
            raise RejectedError(broken, objectives.measure(graph_costs, built))
        costs = objectives.measure(self.costs, built)
        del self._built[key(values)]
        if isinstance(self.objective, Cost):
            return self._outcome({}, costs)
        try:
            metrics = self.estimator.evaluate(
                self.space.candidate(values), self.data, self._share(values), self._seed(number)
            )
        except OutOfTime as cut:
            raise Interrupted(self._outcome(cut.metrics, costs) if cut.metrics else None) from cut
        return self._outcome(metrics, costs)

    def built(self, values: Values) -> BuiltModel:
        """The model that a candidate would become, its weights fresh; kept until its trial."""
        text = key(values)
        if text not in self._built:
            with seeded(self.seed):
                model = self.assemble(self.space.candidate(values).core())
            self._built = {text: BuiltModel(model, self.device)}
        return self._built[text]

    def value(self, metrics: Mapping[str, float], costs: Mapping[str, float]) -> float:
        """The objective's score, higher is better."""
        known = costs if self.objective.cheap else metrics
        return self.objective.score(known[self.objective.name])

    def feasible(self, starting_points: list[Values]) -> list[Values]:
        """Returns starting points of which one at least meets the limits.

        Where none of those given does, the way down is gone from the smallest of them: one hyperparameter after the other
        is set to what costs least, and the first candidate that meets the limits is put at the end. Without it, a search
        under tight limits could spend its time on candidates that are all refused.

        Args:
            starting_points: Complete candidates.

        Raises:
            InputError: If the smallest candidate does not meet the limits either.
        """
        if not self.limits or any(self.screen.refusal(self.built(point)) is None for point in starting_points):
            return starting_points
        smallest = min(starting_points, key=self._size)
        for values in self._descend(smallest):
            smallest = values
            if self.screen.refusal(self.built(smallest)) is None:
                return [*starting_points, smallest]
        refusal = self.screen.refusal(self.built(smallest))
        raise InputError(
            f"limits must be ones that a candidate can meet. For the smallest network of the space {refusal}. "
            "Raise the limit, or search another space."
        )

    def _descend(self, values: Values) -> Iterator[Values]:
        """Smaller and smaller candidates, each step one hyperparameter away from the one before."""
        size = self._size(values)
        for hyperparameter in self.space.hyperparameters.space:
            if not _shapes_network(hyperparameter.name) or hyperparameter.name not in values:
                continue
            for value in list(hyperparameter.values):
                other = self.space.complete({**values, hyperparameter.name: value})
                other_size = self._size(other)
                if other_size < size:
                    values, size = other, other_size
                    yield values

    def _size(self, values: Values) -> float:
        graph = self.built(values).graph
        return float(graph.flops) * max(1, graph.parameters)

    def _share(self, values: Values) -> Budget:
        """The budget of one candidate: an oracle that shares out epochs says how many; callbacks are the trial's own."""
        epochs = int(values.get("tuner/epochs", self.budget.epochs))
        return dataclasses.replace(self.budget, epochs=epochs, callbacks=copy.deepcopy(list(self.budget.callbacks)))

    def _outcome(self, metrics: Mapping[str, float], costs: Mapping[str, float]) -> Outcome:
        timings = {name: metrics[name] for name in TIMINGS if name in metrics}
        metrics = {name: value for name, value in metrics.items() if name not in TIMINGS}
        return Outcome(self.value(metrics, costs), metrics, {**costs, **timings})

    def _seed(self, number: int) -> int:
        return int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])


def _shapes_network(name: str) -> bool:
    return not any(word in name for word in ("learning_rate", "weight_decay", "schedule", "optimizer"))
