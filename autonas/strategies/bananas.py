"""BANANAS: an ensemble of neural networks predicts which mutation of the best candidates is the best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autonas.strategies.base import Acquire, ModelBased, integer

_STEPS, _RATE, _DECAY = 200, 0.02, 1e-3  # of Adam on all trials at once; weight decay keeps small histories smooth


class Bananas(ModelBased):
    """BANANAS: Bayesian optimisation with an ensemble of small networks, over mutations of the best.

    After `initial` random trials (or the starting points of the search), `ensemble` networks are fitted to the history at
    each proposal, from different weights. Candidates are mutations of the `parents` best trials, in one place or two. For
    each of them a score is drawn from the normal distribution of the networks' predictions (independent Thompson sampling),
    and the candidate with the highest draw is proposed.

    It differs from the paper in what makes it quick and fit for any space: candidates are encoded value by value (see
    `autonas.encoding.Encoding`) instead of by the paths through a cell; networks have two hidden layers of `units` instead
    of ten of 20, and are trained together in NumPy in about a tenth of a second; they learn the normal quantiles of the scores'
    ranks by squared error instead of the scores by the mean absolute percentage error; each proposal knows all trials, where
    the paper proposes ten at a time.

    Args:
        ensemble: How many networks, at least 2.
        units: Width of their two hidden layers, at least 1.
        initial: How many trials with a score there are before the ensemble is asked, at least 2.
        parents: How many of the best trials are mutated, at least 1.
        pool: How many mutations it chooses from, at least 2.
        memory: See `autonas.strategies.base.ModelBased`.

    Raises:
        InputError: If an argument is no integer in its range.

    References:
        [White et al., 2021](https://arxiv.org/abs/1910.11858): BANANAS: Bayesian Optimization with Neural Architectures for
        Neural Architecture Search, algorithm 1 and section 4.

    Example:

    >>> Bananas(ensemble=3)
    Bananas(ensemble=3, units=20, initial=10, parents=10, pool=200, memory=400)
    """

    def __init__(
        self,
        ensemble: int = 5,
        units: int = 20,
        initial: int = 10,
        parents: int = 10,
        pool: int = 200,
        memory: int = 400,
    ) -> None:
        super().__init__(initial, parents, pool, memory)
        self.ensemble = integer("Bananas's ensemble", ensemble, 2)
        self.units = integer("Bananas's units", units, 1)

    def fit(self, known: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Acquire:
        """Trains the networks; what speaks for a candidate is a draw from what they predict."""
        networks = train(known, targets, rng, self.ensemble, self.units)

        def draw(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
            answers = predict(networks, rows)
            return answers.mean(axis=0) + answers.std(axis=0, ddof=1) * rng.standard_normal(len(rows))

        return draw

    def __repr__(self) -> str:
        return (
            f"Bananas(ensemble={self.ensemble}, units={self.units}, initial={self.initial}, parents={self.parents}, "
            f"pool={self.pool}, memory={self.memory})"
        )


def train(
    known: np.ndarray, targets: np.ndarray, rng: np.random.Generator, ensemble: int, units: int
) -> list[np.ndarray]:
    """Trains several small networks side by side.

    Two hidden layers with ReLU, squared error, weight decay, Adam (Kingma & Ba, 2015, algorithm 1) on all rows at once, in
    single precision.

    Args:
        known: Shape (trials, columns).
        targets: Shape (trials,).
        rng: Draws the weights to begin with (He et al., 2015, equation 10).
        ensemble: How many networks.
        units: Width of the hidden layers.

    Returns:
        Three matrices and three biases, each for all networks: the shape of the first is (networks, columns, units).
    """
    layers = [(known.shape[1], units), (units, units), (units, 1)]
    flat = np.concatenate(
        [rng.normal(0.0, np.sqrt(2 / max(1, rows)), (ensemble, rows * columns)) for rows, columns in layers]
        + [np.zeros((ensemble, columns)) for _, columns in layers],
        axis=1,
    ).astype(np.float32)
    known, targets = known.astype(np.float32), targets.astype(np.float32)
    mean, square = np.zeros_like(flat), np.zeros_like(flat)
    for step in range(1, _STEPS + 1):
        gradient = _gradient(_parameters(flat, layers), known, targets)
        mean += 0.1 * (gradient - mean)
        square += 0.01 * (gradient**2 - square)
        flat -= _RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    return _parameters(flat, layers)


def predict(networks: list[np.ndarray], rows: np.ndarray) -> np.ndarray:
    """What each network says of each row.

    Args:
        networks: As `train` returns them.
        rows: Shape (rows, columns).

    Returns:
        Shape (networks, rows).
    """
    return _forward(networks, rows.astype(np.float32))[-1][:, :, 0]


def _parameters(flat: np.ndarray, layers: Sequence[tuple[int, int]]) -> list[np.ndarray]:
    """The three matrices and the three biases that a table of the shape (networks, parameters) holds."""
    shapes = [*layers, *((1, columns) for _, columns in layers)]
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    parts = np.split(flat, ends[:-1], axis=1)
    return [part.reshape(len(flat), *shape) for part, shape in zip(parts, shapes, strict=True)]


def _forward(parameters: list[np.ndarray], rows: np.ndarray) -> list[np.ndarray]:
    """The rows, the two hidden layers and the answers, each of the shape (networks, rows, width)."""
    weights, biases = parameters[:3], parameters[3:]
    first = np.maximum(rows @ weights[0] + biases[0], 0)
    second = np.maximum(first @ weights[1] + biases[1], 0)
    return [rows[None], first, second, second @ weights[2] + biases[2]]


def _gradient(parameters: list[np.ndarray], rows: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Of the mean squared error and the weight decay, in the order of `_parameters`."""
    *layers, answers = _forward(parameters, rows)
    error = 2 * (answers - targets[:, None]) / len(targets)
    of_weights, of_biases = [], []
    for layer, weights in zip(reversed(layers), reversed(parameters[:3]), strict=True):
        of_weights.append(layer.transpose(0, 2, 1) @ error + 2 * _DECAY * weights)
        of_biases.append(error.sum(axis=1))
        error = (error @ weights.transpose(0, 2, 1)) * (layer > 0)
    parts = [*reversed(of_weights), *reversed(of_biases)]
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)
