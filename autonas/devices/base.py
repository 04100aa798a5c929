"""The contract of a device: how long a model takes there."""

from __future__ import annotations

import abc
import dataclasses


@dataclasses.dataclass(frozen=True)
class Latency:
    """One inference, in milliseconds: the median and its 95 % confidence interval."""

    median_ms: float
    low_ms: float
    high_ms: float


class Device(abc.ABC):
    """Says how long a model takes."""

    @abc.abstractmethod
    def latency(self, tflite: bytes) -> Latency:
        """Measures or predicts one inference.

        Args:
            tflite: A model in LiteRT's format; batch 1 is timed.
        """
