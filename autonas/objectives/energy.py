"""Energy of an inference by a stated model: no counter is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autonas.graph import FLOAT_BYTES
from autonas.objectives.base import BuiltModel, Cost

if TYPE_CHECKING:
    from autonas.graph import Graph

# picojoules at 45 nm, from the reference below
MULTIPLY, ADD = 3.7, 0.9  # of float32 numbers
NEAR = 100 / 8  # to move a byte to or from a cache of a megabyte
FAR = 640 / 4  # to read a byte from memory outside the chip


class Energy(Cost):
    """Energy of one inference in float32, in millijoules: what arithmetic and moving numbers would take at 45 nm.

    A multiply-accumulate takes a multiply and an add, other operations an add; each weight is read once from memory outside
    the chip, each activation is written to and read from a cache. Devices differ by an order of magnitude, so the figure is
    to compare networks with, not to size a battery.

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
