"""What is done with sequences of more steps than a network takes."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from autonas.inputs.sequence import SequenceInput
from autonas.scaling import bent
from autonas.testing.inputs import check_input

RNG = np.random.default_rng(0)


def test_long_readings_are_taken_as_a_whole_in_means():
    sequences = SequenceInput()
    long = [np.arange(1300.0), np.arange(700.0), np.arange(4.0)]
    long[1][[0, 1, 2, 4]] = np.nan
    rows = sequences.check(long)
    with pytest.warns(UserWarning, match="up to 1300 steps: the mean of each 3 becomes one"):
        sequences.fit(rows)
    assert rows.shape == (3, 1300, 1)
    assert sequences.shape["steps"] == (434, 2)
    prepared = sequences.numbers(rows)
    assert prepared["mask"].sum(1).tolist() == [434, 234, 2]
    scale = sequences.get_config()["steps"]
    found = prepared["steps"][..., 0]
    expected = [np.arange(1300).reshape(-1)[: 3 * 433].reshape(-1, 3).mean(1), [1299.0]]
    assert found[0] == pytest.approx(bent((np.concatenate(expected) - scale["mean"]) / scale["deviation"]), abs=1e-5)
    assert found[1, 1] == pytest.approx(bent((4.0 - scale["mean"][0]) / scale["deviation"][0]), abs=1e-5)  # of 3 and 5
    assert found[2, :2] == pytest.approx(bent((np.array([1.0, 3.0]) - scale["mean"]) / scale["deviation"]), abs=1e-5)
    assert prepared["steps"][1, :, 1].tolist() == [1] + [0] * 433  # a mean is missing where all of it are
    assert not found[1, 234:].any()
    assert not found[2, 2:].any()


@pytest.mark.parametrize("time", [3, 400, 700, 1500])
def test_a_model_makes_the_same_means_as_numpy_of_any_number_of_steps_and_any_padding(time, tmp_path):
    sequences = SequenceInput()
    training = RNG.normal(size=(5, 701, 2))
    training[0, 4:6] = np.nan
    rows = sequences.check({"steps": training, "length": np.full(5, 701)})
    with pytest.warns(UserWarning, match="mean of each 2"):
        sequences.fit(rows)
    again = SequenceInput.from_config(json.loads(json.dumps(sequences.get_config())))
    x = {
        "steps": RNG.normal(size=(3, time, 2)).astype("float32"),
        "length": np.array([[time], [2], [time + 9]], "float32"),
    }
    made = sequences.preprocessor().predict(x, verbose=0)  # padded with numbers
    numbers = again.numbers(again.check(x))
    assert made["steps"].shape == (3, 351, 4)
    assert made["mask"].sum(1).tolist() == [min(351, -(-time // 2)), 1, min(351, -(-time // 2))]
    assert all(made[part] == pytest.approx(numbers[part], abs=1e-5) for part in numbers)


@pytest.mark.filterwarnings("ignore:Sequences have up to 700 steps")
def test_long_readings_keep_the_contract(tmp_path):
    check_input(SequenceInput(), RNG.normal(size=(4, 700, 2)), tmp_path)


def test_a_few_sequences_that_are_far_longer_do_not_wipe_out_the_others():
    sequences = SequenceInput()
    rows = sequences.check([np.arange(40.0)] * 39 + [np.arange(5000.0)])
    with pytest.warns(UserWarning, match="Of 1 of 40 sequences, which have more than 512 steps, the last 512 count"):
        sequences.fit(rows)
    prepared = sequences.numbers(rows)
    assert prepared["mask"].sum(1).tolist() == [40] * 39 + [512]
    assert prepared["steps"][-1, 0] < prepared["steps"][-1, -1]


def test_of_many_events_the_last_are_kept_and_the_length_is_known():
    long = np.arange(600.0)
    frame = pd.DataFrame({"id": [1] * 600 + [2] * 4, "t": np.r_[long, long[:4]], "v": np.r_[long, long[:4]]})
    sequences = SequenceInput(sequence_id="id", order_by="t")
    rows = sequences.check(frame)
    assert rows["steps"].shape == (2, 512, 2)
    assert rows["steps"][0, -1, 0] == 599
    assert rows["length"].ravel().tolist() == [600, 4]
    with pytest.warns(UserWarning, match="Of 1 of 2 sequences, which have more than 512 events, the last 512 count"):
        sequences.fit(rows)
    assert sequences.shape["steps"] == (512, 2)
