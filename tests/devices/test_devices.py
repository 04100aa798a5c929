"""Every device of the registry passes the suite that is shipped, and the suite catches what it is for."""

from __future__ import annotations

import json

import pytest

from autonas import devices, objectives
from autonas.devices import Host, HostKeras
from autonas.devices.base import Device, Latency
from autonas.errors import InputError
from autonas.objectives.costs import LatencyMs
from autonas.objectives.precision import Int8Latency
from autonas.settings import described
from autonas.testing.devices import check_device

ARGUMENTS = {
    "predicted": lambda profile: profile,
    "rig": lambda profile: lambda tflite: devices.get("host").latency(tflite).median_ms / 1e3,
}


@pytest.mark.parametrize("name", devices.DEVICES)
def test_a_device_keeps_the_contract(name, profile):
    check_device(devices.get(ARGUMENTS[name](profile) if name in ARGUMENTS else name))


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize("by", ["name", "class"])
def test_what_a_device_needs_is_said(name, by):
    with pytest.raises(InputError, match=f"It needs .*{devices.DEVICES[name].__name__}"):
        devices.get(name if by == "name" else devices.DEVICES[name])


def test_a_path_is_a_profile_and_a_callable_is_a_rig(profile):
    assert isinstance(devices.get(str(profile)), devices.Predicted)
    assert isinstance(devices.get(profile), devices.Predicted)
    assert isinstance(devices.get(lambda tflite: 1.0), devices.Rig)


@pytest.mark.parametrize(
    ("latency", "complaint"),
    [
        (Latency(1.0, 1.0, 1.0), "not slower"),
        (Latency(1.0, 2.0, 3.0), "low_ms <= median_ms"),
        (Latency(float("nan"), 1.0, 1.0), "finite"),
    ],
)
def test_the_suite_catches_a_device_that_does_not(latency, complaint):
    class Broken(Device):
        def latency(self, tflite, /):
            return latency

    with pytest.raises(AssertionError, match=complaint):
        check_device(Broken())


def test_the_suite_catches_a_device_that_takes_something_else():
    class Odd(Device):
        takes = "files"

        def latency(self, model, /):
            return Latency(1.0, 1.0, 1.0)

    with pytest.raises(AssertionError, match="takes"):
        check_device(Odd())


def test_a_device_is_made_again_from_what_a_project_keeps(tmp_path):
    for device in (Host(num_threads=3, batch_size=2), HostKeras(batch_size=64)):
        assert described(devices.restore(*json.loads(json.dumps(described(device))))) == described(device)
    for kind, made_with in (
        ("Predicted", {"path": str(tmp_path / "gone.json")}),
        ("Rig", {"retries": 1}),
        ("Mine", {}),
    ):
        gone = devices.restore(kind, made_with)
        assert not gone.present
        assert not LatencyMs().possible(gone)
        assert not Int8Latency().possible(gone)
        with pytest.raises(InputError, match=f"the {kind} that the project was made with"):
            objectives.check_possible({"latency_ms": LatencyMs()}, gone)
