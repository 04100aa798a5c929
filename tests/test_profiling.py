"""Profiles: what is timed, what is written and read back, and what is no profile."""

import json

import numpy as np
import pytest

from autonas import profiling, timing
from autonas.errors import InputError
from autonas.tflite import Operator, Program, Tensor

X = Tensor((1, 64))
RELU = Operator("RELU", (X,), (X,))
PAD = Operator("PAD", (X, Tensor((2, 2), "int32", True, (0, 0, 1, 1))), (Tensor((1, 66)),), {}, "PadOptions")
NOTHING = Operator("CALL", (X,), (X,))


SHAPED = Program.of(
    (
        RELU,
        Operator("SHAPE", (X,), (Tensor((2,), "int32"),), {"outType": 2}, "ShapeOptions"),
        Operator("RESHAPE", (X, Tensor((2,), "int32", True, (1, 64))), (X,), {"newShape": []}, "ReshapeOptions"),
    ),
    ((0,), (1,), (1, 2)),
    ((1,), (2,), (3,)),
)


@pytest.fixture(scope="module")
def timed():
    return profiling.measure([RELU, PAD, NOTHING], [SHAPED], seconds=0.2)


def test_each_operator_that_can_run_is_timed(timed):
    alone = [model for model in timed if model.role == profiling.KERNEL]
    assert [model.operators[0] for model in alone] == [RELU, PAD]
    assert all(0 < model.ms < 1000 for model in timed)
    assert {model.role for model in timed} == {profiling.KERNEL, profiling.PROGRAM, profiling.STREAM}


def test_a_profile_is_read_as_it_was_written(timed, tmp_path):
    profiling.write(tmp_path / "here.json", timed, num_threads=2)
    machine, again = profiling.read(tmp_path / "here.json")
    assert again == timed
    assert machine["threads"] == 2
    assert {"processor", "system", "ai-edge-litert"} <= set(machine)


def test_of_a_program_what_runs_is_kept_and_the_rest_is_counted(timed):
    call, program = [model for model in timed if model.role == profiling.PROGRAM]
    assert (len(call.operators), call.idle) == (1, 0)
    assert ([operator.kind for operator in program.operators], program.idle) == (["RELU", "RESHAPE"], 1)


def test_programs_are_read_as_they_were_written():
    plain = profiling.plain_programs([SHAPED, SHAPED])
    assert profiling.programs(json.loads(json.dumps(plain))) == [SHAPED, SHAPED]
    assert len(plain["operators"]) == 3


def test_large_operators_are_timed_fewer_times_at_once():
    inputs = (Tensor((1, 512)), Tensor((512, 512), constant=True), None)
    assert profiling._copies(Operator("FULLY_CONNECTED", inputs, (Tensor((1, 512)),))) == 1
    assert profiling._copies(RELU) == 16


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"format": "autonas device profile", "version": 99}), None])
def test_what_is_no_profile_is_refused(content, tmp_path):
    path = tmp_path / "profile.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match="device must be"):
        profiling.read(path)


def test_values_are_plain(timed, tmp_path):
    profiling.write(tmp_path / "here.json", timed, num_threads=1)
    content = json.loads((tmp_path / "here.json").read_text())
    assert content["version"] == profiling.VERSION
    assert np.isfinite([ms for _, _, ms, _ in content["models"]]).all()


class Clock:
    """A machine on which a run of a model takes a second, and nothing else takes time."""

    def __init__(self, monkeypatch):
        self.now, self.shares = 0.0, []
        monkeypatch.setattr(profiling.time, "perf_counter", lambda: self.now)
        monkeypatch.setattr(timing, "take_turns", self.take_turns)

    def take_turns(self, runs, seconds, min_runs, rounds):
        self.shares.append(seconds)
        self.now += sum(max(1.0, seconds) for _ in runs)
        return [[1.0]] * len(runs)


def passes(monkeypatch, seconds):
    clock, told = Clock(monkeypatch), []
    monkeypatch.setattr(profiling, "_AT_ONCE", 2)
    profiling.measure([RELU, PAD], [SHAPED], seconds, tell=lambda *each: told.append(each))
    return clock, told


@pytest.mark.parametrize("seconds", [30, 100, 1000])
def test_the_seconds_are_kept_and_shared_by_passes(seconds, monkeypatch):
    clock, told = passes(monkeypatch, seconds)
    assert 0.8 * seconds <= clock.now <= 1.01 * seconds
    assert told[-1][0] >= 2
    assert [left for _, left in told] == sorted((left for _, left in told), reverse=True)


def test_all_are_run_the_fewest_times_where_the_seconds_are_too_few(monkeypatch):
    clock, told = passes(monkeypatch, 3.0)
    models = 2 + 2 + len(profiling._STREAMS)
    assert clock.now == models
    assert set(clock.shares) == {profiling._LEAST, profiling._LEAST * profiling._LONGER}
    assert told[-1] == (1.0, 0.0)
    assert told[0][1] == pytest.approx(models, abs=2)  # what is needed, not what was asked for


@pytest.mark.slow
def test_more_time_is_more_runs_of_each(monkeypatch, timed):
    clock, _ = passes(monkeypatch, 1000)
    assert clock.shares[0] == profiling._LEAST * profiling._LONGER
    assert {profiling.PROGRAM, profiling.STREAM} == {model.role for model in timed[:-2]}
    assert max(clock.shares) > 10
    _, told = passes(monkeypatch, 100)
    assert told[-1][0] >= profiling._PASSES


def test_a_profile_that_cannot_be_written_leaves_the_old_one(timed, tmp_path, monkeypatch):
    path = tmp_path / "here.json"
    path.write_text("the old one")

    def broken(self, *_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(type(path), "write_text", broken)
    with pytest.raises(KeyboardInterrupt):
        profiling.write(path, timed, num_threads=1)
    assert path.read_text() == "the old one"
    assert list(tmp_path.iterdir()) == [path]
