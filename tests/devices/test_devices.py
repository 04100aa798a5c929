"""Every device of the registry passes the suite that is shipped, and the suite catches what it is for."""

from __future__ import annotations

import pytest

from autonas import devices
from autonas.devices.base import Device, Latency
from autonas.errors import InputError
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
