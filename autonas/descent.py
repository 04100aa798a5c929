"""The way down from designs that are over a limit, which tells before any training whether it can be met at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from autonas.errors import InputError, TrialError
from autonas.graph import read
from autonas.trials import key

if TYPE_CHECKING:
    from autonas.graph import Graph
    from autonas.objectives.base import BuiltModel, Cost
    from autonas.screens.base import Screen
    from autonas.space import SearchSpace
    from autonas.values import Values

FAR = 2.0  # times a limit, over which the smallest network of a kind leaves no hope for a smaller one


class Descent:
    """Makes designs smaller until they meet limits.

    Args:
        space: Where they come from.
        limits: On costs.
        screen: Says which limit a built candidate breaks.
        built: Makes the model of a candidate, whose costs count.
        met: Told of each candidate that meets the limits, with its model.
        seed: Of the weights of networks that are only looked at.
    """

    def __init__(
        self,
        space: SearchSpace,
        limits: Mapping[str, tuple[Cost, float]],
        screen: Screen,
        built: Callable[[Values], BuiltModel],
        met: Callable[[Values, BuiltModel], None],
        seed: int,
    ) -> None:
        self._space, self._limits, self._screen = space, limits, screen
        self._built, self._met, self._seed = built, met, seed
        self._refusals: list[
            tuple[float, str]
        ] = []  # of the smallest networks, with how many times over a limit each is
        self._hopeless_kinds: dict[str, bool] = {}
        self._graphs: dict[str, Graph] = {}

    def feasible(self, starting_points: list[Values]) -> list[Values]:
        """Fits starting points to the limits.

        A design that is over a limit is made smaller, one hyperparameter at a time and no more than it takes. Without it, a
        search under tight limits could spend its time on candidates that are all refused.

        Args:
            starting_points: Complete candidates.

        Returns:
            Those that meet the limits, each once.

        Raises:
            InputError: If none of them can be made small enough.
        """
        fitted: list[Values] = []
        for point in starting_points:
            try:
                values = None if self._hopeless(point) else self._fitted(point)
            except TrialError:  # a device that does not answer now is asked again in the candidate's own trial
                values = point
            if values is not None and values not in fitted:
                fitted.append(values)
        if not fitted:
            refusal = min(self._refusals)[1]
            raise InputError(
                f"limits must be ones that a candidate can meet. For the smallest network of the space {refusal}. "
                "Raise the limit, or search another space."
            )
        return fitted

    def _hopeless(self, values: Values) -> bool:
        """Whether even the smallest network of its kind is far over a limit, so that the way down is not worth its time."""
        if self._screen.refusal(self._built(values)) is None:
            return False
        shaping = self._shaping(values)
        kind = key({name: value for name, value in values.items() if _shapes_network(name) and name not in shaping})
        if kind not in self._hopeless_kinds:
            smallest = self._smallest(values)
            hopeless = self._bound(self._graph(smallest)) > FAR or self._over(smallest) > FAR
            self._hopeless_kinds[kind] = hopeless
            if hopeless:
                self._refused(smallest)
        return self._hopeless_kinds[kind]

    def _over(self, values: Values) -> float:
        """How many times its limit the worst cost is."""
        return max(self._excess(self._built(values)).values())

    def _refused(self, values: Values) -> None:
        """Keeps what is said of a network that is over a limit."""
        self._refusals.append((self._over(values), self._screen.refusal(self._built(values)) or ""))

    def _smallest(self, values: Values) -> Values:
        """The smallest network of its kind by the graph, each hyperparameter looked at once, numbers at their ends alone."""
        for hyperparameter in self._space.hyperparameters.space:
            if hyperparameter.name in self._shaping(values):
                known = list(hyperparameter.values)
                ends = known if isinstance(known[0], str) else [min(known), max(known)]
                others = [self._space.complete({**values, hyperparameter.name: value}) for value in ends]
                values = min([values, *others], key=lambda other: self._load(self._graph(other)))
        return values

    def _load(self, graph: Graph) -> tuple[float, int]:
        """What networks are compared by before anything is measured."""
        return self._bound(graph), graph.flops

    def _bound(self, graph: Graph) -> float:
        """How many times a limit a cost is at least."""
        return max(cost.at_least(graph) / limit for cost, limit in self._limits.values())

    def _fitted(self, values: Values) -> Values | None:
        """The candidate itself if it meets the limits, or the first that does on the way down from it."""
        while True:
            built = self._built(values)
            if self._screen.refusal(built) is None:
                self._met(values, built)
                return values
            smaller = self._smaller(values)
            if smaller is None:
                self._refused(values)
                return None
            values = smaller

    def _smaller(self, values: Values) -> Values | None:
        """One hyperparameter away: the largest candidate that should meet the limits, or else the smallest."""
        excess = self._excess(self._built(values))
        graph = self._graph(values)
        expected: dict[str, tuple[float, Values]] = {}
        for other in self._neighbours(values):
            smaller = self._graph(other)
            most = max(excess[name] * _ratio(cost, smaller, graph) for name, (cost, _) in self._limits.items())
            if most < max(excess.values()):
                expected[key(other)] = most, other
        fitting = [item for item in expected.values() if item[0] <= 1]
        if fitting:
            return max(fitting, key=lambda item: item[0])[1]
        return min(expected.values(), key=lambda item: item[0])[1] if expected else None

    def _neighbours(self, values: Values) -> Iterator[Values]:
        """Candidates of the same kind with one other value in what shapes the network."""
        shaping = self._shaping(values)
        for hyperparameter in self._space.hyperparameters.space:
            if (name := hyperparameter.name) in shaping:
                for value in hyperparameter.values:
                    if value != values[name]:
                        yield self._space.complete({**values, name: value})

    def _shaping(self, values: Values) -> set[str]:
        """The hyperparameters of a candidate that shape its network and leave its kind as it is."""
        space = self._space.hyperparameters.space
        kinds = {condition.name for hyperparameter in space for condition in hyperparameter.conditions}
        return {name for name in values if name not in kinds and _shapes_network(name)}

    def _excess(self, built: BuiltModel) -> dict[str, float]:
        """How many times its limit each cost is; bounds where these are enough to break one."""
        bounds = {name: cost.at_least(built.graph) / limit for name, (cost, limit) in self._limits.items()}
        if max(bounds.values()) > 1:
            return bounds
        return {name: cost.measure(built) / limit for name, (cost, limit) in self._limits.items()}

    def _graph(self, values: Values) -> Graph:
        from autonas.space import seeded

        text = key(values)
        if text not in self._graphs:
            with seeded(self._seed):
                self._graphs[text] = read(self._space.candidate(values).core())
        return self._graphs[text]


def _ratio(cost: Cost, graph: Graph, other: Graph) -> float:
    """How many times what `other` costs the graph should cost."""
    bounds = cost.at_least(graph), cost.at_least(other)
    return bounds[0] / bounds[1] if bounds[1] else graph.flops / max(1, other.flops)


def _shapes_network(name: str) -> bool:
    return not any(word in name for word in ("learning_rate", "weight_decay", "schedule", "optimizer"))
