"""A profile of this machine, made once: of few operators, those of the networks that the tests have."""

import pytest

from autonas import kernels, profiling, tflite
from autonas.export import to_tflite
from autonas.testing.devices import network


@pytest.fixture(scope="session")
def profile(tmp_path_factory):
    models = [to_tflite(network(size, width)) for size, width in [(4, 2), (8, 8), (16, 16), (32, 96)]]
    programs = [tflite.read(model) for model in models]
    operators = [operator for program in programs for operator in kernels.running(program)]
    path = tmp_path_factory.mktemp("profile") / "here.json"
    profiling.write(path, profiling.measure(operators, programs, seconds=1.0), num_threads=1)
    return path
