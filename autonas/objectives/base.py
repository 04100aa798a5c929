"""The contract of an objective: a name, a direction, and for a cost how it is read off a built model."""

from __future__ import annotations

import abc
import dataclasses
import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autonas.data import mapped
from autonas.errors import InputError

if TYPE_CHECKING:
    import keras

    from autonas.devices.base import Device, Energy, Latency
    from autonas.export import Conversion
    from autonas.graph import Graph


@dataclasses.dataclass
class BuiltModel:
    """A built model as the costs see it. What is expensive is made once, when a cost first asks for it."""

    model: keras.Model
    device: Device
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)  # texts that its `.tflite` carries
    batch_size: int = 32  # of its training
    _quantized: dict[str, bytes] = dataclasses.field(default_factory=dict, init=False, repr=False)
    _latencies: dict[str, Latency] = dataclasses.field(default_factory=dict, init=False, repr=False)

    @functools.cached_property
    def graph(self) -> Graph:
        """The operations of the model."""
        from autonas.graph import read

        return read(self.model)

    @functools.cached_property
    def _conversion(self) -> Conversion:
        """What all conversions read: a trace takes a part of the time of a conversion."""
        from autonas.export import Conversion

        return Conversion(self.model)

    @functools.cached_property
    def tflite(self) -> bytes:
        """The model in LiteRT's format, float32, as `export` writes it."""
        return self._converted()

    def quantized(self, precision: str) -> bytes:
        """The model in LiteRT's format at a precision. Ranges come from random numbers: a fresh network has no better ones, and
        neither size nor time follow them.

        Args:
            precision: As `autonas.export.to_tflite` takes it.
        """
        if precision not in self._quantized:
            import keras

            rng = np.random.default_rng(0)
            inputs = self.model.inputs[0] if isinstance(self.model, keras.Sequential) else self.model.input
            rows = mapped(lambda tensor: rng.random((8, *tensor.shape[1:]), "float32"), inputs)
            self._quantized[precision] = self._converted(precision, rows)
        return self._quantized[precision]

    def _converted(self, precision: str | None = None, rows: Any = None) -> bytes:
        from autonas.export import with_files

        return with_files(self._conversion.to_tflite(precision, rows), self.files)

    def quantized_latency(self, precision: str) -> Latency:
        """One inference on the device, at a precision."""
        if precision not in self._latencies:
            self._latencies[precision] = self.device.latency(self.quantized(precision))
        return self._latencies[precision]

    @functools.cached_property
    def latency(self) -> Latency:
        """One inference on the device."""
        return self.device.latency(getattr(self, self.device.takes))

    @functools.cached_property
    def energy(self) -> Energy:
        """The energy of one inference, measured on the device."""
        return self.device.energy(getattr(self, self.device.takes))


class Objective(abc.ABC):
    """What a search optimises: a number with a direction.

    Attributes:
        name: As the user writes it, and as it stands in the leaderboard.
        direction: `"max"` or `"min"`.
        cheap: Whether it is known without training.
    """

    name: str
    direction: str
    cheap: ClassVar[bool]

    @property
    def sign(self) -> int:
        """What turns a value so that higher is better, and back: 1 or -1."""
        return 1 if self.direction == "max" else -1

    def score(self, value: float) -> float:
        """Turns a value so that higher is better."""
        return self.sign * value

    @property
    @abc.abstractmethod
    def quality(self) -> Objective | None:
        """The metric of a training that it depends on, which also says which epoch was best; None for a cost."""

    @property
    @abc.abstractmethod
    def costs(self) -> Mapping[str, Cost]:
        """The costs that it depends on, by name."""

    @abc.abstractmethod
    def value(self, metrics: Mapping[str, float], costs: Mapping[str, float]) -> float:
        """Its value, from the metrics of a training and the costs of the model, by name."""

    def plain(self) -> list[Any]:
        """What `autonas.objectives.restore` makes it anew of, as plain data; of a class of the user's own what it is called."""
        return [self.name, self.direction]


class Cost(Objective):
    """An objective that is read off a built model, before it is trained.

    Attributes:
        expected: Of a cost that not every device tells, which do.
        instead: What to do on the others.
    """

    direction = "min"
    cheap = True
    expected: ClassVar[str] = ""
    instead: ClassVar[str] = ""

    @property
    def quality(self) -> None:
        """None: no training shows it."""
        return None

    @property
    def costs(self) -> Mapping[str, Cost]:
        """Itself."""
        return {self.name: self}

    def value(self, metrics: Mapping[str, float], costs: Mapping[str, float]) -> float:
        """The cost of its name."""
        return costs[self.name]

    def possible(self, device: Device) -> bool:
        """Whether it can be told of a model on that device."""
        return True

    @abc.abstractmethod
    def measure(self, built: BuiltModel) -> float:
        """Returns the cost in the unit that the name says."""

    def interval(self, built: BuiltModel) -> tuple[float, float] | None:
        """The 95 % confidence interval of a measurement; None for a cost that is exact."""
        return None

    def surely(self, built: BuiltModel) -> float:
        """What it is at least, chance left aside: the lower end of the interval of a measurement, an exact cost itself."""
        interval = self.interval(built)
        return self.measure(built) if interval is None else interval[0]

    def at_least(self, graph: Graph) -> float:
        """A bound from below that takes no time, so that a limit can reject a candidate before anything is measured."""
        return 0.0


class Recorded(Cost):
    """A cost or an objective of the user's own, as a project that is opened knows it: what its trials came to, and which way is
    better. It cannot be measured anew.

    Args:
        name: Its name.
        direction: `"max"` or `"min"`.
    """

    def __init__(self, name: str, direction: str) -> None:
        self.name, self.direction = name, direction

    def possible(self, device: Device) -> bool:
        """False: its class is not there."""
        return False

    def measure(self, built: BuiltModel) -> float:
        """Raises an InputError."""
        raise InputError.of(
            f"The cost {self.name!r}", "measured by its own class", "a project that was opened without it"
        )
