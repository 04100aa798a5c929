import random

import keras
import keras_tuner
import numpy as np
import pytest

from autonas.blocks import BLOCKS, AugmentationBlock, Block, Chain, OneOf, ReductionBlock
from autonas.errors import InputError
from autonas.heads.classification import ClassificationHead
from autonas.space import SearchSpace, for_inference, seeded


def make(resolution=8, rows=500, **options):
    head = ClassificationHead()
    head.fit(np.arange(20) % 4)
    families = {name: BLOCKS[name](resolution, rows) for name in ("conv", "cell")}
    block = Chain(AugmentationBlock(), OneOf("family", families), ReductionBlock())
    return SearchSpace(block, head, (resolution, resolution, 1), **options)


@pytest.fixture(scope="module")
def space():
    return make()


def test_conditional_hyperparameters_are_found_parents_first(space):
    names = [hp.name for hp in space.hyperparameters.space]
    for name in ("cell_edge_0_1", "conv_width", "sgd_learning_rate", "adam_learning_rate", "schedule"):
        assert name in names
    assert names.index("family") < names.index("cell_edge_0_1")
    conditions = {hp.name: [c.name for c in hp.conditions] for hp in space.hyperparameters.space}
    assert conditions["conv_width"] == ["family"]


def test_completing_keeps_what_is_given_and_drops_what_is_not_active(space):
    values = space.complete({"family": "cell", "cell_width": 8, "conv_width": 32})
    assert values["cell_width"] == 8
    assert "conv_width" not in values
    assert values["cell_edge_0_1"] == "nor_conv_3x3"


def test_starting_points_are_complete_and_build(space):
    points = space.starting_points()
    assert {point["family"] for point in points} == {"conv", "cell"}
    for point in points:
        assert space.complete(point) == point
        assert space.candidate(point).core().output_shape == (None, 4)


def test_a_search_by_short_trainings_leaves_augmentation_to_the_full_ones(space):
    def values(hp):
        return {h.name: list(h.values) for h in hp.space}

    everything, narrow = values(space.searched(late=True)), values(space.searched(late=False))
    assert everything == values(space.hyperparameters)
    assert narrow == {**everything, "augmentation": ["none"]}
    point = space.starting_points()[0]
    assert [twin["augmentation"] for twin in space.twins(point)] == ["shift", "shift_flip"]
    assert [{**twin, "augmentation": "none"} for twin in space.twins(point)] == [point, point]
    assert [twin["augmentation"] for twin in space.twins({**point, "augmentation": "shift"})] == ["shift_flip"]


def test_a_cosine_schedule_ends_at_zero(space):
    optimizer = space.candidate(space.complete({"schedule": "cosine"})).optimizer(steps=100)
    rate = optimizer._learning_rate
    assert float(rate(100)) == pytest.approx(0.0, abs=1e-9)
    assert float(rate(5)) > float(rate(50)) > float(rate(95))


def test_a_constant_schedule_is_a_number_that_callbacks_can_set():
    space = make(schedules=("constant",))
    optimizer = space.candidate(space.complete({"optimizer": "sgd"})).optimizer(steps=100)
    optimizer.learning_rate = 0.5
    assert float(optimizer.learning_rate) == 0.5


def test_the_space_is_a_hypermodel_of_keras_tuner(space):
    hp = keras_tuner.HyperParameters()
    model = space.build(hp)
    assert model.compiled
    assert "family" in hp.values


def test_equal_seeds_build_equal_weights_and_leave_no_trace(space):
    candidate = space.candidate(space.starting_points()[0])
    random.seed(5)
    expected = random.random()
    random.seed(5)
    weights = []
    for seed in (0, 0, 1):
        with seeded(seed):
            weights.append(candidate.core().get_weights()[0])
    assert random.random() == expected
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


def test_the_network_that_is_handed_over_has_no_random_layers(space):
    core = space.candidate(space.complete({"augmentation": "affine", "dropout": 0.5})).core()
    plain = for_inference(core)
    x = np.random.default_rng(0).normal(size=(3, 8, 8, 1)).astype("float32")
    assert not [layer for layer in plain.layers if "random" in layer.name or "dropout" in layer.name]
    np.testing.assert_allclose(np.asarray(plain(x)), core.predict(x, verbose=0), atol=1e-6)


def test_what_is_handed_over_has_each_weight_in_its_place():
    """Without its dropout a branch is shorter, and its layers come at another place: of equal shapes nothing would tell."""
    inputs = keras.Input((4,))
    long = keras.layers.Dropout(0.5)(keras.layers.Dropout(0.5)(keras.layers.Dense(4)(inputs)))
    short = keras.layers.Activation("relu")(keras.layers.Activation("relu")(keras.layers.Dense(4)(inputs)))
    core = keras.Model(inputs, keras.layers.Concatenate()([keras.layers.Dense(4)(long), short]))
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    plain = for_inference(core)
    assert not np.array_equal(plain.get_weights()[0], core.get_weights()[0])
    np.testing.assert_allclose(plain.predict(x, verbose=0), core.predict(x, verbose=0), atol=1e-6)


