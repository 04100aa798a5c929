"""Energy of an inference: by a stated model, and by the counter of the machine where it has one. The name says which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autonas.errors import TrialError
from autonas.graph import FLOAT_BYTES
from autonas.objectives.base import BuiltModel, Cost

if TYPE_CHECKING:
    from autonas.devices.base import Device
    from autonas.graph import Graph

# picojoules at 45 nm, from the reference below
MULTIPLY, ADD = 3.7, 0.9  # of float32 numbers
NEAR = 100 / 8  # to move a byte to or from a cache of a megabyte
FAR = 640 / 4  # to read a byte from memory outside the chip


class Energy(Cost):
    """Energy of one inference in float32, in millijoules: what arithmetic and moving numbers would take at 45 nm.

    A multiply-accumulate takes a multiply and an add, other operations an add; each weight is read once from memory outside
    the chip, each activation is written to and read from a cache. Devices differ by an order of magnitude, so the figure is
    to compare networks with, not to size a battery. No counter is read, whatever the machine has, so that the figures of
    different machines can be compared: that is `MeasuredEnergy`.

    References:
    - Horowitz, 2014, https://doi.org/10.1109/ISSCC.2014.6757323 (figure 1.1.9)
    """

    name = "energy_mj"

    def measure(self, built: BuiltModel) -> float:
        """Returns the estimate."""
        return self.at_least(built.graph)

    def at_least(self, graph: Graph) -> float:
        """Returns the estimate itself."""
        arithmetic = MULTIPLY * graph.macs + ADD * (graph.flops - graph.macs)
        moved = NEAR * sum(
            operation.output_bytes + FLOAT_BYTES * operation.input_elements for operation in graph.operations
        )
        return (arithmetic + moved + FAR * FLOAT_BYTES * graph.parameters) / 1e9


class MeasuredEnergy(Cost):
    """Energy of one inference in float32 on the device, in millijoules, by the device's own counter: the median.

    Only where `Device.counts_energy`: nothing is estimated in its place.
    """

    name = "energy_measured_mj"
    expected = "one that has a counter of energy which this process may read"
    instead = "energy_mj is estimated from the network on any device. On Linux the counters are in /sys/class/powercap."

    def possible(self, device: Device) -> bool:
        """Whether the device has a counter that may be read."""
        return device.counts_energy

    def measure(self, built: BuiltModel) -> float:
        """Converts the model and returns what the device says.

        Raises:
            TrialError: If the runs took no more than the machine at rest did: others were busy on it.
        """
        energy = built.energy
        if not energy.median_mj > 0:
            raise TrialError(
                "The energy of an inference cannot be told from what the machine takes without it: "
                f"{energy.median_mj:.3g} mJ, between {energy.low_mj:.3g} and {energy.high_mj:.3g}. It has to be measured "
                "while little else runs."
            )
        return energy.median_mj

    def interval(self, built: BuiltModel) -> tuple[float, float]:
        """Returns the interval that the device says."""
        return built.energy.low_mj, built.energy.high_mj
