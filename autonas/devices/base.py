"""The contract of a device: how long a model takes there."""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, ClassVar

from autonas.errors import InputError


@dataclasses.dataclass(frozen=True)
class Latency:
    """One inference, in milliseconds: the median and its 95 % confidence interval."""

    median_ms: float
    low_ms: float
    high_ms: float


@dataclasses.dataclass(frozen=True)
class Energy:
    """One inference, in millijoules: the median and its 95 % confidence interval."""

    median_mj: float
    low_mj: float
    high_mj: float


class Device(abc.ABC):
    """Says how long a model takes, and how much energy where it has a counter of it.

    Attributes:
        present: Whether it can be asked.
        takes: What of a built model `latency` gets: `"tflite"`, its bytes in LiteRT's format, or `"model"`, the `keras.Model`.
        needs: What it has to be made with, for the error where it is not; empty where a name is enough.
    """

    present: ClassVar[bool] = True
    takes: ClassVar[str] = "tflite"
    needs: ClassVar[str] = ""

    @abc.abstractmethod
    def latency(self, model: Any, /) -> Latency:
        """Measures or predicts one inference.

        Args:
            model: What `takes` says. One example is timed, unless the device was made for more at once.
        """

    def runs(self, precision: str) -> bool:
        """Whether `latency` tells what a model takes at a precision, `"float16"` or `"int8"`."""
        return self.present and self.takes == "tflite"

    @property
    def counts_energy(self) -> bool:
        """Whether `energy` measures: it has a counter, which may be read."""
        return False

    def energy(self, model: Any, /) -> Energy:
        """Measures the energy of one inference. Nothing that is estimated comes from here.

        Args:
            model: What `takes` says.

        Raises:
            InputError: Where there is no counter.
        """
        raise InputError.of("device", "one that has a counter of energy which may be read", type(self).__name__)


class Absent(Device):
    """Stands for a device that a project was made with and that cannot be made again here: it tells nothing.

    Args:
        kind: Its class.
    """

    present: ClassVar[bool] = False

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def latency(self, model: Any, /) -> Latency:
        """Raises an InputError."""
        raise InputError.of(
            "device", f"the {self.kind} that the project was made with", None, "Set it: task.device = ..."
        )
