"""How differently an untrained network treats the examples of a batch: by its ReLUs, and by its Jacobians."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from autonas.proxies.base import Network, Proxy

LEAST = 1e-5  # of an eigenvalue: those of equal examples are zero, up to rounding


class Nwot(Proxy):
    """How many ReLUs each two examples open alike: the log-determinant of the kernel of their binary codes.

    An activation such as SiLU or GELU counts as open where it is positive. Equal examples would make the determinant zero for
    every network, so an eigenvalue counts as no less than 1e-5.

    Example:

    >>> Nwot().score(model, x, None, None)
    214.8

    References:
    - Mellor et al., 2021, https://arxiv.org/abs/2006.04647 (section 3)
    """

    needs_gates: ClassVar[bool] = True

    def measure(self, network: Network) -> float:
        examples = len(network.run.found["logits"][0])
        kernel = np.zeros((examples, examples))
        for gate in network.run.found["gates"]:
            code = np.reshape(np.asarray(gate) > 0, (examples, -1)).astype("float32")
            kernel += code @ code.T + (1 - code) @ (1 - code).T
        return float(np.log(np.maximum(np.linalg.eigvalsh(kernel), LEAST)).sum())


class Jacov(Proxy):
    """How alike the Jacobians of the examples are: the likelihood that their correlations have under a kernel of ones.

    The Jacobian of an example is the derivative of the sum of its logits by its numbers; for words and categories, which are
    no numbers, by the vectors that stand for them.

    Example:

    >>> Jacov().score(model, x, None, None)
    -42.3

    References:
    - Mellor et al., 2021, https://arxiv.org/abs/2006.04647v1 (the first version)
    """

    needs_directions: ClassVar[bool] = True

    def measure(self, network: Network) -> float:
        run = network.run
        gradients = [np.asarray(g, "float64") for g in run.gradient(run.found["sum"], run.directions)]
        jacobians = np.concatenate([gradient.reshape(len(gradient), -1) for gradient in gradients], axis=1)
        if not jacobians.std(axis=1).all():
            return np.nan  # no correlation is defined where a Jacobian is zero
        eigenvalues = np.maximum(np.linalg.eigvalsh(np.corrcoef(jacobians)), 0.0) + LEAST
        return float(-np.sum(np.log(eigenvalues) + 1 / eigenvalues))
