"""Devices: where latency comes from. A new one is a file here and a line in `DEVICES`."""

from __future__ import annotations

from autonas.devices.base import Device, Latency
from autonas.devices.host import Host
from autonas.registry import resolve

DEVICES: dict[str, type[Device]] = {"host": Host}


def get(identifier: str | type[Device] | Device) -> Device:
    """Returns the device that a name, a class or an instance means."""
    return resolve("device", DEVICES, Device, identifier)  # type: ignore[type-abstract]


__all__ = ["DEVICES", "Device", "Host", "Latency", "get"]
