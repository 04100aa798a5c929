"""A device of the user's own: a callable that has a model run there, by ssh, adb or on a test rig."""

from __future__ import annotations

import hashlib
import math
import queue
import threading
from collections.abc import Callable
from typing import Any, ClassVar

from autonas import timing
from autonas.devices.base import Device, Latency
from autonas.errors import InputError, TrialError


class Rig(Device):
    """Asks a callable for a latency; once for each model, again where it fails, and not for ever.

    Args:
        measure: Takes a model in LiteRT's format and returns the seconds of one inference. Raises if it cannot.
        retries: How many times it is asked again after a failure.
        timeout: Seconds that one call may take. One that takes longer is left to itself, in a thread that does not keep the
            process alive.

    Raises:
        InputError: If `measure` is no callable, or another argument is out of range.

    Example:

    >>> def measure(tflite):
    ...     return float(subprocess.run(["ssh", "pi", "time_model"], input=tflite, capture_output=True, check=True).stdout)
    >>> autonas.ImageClassifier(device=Rig(measure, timeout=60), limits={"latency_ms": 5})
    """

    needs: ClassVar[str] = "your callable: device=measure, or Rig(measure)"

    def __init__(self, measure: Callable[[bytes], float], retries: int = 2, timeout: float = 120.0) -> None:
        if not callable(measure):
            raise InputError.of("measure", "a callable that takes a .tflite and returns seconds", repr(measure))
        timing.check_whole("retries", retries, 0)
        timing.check_number("timeout", timeout, "a positive number of seconds", lambda number: 0 < number < math.inf)
        self.measure, self.retries, self.timeout = measure, retries, timeout
        self._known: dict[str, Latency] = {}

    def latency(self, tflite: bytes, /) -> Latency:
        """Asks for the latency of a model, if it is not known.

        Args:
            tflite: A model in LiteRT's format.

        Returns:
            What the callable said, in milliseconds; it says nothing of an interval, so that is one point.

        Raises:
            TrialError: If all calls failed or took too long. Says what the last one's failure was.
        """
        key = hashlib.sha256(tflite).hexdigest()
        if key not in self._known:
            ms = 1e3 * self._ask(tflite)
            self._known[key] = Latency(ms, ms, ms)
        return self._known[key]

    def _ask(self, tflite: bytes) -> float:
        problem: BaseException = TimeoutError()
        for _ in range(1 + self.retries):
            try:
                return _seconds(self._in_time(tflite))
            except Exception as error:  # what the user's callable may raise is not known
                problem = error
        said = f"{type(problem).__name__}: {problem}"
        raise TrialError(
            f"The device did not say how long the model takes, in {1 + self.retries} calls. {said}"
        ) from problem

    def _in_time(self, tflite: bytes) -> Any:
        answers: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue()

        def call() -> None:
            try:
                answers.put((self.measure(tflite), None))
            except BaseException as error:  # a call of sys.exit is no answer either
                answers.put((None, error))

        threading.Thread(target=call, daemon=True).start()
        try:
            answer, problem = answers.get(timeout=self.timeout)
        except queue.Empty:
            raise TimeoutError(f"no answer in {self.timeout:g} seconds") from None
        if problem is not None:
            raise problem if isinstance(problem, Exception) else RuntimeError(repr(problem)) from problem
        return answer


def _seconds(answer: Any) -> float:
    seconds = float(answer)
    if not 0 < seconds < math.inf:
        raise ValueError(f"an answer has to be a positive number of seconds, and was {answer!r}")
    return seconds
