"""Shapes that tensors have in LiteRT, before and after a run."""

import keras

from autonas import tflite
from autonas.allocation import Allocation
from autonas.export import to_tflite


def test_shapes_are_those_of_a_batch_of_one():
    inputs = keras.Input((5,))
    content = to_tflite(keras.Model(inputs, keras.layers.Dense(3)(inputs)))
    program = tflite.read(content)
    first, last = program.takes[0][0], program.makes[-1][0]
    shapes = [()] * (1 + max(number for numbers in (*program.takes, *program.makes) for number in numbers))
    model = Allocation(content)
    model.look([first, last], shapes)
    assert (shapes[first], shapes[last]) == ((1, 5), (1, 3))
    assert all(shape == () for number, shape in enumerate(shapes) if number not in (first, last))


def test_a_shape_that_is_computed_is_known_once_the_model_has_run():
    x = inputs = keras.Input((6, 4))
    for _ in range(2):
        x = keras.layers.Dense(5, activation="relu")(x)
    content = to_tflite(keras.Model(inputs, x))
    program = tflite.read(content)
    numbers = sorted({number for made in program.makes for number in made})
    before, after = [()] * (1 + max(numbers)), [()] * (1 + max(numbers))
    model = Allocation(content)
    model.look(numbers, before)
    model.run()
    model.look(numbers, after)
    assert after[program.makes[-1][0]] == (1, 6, 5)
    assert before != after
