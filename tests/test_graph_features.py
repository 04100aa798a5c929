import math

import keras
import numpy as np
import pytest

from autonas import graph, graph_features
from autonas.errors import InputError
from autonas.graph_features import of_graph, structure, table

# input -> a -> b -> output, input -> c -> output, input -> b' -> output
LABELS = ["in", "a", "c", "b", "b", "out"]
EDGES = [(0, 1), (0, 2), (0, 3), (1, 4), (2, 5), (3, 5), (4, 5)]


def test_counts_depth_and_paths():
    found = structure(LABELS, EDGES)
    assert (found["nodes"], found["edges"], found["depth"]) == (6, 7, 3)
    assert math.isclose(found["paths"], math.log(1 + 3))
    assert (found["a"], found["b"], found["c"]) == (1, 2, 1)
    assert (found["most b"], found["least b"]) == (1, 0)
    assert (found["most in"], found["least in"]) == (1, 1)


def test_stretches_tell_whole_paths_when_they_are_long_enough():
    found = structure(LABELS, EDGES, longest=4)
    paths = {name for name in found if name.startswith("in > ") and name.endswith(" > out")}
    assert paths == {"in > a > b > out", "in > b > out", "in > c > out"}
    assert "in > a > b" not in structure(LABELS, EDGES, longest=2)


def test_a_stretch_on_two_ways_counts_twice():
    diamond = structure(["in", "x", "x", "y"], [(0, 1), (0, 2), (1, 3), (2, 3)], longest=3)
    assert diamond["x > y"] == 2
    assert diamond["in > x > y"] == 2


def test_where_nothing_is_connected_there_is_no_depth():
    found = structure(["in", "out"], [])
    assert (found["depth"], found["edges"]) == (0, 0)
    assert structure([], [])["nodes"] == 0


@pytest.mark.parametrize("edges", [[(1, 0)], [(0, 0)], [(0, 2)], [(-1, 1)]])
def test_edges_go_forward(edges):
    with pytest.raises(InputError, match="to a later one"):
        structure(["a", "b"], edges)


@pytest.mark.parametrize("longest", [0, 1.5, True])
def test_a_stretch_has_a_node(longest):
    with pytest.raises(InputError, match="longest"):
        structure(["a"], [], longest)


def test_paths_without_number_are_counted():
    layers = 300  # 2 ** 300 paths: more than a float holds exactly, and more than can be listed
    labels = ["x"] * (3 * layers + 1)
    edges = []
    for layer in range(layers):
        start = 3 * layer
        edges += [(start, start + 1), (start, start + 2), (start + 1, start + 3), (start + 2, start + 3)]
    assert math.isclose(structure(labels, edges)["paths"], layers * math.log(2))


def test_a_built_model_has_widths_and_costs():
    x = inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3)(x)
    x = keras.layers.Conv2D(16, 3)(x)
    outputs = keras.layers.Dense(2)(keras.layers.Flatten()(x))
    read = graph.read(keras.Model(inputs, outputs))
    found = of_graph(read)
    assert found["Conv2D"] == found["most Conv2D"] == found["least Conv2D"] == 2
    assert found["Conv2D > Conv2D"] == 1
    assert found["depth"] == 4
    assert (found["widest"], found["last width"], found["changes of width"]) == (4, 1, 2)
    assert math.isclose(found["mean width"], 7 / 3)
    assert math.isclose(found["parameters"], math.log1p(read.parameters))
    assert math.isclose(found["FLOPs of Dense"], math.log1p(2 * 256 * 2 + 2))
    assert math.isclose(found["parameters of Conv2D"], math.log1p(27 * 4 + 4 + 36 * 16 + 16))


def test_a_model_without_kernels_has_no_widths():
    inputs = keras.Input((8,))
    found = of_graph(graph.read(keras.Model(inputs, keras.layers.ReLU()(inputs))))
    assert "widest" not in found
    assert found["ReLU"] == 1


def test_a_table_has_zeros_for_what_is_not_there_and_nan_for_no_graph():
    rows = table([{"a": 1.0}, None, {"b": 2.0}])
    np.testing.assert_array_equal(rows, [[1, 0], [np.nan, np.nan], [0, 2]])
    np.testing.assert_array_equal(table([{"a": 1.0, "c": 3.0}], ["c", "d"]), [[3, 0]])
    assert graph_features.table([]).shape == (0, 0)


def test_a_skeleton_keeps_what_tells_and_links_it():
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Activation("relu")(keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3, strides=2)(inputs)))
    y = keras.layers.Conv2D(4, 3, padding="same")(x)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Add()([x, keras.layers.Activation("relu")(y)]))
    read = graph.read(keras.Model(inputs, keras.layers.Dense(2)(x)))
    labels, edges, numbers = graph_features.skeleton(read)
    assert labels == ["InputLayer", "Conv2D", "Conv2D", "Add", "GlobalAveragePooling2D", "Dense"]
    assert edges == [(0, 1), (1, 2), (1, 3), (2, 3), (3, 4), (4, 5)]
    assert numbers.shape == (6, 4)
    np.testing.assert_allclose(numbers[1, :3], [2, np.log(10), np.log(1 + 112)])
