"""Every device of the registry passes the suite that is shipped, and the suite catches what it is for."""

from __future__ import annotations

import pytest

from autonas import devices
from autonas.devices.base import Device, Latency
from autonas.testing.devices import check_device


@pytest.mark.parametrize("name", devices.DEVICES)
def test_a_device_keeps_the_contract(name):
    check_device(devices.get(name))


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
        def latency(self, tflite):
            return latency

    with pytest.raises(AssertionError, match=complaint):
        check_device(Broken())
