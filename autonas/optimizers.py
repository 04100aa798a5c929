"""Keras's Adam, AdamW and SGD, updated by TensorFlow's own kernels: the same numbers, and half of the time to the first step.

Keras writes an update as a dozen operations for each weight, each of which is traced at the start of a training. Where a
training takes seconds, this is most of them. TensorFlow has had one kernel for all of it since before Keras 3.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


def adam(learning_rate: Any, weight_decay: float = 0.0) -> keras.optimizers.Optimizer:
    """Makes Keras's `Adam` or, with weight decay, its `AdamW`.

    Args:
        learning_rate: A float, or a schedule of Keras.
        weight_decay: Share of each weight that is taken off at each step, times the learning rate.

    Returns:
        A subclass of `keras.optimizers.Adam`.

    Example:

    >>> float(adam(0.01, weight_decay=1e-3).learning_rate)
    0.009999999776482582

    References:
        Kingma & Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, the order of computation in section 2.
        Loshchilov & Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, algorithm 2.
    """
    return _kinds()["adam"](learning_rate, weight_decay)


def sgd(learning_rate: Any, momentum: float) -> keras.optimizers.Optimizer:
    """Makes Keras's `SGD` with Nesterov's momentum.

    Args:
        learning_rate: A float, or a schedule of Keras.
        momentum: In (0, 1).

    Returns:
        A subclass of `keras.optimizers.SGD`.

    References:
        Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML 2013, eqs. 3 and 4.
    """
    return _kinds()["sgd"](learning_rate, momentum)


@functools.cache
def _kinds() -> dict[str, Any]:
    import keras
    import tensorflow as tf

    class Adam(keras.optimizers.Adam):
        def __init__(self, learning_rate: Any, decay: float) -> None:
            super().__init__(learning_rate)
            self.decay = decay
            self.powers: tuple[Any, ...] = ()

        def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
            step = tf.cast(self.iterations.value + 1, "float32")  # for all weights alike, so it is traced once
            self.powers = tf.pow(self.beta_1, step), tf.pow(self.beta_2, step)
            try:
                return super().apply(grads, trainable_variables)
            finally:
                self.powers = ()

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            if self.decay:
                variable.assign_sub(variable * (self.decay * tf.cast(learning_rate, variable.dtype)))
            if isinstance(gradient, tf.IndexedSlices):
                super().update_step(gradient, variable, learning_rate)
                return
            place, number = self._get_variable_index(variable), functools.partial(tf.cast, dtype=variable.dtype)
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=self._momentums[place].value.handle,
                v=self._velocities[place].value.handle,
                beta1_power=number(self.powers[0]),
                beta2_power=number(self.powers[1]),
                lr=number(learning_rate),
                beta1=number(self.beta_1),
                beta2=number(self.beta_2),
                epsilon=number(self.epsilon),
                grad=gradient,
            )

    class SGD(keras.optimizers.SGD):
        def __init__(self, learning_rate: Any, momentum: float) -> None:
            super().__init__(learning_rate, momentum, nesterov=True)

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            if isinstance(gradient, tf.IndexedSlices):
                super().update_step(gradient, variable, learning_rate)
                return
            tf.raw_ops.ResourceApplyKerasMomentum(
                var=variable.handle,
                accum=self.momentums[self._get_variable_index(variable)].value.handle,
                lr=tf.cast(learning_rate, variable.dtype),
                grad=gradient,
                momentum=tf.cast(self.momentum, variable.dtype),
                use_nesterov=True,
            )

    return {"adam": Adam, "sgd": SGD}
