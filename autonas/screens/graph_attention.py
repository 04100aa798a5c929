"""A Transformer over the operations of candidates' networks that learns from the finished trials which is the better one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from autonas import graph_network
from autonas.checks import integer
from autonas.errors import InputError
from autonas.graph_features import skeleton
from autonas.graph_network import Nodes
from autonas.screens.base import Candidate, Screen, Values

Key = tuple[tuple[str, float], ...]


class GraphAttention(Screen):
    """Ranks candidates by a small Transformer over the operations of their networks; for searches of hundreds of trials.

    It learns from all pairs of finished trials which one was better (see `autonas.graph_network.rank`). It trains for some
    seconds, so it learns again only after every `every` trials that have completed, from the first of them to the last
    multiple of `every`; in between it remembers what it learned, which it would learn again from the same trials.
    Below hundreds of trials `Predictor` is better and faster (`docs/predictor.md`).

    Args:
        graph: `graph(values)` -> (labels, edges): the operations of a candidate, each after those that it takes from, and
            which takes from which, as positions. None reads the candidates' networks, so that it has no use where a search is
            not over networks.
        start: Completed trials from which on it predicts, at least 10.
        every: Completed trials after which it learns anew.
        steps: Of the optimiser in each training.
        proposals: How many of a strategy's proposals it chooses one from.
        seed: Of all that is random in it.

    Raises:
        InputError: If an argument cannot be used.

    References:
        - [Ning et al., 2020](https://arxiv.org/abs/2004.01899): A Generic Graph-based Neural Architecture Encoding Scheme
          for Predictor-based NAS (GATES).
        - [Lu et al., 2021](https://openreview.net/forum?id=1UdFQ9cGyA): TNASP: A Transformer-based NAS Predictor with a
          Self-evolution Framework.

    Example:

    >>> search = autonas.ImageClassifier(screen=GraphAttention(), max_trials=1_000)
    """

    def __init__(
        self,
        graph: Callable[[Values], tuple[Sequence[str], Sequence[tuple[int, int]]]] | None = None,
        start: int = 200,
        every: int = 20,
        steps: int = 400,
        proposals: int = 20,
        seed: int = 0,
    ) -> None:
        if graph is not None and not callable(graph):
            raise InputError.of("GraphAttention(graph=)", "a function of a candidate's values, or None", repr(graph))
        self.graph = None if graph is None else getattr(graph, "__qualname__", type(graph).__qualname__)
        self.start = integer("GraphAttention(start=)", start, 10)
        self.every = integer("GraphAttention(every=)", every, 1)
        self.steps = integer("GraphAttention(steps=)", steps, 1)
        self.proposals = integer("GraphAttention(proposals=)", proposals, 1)
        self.seed = integer("GraphAttention(seed=)", seed, 0)
        self._graph = graph
        self._learned: tuple[Key, graph_network.Ranker] | None = None

    @property
    def needs_network(self) -> bool:  # type: ignore[override]
        """Whether it was given no graphs."""
        return self._graph is None

    def score(self, candidates: Sequence[Candidate], finished: Sequence[Candidate]) -> np.ndarray:
        """Ranks; NaN while there are too few trials, and for what has no network."""
        scores = np.full(len(candidates), np.nan)
        known = [one for one in finished if math.isfinite(_score(one))]
        known = known[: len(known) - (len(known) - self.start) % self.every]
        targets = np.array([_score(one) for one in known])
        told = [place for place, one in enumerate(candidates) if self._has_graph(one)]
        learnable = all(self._has_graph(one) for one in known)
        if len(known) < self.start or not told or not learnable or np.all(targets == targets[0]):
            return scores
        scores[told] = self._ranker(known, targets).scores([self._nodes(candidates[place]) for place in told])
        return scores

    def _ranker(self, known: Sequence[Candidate], targets: np.ndarray) -> graph_network.Ranker:
        identity = tuple((repr(sorted(one.values.items())), target) for one, target in zip(known, targets, strict=True))
        if self._learned is None or self._learned[0] != identity:
            nodes = [self._nodes(one) for one in known]
            self._learned = identity, graph_network.learn(nodes, targets, self.seed, self.steps)
        return self._learned[1]

    def _has_graph(self, candidate: Candidate) -> bool:
        return self._graph is not None or candidate.graph is not None

    def _nodes(self, candidate: Candidate) -> Nodes:
        if self._graph is not None:
            return Nodes(*self._graph(candidate.values))
        candidate.release()
        return Nodes(*skeleton(candidate.graph))  # type: ignore[arg-type]


def _score(candidate: Candidate) -> float:
    trial = candidate.trial
    return math.nan if trial is None or trial.score is None else trial.score
