"""The learning rate of trainings, against Keras's own schedule."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autonas.schedules import warm_cosine


@pytest.mark.parametrize("steps", [1, 2, 30, 1000])
def test_it_is_the_cosine_of_keras_with_a_warm_up(steps):
    warmup = max(1, steps // 20)
    known = keras.optimizers.schedules.CosineDecay(
        3e-4, max(1, steps - warmup), warmup_target=3e-3, warmup_steps=warmup
    )
    made = warm_cosine(3e-3, steps)
    for step in range(steps + 5):
        np.testing.assert_allclose(made(step), known(step), rtol=1e-5, atol=1e-9)


def test_a_step_has_no_condition_to_trace():
    import tensorflow as tf

    traced = tf.function(warm_cosine(3e-3, 100)).get_concrete_function(tf.TensorSpec((), tf.int64))
    assert not [operation.type for operation in traced.graph.get_operations() if "If" in operation.type]


def test_after_the_last_step_it_is_zero():
    assert float(warm_cosine(0.1, 40)(40)) == float(warm_cosine(0.1, 40)(50)) == 0
