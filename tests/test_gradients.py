"""What a training leaves in TensorFlow's registry of gradients is taken out, and nothing else."""

import tensorflow as tf
from tensorflow.python.framework import ops

from autonas.gradients import graphs_forgotten


@tf.custom_gradient
def doubled(x):
    return 2 * x, lambda upstream: 3 * upstream


def known():
    return {name for name in ops.gradient_registry._registry if name.startswith("CustomGradient-")}


def test_gradients_that_were_made_inside_are_forgotten_and_others_stay():
    traced = tf.function(lambda x: doubled(x))
    traced(tf.constant(1.0))
    before = known()
    assert before
    with graphs_forgotten():
        tf.function(lambda x: doubled(x))(tf.constant(1.0))
        assert known() > before
    assert known() == before
    with tf.GradientTape() as tape:
        x = tf.Variable(1.0)
        y = traced(x)
    assert float(tape.gradient(y, x)) == 3.0
