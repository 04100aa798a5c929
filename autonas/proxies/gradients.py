"""What one step of training would do to the weights: proxies from pruning at initialisation."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from autonas.proxies.base import Network, Proxy


class GradNorm(Proxy):
    """The norms of the gradients of the loss, one for each kernel, summed.

    Example:

    >>> GradNorm().score(model, x, y, "categorical_crossentropy")
    2.31

    References:
    - Abdelfattah et al., 2021, https://arxiv.org/abs/2101.08134 (section 3.2)
    """

    needs_labels: ClassVar[bool] = True

    def measure(self, network: Network) -> float:
        gradients = network.run.gradient(network.run.loss, network.kernels)
        return sum(float(np.linalg.norm(gradient)) for gradient in gradients)


class Snip(Proxy):
    """How much the loss depends on each weight being there: sum of |weight x gradient| over the kernels.

    Example:

    >>> Snip().score(model, x, y, "categorical_crossentropy")
    5.7

    References:
    - Lee et al., 2019, https://arxiv.org/abs/1810.02340 (connection sensitivity)
    - Abdelfattah et al., 2021, https://arxiv.org/abs/2101.08134 (section 3.2)
    """

    needs_labels: ClassVar[bool] = True

    def measure(self, network: Network) -> float:
        gradients = network.run.gradient(network.run.loss, network.kernels)
        return sum(float(np.abs(w.numpy() * g).sum()) for w, g in zip(network.kernels, gradients, strict=True))


class Grasp(Proxy):
    """How much the weights help the gradient to stay: minus the sum of weight x (Hessian x gradient) over the kernels.

    Example:

    >>> Grasp().score(model, x, y, "categorical_crossentropy")
    0.4

    References:
    - Wang et al., 2020, https://arxiv.org/abs/2002.07376 (the score of a weight)
    - Abdelfattah et al., 2021, https://arxiv.org/abs/2101.08134 (section 3.2)
    """

    needs_labels: ClassVar[bool] = True

    def measure(self, network: Network) -> float:
        import tensorflow as tf

        weights = [kernel.value for kernel in network.kernels]
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                loss = network.loss_of(network.copy(network.x, training=True))
            gradients = inner.gradient(loss, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
            product = tf.add_n([tf.reduce_sum(tf.stop_gradient(gradient) * gradient) for gradient in gradients])
        turned = outer.gradient(product, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return -sum(float(np.sum(w.numpy() * tf.convert_to_tensor(h))) for w, h in zip(weights, turned, strict=True))


class Fisher(Proxy):
    """How much the loss depends on each channel being there: squares of activation x gradient, summed over the channels.

    A channel's share is half the mean over the examples of the square of its sum over the positions. After a ReLU and before
    it this sum is the same, so layers are looked at as they are.

    Example:

    >>> Fisher().score(model, x, y, "categorical_crossentropy")
    0.02

    References:
    - Theis et al., 2018, https://arxiv.org/abs/1801.05787 (Fisher information of a channel)
    - Turner et al., 2020, https://arxiv.org/abs/1906.04113 (BlockSwap: summed over a network)
    """

    needs_labels: ClassVar[bool] = True

    def measure(self, network: Network) -> float:
        layers = network.run.found["weighted"]
        total = 0.0
        for made, gradient in zip(layers, network.run.gradient(network.run.loss, layers), strict=True):
            product = np.asarray(made * gradient, "float64")
            of_channels = product.sum(axis=tuple(range(1, product.ndim - 1)))
            total += float(np.square(of_channels).mean(axis=0).sum()) / 2
        return total
