"""How much can flow through a network, whatever the data: synaptic flow."""

from __future__ import annotations

import numpy as np

from autonas.proxies.base import Network, Proxy, copied, kernels


class SynFlow(Proxy):
    """The sum over all paths of the product of the absolute weights on them, by one pass of an input of ones.

    Normalisation is left out, since it would divide the flow out again. The sum spans dozens of orders of magnitude, so it is
    computed in float64, and the score is log(1 + sum), which has the same order.

    Example:

    >>> SynFlow().score(model, x, None, None)
    21.4

    References:
    - Tanaka et al., 2020, https://arxiv.org/abs/2006.05467 (algorithm 1)
    - Abdelfattah et al., 2021, https://arxiv.org/abs/2101.08134 (section 3.2: summed over the network, without
      batch normalisation)
    """

    def measure(self, network: Network) -> float:
        import tensorflow as tf

        from autonas.data import mapped

        copy = copied(network.model, linear=True)
        for weight in copy.weights:
            weight.assign(np.abs(weight.numpy()))
        ones = mapped(lambda array: tf.ones((1, *array.shape[1:]), array.dtype), network.x)
        weights = [kernel.value for kernel in kernels(copy)]
        with tf.GradientTape() as tape:
            flow = tf.add_n([tf.reduce_sum(tf.cast(out, "float64")) for out in copy(ones, training=False)["logits"]])
        gradients = tape.gradient(flow, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        total = sum(
            float(np.abs(w.numpy() * tf.convert_to_tensor(g)).sum()) for w, g in zip(weights, gradients, strict=True)
        )
        return float(np.log1p(total))
