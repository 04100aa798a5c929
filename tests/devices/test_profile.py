"""The command that makes a profile, in a process that has Python, numpy and ai-edge-litert alone."""

import json
import re
import subprocess
import sys

import pytest

from autonas import kernels, profiling, tflite, tflite_writer
from autonas.devices import profile
from autonas.errors import InputError
from autonas.export import to_tflite
from autonas.testing.devices import network

ALONE = """
import sys
for name in ("tensorflow", "keras", "keras_tuner", "scipy", "sklearn", "pandas", "rich"):
    sys.modules[name] = None
import pathlib
from autonas.devices import profile
profile.OPERATORS, profile.programs = pathlib.Path(sys.argv[1]), lambda: []
profile.main(["--out", sys.argv[2], "--seconds", "0.2", "--models", sys.argv[3]])
"""


def test_it_runs_without_tensorflow_and_keras(tmp_path):
    operators, model, out = tmp_path / "operators.json", tmp_path / "own.tflite", tmp_path / "device.json"
    known = profile.operators()[:3]
    operators.write_text(json.dumps([profiling.plain(operator) for operator in known]))
    model.write_bytes(to_tflite(network(8, 3)))
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(operators), str(out), str(model)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert str(out) in done.stdout
    assert re.search(r"^Pass \d, about \d+ s left\.$", done.stderr, re.MULTILINE)
    kinds = [timed.operators[0].kind for timed in profiling.read(out)[1] if timed.role == profiling.KERNEL]
    own = [operator.kind for operator in kernels.running(tflite.read(model.read_bytes()))]
    assert set(kinds) == {operator.kind for operator in known} | set(own)


def test_the_operators_are_those_of_many_kinds():
    kinds = {operator.kind for operator in profile.operators()}
    assert {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "BATCH_MATMUL", "SOFTMAX", "GATHER", "MEAN"} <= kinds


def test_some_hundred_operators_are_of_int8():
    kinds = [kernels.kernel(operator).kind for operator in profile.operators()]
    quantised = [kind.split()[0] for kind in kinds if kernels.dtype(kind) == "int8"]
    assert 200 < len(quantised) < 700
    assert {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "BATCH_MATMUL", "SOFTMAX", "GATHER", "MEAN"} <= set(
        quantised
    )
    assert {"QUANTIZE", "DEQUANTIZE"} <= {kind.split()[0] for kind in kinds}
    assert any("QUANTIZE" in {operator.kind for operator in program} for program in profile.programs())


def test_the_programs_run_and_are_whole_models():
    small = profile.programs()
    assert len(small) > 15
    for program in small:
        assert tflite.read(tflite_writer.write(program)).operators == program.operators
    assert {"SHAPE", "GATHER", "FULLY_CONNECTED", "MEAN"} <= {
        operator.kind for program in small for operator in program
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["--seconds", "0"],
        ["--seconds", "nan"],
        ["--seconds", "inf"],
        ["--threads", "-1"],
        ["--out", "nowhere/device.json"],
        ["--out", "device.txt"],
        ["--models", "nowhere.tflite"],
    ],
)
def test_arguments_that_cannot_be_used_are_named(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=arguments[0]):
        profile.main(["--out", "device.json", *arguments])


def measuring(monkeypatch, measure):
    monkeypatch.setattr(profiling, "measure", measure)
    monkeypatch.setattr(profile, "operators", lambda models: [])
    monkeypatch.setattr(profile, "programs", list)


def test_a_profile_that_is_stopped_leaves_what_was_there(tmp_path, monkeypatch, capsys):
    def stopped(*_):
        raise KeyboardInterrupt

    out = tmp_path / "device.json"
    out.write_text("the old one")
    measuring(monkeypatch, stopped)
    with pytest.raises(SystemExit) as raised:
        profile.main(["--out", str(out)])
    assert raised.value.code == 130
    assert "was not written" in capsys.readouterr().err
    assert out.read_text() == "the old one"


@pytest.mark.parametrize(("left", "said"), [(50.0, False), (90.0, True)])
def test_seconds_that_are_too_few_are_said_early(left, said, tmp_path, monkeypatch, capsys):
    def measured(operators, programs, seconds, threads, tell):
        tell(0.1, left)
        tell(1.0, 0.0)
        return []

    measuring(monkeypatch, measured)
    profile.main(["--out", str(tmp_path / "device.json"), "--seconds", "60"])
    lines = capsys.readouterr().err.splitlines()
    assert f"Pass 1, about {left:.0f} s left." in lines
    assert any("takes about 90 s here, more than --seconds" in line for line in lines) == said
