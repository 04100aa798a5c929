"""Timing on this machine: the interval covers what it says, and the arguments are kept."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from autonas import devices
from autonas.devices.base import Device
from autonas.devices.host import Host, _time, median_and_interval
from autonas.errors import AutonasError, InputError


class Counter:
    def __init__(self):
        self.runs = 0

    def invoke(self):
        self.runs += 1


def test_the_name_the_class_and_an_instance_mean_the_device():
    instance = Host(num_threads=2)
    assert isinstance(devices.get("host"), Host)
    assert isinstance(devices.get(Host), Host)
    assert devices.get(instance) is instance


def test_an_unknown_device_lists_the_known_ones():
    with pytest.raises(InputError, match=r"one of \['host'\] or a Device"):
        devices.get("hosts")


@pytest.mark.parametrize(
    ("n", "low", "high"), [(6, 1, 6), (9, 2, 8), (20, 6, 15), (100, 40, 61)]
)  # Table of David & Nagaraja, Order Statistics, section 7.1
def test_the_interval_is_the_tabulated_pair_of_order_statistics(n, low, high):
    latency = median_and_interval(np.random.default_rng(0).permutation(n) + 1)
    assert (latency.low_ms, latency.high_ms) == (low, high)
    assert latency.median_ms == (n + 1) / 2


def test_the_interval_covers_the_true_median_of_a_skewed_distribution():
    rng = np.random.default_rng(0)
    intervals = [median_and_interval(rng.exponential(size=51)) for _ in range(1000)]
    covered = np.mean([i.low_ms <= np.log(2) <= i.high_ms for i in intervals])
    assert 0.94 <= covered <= 0.985


def test_too_few_times_have_no_interval():
    with pytest.raises(InputError, match="at least 6"):
        median_and_interval([1.0] * 5)


@pytest.mark.parametrize(("seconds", "runs"), [(0.0, 7), (1000.0, 9)])
def test_runs_stay_within_their_bounds(seconds, runs):
    counter = Counter()
    assert len(_time(counter, seconds, 7, 9)) == counter.runs == runs


def test_the_arguments_reach_the_runs(monkeypatch):
    calls = []
    monkeypatch.setattr(
        "autonas.devices.host._interpreter", lambda tflite, threads: calls.append(threads) or Inputless()
    )
    monkeypatch.setattr("autonas.devices.host._time", lambda interpreter, *args: calls.append(args) or [1.0] * 6)
    Host(num_threads=3, seconds=0.5, min_runs=7, max_runs=8, warmup=0.25).latency(b"")
    assert calls == [3, (0.25, 1, 8), (0.5, 7, 8)]


class Inputless:
    def allocate_tensors(self):
        pass

    def get_input_details(self):
        return []


@pytest.mark.parametrize(
    "arguments",
    [
        {"num_threads": 0},
        {"min_runs": 5},
        {"max_runs": 10},
        {"seconds": -1.0},
        {"warmup": float("nan")},
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
