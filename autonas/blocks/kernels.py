"""Features of sequences that need no training: many fixed convolutions, and how often each of them is above a threshold."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.blocks.base import MOMENTUM, Block
from autonas.errors import InputError, NotFittedError

if TYPE_CHECKING:
    import keras_tuner

TAPS = 9
# each kernel has three weights of 2 and six of -1: they sum to 0, so that a constant signal gives 0
KERNELS = np.array(
    [[2 if tap in three else -1 for tap in range(TAPS)] for three in itertools.combinations(range(TAPS), 3)]
)
MOST_DILATIONS = 8
MOST_CHANNELS = 4  # in one kernel
FEWEST, MOST = 1_000, 10_000  # features
GOLDEN = (math.sqrt(5) + 1) / 2


class KernelBlock(Block):
    """Random dilated convolutions that stay as they are; of each, the share of real steps at which it exceeds thresholds.

    Only what follows them is trained, which takes few epochs and few examples. Kernels are those of MiniRocket, dilations
    follow the length, and thresholds are quantiles of what kernels give on training sequences. Each kernel sees some channels
    at random. Equal data give equal kernels.

    Args:
        sequence: Fitted; has the length, the shape and a sample of preprocessed training sequences.
        rows: How many training examples there are; the number of features follows it.

    Raises:
        InputError: If `rows` is not positive.
        NotFittedError: If there is no sample: the input was not fitted here, but loaded.

    Example:

    >>> features = KernelBlock(sequences, 2_000).build(hp, {"numbers": steps, "mask": mask})

    References:
    - Dempster, Schmidt & Webb, 2021, https://arxiv.org/abs/2012.08791 (MiniRocket)
    """

    kind = "sequence"

    def __init__(self, sequence: Any, rows: int) -> None:
        if rows < 1:
            raise InputError.of("rows", "a positive integer", rows)
        if sequence.sample is None:
            raise NotFittedError("There is no sample of the sequences to set thresholds by: call `fit` first.")
        most = int(np.clip(4 * rows, FEWEST, MOST))
        self.features = sorted({FEWEST, (FEWEST + most) // 2, most})
        self.dilations = _dilations(sequence.length)
        rng = np.random.default_rng(0)
        channels = sequence.shape["steps"][1]
        self._weights = [_weights(channels, rng) for _ in self.dilations]
        steps, mask = sequence.sample["steps"], sequence.sample["mask"]
        self._responses = [
            _responses(steps, mask, weights, dilation, rng)
            for weights, dilation in zip(self._weights, self.dilations, strict=True)
        ]

    def float_choices(self) -> None:
        """Thresholds are finer than the steps of int8."""

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        features = hp.Choice("kernels_features", self.features, default=self.features[-1])
        dropout = hp.Choice("kernels_dropout", [0.0, 0.25, 0.5, 0.75], default=0.5)
        ops, mask = keras.ops, x["mask"]
        share = ops.expand_dims(mask / ops.maximum(ops.sum(mask, axis=1, keepdims=True), 1.0), 1)
        steps = x["numbers"] * ops.expand_dims(mask, -1)
        thresholds = max(1, round(features / len(KERNELS) / len(self.dilations)))
        shares = []
        for dilation, weights, responses in zip(self.dilations, self._weights, self._responses, strict=True):
            above = ops.cast(
                ops.greater(_convolved(steps, dilation, weights, _quantiles(responses, thresholds)), 0), "float32"
            )
            shares.append(ops.squeeze(ops.matmul(share, above), 1))
        pooled = shares[0] if len(shares) == 1 else keras.layers.Concatenate()(shares)
        pooled = keras.layers.BatchNormalization(momentum=MOMENTUM)(pooled)
        if "embedded" in x:
            pooled = keras.layers.Concatenate()([pooled, ops.squeeze(ops.matmul(share, x["embedded"]), 1)])
        return keras.layers.Dropout(dropout)(pooled) if dropout else pooled

    def starting_points(self) -> list[dict[str, Any]]:
        # many features with small steps, as the paper's networks
        return [{"kernels_features": self.features[-1], "kernels_dropout": 0.5, "adamw_learning_rate": 1e-3}]


def _dilations(length: int) -> list[int]:
    """Powers of 2 and between, up to where a kernel spans the whole sequence."""
    largest = max(1.0, (length - 1) / (TAPS - 1))
    powers = np.linspace(0, math.log2(largest), min(MOST_DILATIONS, 1 + math.ceil(math.log2(largest))))
    return sorted({int(2**power) for power in powers})


def _weights(channels: int, rng: np.random.Generator) -> np.ndarray:
    """(taps, channels, kernels), zero in the channels that a kernel does not see; few at a time are the most likely."""
    most = min(channels, MOST_CHANNELS)
    seen = np.zeros((channels, len(KERNELS)), np.float32)
    for kernel in range(len(KERNELS)):
        count = int(2 ** rng.uniform(0, math.log2(most + 1)))
        seen[rng.choice(channels, count, replace=False), kernel] = 1
    return KERNELS.T[:, None].astype(np.float32) * seen[None]


def _responses(
    steps: np.ndarray, mask: np.ndarray, weights: np.ndarray, dilation: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """What each kernel gives at the real steps of one sequence of the sample, sorted."""
    margin = dilation * (TAPS // 2)
    padded = np.pad(steps * mask[..., None], [(0, 0), (margin, margin), (0, 0)])
    time = steps.shape[1]
    given = sum(padded[:, tap * dilation : tap * dilation + time] @ weights[tap] for tap in range(TAPS))
    chosen = rng.integers(0, len(steps), len(KERNELS))
    return [np.sort(given[one, mask[one] > 0, kernel]) for kernel, one in enumerate(chosen)]


def _quantiles(responses: list[np.ndarray], count: int) -> np.ndarray:
    """`count` thresholds for each kernel, (kernels * count,), at shares that spread evenly over all of them."""
    at = (np.arange(1, len(responses) * count + 1) * GOLDEN % 1).reshape(len(responses), count)
    found = [np.quantile(values, shares) for values, shares in zip(responses, at, strict=True)]
    return np.concatenate(found).astype(np.float32)


def _convolved(steps: Any, dilation: int, weights: np.ndarray, thresholds: np.ndarray) -> Any:
    """What each kernel gives, less each of its thresholds: (batch, time, kernels * thresholds)."""
    import keras

    frozen: dict[str, Any] = {"padding": "same", "trainable": False}
    kernels = keras.layers.Conv1D(weights.shape[2], TAPS, dilation_rate=dilation, use_bias=False, **frozen)
    x = kernels(steps)
    kernels.set_weights([weights])
    repeats = len(thresholds) // weights.shape[2]
    less = keras.layers.DepthwiseConv1D(1, depth_multiplier=repeats, **frozen)
    x = less(x)
    less.set_weights([np.ones((1, weights.shape[2], repeats), np.float32), -thresholds])
    return x
