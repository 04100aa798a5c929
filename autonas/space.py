"""The search space: blocks and a head, and how what they make is trained, as one Keras Tuner hypermodel.

A candidate is one assignment of its hyperparameters. Everything that a candidate decides is built here, from Keras's own
parts, so that a model of a search stands without this package.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras_tuner
import numpy as np

from autonas import optimizers
from autonas.blocks.base import Block, choose
from autonas.errors import InputError
from autonas.graph import is_inert
from autonas.hyperparameters import check_names, discover, without
from autonas.schedules import warm_cosine
from autonas.values import Values, complete, read

if TYPE_CHECKING:
    import keras

    from autonas.heads.base import Head


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seeds the generators that Keras draws its layers' seeds from, and gives them back as they were."""
    state, numpy_state = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed % 2**32)
    try:
        yield
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)


class SearchSpace(keras_tuner.HyperModel):
    """All networks that a block and a head can make, with the ways to train them.

    It is a `keras_tuner.HyperModel`: `build(hp)` returns a compiled model, so a plain Keras Tuner can search it too.

    Args:
        block: From preprocessed data to features.
        head: From features to outputs.
        input_shape: Shape of one preprocessed example, or a dict of shapes.
        schedules: Learning rate schedules to choose from, of `"cosine"` and `"constant"`. A callback that sets the
            learning rate needs it constant.
        search_loss: Whether candidates may be trained with other losses than the head's plain one. Not where `"val_loss"` is
            what a tuner optimises: it says nothing between losses of two kinds.

        operations: `"int8"` leaves out what devices that compute in int8 alone cannot run, see `Block.float_choices`.

    Raises:
        InputError: If what is to be a block is none, or builds no features; if a name stands for several hyperparameters, or
            no network of the block runs in int8.

    Attributes:
        hyperparameters: A `keras_tuner.HyperParameters` with all of them, the conditional ones included, parents first.

    References:
    - Cosine schedule: Loshchilov & Hutter, 2017, https://arxiv.org/abs/1608.03983
    - Decoupled weight decay: Loshchilov & Hutter, 2019, https://arxiv.org/abs/1711.05101
    """

    def __init__(
        self,
        block: Block,
        head: Head,
        input_shape: Any,
        schedules: Sequence[str] = ("cosine", "constant"),
        search_loss: bool = False,
        operations: str | None = None,
    ) -> None:
        super().__init__(tunable=True)
        if not isinstance(block, Block):
            raise InputError.of("What the function block returns", "an autonas.blocks.Block", repr(block))
        self.search_loss = search_loss
        self.block = block
        self.head = head
        self.input_shape = input_shape
        self.schedules = list(schedules)
        self._left_out = _left_out(block, operations)
        self.hyperparameters = without(discover(self._declare), self._left_out)
        check_names(self.hyperparameters, "A block")

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """Builds and compiles a candidate, as Keras Tuner asks for it; a cosine schedule then ends after 10,000 steps."""
        if self._left_out:
            hp.merge(self.hyperparameters, overwrite=False)  # what is known first is what a choice is made from
        core = self.network(hp, self.input_shape)
        core.compile(optimizer=self.optimizer(hp, steps=10_000), loss=self.loss(hp), metrics=self.head.metrics())
        return core

    def network(self, hp: keras_tuner.HyperParameters, input_shape: Any) -> keras.Model:
        """Builds the core of a candidate: from one preprocessed batch to the outputs, without weights trained.

        Args:
            hp: With the candidate's values.
            input_shape: Shape of one example; a proxy task may ask for a lower resolution than the space's own.
        """
        import keras

        inputs = _symbolic(input_shape)
        features = self.block.build(hp, inputs)
        shape = getattr(features, "shape", None)
        if shape is None or len(shape) != 2:
            built = repr(features) if shape is None else f"one of the shape {shape}"
            hint = "Return what the last layer gives; a map is pooled first (GlobalAveragePooling2D)."
            raise InputError.of(
                f"What {type(self.block).__name__} builds", "a tensor of the shape (batch, features)", built, hint
            )
        return keras.Model(inputs, self.head.build(hp, features), name="core")

    def optimizer(self, hp: keras_tuner.HyperParameters, steps: int) -> keras.optimizers.Optimizer:
        """Makes the optimiser of a candidate.

        Args:
            hp: With the candidate's values.
            steps: How many batches the training has: a decaying learning rate reaches zero there.
        """
        schedule = hp.Choice("schedule", self.schedules)

        def learning_rate(name: str, low: float, high: float, default: float) -> Any:
            peak = hp.Float(name, low, high, sampling="log", default=default)
            if schedule == "constant":
                return peak
            return warm_cosine(peak, steps)

        def adamw(_: Any) -> keras.optimizers.Optimizer:
            decay = hp.Choice("adamw_weight_decay", [1e-4, 1e-3, 1e-2, 5e-2], default=1e-2)
            return optimizers.adam(learning_rate("adamw_learning_rate", 3e-4, 1e-2, 3e-3), decay)

        def sgd(_: Any) -> keras.optimizers.Optimizer:
            return optimizers.sgd(learning_rate("sgd_learning_rate", 3e-3, 3e-1, 5e-2), momentum=0.9)

        def adam(_: Any) -> keras.optimizers.Optimizer:
            return optimizers.adam(learning_rate("adam_learning_rate", 3e-4, 1e-2, 2e-3))

        return choose(hp, "optimizer", {"adamw": adamw, "adam": adam, "sgd": sgd}, None)

    def loss(self, hp: keras_tuner.HyperParameters) -> Any:
        """What a candidate is trained with.

        Args:
            hp: With the candidate's values.
        """
        return self.head.loss(hp if self.search_loss else None)

    def complete(self, values: Mapping[str, Any]) -> Values:
        """Fills up with defaults what `values` leave open, and leaves out what is not active."""
        return complete(self.hyperparameters, lambda hp: values.get(hp.name, hp.default))

    def starting_points(self) -> list[Values]:
        """Complete candidates of human design, to be tried before anything else.

        Raises:
            InputError: If a block says one that is not in the space.
        """
        points: list[Values] = []
        for point in self.block.starting_points():
            if isinstance(point, Mapping) and any(v in self._left_out.get(name, ()) for name, v in point.items()):
                continue
            values = read(f"a starting point of {type(self.block).__name__}", point, self.hyperparameters)
            if values not in points:
                points.append(values)
        return points or [self.complete({})]

    def searched(self, late: bool) -> keras_tuner.HyperParameters:
        """Returns the hyperparameters that a search decides; of the others only the default is left.

        Args:
            late: Whether the search trains long enough to judge `Block.late_choices`.
        """
        config = self.hyperparameters.get_config()
        for hyperparameter in config["space"]:
            if not late and hyperparameter["config"]["name"] in self.block.late_choices():
                hyperparameter["config"]["values"] = [hyperparameter["config"]["default"]]
        return keras_tuner.HyperParameters.from_config(config)

    def twins(self, values: Mapping[str, Any]) -> list[Values]:
        """The same network, trained with the first values of `Block.late_choices`, then with the second ones, and so on."""
        late = {name: others for name, others in self.block.late_choices().items() if name in values}
        rounds = range(max((len(others) for others in late.values()), default=0))
        changed = [{n: others[r] for n, others in late.items() if r < len(others)} for r in rounds]
        return [{**values, **changes} for changes in changed if any(values[n] != v for n, v in changes.items())]

    def kind(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """What the network is at heart: its values of the block's hyperparameters that others depend on."""
        space = self.hyperparameters.space
        parents = {condition.name for hyperparameter in space for condition in hyperparameter.conditions}
        roots = [hp.name for hp in space if hp.name in parents and not hp.conditions and hp.name != "optimizer"]
        return tuple(values.get(name) for name in roots)

    def candidate(self, values: Mapping[str, Any]) -> Candidate:
        """The candidate of these values."""
        return Candidate(self, dict(values))

    def get_config(self) -> dict[str, Any]:
        """The space as plain data: what its fingerprint is made of."""
        return {
            "input_shape": self.input_shape,
            "hyperparameters": self.hyperparameters.get_config()["space"],
        }

    def _declare(self, hp: keras_tuner.HyperParameters) -> None:
        self.network(hp, self.input_shape)
        self.loss(hp)
        self.optimizer(hp, steps=1)


@dataclasses.dataclass(frozen=True)
class Candidate:
    """One assignment of values to the hyperparameters of a space.

    Attributes:
        space: The space.
        values: name -> value. Names that Keras Tuner adds for itself (`tuner/epochs`) mean nothing here.
    """

    space: SearchSpace
    values: Values

    def core(self, input_shape: Any = None) -> keras.Model:
        """Builds the network, its weights fresh. Seed it with `seeded`.

        Args:
            input_shape: Shape of one example; None means the space's own.
        """
        return self.space.network(self._hp, input_shape or self.space.input_shape)

    def optimizer(self, steps: int) -> keras.optimizers.Optimizer:
        """Makes its optimiser, for a training of so many batches."""
        return self.space.optimizer(self._hp, steps)

    def loss(self) -> Any:
        """What it is trained with, as `compile` takes it."""
        return self.space.loss(self._hp)

    @functools.cached_property
    def _hp(self) -> keras_tuner.HyperParameters:
        hp = self.space.hyperparameters.copy()
        hp.values = dict(self.values)
        return hp


def _symbolic(shape: Any, name: str = "") -> Any:
    """Keras inputs of these shapes, in the same structure; a name inside another follows it."""
    import keras

    if isinstance(shape, Mapping):
        return {part: _symbolic(inner, f"{name}_{part}" if name else part) for part, inner in shape.items()}
    return keras.Input(tuple(shape), name=name or "inputs")


def for_inference(core: keras.Model) -> keras.Model:
    """Copies a network without the random layers in it, weights included; equal networks have equal names of layers then.

    Keras's augmentation layers are on in a plain call `model(x)`; whoever gets the network is to get its answers.

    Args:
        core: A functional model.

    Returns:
        A functional model of its own, with the same weights.
    """
    import keras

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        return args[0] if is_inert(type(layer).__name__) and not layer.weights else layer(*args, **kwargs)

    twins: list[tuple[Any, Any]] = []

    def twin(layer: Any) -> Any:
        twins.append((layer, type(layer).from_config(layer.get_config())))
        return twins[-1][1]

    plain = keras.Model(core.input, core.output, name=core.name)  # a clone of a compiled model would need its loss
    copy = keras.models.clone_model(plain, call_function=call, clone_function=twin)
    for layer, other in twins:  # one by one: without the random ones, layers may stand in another order
        if getattr(layer, "weights", None):
            other.set_weights(layer.get_weights())
    _name_by_place(copy)
    return copy


def _name_by_place(model: keras.Model) -> None:
    """Names layers as in a model that is the first one made: Keras counts on, and a `.tflite` grows with the names."""
    stems = {operation: re.sub(r"_\d+$", "", operation.name) for operation in model.operations}
    layers = [layer for layer in model.layers if stems[layer].replace("_", "") == type(layer).__name__.lower()]
    others = stems.keys() - set(layers)
    taken, of_others = {operation.name for operation in others}, {stems[operation] for operation in others}
    for layer in layers:
        stem = f"{stems[layer]}_layer" if stems[layer] in of_others else stems[layer]
        names = itertools.chain([stem], (f"{stem}_{number}" for number in itertools.count(1)))
        layer.name = next(name for name in names if name not in taken)
        taken.add(layer.name)


def _left_out(block: Block, operations: str | None) -> dict[str, list[Any]]:
    if operations is None:
        return {}
    if operations != "int8":
        raise InputError.of("operations", "None or 'int8'", repr(operations))
    left_out = block.float_choices()
    if left_out is None:
        hint = "Pass a block that has one, or export without operations='int8': what has no int8 kernel stays in float."
        raise InputError.of("block", "one with a network that runs in int8 alone", type(block).__name__, hint)
    return left_out
