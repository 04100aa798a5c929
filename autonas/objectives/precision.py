"""Costs of the model in fewer bits: what `export(path, quantize)` would write, and what a device takes to run it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from autonas import memory, tflite
from autonas.objectives.base import BuiltModel, Cost

if TYPE_CHECKING:
    from autonas.devices.base import Device
    from autonas.graph import Graph


class QuantizedSize(Cost):
    """Size of the `.tflite` file at a precision, in units of 1024 bytes.

    Attributes:
        precision: As `autonas.export.to_tflite` takes it.
        bytes: Of a weight.
    """

    precision: ClassVar[str]
    bytes: ClassVar[int]

    def measure(self, built: BuiltModel) -> float:
        """Converts the model and returns the file's size."""
        return len(built.quantized(self.precision)) / 1024

    def at_least(self, graph: Graph) -> float:
        """Returns the size of the kernels alone."""
        return self.bytes * graph.kernel_parameters / 1024


class Float16Size(QuantizedSize):
    """Size with weights in float16."""

    name = "size_float16_kb"
    precision, bytes = "float16", 2


class Int8Size(QuantizedSize):
    """Size with weights in int8."""

    name = "size_int8_kb"
    precision, bytes = "int8", 1


class QuantizedLatency(Cost):
    """Time of one inference on the device at a precision, in milliseconds: the median of the runs.

    Attributes:
        precision: As `autonas.export.to_tflite` takes it.
    """

    precision: ClassVar[str]
    expected = "one that tells what models take at that precision"
    instead = "A profile does if `python -m autonas.devices.profile` of this version made it; 'host-keras' runs float32 alone."

    def possible(self, device: Device) -> bool:
        """Whether the device tells that."""
        return device.runs(self.precision)

    def measure(self, built: BuiltModel) -> float:
        """Converts the model and returns what the device says."""
        return built.quantized_latency(self.precision).median_ms

    def interval(self, built: BuiltModel) -> tuple[float, float]:
        """Returns the interval that the device says."""
        latency = built.quantized_latency(self.precision)
        return latency.low_ms, latency.high_ms


class Float16Latency(QuantizedLatency):
    """Time with weights in float16; most CPUs compute in float32 all the same."""

    name = "latency_float16_ms"
    precision = "float16"


class Int8Latency(QuantizedLatency):
    """Time in int8."""

    name = "latency_int8_ms"
    precision = "int8"


class Arena(Cost):
    """Memory of the activations of one inference as LiteRT's planner lays them out, in float32, in units of 1024 bytes."""

    name = "arena_kb"

    def measure(self, built: BuiltModel) -> float:
        """Converts the model and plans."""
        return memory.arena_bytes(tflite.read(built.tflite)) / 1024


class Int8Arena(Cost):
    """The same in int8."""

    name = "arena_int8_kb"

    def measure(self, built: BuiltModel) -> float:
        """Converts the model and plans."""
        return memory.arena_bytes(tflite.read(built.quantized("int8"))) / 1024
