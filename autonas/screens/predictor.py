"""The predictor: learns from the finished trials what a candidate will be worth."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autonas import graph_features
from autonas import proxies as registry
from autonas.checks import integer
from autonas.encoding import Encoding
from autonas.errors import InputError
from autonas.improvement import expected_hypervolume_improvement
from autonas.proxies.base import Proxy
from autonas.registry import names
from autonas.screens.base import Candidate, Screen, Values
from autonas.trials import scores_of

SHARPNESS = 8  # a regressor that ranks half as well as the best has a 256th of its vote
DOUBT = 0.3  # deviates that a prediction of one of several objectives is taken to be off by
MOST_FOR_PROCESS = 500  # trials; a Gaussian process takes cubic time

Features = Callable[[Sequence[Values]], Any]
# Training rows, targets, new rows -> what is predicted of each target without it, and of the new rows.
Regressor = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


class Predictor(Screen):
    """Ranks candidates by three regressors that learn from the finished trials: ridge, forest and Gaussian process.

    What they see of a candidate: its encoded values (`autonas.encoding`), the graph of its network
    (`autonas.graph_features`), zero-cost `proxies`, and the user's own `features`. They learn the ranks of the trials'
    scores as normal deviates, so that one diverged training does not decide how all others are told apart. Each is judged by
    what it predicts of trials that it did not learn from (leave-one-out for ridge and process, out-of-bag for the
    forest), and their predictions are averaged with the eighth power of Kendall's tau as weights: the choice by
    cross-validation, but that regressors which are equally good share the vote.

    Of several objectives each is predicted, and a candidate is worth the volume that its predictions are expected to add to the
    front, in these deviates above the lowest sixth of the trials.

    Until `start` trials have completed, it cannot tell (NaN). Trials that failed or were rejected are not learned from.

    Args:
        features: `features(list_of_values)` -> array-like of the shape (candidates, n): more to learn from. NaN is a value
            that is missing. Has to be a pure function. A list of such functions for kinds of features that are to weigh
            the same, however many numbers each has.
        values: Whether to learn from the encoded values.
        proxies: Zero-cost scores to learn from, each a name or an `autonas.proxies.base.Proxy`; a network takes a fraction of a
            second for them. Where a search is not over networks, there are none.
        graph: Whether to learn from the networks' graphs; where a search is not over networks, there are none.
        start: Completed trials from which on it predicts, at least 5.
        proposals: How many of a strategy's proposals it chooses one from.
        seed: Of the forest.

    Raises:
        InputError: If an argument cannot be used, or there is nothing to learn from.

    References:
        - [White et al., 2021](https://arxiv.org/abs/2104.01177): How Powerful are Performance Predictors in Neural
          Architecture Search? Of what is simple, forests and processes on paths and zero-cost scores predict best from
          few trials.
        - [Rasmussen & Williams, 2006](https://gaussianprocess.org/gpml/), equation 5.12: the leave-one-out mean of a process.

    Example:

    >>> search = autonas.ImageClassifier(screen=Predictor(start=15), max_trials=60)
    """

    def __init__(
        self,
        features: Features | Sequence[Features] | None = None,
        values: bool = True,
        graph: bool = True,
        proxies: Sequence[Any] = (),
        start: int = 10,
        proposals: int = 20,
        seed: int = 0,
    ) -> None:
        given = [] if features is None else list(features) if isinstance(features, Sequence) else [features]
        if not all(callable(one) for one in given):
            raise InputError.of("Predictor(features=)", "a function of a list of values, or several", repr(features))
        if isinstance(proxies, str) or not isinstance(proxies, Sequence):
            raise InputError.of("Predictor(proxies=)", "a list of proxies", repr(proxies))
        if not (values or graph or proxies or given):
            raise InputError.of("Predictor", "given something to learn from", "no values, graph, proxies or features")
        parts: list[Proxy] = [registry.get(one) for one in proxies]
        self.proxies = dict(zip(names(registry.PROXIES, parts), parts, strict=True))
        self.features = [getattr(one, "__qualname__", type(one).__qualname__) for one in given]
        self.values, self.graph = values, graph
        self.start = integer("Predictor(start=)", start, 5)
        self.proposals = integer("Predictor(proposals=)", proposals, 1)
        self.seed = integer("Predictor(seed=)", seed, 0)
        self._features = given

    def score(self, candidates: Sequence[Candidate], finished: Sequence[Candidate]) -> np.ndarray:
        """Predicts, as normal deviates among the finished trials; NaN while there are too few of them."""
        if not finished:  # what is wrong with the user's features is said before there are trials to learn from
            for features in self._features if candidates else []:
                _user_features(features, [one.values for one in candidates])
        known = [one for one in finished if one.trial is not None and scores_of(one.trial)]
        targets = np.array([scores_of(one.trial) for one in known if one.trial is not None])
        if len(known) < self.start or not candidates or (targets == targets[0]).all(axis=0).any():
            return np.full(len(candidates), np.nan)
        blocks = self._blocks([*known, *candidates])
        predicted = np.stack([predict(blocks, column, self.seed) for column in targets.T], axis=1)
        return predicted[:, 0] if predicted.shape[1] == 1 else _joined(predicted, targets)

    def _blocks(self, candidates: Sequence[Candidate]) -> list[np.ndarray]:
        """What is seen of the candidates, one array for each kind of it."""
        listed = [one.values for one in candidates]
        blocks = []
        if self.values:
            blocks.append(Encoding(candidates[0].space).transform(listed))
        if self.graph:
            blocks.append(graph_features.table([_described(one) for one in candidates]))
        if self.proxies:
            blocks.append(np.array([list(one.proxy_scores(self.proxies).values()) for one in candidates]))
        return [*blocks, *(_user_features(features, listed) for features in self._features)]


def predict(blocks: Sequence[np.ndarray], targets: np.ndarray, seed: int = 0) -> np.ndarray:
    """Learns from the first rows and predicts the others, by the vote of three regressors.

    Args:
        blocks: Arrays of the shape (known + new, n), one for each kind of feature. Each weighs the same in the distances
            of ridge and process, however many columns it has. NaN is missing.
        targets: Of the known rows, (known,), higher is better.
        seed: Of the forest.

    Returns:
        Of the shape (new,), higher is better.
    """
    from scipy.stats import kendalltau, norm, rankdata

    known = len(targets)
    deviates = norm.ppf((rankdata(targets) - 0.5) / known)
    rows = np.hstack([_scaled(block, known) for block in blocks])
    if not rows.shape[1]:  # nothing tells the known ones apart
        return np.full(len(rows) - known, np.nan)
    regressors: list[Regressor] = [_ridge, _forest(seed)]
    if known <= MOST_FOR_PROCESS:
        regressors.append(_process)
    votes, weights = [], []
    for regressor in regressors:
        unseen, predicted = regressor(rows[:known], deviates, rows[known:])
        tau = kendalltau(unseen, deviates).statistic
        votes.append(predicted)
        weights.append(max(tau, 0.0) ** SHARPNESS if math.isfinite(tau) else 0.0)
    if not any(weights):  # nothing was learned
        return np.full(len(rows) - known, np.nan)
    return np.average(votes, axis=0, weights=weights)


def _scaled(block: np.ndarray, known: int) -> np.ndarray:
    """Standardises by the known rows, and divides by the square root of the number of columns that say something.

    A missing value becomes the median, and has a column that says so.
    """
    missing = np.isnan(block)
    seen = ~missing[:known].all(axis=0)
    block, missing = block[:, seen], missing[:, seen]
    block = np.sign(block) * np.log1p(np.abs(block))
    block = np.where(missing, np.nanmedian(block[:known], axis=0), block) if block.size else block
    block = np.hstack([block, np.unique(missing.astype(float), axis=1)])
    spread = block[:known].std(axis=0)
    telling = spread > 1e-12
    block = (block[:, telling] - block[:known, telling].mean(axis=0)) / spread[telling]
    return block / math.sqrt(max(1, block.shape[1]))


def _ridge(rows: np.ndarray, targets: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.linear_model import RidgeCV

    strengths = np.logspace(-3, 2, 12)
    model = RidgeCV(strengths, scoring="neg_mean_squared_error", store_cv_results=True).fit(rows, targets)
    unseen = model.cv_results_[:, int(np.argmin(np.abs(strengths - model.alpha_)))]
    return unseen, model.predict(new)


def _forest(seed: int) -> Regressor:
    def learn(rows: np.ndarray, targets: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.ensemble import RandomForestRegressor

        model = RandomForestRegressor(100, max_features=1 / 3, oob_score=True, random_state=seed).fit(rows, targets)
        return model.oob_prediction_, model.predict(new)

    return learn


def _process(rows: np.ndarray, targets: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from scipy.linalg import cho_solve
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    model = GaussianProcessRegressor(ConstantKernel() * Matern(nu=1.5) + WhiteKernel(0.1), random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a length at its bound: its vote tells what it is worth
        model.fit(rows, targets)
    precision = cho_solve((model.L_, True), np.eye(len(targets)))
    return targets - model.alpha_ / np.diag(precision), model.predict(new)


def _user_features(features: Features, listed: Sequence[Values]) -> np.ndarray:
    found = np.asarray(features(listed), dtype=float)
    if found.ndim != 2 or len(found) != len(listed):
        raise InputError.of(
            "What Predictor's features return", f"an array of the shape ({len(listed)}, n)", f"the shape {found.shape}"
        )
    return found


def _described(candidate: Candidate) -> Mapping[str, float] | None:
    graph = candidate.graph
    candidate.release()
    return None if graph is None else graph_features.of_graph(graph)


def _joined(predicted: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """What predictions of several objectives add to the front of the known trials; NaN where one of them is."""
    from scipy.stats import norm, rankdata

    deviates = norm.ppf((rankdata(targets, axis=0) - 0.5) / len(targets))
    told = ~np.isnan(predicted).any(axis=1)
    gains = np.full(len(predicted), np.nan)
    if told.any():
        doubt, reference = np.full(predicted[told].shape, DOUBT), np.full(predicted.shape[1], -1.0)
        gains[told] = expected_hypervolume_improvement(predicted[told], doubt, deviates, reference)
    return gains
