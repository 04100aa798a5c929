"""Products of two computed tensors, by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autonas.graph import read

L, ops = keras.layers, keras.ops
A, B, WIDE = (6, 4), (4, 5), (7, 4)
WEIGHTS = np.ones((4, 3), "float32")


def reading(make, *shapes):
    inputs = [keras.Input(shape) for shape in shapes]
    return read(keras.Model(inputs, make(*inputs)))


@pytest.mark.parametrize(
    ("make", "shapes", "macs"),
    [
        (ops.matmul, (A, B), 6 * 4 * 5),
        (lambda a: ops.matmul(a, WEIGHTS), (A,), 6 * 4 * 3),
        (lambda b: ops.matmul(WEIGHTS.T, b), (B,), 3 * 4 * 5),
        (lambda a: ops.matmul(a, ops.transpose(a, (0, 2, 1))), ((64, 32),), 64 * 64 * 32),
        (lambda a: ops.dot(a, WEIGHTS), (A,), 6 * 4 * 3),
        (lambda a: a * 2.0, (A,), 0),
        (lambda a: ops.tensordot(a, WEIGHTS, axes=1), (A,), 6 * 4 * 3),
        (lambda a, b: ops.tensordot(a, b, axes=[[2], [2]]), (A, WIDE), 6 * 7 * 4),
        (lambda a, b: ops.einsum("bij,bjk->bik", a, b), (A, B), 6 * 4 * 5),
        (lambda a: ops.einsum("...ij,jk->...ik", a, WEIGHTS), ((2, *A),), 2 * 6 * 4 * 3),
        (lambda a, b: L.Dot(axes=2)([a, b]), (A, WIDE), 6 * 7 * 4),
        (lambda a, b: L.Dot(axes=(2, 1))([a, b]), (A, B), 6 * 5 * 4),
        (lambda a, b: L.Attention()([a, b]), (A, WIDE), 6 * 7 * (4 + 4)),
        (lambda a, b: L.AdditiveAttention(use_scale=False)([a, b]), (A, WIDE), 6 * 7 * 4),
    ],
)
@pytest.mark.filterwarnings("ignore:NotImplemented should not be used:DeprecationWarning")  # Keras's own, in tensordot
def test_products_of_tensors_by_hand(make, shapes, macs):
    graph = reading(make, *shapes)
    assert graph.macs == macs
    if macs:
        assert graph.operations[-1].flops == 2 * macs + ("ttention" in graph.operations[-1].kind) * 6 * 7


def test_attention_of_a_sequence_to_itself_by_hand():
    graph = reading(lambda x: L.MultiHeadAttention(4, 8)(x, x), (64, 32))
    projected, between = 4 * 64 * 32 * 32, 2 * 64 * 64 * 32
    assert graph.macs == projected + between == 524_288
    assert graph.flops == 2 * graph.macs + 4 * 64 * 32 + 4 * 64 * 64  # four biases, and a softmax in each head


def test_attention_to_another_sequence_by_hand():
    """Keys and values are projected where they are, and a value may have a width of its own."""
    graph = reading(lambda a, b: L.MultiHeadAttention(2, 8, value_dim=3, use_bias=False)(a, b, b), A, WIDE)
    projected = 6 * 4 * 16 + 7 * 4 * 16 + 7 * 4 * 6 + 6 * 6 * 4
    assert graph.macs == projected + 2 * 6 * 7 * (8 + 3)
    assert graph.flops == 2 * graph.macs + 2 * 6 * 7
    grouped = reading(lambda a, b: L.GroupQueryAttention(8, 4, 2, use_bias=False)(a, b), A, WIDE)
    assert grouped.macs == 2 * 6 * 4 * 32 + 2 * 7 * 4 * 16 + 4 * 6 * 7 * 16


def test_attention_along_one_axis_scores_along_it():
    graph = reading(lambda x: L.MultiHeadAttention(1, 2, attention_axes=2, use_bias=False)(x, x), (5, 6, 4))
    assert graph.macs == 4 * 30 * 4 * 2 + 30 * 6 * (2 + 2)


def test_what_attention_takes_may_be_passed_by_name_in_any_order():
    layer = L.MultiHeadAttention(2, 8, value_dim=3)
    by_place = reading(lambda a, b: layer(a, b), A, (7, 5))
    by_name = reading(lambda a, b: layer(value=b, query=a), A, (7, 5))
    mixed = reading(lambda a, b, c: layer(a, value=b, attention_mask=c), A, (7, 5), (6, 7))
    assert by_place.macs == by_name.macs == mixed.macs
    assert by_place.flops == by_name.flops == mixed.flops
    assert len({graph.operations[-1].kept_elements for graph in (by_place, by_name, mixed)}) == 1
