"""Forests of extremely randomised trees for several targets at once, with the doubt that the trees have of each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Predict = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

TREES = 30


def fit(known: np.ndarray, targets: np.ndarray, seed: int, columns: float = 0.5) -> Predict:
    """Fits a forest to each target.

    Args:
        known: Rows of the shape (n, columns).
        targets: Of the shape (n, targets).
        seed: Of the trees.
        columns: Share of the columns that a split chooses from, in (0, 1]: by all of them, trees of labels are all the same.

    Returns:
        `predict(rows)` -> means and standard deviations of the trees' answers, each of the shape (rows, targets).

    References:
    - [Geurts et al., 2006](https://doi.org/10.1007/s10994-006-6226-1): Extremely Randomized Trees.
    - [Hutter et al., 2011](https://doi.org/10.1007/978-3-642-25566-3_40): Sequential Model-Based Optimization for General
      Algorithm Configuration, section 4.1 (the spread of the trees as the deviation).

    Example:

    >>> predict = fit(np.array([[0.0], [1.0]]), np.array([[0.0], [1.0]]), seed=0)
    >>> mean, deviation = predict(np.array([[0.5]]))
    """
    import sklearn
    from sklearn.tree import ExtraTreeRegressor

    def grow(target: np.ndarray) -> list[ExtraTreeRegressor]:
        trees = [ExtraTreeRegressor(max_features=columns, random_state=seed + number) for number in range(TREES)]
        return [tree.fit(learned, target, check_input=False) for tree in trees]

    learned = known.astype(np.float32)
    # to check the parameters, or to make an ExtraTreesRegressor of the trees, takes as long as to grow them
    with sklearn.config_context(skip_parameter_validation=True):
        grown = [grow(np.ascontiguousarray(target)) for target in targets.T]

    def predict(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = rows.astype(np.float32)
        answers = np.array([[tree.predict(rows, check_input=False) for tree in trees] for trees in grown])
        return answers.mean(axis=1).T, answers.std(axis=1).T

    return predict
