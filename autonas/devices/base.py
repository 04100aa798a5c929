"""The contract of a device: how long a model takes there."""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, ClassVar


@dataclasses.dataclass(frozen=True)
class Latency:
    """One inference, in milliseconds: the median and its 95 % confidence interval."""

    median_ms: float
    low_ms: float
    high_ms: float


class Device(abc.ABC):
    """Says how long a model takes.

    Attributes:
        takes: What of a built model `latency` gets: `"tflite"`, its bytes in LiteRT's format, or `"model"`, the `keras.Model`.
        needs: What it has to be made with, for the error where it is not; empty where a name is enough.
    """

    takes: ClassVar[str] = "tflite"
    needs: ClassVar[str] = ""

    @abc.abstractmethod
    def latency(self, model: Any, /) -> Latency:
        """Measures or predicts one inference.

        Args:
            model: What `takes` says. One example is timed, unless the device was made for more at once.
        """
