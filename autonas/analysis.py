"""What can be learned from the trials of a search: how well a cheap estimate ranked, and which hyperparameters mattered.

Numbers only; `autonas.report` puts them into words.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.encoding import Encoding
from autonas.errors import SearchError
from autonas.trials import Trial, comparable
from autonas.values import Values, is_active, is_range, legal_values

if TYPE_CHECKING:
    import keras_tuner
    import pandas as pd
    from keras_tuner.engine.hyperparameters import HyperParameter

FEWEST_PAIRS = 5  # for an interval: a bootstrap of fewer says nothing
FEWEST_TRIALS = 10  # for an importance
RESAMPLES = 2_000
TREES, DRAWN, VALUES = 100, 256, 12


@dataclasses.dataclass(frozen=True)
class Correlation:
    """Spearman's rank correlation of two scores of the same candidates.

    Attributes:
        value: In [-1, 1]; NaN for fewer than two pairs, or where one score is the same for all.
        low: Of the 95 % bootstrap interval; NaN for fewer than five pairs.
        high: Of it.
        count: How many pairs there are.
    """

    value: float
    low: float
    high: float
    count: int


def rank_correlation(first: Sequence[float], second: Sequence[float], seed: int = 0) -> Correlation:
    """Spearman's correlation with its interval: the percentiles of 2,000 resamples of the pairs.

    Args:
        first: One score of each candidate.
        second: The other.
        seed: Of the resamples.

    References:
        [Efron & Tibshirani, 1993](https://doi.org/10.1201/9780429246593), chapter 13: An Introduction to the Bootstrap.

    Example:

    >>> rank_correlation([1, 2, 3, 4], [10, 30, 20, 40]).value
    0.8
    """
    pairs = np.array([first, second], dtype=float)
    count = pairs.shape[1]
    value = float(_spearman(pairs[:, None])[0]) if count > 1 else math.nan
    if count < FEWEST_PAIRS or math.isnan(value):
        return Correlation(value, math.nan, math.nan, count)
    drawn = np.random.default_rng(seed).integers(count, size=(RESAMPLES, count))
    found = _spearman(pairs[:, drawn])
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return Correlation(value, float(low), float(high), count)


def _spearman(pairs: np.ndarray) -> np.ndarray:
    """Of each row of two arrays (2, rows, n); NaN where one of them is constant."""
    from scipy.stats import rankdata

    ranks = rankdata(pairs, axis=-1)
    ranks -= ranks.mean(axis=-1, keepdims=True)
    spread = np.sqrt((ranks**2).sum(axis=-1))
    scale = spread[0] * spread[1]
    return np.divide((ranks[0] * ranks[1]).sum(axis=-1), scale, out=np.full(scale.shape, np.nan), where=scale > 0)


@dataclasses.dataclass(frozen=True)
class Importance:
    """Which hyperparameters made the scores of a search differ.

    Attributes:
        shares: name -> share of the variance that the hyperparameter alone explains, the greatest first. Together they are
            less than 1 where hyperparameters act together.
        correlation: Between the scores and what the forest says of trials that it did not learn from (out-of-bag, Pearson's,
            on normal deviates). Near 0 or below it, the shares say nothing.
        trials: How many were learned from.
    """

    shares: dict[str, float]
    correlation: float
    trials: int


def importance(space: keras_tuner.HyperParameters, trials: Sequence[Trial], seed: int = 0) -> Importance | None:
    """Finds out how much each hyperparameter matters over the whole space: a functional analysis of variance by a forest.

    A random forest learns the trials' scores, as normal deviates of their ranks so that one diverged training does not
    decide. The variance of its predictions over the space is then taken apart: a hyperparameter's share is the variance of
    its marginal, which is the mean prediction for each of its values, all others taken from their distributions. That of a
    hyperparameter that is active in a part of the space only is taken over this part, and weighted by how large it is.
    The marginals are means over a Latin hypercube of candidates rather than the exact integrals over leaves of the paper,
    since these know no conditions.

    Args:
        space: All hyperparameters.
        trials: Of the search; of shares of the budget, those of the share that most have are learned from.
        seed: Of the forest and of the candidates that means are taken over.

    Returns:
        None if fewer than ten trials completed, or all have the same score.

    References:
        [Hutter et al., 2014](https://proceedings.mlr.press/v32/hutter14.html): An Efficient Approach for Assessing
        Hyperparameter Importance (fANOVA).

    Example:

    >>> found = importance(space, result.trials)
    >>> list(found.shares)[0]
    'learning_rate'
    """
    from scipy.stats import norm, rankdata
    from sklearn.ensemble import RandomForestRegressor

    done = comparable(trials)
    scores = np.array([trial.score for trial in done], dtype=float)
    if len(done) < FEWEST_TRIALS or np.all(scores == scores[0]):
        return None
    encoding = Encoding(space)
    deviates = norm.ppf((rankdata(scores) - 0.5) / len(scores))
    forest = RandomForestRegressor(TREES, max_features=1.0, min_samples_leaf=2, oob_score=True, random_state=seed)
    forest.fit(encoding.transform([trial.values for trial in done]), deviates)
    rng = np.random.default_rng(seed)
    drawn = _latin_hypercube(space, rng)
    total = float(forest.predict(encoding.transform([_active(values, space) for values in drawn])).var())
    shares = {}
    for one in space.space:
        own = _marginal_variance(one, space, drawn, encoding, forest)
        own = min(own, total)  # both are estimates from draws
        shares[one.name] = own / total if total > 0 else 0.0
    ordered = dict(sorted(shares.items(), key=lambda item: -item[1]))
    seen = np.corrcoef(forest.oob_prediction_, deviates)[0, 1] if np.ptp(forest.oob_prediction_) else 0.0
    return Importance(ordered, float(seen), len(done))


def _latin_hypercube(space: keras_tuner.HyperParameters, rng: np.random.Generator) -> list[Values]:
    """Values for all hyperparameters, active or not; those of each are spread over its distribution in equal steps."""
    steps = (np.arange(DRAWN) + 0.5) / DRAWN
    columns = {one.name: [one.prob_to_value(float(p)) for p in rng.permutation(steps)] for one in space.space}
    return [{name: column[row] for name, column in columns.items()} for row in range(DRAWN)]


def _active(values: Values, space: keras_tuner.HyperParameters) -> Values:
    """What is active of values for all hyperparameters."""
    active: Values = {}
    for one in space.space:
        if is_active(one, active):
            active[one.name] = values[one.name]
    return active


def _marginal_variance(
    one: HyperParameter, space: keras_tuner.HyperParameters, drawn: Sequence[Values], encoding: Encoding, forest: Any
) -> float:
    """The variance of its marginal where it is active, weighted by how often it is."""
    active = [values for values in drawn if one.name in _active(values, space)]
    values = _spread_out(one)
    if not active or len(values) < 2:
        return 0.0
    rows = [_active({**other, one.name: value}, space) for value in values for other in active]
    means = forest.predict(encoding.transform(rows)).reshape(len(values), len(active)).mean(axis=1)
    return float(means.var()) * len(active) / len(drawn)


def _spread_out(one: HyperParameter) -> list[Any]:
    """The values of a hyperparameter, or some in equal steps of its own scale."""
    legal = legal_values(one)
    if legal is not None and len(legal) <= VALUES:
        return list(legal)
    if not is_range(one):
        return list(one.values)
    return list(dict.fromkeys(one.prob_to_value((step + 0.5) / VALUES) for step in range(VALUES)))


@dataclasses.dataclass(frozen=True)
class Favoured:
    """What the best quarter of the trials has in one hyperparameter, beside all trials.

    Attributes:
        name: Of the hyperparameter.
        best: In the best quarter: the label that gained most and its share (`"relu 80 %"`), or the median and the quartiles.
        all: The same among all completed trials.
    """

    name: str
    best: str
    all: str


def favoured(space: keras_tuner.HyperParameters, trials: Sequence[Trial]) -> list[Favoured]:
    """Compares the best quarter of the completed trials with all of them, one hyperparameter after the other.

    Of shares of the budget, these are the trials of the share that most have. Where a hyperparameter is not active it does
    not count. One that never varied is left out.

    Args:
        space: All hyperparameters.
        trials: Of the search.
    """
    done = comparable(trials)
    quarter = done[: math.ceil(len(done) / 4)]
    found = []
    for one in space.space:
        everyone = [trial.values[one.name] for trial in done if one.name in trial.values]
        best = [trial.values[one.name] for trial in quarter if one.name in trial.values]
        if len(set(everyone)) < 2:
            continue
        if not best:
            found.append(Favoured(one.name, "not in it", _typical(one, everyone, everyone[0])))
        else:
            label = _gained(best, everyone)
            found.append(Favoured(one.name, _typical(one, best, label), _typical(one, everyone, label)))
    return found


def _gained(best: Sequence[Any], everyone: Sequence[Any]) -> Any:
    """The value whose share grew most from all to the best."""
    among, of_all = Counter(best), Counter(everyone)
    return max(among, key=lambda value: (among[value] / len(best) - of_all[value] / len(everyone), str(value)))


def _typical(one: HyperParameter, values: Sequence[Any], label: Any) -> str:
    if not is_range(one):
        return f"{label} {values.count(label) / len(values):.0%}"
    low, middle, high = np.percentile(values, [25, 50, 75])
    return f"{middle:.3g} ({low:.3g} to {high:.3g})"


def importance_table(found: Importance, compared: Sequence[Favoured]) -> pd.DataFrame:
    """One row for each hyperparameter that varied, the most important first.

    Columns: `hyperparameter`, `importance` (share of the variance), `best_quarter` and `all` as `favoured` says them.
    """
    import pandas as pd

    by_name: Mapping[str, Favoured] = {one.name: one for one in compared}
    rows = [
        {"hyperparameter": name, "importance": share, "best_quarter": by_name[name].best, "all": by_name[name].all}
        for name, share in found.shares.items()
        if name in by_name
    ]
    return pd.DataFrame(rows, columns=["hyperparameter", "importance", "best_quarter", "all"])


def told(space: keras_tuner.HyperParameters, trials: Sequence[Trial]) -> pd.DataFrame:
    """Which hyperparameters mattered, and what the best trials have in them: one row each, the most important first.

    Args:
        space: All hyperparameters.
        trials: Of the search.

    Returns:
        Columns `hyperparameter`, `importance` (share of the variance of the scores that it explains by itself, see
        `importance`), `best_quarter` and `all` (the label that the best quarter of the trials has more of than all trials, with
        its shares, or median and quartiles).

    Raises:
        SearchError: If fewer than ten trials completed, or all have the same score.
    """
    found = importance(space, trials)
    if found is None:
        raise SearchError(f"Importance is told by ten trials or more that differ; {len(comparable(trials))} completed.")
    return importance_table(found, favoured(space, trials))
