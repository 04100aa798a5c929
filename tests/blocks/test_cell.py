import keras
import numpy as np
import pytest

from autonas.blocks.cell import EDGES, CellBlock
from autonas.hyperparameters import discover

BLOCK = CellBlock(8, 500)


@pytest.fixture(scope="module")
def space():
    return discover(lambda hp: BLOCK.build(hp, keras.Input((8, 8, 1))))


def build(space, operations, repeats=1):
    hp = space.copy()
    hp.values = {**hp.values, "cell_width": 8, "cell_repeats": repeats}
    hp.values |= {f"cell_edge_{s}_{t}": operation for (s, t), operation in zip(EDGES, operations, strict=True)}
    inputs = keras.Input((8, 8, 1))
    return keras.Model(inputs, BLOCK.build(hp, inputs))


def count(model, kind, **config):
    layers = [layer for layer in model.layers if isinstance(layer, kind)]
    return sum(all(getattr(layer, name) == value for name, value in config.items()) for layer in layers)


def test_there_are_six_edges_of_five_operations(space):
    edges = [hp for hp in space.space if hp.name.startswith("cell_edge")]
    assert len(edges) == 6
    operations = {"none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"}
    assert all(set(hp.values) == operations for hp in edges)


def test_a_cell_of_convolutions_has_one_for_each_edge(space):
    skips = build(space, ["skip_connect"] * 6)
    convolutions = build(space, ["nor_conv_1x1"] * 6)
    added = count(convolutions, keras.layers.Conv2D) - count(skips, keras.layers.Conv2D)
    assert added == 6 * BLOCK.stages
    assert count(convolutions, keras.layers.Conv2D, kernel_size=(1, 1)) >= 6 * BLOCK.stages


def test_skips_add_the_input_as_often_as_there_are_paths(space):
    """With skip connections only, the last node is the sum over all four paths: four times the input."""
    cell = keras.Input((8, 8, 8))
    hp = space.copy()
    hp.values = {f"cell_edge_{s}_{t}": "skip_connect" for s, t in EDGES}
    model = keras.Model(cell, BLOCK._cell(hp, cell))
    x = np.random.default_rng(0).normal(size=(1, 8, 8, 8)).astype("float32")
    np.testing.assert_allclose(model.predict(x, verbose=0), 4 * x, rtol=1e-6)


def test_a_cell_is_repeated(space):
    operations = ["nor_conv_3x3"] * 6
    one, two = (count(build(space, operations, repeats), keras.layers.Conv2D) for repeats in (1, 2))
    assert two - one == 6 * BLOCK.stages


@pytest.mark.parametrize("operations", [["none"] * 6, ["none", "none", "none", "skip_connect", "none", "none"]])
def test_cells_that_lose_nodes_build(space, operations):
    x = np.ones((2, 8, 8, 1), "float32")
    assert np.isfinite(build(space, operations).predict(x, verbose=0)).all()


def test_operations_on_a_node_that_gets_nothing_are_left_out(space):
    dead = [
        "none",
        "skip_connect",
        "nor_conv_3x3",
        "skip_connect",
        "nor_conv_3x3",
        "skip_connect",
    ]  # node 1 gets nothing
    alive = ["none", "skip_connect", "none", "skip_connect", "none", "skip_connect"]
    assert build(space, dead).count_params() == build(space, alive).count_params()


def test_edges_come_in_the_order_of_the_benchmark():
    assert EDGES == [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]


def test_it_starts_from_the_residual_cell_of_the_benchmark():
    """In the benchmark's notation: |nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|skip_connect~2|."""
    (point,) = BLOCK.starting_points()
    operations = [point[f"cell_edge_{source}_{target}"] for source, target in EDGES]
    assert operations == ["nor_conv_3x3", "none", "nor_conv_3x3", "skip_connect", "none", "skip_connect"]
