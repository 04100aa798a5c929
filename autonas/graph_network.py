"""A small Transformer that learns to rank graphs of operations from pairs of them.

It stands beside the screens rather than in one because it is a Keras model, and screens build none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import keras

MARGIN = 0.1  # of normal deviates' scores, as GATES has it
WIDTH, HEADS, LAYERS, DROPOUT = 32, 4, 3, 0.1
BATCH_SIZE, RATE, DECAY = 64, 3e-3, 1e-2


class Nodes(NamedTuple):
    """A graph as the network takes it.

    Attributes:
        labels: Of each node, each after those that it takes from.
        edges: (from, to), positions in `labels`.
        numbers: What else is known of each node, (nodes, n), or None.
    """

    labels: Sequence[str]
    edges: Sequence[tuple[int, int]]
    numbers: np.ndarray | None = None


class Ranker:
    """A network that has learned to rank graphs.

    Args:
        network: A `keras.Model` from the arrays of graphs to their scores.
        labels: Those that it knows.
        centre: Of each of the numbers of a node.
        spread: Of each of them.
    """

    def __init__(self, network: keras.Model, labels: Sequence[str], centre: np.ndarray, spread: np.ndarray) -> None:
        self.network, self.labels, self.centre, self.spread = network, labels, centre, spread

    def scores(self, graphs: Sequence[Nodes]) -> np.ndarray:
        """Scores graphs, (graphs,), higher is better."""
        parts = []
        for start in range(0, len(graphs), 256):
            arrays = self.arrays(graphs[start : start + 256])
            parts.append(np.asarray(self.network(arrays, training=False))[:, 0])
        return np.concatenate(parts).astype(float)

    def arrays(self, graphs: Sequence[Nodes]) -> dict[str, np.ndarray]:
        """What the network takes."""
        arrays = _arrays(graphs, self.labels)
        there = arrays["labels"][..., None] > 0
        numbers = (arrays["numbers"] - self.centre) / self.spread
        return {**arrays, "numbers": np.where(there, numbers, 0.0).astype("float32")}


def learn(graphs: Sequence[Nodes], targets: np.ndarray, seed: int, steps: int = 400) -> Ranker:
    """Learns to rank graphs.

    Each operation is a token: its label embedded, and its depth, its degrees and its own numbers. In every layer half of the
    heads attend to the operations that it takes from, the others to those that take from it, so that an operation is told
    by where the information comes from and goes to. The mean over the operations gives the score. It is trained on all
    pairs in a batch, by a hinge on the difference of their scores.

    Args:
        graphs: To learn from, at least two.
        targets: What they are worth, (graphs,), higher is better; only their order counts.
        seed: Of the weights, of dropout, and of the batches.
        steps: Of the optimiser, each on up to 64 graphs.

    Returns:
        What was learned.

    References:
        - [Ning et al., 2020](https://arxiv.org/abs/2004.01899), section 3.3: A Generic Graph-based Neural Architecture
          Encoding Scheme for Predictor-based NAS (GATES): training on pairs with a hinge.
        - [Lu et al., 2021](https://openreview.net/forum?id=1UdFQ9cGyA): TNASP: A Transformer-based NAS Predictor with a
          Self-evolution Framework: attention over the operations.
    """
    from autonas.space import seeded

    labels = sorted({label for nodes in graphs for label in nodes.labels})
    plain = _arrays(graphs, labels)
    there = plain["numbers"][plain["labels"] > 0]
    rng, batch_size = np.random.default_rng(seed), min(BATCH_SIZE, len(graphs))
    with seeded(seed):
        network = _network(len(labels) + 2, there.shape[-1], steps)
    ranker = Ranker(network, labels, there.mean(axis=0), np.maximum(there.std(axis=0), 1e-6))
    arrays, targets = ranker.arrays(graphs), targets.astype("float32")
    order = np.empty(0, dtype=int)
    for _ in range(steps):
        if len(order) < batch_size:
            order = np.concatenate([order, rng.permutation(len(graphs))])
        rows, order = np.split(order, [batch_size])
        network.train_on_batch({name: array[rows] for name, array in arrays.items()}, targets[rows])
    return ranker


def _arrays(graphs: Sequence[Nodes], labels: Sequence[str]) -> dict[str, np.ndarray]:
    """Padded arrays of (graphs, longest): label numbers (0 is no node, 1 unknown), numbers, who sees whom."""
    number = {label: place for place, label in enumerate(labels, start=2)}
    longest = max(len(nodes.labels) for nodes in graphs)
    extra = max(0 if nodes.numbers is None else nodes.numbers.shape[1] for nodes in graphs)
    arrays = {
        "labels": np.zeros((len(graphs), longest), "int32"),
        "numbers": np.zeros((len(graphs), longest, 3 + extra), "float32"),
        "linked": np.tile(np.eye(longest, dtype=bool), (len(graphs), HEADS, 1, 1)),  # each attends to itself too
    }
    for row, nodes in enumerate(graphs):
        count = len(nodes.labels)
        arrays["labels"][row, :count] = [number.get(label, 1) for label in nodes.labels]
        depth, links = np.zeros(count), np.zeros((count, count), bool)
        for start, end in sorted(nodes.edges, key=lambda edge: edge[1]):
            depth[end] = max(depth[end], depth[start] + 1)
            links[end, start] = True
        arrays["linked"][row, : HEADS // 2, :count, :count] |= links
        arrays["linked"][row, HEADS // 2 :, :count, :count] |= links.T
        arrays["numbers"][row, :count, :3] = np.stack([depth, links.sum(1), links.sum(0)], axis=1)
        if nodes.numbers is not None:
            arrays["numbers"][row, :count, 3:] = nodes.numbers
    return arrays


def _network(labels: int, numbers: int, steps: int) -> keras.Model:
    import keras
    from keras import layers, ops

    def attended(x: Any) -> Any:
        parts = layers.Reshape((-1, 3, HEADS, WIDTH // HEADS))(layers.Dense(3 * WIDTH)(x))
        query, key, value = (parts[:, :, part] for part in range(3))
        fit = ops.einsum("bihd,bjhd->bhij", query, key) / math.sqrt(WIDTH // HEADS)
        told = ops.einsum("bhij,bjhd->bihd", ops.softmax(ops.where(linked, fit, -1e9)), value)
        return layers.Dense(WIDTH)(layers.Reshape((-1, WIDTH))(told))

    given = keras.Input((None,), dtype="int32", name="labels")
    extra = keras.Input((None, numbers), name="numbers")
    linked = keras.Input((HEADS, None, None), dtype="bool", name="linked")
    x = layers.Embedding(labels, WIDTH)(given) + layers.Dense(WIDTH)(extra)
    for _ in range(LAYERS):
        x = x + attended(layers.LayerNormalization()(x))
        inner = layers.Dense(2 * WIDTH, activation="relu")(layers.LayerNormalization()(x))
        x = x + layers.Dense(WIDTH)(layers.Dropout(DROPOUT)(inner))
    there = ops.expand_dims(ops.cast(given > 0, "float32"), -1)
    mean = ops.sum(layers.LayerNormalization()(x) * there, axis=1) / ops.sum(there, axis=1)
    score = layers.Dense(1)(layers.Dense(WIDTH, activation="relu")(mean))
    network = keras.Model({"labels": given, "numbers": extra, "linked": linked}, score)
    rate = keras.optimizers.schedules.CosineDecay(RATE, steps)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=DECAY, clipnorm=1.0)
    optimizer.build(network.trainable_variables)
    network.compile(optimizer, _pairwise, jit_compile=False)
    return network


def _pairwise(targets: object, scores: object) -> object:
    """The hinge on each pair that differs: the better one is to be ahead by a margin."""
    from keras import ops

    targets, scores = ops.reshape(targets, (-1,)), ops.reshape(scores, (-1,))
    ahead = ops.expand_dims(scores, 1) - ops.expand_dims(scores, 0)
    better = ops.cast(ops.expand_dims(targets, 1) > ops.expand_dims(targets, 0), "float32")
    return ops.sum(better * ops.relu(MARGIN - ahead)) / ops.maximum(ops.sum(better), 1.0)
