"""What layers keep inside: counted by hand, and read off a network."""

import keras
import pytest

from autonas import kept
from autonas.graph import read

L = keras.layers


def test_recurrent_layers_keep_numbers_for_each_unit_and_step():
    lstm, gru = L.LSTM(5), L.GRU(5)
    assert kept.elements(lstm, [(1, 7, 3)], [(1, 5)]) == 10 * 5 * 7
    assert kept.elements(L.Bidirectional(gru), [(1, 7, 3)], [(1, 10)]) == 2 * 14 * 5 * 7
    assert kept.elements(L.Dense(5), [(1, 3)], [(1, 5)]) == 0


def test_steps_that_are_unrolled_are_traced_one_by_one():
    assert kept.traced_bytes(L.LSTM(5), [(1, 7, 3)]) == 0
    short, long = (kept.traced_bytes(L.LSTM(5, unroll=True), [(1, steps, 3)]) for steps in (7, 14))
    assert long == 2 * short > 0


def test_attention_keeps_scores_of_each_pair():
    x = inputs = keras.Input((6, 8))
    _, attention = read(keras.Model(inputs, L.MultiHeadAttention(2, 4)(x, x))).operations
    assert attention.kept_elements == 6 * 2 * 6 * 6 + 4 * 6 * 8


def test_what_a_dropout_draws_counts_with_what_it_drops_of():
    inputs = keras.Input((6,))
    network = keras.Model(inputs, L.Dropout(0.5)(L.Dense(3)(inputs)))
    assert [each.kept_elements for each in read(network).operations] == [0, 2 * 3]


@pytest.mark.parametrize("layer", [L.BatchNormalization(), L.LayerNormalization()])
def test_normalisation_keeps_what_it_has_centred(layer):
    assert kept.elements(layer, [(1, 4, 3)], [(1, 4, 3)]) == 12
