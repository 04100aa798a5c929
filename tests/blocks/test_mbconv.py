import functools

import keras
import pytest

from autonas import graph
from autonas.blocks.mbconv import MBConvBlock
from autonas.hyperparameters import discover

BLOCK = MBConvBlock(32, 50_000)


@functools.cache
def space():
    return discover(lambda hp: BLOCK.build(hp, keras.Input((32, 32, 3))))


def build(**values):
    hp = space().copy()
    hp.values = {**hp.values, **values}
    inputs = keras.Input((32, 32, 3))
    return keras.Model(inputs, BLOCK.build(hp, inputs))


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


def test_phi_scales_width_depth_and_resolution_together():
    models = {phi: build(mbconv_phi=phi, mbconv_width=48) for phi in (-2, 0, 2)}
    depth = {phi: kinds(model).count("DepthwiseConv2D") for phi, model in models.items()}
    assert depth[-2] < depth[0] < depth[2]
    width = {
        phi: next(layer for layer in m.layers if isinstance(layer, keras.layers.Conv2D)).filters
        for phi, m in models.items()
    }
    assert width[-2] < 48 == width[0] < width[2]
    assert width[2] == pytest.approx(48 * 1.1**2, abs=2)
    resizings = {phi: [a for a in m.layers if isinstance(a, keras.layers.Resizing)] for phi, m in models.items()}
    sides = {phi: found[0] if found else None for phi, found in resizings.items()}
    assert sides[0] is None
    assert sides[2].height == round(32 * 1.15**2)
    assert sides[-2].height == round(32 * 1.15**-2)


def test_each_step_of_phi_costs_more():
    flops = [graph.read(build(mbconv_phi=phi)).flops for phi in (-2, -1, 0, 1, 2)]
    assert flops == sorted(flops)
    assert flops[-1] > 3 * flops[0]


def test_squeeze_and_excitation_can_be_left_out():
    assert "GlobalAveragePooling2D" in kinds(build(mbconv_attention="squeeze_excite"))
    assert "GlobalAveragePooling2D" not in kinds(build(mbconv_attention="none"))


def test_bottlenecks_are_inverted_and_keep_what_they_can_add():
    model = build(mbconv_expansion=6, mbconv_width=16)
    depthwise = [layer for layer in model.layers if isinstance(layer, keras.layers.DepthwiseConv2D)]
    assert depthwise[0].input.shape[-1] == 6 * 16
    assert "Add" in kinds(model)
