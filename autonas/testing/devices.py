"""What every device has to do. Call `check_device` on yours, in your own tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from autonas.objectives.base import BuiltModel

if TYPE_CHECKING:
    import keras

    from autonas.devices.base import Device


def check_device(device: Device) -> None:
    """Checks that a device's answers make sense: ordered, positive, finite, and longer for a network 1000 times as big.

    Raises:
        AssertionError: Names what does not hold.
    """
    if device.takes not in ("tflite", "model"):
        raise AssertionError(f"`takes` is 'tflite' or 'model', does not hold: {device.takes!r}")
    small, large = (BuiltModel(network(size, width), device).latency for size, width in [(8, 2), (32, 128)])
    for latency in small, large:
        values = [latency.low_ms, latency.median_ms, latency.high_ms]
        if not (np.isfinite(values).all() and 0 < values[0] <= values[1] <= values[2]):
            raise AssertionError(f"low_ms <= median_ms <= high_ms, all positive and finite, does not hold: {latency}")
    if not small.high_ms < large.low_ms:
        raise AssertionError(f"A network 1000 times as big is not slower: {small} and {large}")


def network(size: int, width: int) -> keras.Model:
    """A network of two convolutions on images of that size."""
    import keras

    inputs = keras.Input((size, size, 3))
    x = keras.layers.Conv2D(width, 3, padding="same", activation="relu")(inputs)
    x = keras.layers.Conv2D(width, 3, padding="same", activation="relu")(x)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))
