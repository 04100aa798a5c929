"""Devices: where latency comes from. A new one is a file here and a line in `DEVICES`."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from typing import Any

from autonas.devices.base import Absent, Device, Energy, Latency
from autonas.devices.host import Host
from autonas.devices.host_keras import HostKeras
from autonas.devices.predicted import Predicted
from autonas.devices.rig import Rig
from autonas.errors import InputError
from autonas.registry import resolve

DEVICES: dict[str, type[Device]] = {
    "host": Host,
    "host-keras": HostKeras,
    "predicted": Predicted,
    "rig": Rig,
}


def get(identifier: str | os.PathLike[str] | Callable[[bytes], float] | type[Device] | Device) -> Device:
    """Returns the device that is meant.

    Args:
        identifier: A name, a class or an instance; the path of a profile (`.json`) for what it predicts; or a callable that
            takes a `.tflite` and returns seconds.

    Raises:
        InputError: If it is none of these, or if there is no such profile.

    Example:

    >>> get("raspberrypi4.json")
    """
    if isinstance(identifier, os.PathLike) or (isinstance(identifier, str) and identifier.endswith(".json")):
        return Predicted(identifier)
    if callable(identifier) and not isinstance(identifier, (type, Device)):
        return Rig(identifier)
    known: Any = identifier
    kind = DEVICES.get(known) if isinstance(known, str) else known
    if isinstance(kind, type) and issubclass(kind, Device) and kind.needs:
        raise InputError.of("device", "complete", repr(known), f"It needs {kind.needs}.")
    return resolve("device", DEVICES, Device, known)  # type: ignore[type-abstract]


def restore(kind: str, made_with: Mapping[str, Any]) -> Device:
    """Makes a device again from what a project keeps of it.

    Args:
        kind: Its class.
        made_with: What it was made with, as far as that is plain.

    Returns:
        The device; an `Absent` one in place of a class or a callable of the user's own, and of a profile that is gone.
    """
    known = next((device for device in DEVICES.values() if device.__name__ == kind), None)
    if known is None:
        return Absent(kind)
    arguments = {name: made_with[name] for name in inspect.signature(known).parameters if name in made_with}
    try:
        return known(**arguments)
    except (InputError, TypeError):  # the profile cannot be read; a callable was not kept
        return Absent(kind)


__all__ = [
    "DEVICES",
    "Absent",
    "Device",
    "Energy",
    "Host",
    "HostKeras",
    "Latency",
    "Predicted",
    "Rig",
    "get",
    "restore",
]
