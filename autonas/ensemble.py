"""Ensembles: the best few networks on every fold of the data, those that help each other chosen, and one model made of them.

A split that is too small to choose on is the weakness of a search on few examples. Folds mend it twice: each network is
judged on all the examples that it was not trained on, and the mean of what the networks of all folds say is better than any.

References:
- Cross-validated committees: Parmanto, Munro & Doyle, 1996, https://papers.nips.cc/paper/1075
- Greedy selection with replacement: Caruana et al., 2004, https://doi.org/10.1145/1015330.1015432
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas import data as data_module
from autonas import stratified
from autonas.data import mapped
from autonas.estimators.base import Data
from autonas.quiet import odd_names_allowed

if TYPE_CHECKING:
    import keras

    from autonas.heads.base import Head

ROUNDS = 10  # of the greedy selection: shares are tenths


def folds(data: Data, everything: Data, count: int) -> list[Data]:
    """Makes the folds of the data: each has another part of the examples to validate on.

    Args:
        data: The split that the search had; it is the first fold.
        everything: All the data: the training part of `data`, then its validation part.
        count: How many folds.

    Returns:
        `count` times all the data, split; the parts to validate on share no example. What the preprocessor learned, it
        learned from the first fold; it sees no targets.
    """
    result = [data]
    rest = np.arange(len(data))
    for number in range(1, count):
        left = count - number
        if left == 1:
            held = rest
        else:
            strata = None if data.strata is None else data.strata[rest]
            kept, out = stratified.split(len(rest), strata, 1 / left, data.seed + number)
            rest, held = rest[kept], rest[out]
        result.append(_fold(everything, np.sort(held)))
    return result


def _fold(everything: Data, held: np.ndarray) -> Data:
    train = np.setdiff1d(np.arange(len(everything)), held)

    def part(rows: np.ndarray, weights: np.ndarray | None) -> tuple[Any, Any, np.ndarray | None]:
        x, y = data_module.take(everything.x, rows), data_module.take(everything.y, rows)
        return x, y, None if weights is None else weights[rows]

    x, y, weights = part(train, everything.weights)
    return dataclasses.replace(everything, x=x, y=y, weights=weights, validation=part(held, everything.judging))


def select(outputs: Sequence[Any], loss: Callable[[Any], float], rounds: int = ROUNDS) -> list[int]:
    """Chooses, one after the other, the outputs whose mean has the smallest loss; one may be chosen several times.

    It looks at the loss and not at the objective: accuracy moves in steps, and ten choices by it would learn the validation
    examples by heart.

    Args:
        outputs: Of each network for the same examples, (n, ...), the best network first, which is in from the start.
        loss: Of such outputs.
        rounds: Most choices.

    Returns:
        How often each was chosen.

    Example:

    >>> truth = np.array([0.0, 1.0])
    >>> select([truth - 0.2, truth + 0.2, truth - 1], lambda mean: float(np.square(mean - truth).sum()))
    [1, 1, 0]
    """
    counts = [1] + [0] * (len(outputs) - 1)
    best = loss(outputs[0])
    while sum(counts) < rounds:
        tried = []
        for number in range(len(outputs)):
            more = [count + (place == number) for place, count in enumerate(counts)]
            tried.append((loss(mean(outputs, more)), number))
        least, number = min(tried)
        if least >= best:
            return counts
        best = least
        counts[number] += 1
    return counts


def mean(outputs: Sequence[Any], counts: Sequence[float]) -> Any:
    """The weighted mean of the outputs of several networks: arrays, or dicts of them."""
    shares = np.array(counts, "float64") / sum(counts)
    return mapped(
        lambda *parts: sum(part * share for part, share in zip(parts, shares, strict=True)).astype("float32"), *outputs
    )


def loss_of(head: Head, y: Any, weights: np.ndarray | None, outputs: Any) -> Callable[[Any], float]:
    """Makes a function that tells the loss of outputs like these for the targets `y`."""
    import keras

    tensors = mapped(lambda part: keras.Input(part.shape[1:], dtype="float32"), outputs)
    with odd_names_allowed():
        identity = keras.Model(tensors, mapped(lambda tensor: keras.layers.Identity()(tensor), tensors))
    identity.compile(loss=head.loss(), jit_compile=False)
    y = mapped(keras.ops.convert_to_tensor, y)

    def loss(outputs: Any) -> float:
        outputs = mapped(keras.ops.convert_to_tensor, outputs)
        return float(identity.compute_loss(None, y, outputs, weights))

    return loss


def joined(cores: Sequence[keras.Model], counts: Sequence[float]) -> keras.Model:
    """Makes one network of several: their outputs' weighted mean.

    Args:
        cores: With the same inputs and outputs.
        counts: The weight of each; they need not add up to one.
    """
    import keras

    from autonas.space import for_inference

    if len(cores) == 1:
        return cores[0]
    shapes = cores[0].input
    tensors = mapped(lambda tensor: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name), shapes)
    members = [for_inference(core) for core in cores]
    for number, member in enumerate(members):
        member.name = f"member_{number}"
    outputs = [member(tensors) for member in members]
    total = float(sum(counts))

    def weighted(*parts: Any) -> Any:
        scaled = [keras.layers.Rescaling(count / total)(part) for part, count in zip(parts, counts, strict=True)]
        return keras.layers.Add()(scaled)

    return keras.Model(tensors, mapped(weighted, *outputs), name="core")
