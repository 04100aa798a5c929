"""Costs: what a network takes to store and to run. All are known before any training."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from autonas import memory
from autonas.graph import FLOAT_BYTES
from autonas.objectives.base import BuiltModel, Cost

if TYPE_CHECKING:
    from autonas.devices.base import Device
    from autonas.graph import Graph


class Parameters(Cost):
    """Number of weights, trainable or not, as `keras.Model.count_params` counts them."""

    name = "params"

    def measure(self, built: BuiltModel) -> float:
        """Returns the number of weights."""
        return float(built.graph.parameters)

    def at_least(self, graph: Graph) -> float:
        """Returns the number itself."""
        return float(graph.parameters)


class Flops(Cost):
    """Floating-point operations of one inference; a multiply and an add are two."""

    name = "flops"

    def measure(self, built: BuiltModel) -> float:
        """Returns the number of operations for one example."""
        return float(built.graph.flops)

    def at_least(self, graph: Graph) -> float:
        """Returns the number itself."""
        return float(graph.flops)


class Macs(Cost):
    """Multiply-accumulate operations of one inference: products with kernels, inside attention and of tensors."""

    name = "macs"

    def measure(self, built: BuiltModel) -> float:
        """Returns the number of operations for one example."""
        return float(built.graph.macs)

    def at_least(self, graph: Graph) -> float:
        """Returns the number itself."""
        return float(graph.macs)


class Memory(Cost):
    """Peak memory of the activations of one inference in float32, in units of 1024 bytes.

    Weights are not in it (see `Size`), nor are a runtime's own buffers.
    """

    name = "memory_kb"

    def measure(self, built: BuiltModel) -> float:
        """Returns the peak over the operations, nothing being computed in place."""
        return built.graph.activation_bytes / 1024

    def at_least(self, graph: Graph) -> float:
        """Returns the peak itself."""
        return graph.activation_bytes / 1024


class TrainingMemory(Cost):
    """Memory that a training of the network takes on a CPU, its optimiser included, in units of 1024 bytes: an estimate."""

    name = "training_kb"

    def measure(self, built: BuiltModel) -> float:
        """Returns the estimate, for the batch size of the training."""
        return memory.training_bytes(built.graph, built.batch_size) / 1024

    def at_least(self, graph: Graph) -> float:
        """Returns the estimate for batches of one."""
        return memory.training_bytes(graph, 1) / 1024


class Size(Cost):
    """Size of the model as a float32 `.tflite` file, in units of 1024 bytes."""

    name = "size_kb"

    def measure(self, built: BuiltModel) -> float:
        """Converts the model and returns the file's size."""
        return len(built.tflite) / 1024

    def at_least(self, graph: Graph) -> float:
        """Returns the size of the kernels alone: biases and statistics may be folded into them, or stored once."""
        return FLOAT_BYTES * graph.kernel_parameters / 1024


class LatencyMs(Cost):
    """Time of one inference on the device, in milliseconds: the median of the runs."""

    name = "latency_ms"

    def __init__(self) -> None:
        self._pace = math.inf  # the least milliseconds for an operation that was measured
        self._most = -1  # operations of the largest network that was measured

    def possible(self, device: Device) -> bool:
        """Whether the device is there."""
        return device.present

    def measure(self, built: BuiltModel) -> float:
        """Converts the model and returns what the device says."""
        self._pace = min(self._pace, built.latency.median_ms / max(1, built.graph.flops))
        self._most = max(self._most, built.graph.flops)
        return built.latency.median_ms

    def at_least(self, graph: Graph) -> float:
        """Returns what it would take at twice the best pace that was measured, so that no conversion is spent on a network
        that is out of all reach; nothing for one that is larger than all of these, since what does not grow with a network
        makes the pace of a small one slow.
        """
        return 0.0 if graph.flops > self._most else self._pace / 2 * graph.flops

    def interval(self, built: BuiltModel) -> tuple[float, float]:
        """Returns the interval that the device says."""
        return built.latency.low_ms, built.latency.high_ms
