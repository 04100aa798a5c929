"""Another device, predicted: the latency of a model there, from a profile that was made there once.

The operators of a model are the kernels that LiteRT runs one after the other. For each kind of them a regressor
generalises over shapes. Their sum, with what it costs to call and to go from one to the next, is the prediction.
"""

from __future__ import annotations

import os
import warnings
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from autonas import kernels, profiling
from autonas.devices.base import Device, Latency
from autonas.kernels import Kernel
from autonas.profiling import KERNEL, PROGRAM, STREAM, Timed
from autonas.regression import Regressor, nonnegative
from autonas.tflite import read

_CALL = 0.95  # of the shortest time in a profile is what a call costs, before the programs say so
_DEVIATIONS = 1.96  # on both sides of a prediction
_FEW = 50  # operators of XNNPACK in a model
_COPY = "RESHAPE"  # what an operator is taken for that is not in a profile


class Predicted(Device):
    """Predicts latency from a profile that `python -m autonas.devices.profile` made on the device.

    The conversion to `.tflite`, which the prediction reads, takes far longer than the prediction.

    Args:
        path: The profile.

    Attributes:
        machine: What the profile says of where it was made.

    Raises:
        InputError: If the file is no profile.

    Example:

    >>> Predicted("raspberrypi4.json").latency(to_tflite(model))
    Latency(median_ms=3.21, low_ms=2.89, high_ms=3.53)

    References:
        - Zhang et al., nn-Meter: Towards Accurate Latency Prediction of Deep-Learning Model Inference on Diverse Edge
          Devices, MobiSys 2021 (kernels, and a regressor for each kind).
    """

    needs: ClassVar[str] = "the path of its profile: device='raspberrypi4.json', or Predicted(path)"

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = str(path)
        self.machine, timed = profiling.read(Path(path))
        by_role = {role: [model for model in timed if model.role == role] for role in (KERNEL, PROGRAM, STREAM)}
        self._call = _CALL * min(model.ms for model in timed)
        self._assumed: set[str] = set()
        self._streams = np.array(
            [
                (kernels.constant_bytes(m.operators), (m.ms - self._call) / kernels.constant_bytes(m.operators))
                for m in by_role[STREAM]
            ]
        )
        self._regressors = self._fit(by_role[KERNEL])
        self._factors = self._fit_changes(by_role[PROGRAM])

    def latency(self, tflite: bytes, /) -> Latency:
        """Predicts one inference.

        Args:
            tflite: A model in LiteRT's format.

        Returns:
            The prediction, and an interval by the errors that the regressors make on the profile's own operators.

        Warns:
            UserWarning: Once for each kind of operator that the profile does not have. Such an operator is taken for one that
                copies its outputs.
        """
        program = kernels.folded(read(tflite))
        running = [operator for operator, follows in zip(program, kernels.fixed(program), strict=True) if not follows]
        known, which = kernels.described(running)
        counts = np.bincount(which, minlength=len(known))
        ms, error = self._kernels(known, counts)
        ms += float(self._factors @ _changes(known, counts, len(program) - len(running)))
        return Latency(ms, ms * np.exp(-_DEVIATIONS * error / ms), ms * np.exp(_DEVIATIONS * error / ms))

    def runs(self, precision: str) -> bool:
        """Whether the profile has operators of that type. Weights in float16 are turned into float32 before a model runs."""
        needed = "float32" if precision == "float16" else precision
        return any(kernels.dtype(kind) == needed for kind in self._regressors)

    def _fit(self, alone: Sequence[Timed]) -> dict[str, Regressor]:
        samples: dict[str, list[tuple[Any, float]]] = defaultdict(list)
        for model in alone:
            kernel = kernels.kernel(model.operators[0])
            each = (model.ms - self._call) / len(model.operators)
            samples[kernel.kind].append((kernel.work, max(each, model.ms / len(model.operators) / 100)))
        return {
            kind: Regressor(np.array([work for work, _ in rows]), np.array([ms for _, ms in rows]))
            for kind, rows in samples.items()
        }

    def _fit_changes(self, models: Sequence[Timed]) -> np.ndarray:
        """What costs beside the kernels: the factors of `_changes`."""
        rows, kernels_ms = [], []
        for model in models:
            known, which = kernels.described(model.operators)
            counts = np.bincount(which, minlength=len(known))
            rows.append(_changes(known, counts, model.idle))
            kernels_ms.append(self._kernels(known, counts)[0])
        times = np.array([model.ms for model in models])
        return nonnegative(np.array(rows, dtype=float), times - np.array(kernels_ms), times)

    def _kernels(self, found: Sequence[Kernel], counts: np.ndarray) -> tuple[float, float]:
        """The milliseconds of so many of each kernel, and the standard error of that: kinds err each in its own way."""
        sizes = np.array([kernel.constant_bytes for kernel in found])
        floors = self._pace(int(sizes @ counts)) * sizes
        places: dict[str, list[int]] = defaultdict(list)
        for place in np.flatnonzero(counts).tolist():
            places[self._known(found[place].kind)].append(place)
        sums = {}
        for kind, rows in places.items():
            each = self._regressors[kind].predict(np.array([found[row].work for row in rows]))
            sums[kind] = float(np.maximum(each, floors[rows]) @ counts[rows])
        errors = [self._regressors[kind].error * ms for kind, ms in sums.items()]
        return sum(sums.values()), float(np.linalg.norm(errors))

    def _pace(self, size: int) -> float:
        """Milliseconds for a byte of the constants of a model that has so many: those of a large one are in no cache."""
        return float(np.interp(np.log(max(1, size)), np.log(self._streams[:, 0]), self._streams[:, 1]))

    def _known(self, kind: str) -> str:
        """The kind itself, or the one that it is taken for."""
        if kind in self._regressors:
            return kind
        near = max(self._regressors, key=lambda known: _likeness(kind, known))
        if kind not in self._assumed:
            self._assumed.add(kind)
            warnings.warn(
                f"The profile {self.path!r} has no operator {kind}; it is taken for {near}. Make the profile anew "
                "with `--models` and a model that has it.",
                stacklevel=2,
            )
        return near


def _likeness(kind: str, known: str) -> tuple[bool, bool, bool, int]:
    """How good a kind is to stand for another: the same operator, or a copy, of the same type before others."""
    name, *rest = kind.split()
    other, *parts = known.split()
    return name == other, kernels.dtype(kind) == kernels.dtype(known), other == _COPY, len(set(rest) & set(parts))


def _changes(known: Sequence[Kernel], counts: np.ndarray, idle: int) -> list[int]:
    """What costs beside the kernels themselves: the call, each operator of XNNPACK, and more for each beyond a few, each of
    LiteRT's own, and each that has nothing to do.

    Several of one operator side by side, as kernels are timed, overlap; one after another they do not. Where there are many,
    the processor neither foresees the way through them nor has all of it in its nearest cache.
    """
    handed = sum(int(count) for kernel, count in zip(known, counts, strict=True) if kernel.delegated)
    return [1, handed, max(0, handed - _FEW), int(counts.sum()) - handed, idle]
