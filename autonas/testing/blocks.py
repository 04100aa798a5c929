"""What every block has to do. Call `check_block` on yours, in your own tests."""

from __future__ import annotations

import collections
import dataclasses
import functools
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.blocks.base import Block
from autonas.data import mapped
from autonas.hyperparameters import discover
from autonas.space import seeded
from autonas.values import Values, complete, sample

if TYPE_CHECKING:
    import keras
    import keras_tuner

Shape = Any  # a tuple, or a dict of tuples


def check_block(block: Block, input_shape: Any, folder: Path, samples: int = 2, examples: Any = None) -> None:
    """Checks that a block is one: the same choices at every size, models of Keras's own parts, all of it to be trained.

    The defaults are built for an input as it is and for one with half and a quarter of the resolution, as a proxy task may
    have it; the starting points and a few candidates drawn at random for one of the three each.

    Args:
        block: The block.
        input_shape: Shape of one example, the channels last; or a dict of shapes, which are all built as they are.
        folder: For the file it writes.
        samples: How many candidates are drawn.
        examples: Preprocessed data to try it on, where any numbers will not do: at least two examples.

    Raises:
        AssertionError: Names what does not hold.

    Example:

    >>> check_block(ConvBlock(28, 10_000), (28, 28, 1), tmp_path)
    """
    shapes = _reduced(input_shape)
    subject = _Subject(block, discover(functools.partial(_declare, block, shapes[0])), examples)
    points = block.starting_points()
    _check(len(points) > 0, "it has a starting point", points)
    rng = np.random.default_rng(0)
    drawn = [sample(subject.space, rng) for _ in range(samples)]
    for point in points:
        subject.check_legal(point)
    for name, others in block.late_choices().items():
        for other in others:
            subject.check_legal({name: other})
    smallest = _ranges(discover(functools.partial(_declare, block, shapes[-1])))
    same = smallest == _ranges(subject.space)
    _check(same, f"its hyperparameters are the same for inputs of {shapes[0]} and {shapes[-1]}", smallest)
    for shape in shapes:
        subject.check_answers({}, shape)
    for values, shape in zip([*points, *drawn], itertools.cycle(shapes)):
        subject.check_answers(values, shape)
    subject.check_model(shapes[0], folder)


def _reduced(shape: Any) -> list[Any]:
    if isinstance(shape, Mapping):
        return [dict(shape)]
    *sides, channels = shape
    return [(*(max(1, side // factor) for side in sides), channels) for factor in (1, 2, 4)]


@dataclasses.dataclass(frozen=True)
class _Subject:
    block: Block
    space: keras_tuner.HyperParameters
    examples: Any

    def complete(self, values: Values) -> Values:
        return complete(self.space, lambda h: values.get(h.name, h.default))

    def model(self, values: Values, shape: Shape) -> keras.Model:
        """Builds a candidate, and sees that it asks for nothing that the space does not know."""
        import keras

        hp = self.space.copy()
        hp.values = self.complete(values)
        inputs = _symbolic(shape)
        with seeded(7):
            # before Keras 3.13 an input could not be an output too, as it is where a block changes nothing
            model = keras.Model(inputs, keras.layers.Identity()(self.block.build(hp, inputs)))
        unknown = [h.name for h in hp.space[len(self.space.space) :]]
        _check(not unknown, "a candidate asks for no hyperparameter that discovery does not find", unknown)
        return model

    def check_answers(self, values: Values, shape: Shape) -> None:
        answers = self.answers(self.model(values, shape), shape)
        fits = len(answers) == 2 and answers.ndim >= 2 and answers.size > 0
        _check(fits, f"it gives features for each example of {shape} with {values}", answers.shape)
        _check(bool(np.isfinite(answers).all()), f"they are finite for {shape} with {values}", answers)

    def check_legal(self, point: Values) -> None:
        complete = self.complete(point)
        inactive = sorted(set(point) - set(complete))
        _check(not inactive, f"the names of the starting point {point} are active hyperparameters", inactive)
        known = collections.defaultdict(list)
        for hyperparameter in self.space.space:
            known[hyperparameter.name].extend(hyperparameter.values)
        illegal = {name: value for name, value in point.items() if value not in known[name]}
        _check(not illegal, f"the starting point {point} has legal values", illegal)

    def check_model(self, shape: Shape, folder: Path) -> None:
        model = self.model({}, shape)
        own = [type(layer).__name__ for layer in model.layers if not type(layer).__module__.startswith("keras.")]
        _check(not own, "it is made of Keras's own layers", own)
        answers = self.answers(model, shape)
        again = self.answers(self.model({}, shape), shape)
        _check(np.array_equal(answers, again), "equal seeds give equal models", again)
        loaded = self.answers(_saved_and_loaded(model, folder), shape)
        _check(np.allclose(answers, loaded, rtol=1e-5, atol=1e-6), "it gives the same when saved and loaded", loaded)
        unreached = _unreached(model, self.inputs(shape))
        _check(not unreached, "the gradient reaches all of its weights", unreached)

    def inputs(self, shape: Shape) -> Any:
        """Two examples."""
        if self.examples is not None:
            return mapped(lambda part: part[:2], self.examples)
        rng = np.random.default_rng(0)
        return mapped(lambda side: rng.normal(size=(2, *side)).astype("float32"), shape)

    def answers(self, model: keras.Model, shape: Shape) -> np.ndarray:
        return np.asarray(model(self.inputs(shape), training=False))


def _declare(block: Block, shape: Shape, hp: keras_tuner.HyperParameters) -> None:
    block.build(hp, _symbolic(shape))


def _symbolic(shape: Shape) -> Any:
    import keras

    if isinstance(shape, Mapping):
        return {name: keras.Input(inner, name=name) for name, inner in shape.items()}
    return keras.Input(shape)


def _ranges(space: keras_tuner.HyperParameters) -> list[dict[str, Any]]:
    return sorted(space.get_config()["space"], key=str)


def _saved_and_loaded(model: keras.Model, folder: Path) -> keras.Model:
    import keras

    path = folder / "block.keras"
    model.save(path)
    return keras.saving.load_model(path)


def _unreached(model: keras.Model, x: Any) -> list[str]:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(mapped(tf.convert_to_tensor, x), training=True))
    weights = model.trainable_variables
    gradients = tape.gradient(loss, [weight.value for weight in weights])
    return [weight.path for weight, gradient in zip(weights, gradients, strict=True) if gradient is None]


def _check(holds: bool, what: str, got: object) -> None:
    if not holds:
        raise AssertionError(f"Of a block it must hold that {what}. Got {got} instead.")
