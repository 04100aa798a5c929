"""Timing on this machine: the interval covers what it says, and the arguments are kept."""

from __future__ import annotations

import sys

import pytest

from autonas import devices
from autonas.devices.base import Device, Energy
from autonas.devices.host import Host
from autonas.errors import AutonasError, InputError
from autonas.export import to_tflite
from autonas.testing.devices import network


def test_the_name_the_class_and_an_instance_mean_the_device():
    instance = Host(num_threads=2)
    assert isinstance(devices.get("host"), Host)
    assert isinstance(devices.get(Host), Host)
    assert devices.get(instance) is instance


def test_an_unknown_device_lists_the_known_ones():
    with pytest.raises(InputError, match=r"one of \['host', 'host-keras', 'predicted', 'rig'\] or a Device"):
        devices.get("hosts")


def test_the_arguments_reach_the_runs(monkeypatch):
    calls = []
    monkeypatch.setattr("autonas.timing.inference", lambda *args: calls.append(args))
    monkeypatch.setattr("autonas.timing.take_turns", lambda runs, *args, **more: calls.append(args))
    monkeypatch.setattr("autonas.timing.settled", lambda runs, *args: calls.append(args) or [[1.0] * 6])
    Host(3, seconds=0.5, min_runs=7, max_runs=8, warmup=0.25, batch_size=4, width=0.2, repeats=5).latency(b"")
    assert calls == [(b"", 3, 4), (0.25, 1, 8), (0.5, 7, 8, 0.2, 5)]


def test_a_larger_batch_takes_longer():
    model = to_tflite(network(16, 16))
    one, many = (Host(seconds=0.05, batch_size=size).latency(model) for size in (1, 64))
    assert many.low_ms > one.high_ms


def test_models_that_take_turns_are_told_apart():
    large, small = Host(seconds=0.05).latencies([to_tflite(network(32, 32)), to_tflite(network(8, 2))])
    assert large.low_ms > small.high_ms


@pytest.mark.parametrize(
    "arguments",
    [
        {"num_threads": 0},
        {"num_threads": 1.5},
        {"num_threads": "2"},
        {"batch_size": 2.5},
        {"seconds": "1"},
        {"width": None},
        {"min_runs": 5},
        {"max_runs": 10},
        {"seconds": -1.0},
        {"warmup": float("nan")},
        {"batch_size": 0},
        {"width": 0.0},
        {"repeats": -1},
    ],
)
def test_arguments_out_of_range_are_named(arguments):
    with pytest.raises(InputError, match=next(iter(arguments))):
        Host(**arguments)


def test_a_missing_runtime_is_named_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(AutonasError, match="pip install ai-edge-litert"):
        Host().latency(b"")


def test_the_registry_holds_devices():
    assert all(issubclass(device, Device) for device in devices.DEVICES.values())


def test_the_energy_is_that_of_the_runs_by_the_counter(tmp_path, monkeypatch):
    assert not Host(powercap=tmp_path).counts_energy
    with pytest.raises(InputError, match="counter of energy"):
        Host(powercap=tmp_path).energy(b"")
    (tmp_path / "intel-rapl:0").mkdir()
    for name, content in {"name": "package-0", "energy_uj": "0", "max_energy_range_uj": "1000"}.items():
        (tmp_path / "intel-rapl:0" / name).write_text(content)
    host = Host(2, batch_size=4, powercap=tmp_path)
    assert host.counts_energy
    calls = []
    monkeypatch.setattr("autonas.timing.inference", lambda *args: calls.append(args) or "run")

    def millijoules(run, counter):
        calls.append((run, counter.packages))
        return [3.0, 1.0, 2.0, 5.0, 4.0, 6.0, 7.0]

    monkeypatch.setattr("autonas.power.millijoules", millijoules)
    assert host.energy(b"file") == Energy(4.0, 1.0, 7.0)
    assert calls == [(b"file", 2, 4), ("run", [tmp_path / "intel-rapl:0"])]


def test_a_network_runs_while_the_counter_is_read(tmp_path):
    (tmp_path / "intel-rapl:0").mkdir()
    for name, content in {"name": "package-0", "energy_uj": "5", "max_energy_range_uj": "1000"}.items():
        (tmp_path / "intel-rapl:0" / name).write_text(content)
    assert Host(powercap=tmp_path).energy(to_tflite(network(8, 2))) == Energy(0.0, 0.0, 0.0)  # the counter stands still
