import random

import keras
import keras_tuner
import pytest

from autonas import blocks, graph
from autonas.blocks import AugmentationBlock, Block, ReductionBlock
from autonas.errors import InputError
from autonas.testing.blocks import check_block

BLOCKS = blocks.of("image")


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("shape", [(8, 8, 1), pytest.param((28, 36, 3), marks=pytest.mark.slow)])
def test_every_block_keeps_to_the_contract(name, shape, tmp_path):
    check_block(BLOCKS[name](min(shape[:2]), 500), shape, tmp_path, samples=1)


@pytest.mark.parametrize("block", [AugmentationBlock(), ReductionBlock()])
def test_the_blocks_around_them_keep_to_the_contract(block, tmp_path):
    check_block(block, (8, 12, 2), tmp_path, samples=2)


def default(name, resolution, rows, channels=3):
    inputs = keras.Input((resolution, resolution, channels))
    return keras.Model(inputs, BLOCKS[name](resolution, rows).build(keras_tuner.HyperParameters(), inputs))


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("resolution", [8, 28, 64, 224])
def test_sizes_follow_the_images(name, resolution):
    """The last map is of some 4 pixels, and a network for large images costs no more than its size asks for."""
    model = default(name, resolution, 10_000)
    assert 2 <= model.output_shape[1] <= 8
    assert graph.read(model).flops < 60e6


@pytest.mark.parametrize("name", BLOCKS)
def test_small_images_never_meet_a_network_for_large_ones(name):
    small, large = (graph.read(default(name, resolution, 1_000)) for resolution in (8, 128))
    assert small.parameters < large.parameters
    assert small.flops < large.flops / 2


@pytest.mark.parametrize("name", BLOCKS)
def test_few_examples_get_narrow_networks(name):
    assert max(BLOCKS[name](28, 500).widths) < max(BLOCKS[name](28, 50_000).widths)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_name_means_a_network_for_its_images(name):
    block = blocks.get(name, resolution=28, rows=500)
    assert type(block) is BLOCKS[name]
    assert block.widths == BLOCKS[name](28, 500).widths


def test_a_block_is_taken_as_it_is():
    block = ReductionBlock()
    assert blocks.get(block, resolution=28, rows=500) is block


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match=r"'cell', 'conv', 'mbconv', 'residual'.*Did you mean 'conv'"):
        blocks.get("convv", resolution=28, rows=500)


@pytest.mark.parametrize(
    ("resolution", "rows", "what"), [(0, 100, "resolution"), (8, 0, "rows"), (-8, 100, "resolution")]
)
def test_sizes_that_are_none_are_refused(resolution, rows, what):
    with pytest.raises(InputError, match=f"{what} must be a positive integer"):
        BLOCKS["conv"](resolution, rows)


class Fine(Block):
    """Keeps the contract; each class below breaks it in one way."""

    def build(self, hp, x):
        return keras.layers.Dense(hp.Choice("fine", [2, 3]))(x)


class FollowsTheShape(Fine):
    def build(self, hp, x):
        return keras.layers.Dense(hp.Choice("fine", list(range(2, 2 + x.shape[1]))))(x)


class AsksLater(Fine):
    def build(self, hp, x):
        return super().build(hp, x) * (hp.Choice("later", [2, 3]) if hp.Choice("fine", [2, 3]) == 3 else 1)


class Diverges(Fine):
    def build(self, hp, x):
        return super().build(hp, x) / 0.0


class MixesExamples(Fine):
    def build(self, hp, x):
        return keras.ops.sum(super().build(hp, x), axis=0)


class Own(keras.layers.Layer):
    def call(self, x):
        return 2.0 * x


class HasItsOwnLayer(Fine):
    def build(self, hp, x):
        return Own()(super().build(hp, x))


class IsNotSeeded(Fine):
    def build(self, hp, x):
        seed = random.SystemRandom().randrange(10**9)
        return keras.layers.Dense(2, kernel_initializer=keras.initializers.RandomNormal(seed=seed))(x)


class LearnsInPart(Fine):
    def build(self, hp, x):
        return super().build(hp, keras.ops.stop_gradient(keras.layers.Dense(2)(x)))


class StartsNowhere(Fine):
    def starting_points(self):
        return []


class StartsWithAnUnknownName(Fine):
    def starting_points(self):
        return [{"finer": 2}]


class StartsWithAnIllegalValue(Fine):
    def starting_points(self):
        return [{"fine": 4}]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (FollowsTheShape, "hyperparameters are the same"),
        (AsksLater, "no hyperparameter that discovery does not find"),
        (Diverges, "finite"),
        (MixesExamples, "features for each example"),
        (HasItsOwnLayer, "Keras's own layers"),
        (IsNotSeeded, "equal seeds give equal models"),
        (LearnsInPart, "the gradient reaches all"),
        (StartsNowhere, "has a starting point"),
        (StartsWithAnUnknownName, "active hyperparameters"),
        (StartsWithAnIllegalValue, "legal values"),
    ],
)
def test_a_block_that_breaks_the_contract_is_told(wrong, told, tmp_path):
    with pytest.raises(AssertionError, match=told):
        check_block(wrong(), (8, 3), tmp_path, samples=4)


def test_a_block_of_the_users_own_passes(tmp_path):
    check_block(Fine(), (8, 3), tmp_path)
