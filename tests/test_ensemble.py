"""Folds share nothing, the selection is greedy, and the joined network is the mean of its members."""

import dataclasses

import keras
import numpy as np
import pytest

from autonas import ensemble, heads
from autonas.heads.classification import ClassificationHead
from autonas.testing.estimators import example
from autonas.training import train
from tests.test_retrain import BUDGET


def everything_of(data):
    x = np.concatenate([data.x, data.validation[0]])
    y = np.concatenate([data.y, data.validation[1]])
    judging = np.arange(len(x), dtype="float32")
    return dataclasses.replace(data, x=x, y=y, validation=None, weights=2 * judging, judging=judging)


def test_each_example_is_judged_once():
    _, data = example()
    everything = everything_of(data)
    parts = ensemble.folds(data, everything, 4)
    assert parts[0] is data
    held = np.concatenate([part.validation[2] for part in parts[1:]])
    np.testing.assert_array_equal(np.sort(held), np.arange(len(data)))  # the first fold holds the others
    for part in parts[1:]:
        assert len(part) + len(part.validation[0]) == len(everything)
        assert not set(part.weights / 2) & set(part.validation[2])
        rows = part.validation[2].astype(int)
        np.testing.assert_array_equal(part.validation[0], everything.x[rows])
        np.testing.assert_array_equal(part.validation[1], everything.y[rows])
        np.testing.assert_array_equal(part.x[:, 0], everything.x[(part.weights / 2).astype(int), 0])


def test_folds_keep_the_classes_in_proportion():
    _, data = example()
    shares = [part.validation[1].mean(axis=0) for part in ensemble.folds(data, everything_of(data), 3)[1:]]
    np.testing.assert_allclose(shares[0], shares[1], atol=0.05)


TRUTH = np.array([0.0, 1.0, 0.0, 1.0])


def squares(mean):
    return float(np.square(mean - TRUTH).sum())


def test_those_that_help_each_other_are_chosen():
    low, high, bad = TRUTH - 0.2, TRUTH + 0.3, 1 - TRUTH
    counts = ensemble.select([low, high, bad], squares)
    assert counts[2] == 0
    # 3 of -0.2 and 2 of +0.3 cancel
    assert counts[0] / sum(counts) == pytest.approx(0.6, abs=0.1)
    assert squares(ensemble.mean([low, high, bad], counts)) < squares(low) / 4


def test_what_does_not_help_is_left_out():
    assert ensemble.select([TRUTH, TRUTH + 0.1], squares) == [1, 0]


def test_the_mean_of_dicts_is_taken_by_name():
    one, other = {"a": np.zeros(2), "b": np.ones(2)}, {"a": np.ones(2), "b": np.ones(2)}
    mean = ensemble.mean([one, other], [3, 1])
    np.testing.assert_allclose(mean["a"], 0.25)
    np.testing.assert_allclose(mean["b"], 1.0)


def test_the_loss_is_that_of_keras():
    head = ClassificationHead()
    head.fit(head.check(["a", "b", "a", "b"]))
    y, outputs, weights = TRUTH[:, None], np.array([[0.2], [0.7], [0.4], [0.9]]), np.array([1.0, 2.0, 1.0, 0.0])
    loss = ensemble.loss_of(head, y, weights, outputs)
    each = -np.log(np.abs(1 - TRUTH - outputs[:, 0]))
    assert loss(outputs) == pytest.approx(float(np.mean(weights * each)), rel=1e-5)


def test_the_loss_of_several_outputs_is_told_without_a_warning():
    both = heads.get({"price": "regression", "other": "regression"})
    y = both.check({"price": [1.0, 3.0], "other": [2.0, 4.0]})
    both.fit(y)
    outputs = {name: targets + 1.0 for name, targets in both.encode(y).items()}
    assert ensemble.loss_of(both, both.encode(y), None, outputs)(outputs) == pytest.approx(2.0)


def test_the_joined_network_is_the_mean_of_its_members():
    candidate, data = example()
    cores = [train(candidate, data, BUDGET, seed).model for seed in range(3)]
    outputs = [core.predict(data.x, verbose=0) for core in cores]
    joined = ensemble.joined(cores, [1, 1, 2])
    expected = (outputs[0] + outputs[1] + 2 * outputs[2]) / 4
    np.testing.assert_allclose(joined.predict(data.x, verbose=0), expected, atol=1e-6)
    assert ensemble.joined(cores[:1], [1]) is cores[0]


def test_networks_with_several_outputs_are_joined_by_name():
    def core(value):
        tensor = keras.Input((2,), name="inputs")
        outputs = {
            name: keras.layers.Dense(1, kernel_initializer=keras.initializers.Constant(value + extra), name=name)(
                tensor
            )
            for name, extra in (("a", 0), ("b", 5))
        }
        return keras.Model(tensor, outputs)

    joined = ensemble.joined([core(1), core(3)], [1, 1])
    told = joined.predict(np.ones((1, 2)), verbose=0)
    assert {name: float(value) for name, value in ((n, v[0, 0]) for n, v in told.items())} == {"a": 4.0, "b": 14.0}