def test_a_block_of_the_user_takes_part():
    class Squeeze(Block):
        def build(self, hp, x):
            x = keras.layers.Conv2D(hp.Choice("squeeze", [2, 4]), 3)(x)
            return keras.layers.GlobalAveragePooling2D()(x)

    head = ClassificationHead()
    head.fit(np.arange(20) % 4)
    space = SearchSpace(Squeeze(), head, (8, 8, 1))
    assert space.candidate(space.complete({"squeeze": 4})).core().layers[1].filters == 4


@pytest.mark.parametrize("name", ["optimizer", "width"])
def test_a_block_whose_names_are_taken_is_refused(name):
    class Twice(Block):
        def build(self, hp, x):
            x = keras.layers.Conv2D(hp.Choice("width", [2, 4]), 3)(x)
            hp.Choice(name, [8, 16])
            return keras.layers.GlobalAveragePooling2D()(x)

    head = ClassificationHead()
    head.fit(np.arange(20) % 4)
    with pytest.raises(InputError, match=f"'{name}' must be asked for with the same values"):
        SearchSpace(Twice(), head, (8, 8, 1))


class Mistaken(Block):
    def __init__(self, built=None, points=()):
        self._built, self._points = built, points

    def build(self, hp, x):
        features = keras.layers.Conv2D(hp.Choice("width", [2, 4]), 3)(x)
        return {"map": features, "nothing": None}.get(self._built, keras.layers.GlobalAveragePooling2D()(features))

    def starting_points(self):
        return self._points

    def __repr__(self):
        return "Mistaken()"


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (None, "What the function block returns must be an autonas.blocks.Block. Got None"),
        (Mistaken, "What the function block returns must be an autonas.blocks.Block. Got <class"),
        (Mistaken("nothing"), r"What Mistaken builds must be a tensor of the shape \(batch, features\)\. Got None"),
        (Mistaken("map"), r"What Mistaken builds must be a tensor .* Got one of the shape \(None, 6, 6, 2\)"),
        (Mistaken(points=[{"width": 8}]), "'width' of a starting point of Mistaken must be one of its values. Got 8"),
        (Mistaken(points=[{"widht": 2}]), r"A starting point of Mistaken must be .* Got \['widht'\]"),
        (Mistaken(points={"width": 2}), "A starting point of Mistaken must be a dict"),
    ],
)
def test_a_mistaken_block_is_named(block, message):
    head = ClassificationHead()
    head.fit(np.arange(20) % 4)
    with pytest.raises(InputError, match=message):
        SearchSpace(block, head, (8, 8, 1)).starting_points()


@pytest.mark.parametrize("rare", [True, False])
@pytest.mark.parametrize("search_loss", [True, False])
def test_the_loss_is_searched_where_a_class_is_rare_and_losses_need_not_be_compared(rare, search_loss):
    head = ClassificationHead()
    head.fit(np.arange(100) < (5 if rare else 50))
    space = SearchSpace(ReductionBlock(), head, (8, 8, 1), search_loss=search_loss)
    conditions = {one.name: [c.name for c in one.conditions] for one in space.hyperparameters.space}
    assert {n: conditions[n] for n in conditions if n in ("loss_function", "focal_gamma")} == (
        {"loss_function": [], "focal_gamma": ["loss_function"]} if rare and search_loss else {}
    )
    assert space.candidate(space.starting_points()[0]).loss() == head.loss()
    focal = space.complete({"loss_function": "focal", "focal_gamma": 1})
    model = space.build(space.candidate(focal)._hp)
    if rare and search_loss:
        assert type(model.loss) is keras.losses.BinaryFocalCrossentropy
        assert model.loss.get_config()["gamma"] == space.candidate(focal).loss().get_config()["gamma"] == 1
    else:
        assert model.loss == space.candidate(focal).loss() == head.loss()


def test_equal_networks_have_equal_names_once_they_are_handed_over():
    def network():
        x = inputs = keras.Input((4,), name="inputs")
        for _ in range(2):
            x = keras.layers.Dense(4)(x)
        x = keras.layers.Dense(4, name="mine")(keras.ops.add(x, inputs))
        return keras.Model(inputs, keras.layers.Add()([x, inputs]), name="core")

    one, other = (for_inference(network()) for _ in range(2))
    names = [layer.name for layer in one.layers]
    assert names == [layer.name for layer in other.layers]
    assert len({operation.name for operation in one.operations}) == len(one.operations)
    again = keras.Model.from_config(one.get_config())
    assert [layer.name for layer in again.layers] == names
