"""Predictions: near what is measured here, exact on made profiles, and open about what they do not know."""

import itertools
import warnings

import numpy as np
import pytest

from autonas import devices, kernels, objectives, profiling, tflite
from autonas.devices import predicted
from autonas.devices.predicted import Predicted
from autonas.errors import InputError
from autonas.export import to_tflite
from autonas.profiling import Timed
from autonas.testing.devices import network
from autonas.tflite import Operator, Tensor
from autonas.tflite_writer import write

CALL, EACH, IDLE = 0.001, 0.0002, 0.0004  # ms


def made(tmp_path, dtypes=("float32",)):
    """A profile of a machine on which each operator takes as many nanoseconds as it has outputs, beside a call; a fourth in
    int8."""
    timed = []
    for size, dtype in itertools.product((32, 64, 256, 1024, 4096), dtypes):
        x, faster = Tensor((1, size), dtype), 4 if dtype == "int8" else 1
        for kind in ("RELU", "TANH"):
            timed.append(Timed(profiling.KERNEL, (Operator(kind, (x,), (x,)),) * 16, CALL + 16e-6 * size / faster))
    dense = profiling._dense()
    timed += [Timed(profiling.STREAM, (dense,) * n, CALL + 1e-5 * n) for n in (1, 4)]
    for length in (2, 4, 8, 16):
        x = Tensor((1, 256))
        parts = (Operator("RELU", (x,), (x,)), Operator("TANH", (x,), (x,))) * length
        for idle in (0, 3):
            ms = CALL + 2 * length * (EACH + 256e-6 / 1) + idle * IDLE
            timed.append(Timed(profiling.PROGRAM, parts, ms, idle))
    profiling.write(tmp_path / "made.json", timed, num_threads=1)
    return Predicted(tmp_path / "made.json")


def test_kernels_and_what_a_call_and_an_operator_cost_are_told_apart(tmp_path):
    device = made(tmp_path)
    assert device._factors[4] == pytest.approx(IDLE, rel=0.1)
    x = Tensor((1, 512))
    latency = device.latency(write([Operator("RELU", (x,), (x,))] * 10))
    truth = CALL + 10 * (EACH + 512e-6)
    assert latency.median_ms == pytest.approx(truth, rel=0.1)
    assert latency.low_ms <= latency.median_ms <= latency.high_ms


def test_a_prediction_is_the_sum_over_the_operators_one_by_one(profile):
    device = Predicted(profile)
    content = to_tflite(network(24, 32))
    operators = list(kernels.running(tflite.read(content)))
    operators += operators[:5] + operators[2:3] * 4  # some are there several times
    each = []
    for operator in operators:
        kernel = kernels.kernel(operator)
        ms = device._regressors[kernel.kind].predict(np.array([kernel.work]))[0]
        each.append(max(ms, device._pace(kernels.constant_bytes(operators)) * kernels.constant_bytes([operator])))
    handed = sum(kernels.delegated(operator) for operator in operators)
    found, which = kernels.described(operators)
    assert len(found) < len(operators)
    assert device._kernels(found, np.bincount(which))[0] == pytest.approx(sum(each))
    assert predicted._changes(found, np.bincount(which), 7) == [1, handed, 0, len(operators) - handed, 7]


def test_many_operators_of_xnnpack_cost_more_each():
    known = [kernels.kernel(Operator("RELU", (Tensor((1, 4)),), (Tensor((1, 4)),)))]
    few, many = (predicted._changes(known, np.array([count]), 0) for count in (50, 60))
    assert (few, many) == ([1, 50, 0, 0, 0], [1, 60, 10, 0, 0])


def test_an_operator_that_is_not_in_the_profile_is_said_once(tmp_path):
    device = made(tmp_path)
    x = Tensor((1, 64))
    model = write([Operator("LOGISTIC", (x,), (x,))])
    with pytest.warns(UserWarning, match="has no operator LOGISTIC; it is taken for"):
        device.latency(model)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        device.latency(model)


def test_a_network_between_those_of_the_profile_is_near_what_is_measured(profile):
    model = to_tflite(network(24, 32))
    measured = devices.get("host").latency(model).median_ms
    assert devices.get(profile).latency(model).median_ms == pytest.approx(measured, rel=0.6)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"device must be the path of a profile.*pi\.json"):
        devices.get(str(tmp_path / "pi.json"))


def test_what_is_stored_in_float16_takes_what_float32_takes(profile):
    device, model = Predicted(profile), network(24, 32)
    exact, halved = (device.latency(to_tflite(model, precision)) for precision in (None, "float16"))
    assert halved == exact


def test_operators_of_int8_have_regressors_of_their_own(tmp_path):
    device = made(tmp_path, ("float32", "int8"))
    x = Tensor((1, 4096), "int8")
    model = write([Operator("TANH", (x,), (x,))] * 4)
    assert device.latency(model).median_ms == pytest.approx(CALL + 4 * (EACH + 1024e-6), rel=0.1)


def test_a_profile_tells_the_types_that_it_has_operators_of(tmp_path):
    without, latencies = made(tmp_path), objectives.several(["latency_float16_ms", "latency_int8_ms"])
    assert (without.runs("float16"), without.runs("int8")) == (True, False)
    with pytest.raises(
        InputError, match=r"device of latency_int8_ms must be .*Got Predicted.*autonas\.devices\.profile"
    ):
        objectives.check_possible(objectives.asked(latencies, {}), without)
    objectives.check_possible(objectives.asked(latencies, {}), made(tmp_path, ("float32", "int8")))


def test_a_missing_operator_is_taken_for_one_of_its_type(tmp_path):
    device = made(tmp_path, ("float32", "int8"))
    x = Tensor((1, 64), "int8")
    with pytest.warns(UserWarning, match="no operator LOGISTIC int8; it is taken for (RELU|TANH) int8"):
        device.latency(write([Operator("LOGISTIC", (x,), (x,))]))
