import keras
import numpy as np
import pytest

from autonas import graph
from autonas.blocks import BLOCKS, AugmentationBlock, ReductionBlock
from autonas.space import discover
from autonas.testing.blocks import check_block


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 36, 3)])
def test_every_block_keeps_to_the_contract(name, shape, tmp_path):
    check_block(BLOCKS[name](min(shape[:2]), 500), shape, tmp_path, samples=1)


@pytest.mark.parametrize("block", [AugmentationBlock(), ReductionBlock()])
def test_the_blocks_around_them_keep_to_the_contract(block, tmp_path):
    check_block(block, (8, 12, 2), tmp_path, samples=2)


def default(name, resolution, rows, channels=3):
    block = BLOCKS[name](resolution, rows)
    hp = discover(lambda hp: block.build(hp, keras.Input((resolution, resolution, channels))))
    inputs = keras.Input((resolution, resolution, channels))
    return keras.Model(inputs, block.build(hp, inputs))


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("resolution", [8, 28, 64, 128])
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


def test_augmentation_changes_each_image_in_training_only():
    inputs = keras.Input((16, 16, 1))
    hp = discover(lambda hp: AugmentationBlock().build(hp, keras.Input((16, 16, 1))))
    for choice in ("shift", "shift_flip", "affine"):
        hp.values = {"augmentation": choice}
        model = keras.Model(inputs, AugmentationBlock().build(hp, inputs))
        x = np.repeat(np.random.default_rng(0).random((1, 16, 16, 1)).astype("float32"), 8, axis=0)
        np.testing.assert_array_equal(model.predict(x, verbose=0), x)
        changed = np.asarray(model(x, training=True))
        assert len({image.tobytes() for image in changed}) > 1
