"""How much a network without training can tell near inputs apart: the Zen score."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from autonas.errors import InputError
from autonas.proxies.base import Network, Proxy


class Zen(Proxy):
    """How far Gaussian images that are near each other are apart in the last map of features, with Gaussian weights.

    Batch normalisation would hide it, so the deviations that it divides by are multiplied in again. Data and labels are not
    looked at. Residual connections stay, as they do in the benchmarks of proxies; the paper leaves them out.

    Args:
        repeats: How many draws of weights and images the score is the mean of.
        distance: How far the images are apart, in standard deviations of a pixel.

    Raises:
        InputError: If one of them is not positive.

    Example:

    >>> Zen().score(model, images, None, None)
    38.2

    References:
    - Lin et al., 2021, https://arxiv.org/abs/2102.01063 (algorithm 1)
    """

    needs_images: ClassVar[bool] = True

    def __init__(self, repeats: int = 4, distance: float = 0.01) -> None:
        if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < 1:
            raise InputError.of("Zen(repeats=)", "a positive integer", repr(repeats))
        if isinstance(distance, bool) or not isinstance(distance, (int, float)) or not 0 < distance < np.inf:
            raise InputError.of("Zen(distance=)", "a positive number", repr(distance))
        self.repeats, self.distance = repeats, distance

    def measure(self, network: Network) -> float:
        rng = np.random.default_rng(0)
        before = network.copy.get_weights()
        try:
            return float(np.mean([self._draw(network, rng) for _ in range(self.repeats)]))
        finally:
            network.copy.set_weights(before)

    def _draw(self, network: Network, rng: np.random.Generator) -> float:
        kernels = {id(kernel) for kernel in network.kernels}
        for weight in network.copy.trainable_variables:
            drawn = (
                rng.standard_normal(weight.shape) if id(weight) in kernels else np.full(weight.shape, _plain(weight))
            )
            weight.assign(drawn.astype("float32"))
        images = rng.standard_normal(network.x.shape).astype("float32")
        moved = images + np.float32(self.distance) * rng.standard_normal(images.shape).astype("float32")
        one, other = (network.copy(each, training=True) for each in (images, moved))
        apart = np.asarray(one["maps"][-1], "float64") - np.asarray(other["maps"][-1], "float64")
        spread = [
            np.var(np.asarray(x, "float64"), axis=tuple(range(len(x.shape) - 1))).mean() for x in one["normalised"]
        ]
        distance = np.linalg.norm(apart.reshape(len(apart), -1), axis=1).mean()
        with np.errstate(divide="ignore"):
            return float(np.log(distance) + 0.5 * np.log(spread).sum())


def _plain(weight: Any) -> float:
    """What a weight is that does not multiply features: a scale is 1, a shift 0."""
    return 1.0 if weight.name == "gamma" else 0.0
