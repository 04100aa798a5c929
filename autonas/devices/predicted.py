"""Another device, predicted: the latency of a model there, from a profile that was made there once.

The operators of a model are the kernels that LiteRT runs one after the other. For each kind of them a regressor
generalises over shapes. Their sum, with what it costs to call and to go from one to the next, is the prediction.
"""

from __future__ import annotations

import os
import warnings
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from autonas import kernels, profiling
from autonas.devices.base import Device, Latency
from autonas.profiling import KERNEL, MIXTURE, STREAM, Timed
from autonas.regression import Regressor, nonnegative
from autonas.tflite import Operator, read

_CALL = 0.9  # of the shortest time in a profile is what a call costs, before the mixtures say so
_DEVIATIONS = 1.96  # on both sides of a prediction
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
        by_role = {role: [model for model in timed if model.role == role] for role in (KERNEL, MIXTURE, STREAM)}
        self._call = _CALL * min(model.ms for model in timed)
        self._assumed: set[str] = set()
        self._streams = np.array(
            [
                (kernels.constant_bytes(m.operators), (m.ms - self._call) / kernels.constant_bytes(m.operators))
                for m in by_role[STREAM]
            ]
        )
        self._regressors = self._fit(by_role[KERNEL])
        mixed = by_role[MIXTURE]
        rows = np.array([_changes(model.operators) for model in mixed], dtype=float)
        left = np.array([model.ms - self._kernels(model.operators)[0] for model in mixed])
        self._factors = nonnegative(rows, left, np.array([model.ms for model in mixed]))

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
        operators = read(tflite)
        running = kernels.running(operators)
        ms, error = self._kernels(running)
        ms += float(self._factors @ _changes(operators))
        return Latency(ms, ms * np.exp(-_DEVIATIONS * error / ms), ms * np.exp(_DEVIATIONS * error / ms))

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

    def _kernels(self, operators: Sequence[Operator]) -> tuple[float, float]:
        """The milliseconds of all kernels, and the standard error of that: kinds err each in its own way."""
        found: dict[str, Counter[tuple[tuple[float, ...], int]]] = defaultdict(Counter)
        for operator in operators:
            kernel = kernels.kernel(operator)
            found[self._known(kernel.kind)][kernel.work, kernels.constant_bytes([operator])] += 1
        pace = self._pace(kernels.constant_bytes(operators))
        sums = {}
        for kind, counted in found.items():
            works, sizes = zip(*counted, strict=True)
            each = np.maximum(self._regressors[kind].predict(np.array(works)), pace * np.array(sizes))
            sums[kind] = float(each @ np.array(list(counted.values())))
        errors = [self._regressors[kind].error * ms for kind, ms in sums.items()]
        return sum(sums.values()), float(np.linalg.norm(errors))

    def _pace(self, size: int) -> float:
        """Milliseconds for a byte of the constants of a model that has so many: those of a large one are in no cache."""
        return float(np.interp(np.log(max(1, size)), np.log(self._streams[:, 0]), self._streams[:, 1]))

    def _known(self, kind: str) -> str:
        """The kind itself, or the one that it is taken for."""
        if kind in self._regressors:
            return kind
        same = [known for known in self._regressors if known.split()[0] == kind.split()[0]]
        near = next(iter([*same, *({_COPY} & set(self._regressors)), *self._regressors]))
        if kind not in self._assumed:
            self._assumed.add(kind)
            warnings.warn(
                f"The profile {self.path!r} has no operator {kind}; it is taken for {near}. Make the profile anew "
                "with `--models` and a model that has it.",
                stacklevel=2,
            )
        return near


def _changes(operators: Sequence[Operator]) -> list[float]:
    """What costs beside the kernels themselves: the call, each operator of XNNPACK and of LiteRT that differs, and each.

    Alike ones follow the same way through the processor's branches, as the many steps of a recurrent layer do.
    """
    differ = {(kernels.kernel(operator), kernels.delegated(operator)) for operator in operators}
    handed = sum(delegated for _, delegated in differ)
    return [1.0, handed, len(differ) - handed, len(operators)]
