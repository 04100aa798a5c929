"""Silence for native libraries: TensorFlow, its converter and LiteRT write to the process's own standard streams.

What they write there says nothing to a user of autonas and would break a live view, and no Python setting reaches it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from typing import IO, Any

_STREAMS = {1: "stdout", 2: "stderr"}
_LOGGERS = ("tensorflow", "absl")


class _Redirection:
    """Where the process's streams go. Blocks may nest and overlap: the first to enter turns, the last restores."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._depth = 0
        self._captured: IO[bytes]
        self._undo: contextlib.ExitStack

    def enter(self) -> None:
        with self._lock:
            if self._depth == 0:
                self._turn()
            self._depth += 1

    def leave(self) -> str:
        """Returns what was written since the first block began."""
        with self._lock:
            self._depth -= 1
            self._captured.seek(0)
            text = self._captured.read().decode(errors="replace")
            if self._depth == 0:
                self._undo.close()
        return text

    def _turn(self) -> None:
        with contextlib.ExitStack() as stack:
            self._captured = stack.enter_context(tempfile.TemporaryFile())
            for descriptor in _STREAMS:
                stack.enter_context(_turned(descriptor, self._captured))
            for name in _LOGGERS:
                stack.enter_context(_level(logging.getLogger(name), logging.CRITICAL))
            self._undo = stack.pop_all()


@contextlib.contextmanager
def _turned(descriptor: int, target: IO[bytes]) -> Iterator[None]:
    """Sends a descriptor to a file; Python's stream on it goes on to where it was."""
    name = _STREAMS[descriptor]
    stream = getattr(sys, name)
    try:
        kept = os.dup(descriptor)
    except OSError:  # The process was started without this stream: nothing can be written to it.
        yield
        return
    writes_there = _descriptor(stream) == descriptor
    if writes_there:
        stream.flush()
        aside = _Stream(os.fdopen(kept, "w", 1, stream.encoding, stream.errors, closefd=False))
        setattr(sys, name, aside)
    os.dup2(target.fileno(), descriptor)
    try:
        yield
    finally:
        if writes_there:
            aside.flush()
            aside.stream = stream
            setattr(sys, name, stream)
        os.dup2(kept, descriptor)
        os.close(kept)


class _Stream:
    """Stands for Python's stream inside a block. Who keeps it (a logging handler, say) writes to the true one later."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextlib.contextmanager
def _level(logger: logging.Logger, level: int) -> Iterator[None]:
    before = logger.level
    logger.setLevel(level)
    try:
        yield
    finally:
        logger.setLevel(before)


def _descriptor(stream: Any) -> int | None:
    """The descriptor of a Python stream; None for one that has none, as in notebooks and under pytest."""
    try:
        return stream.fileno() if stream is not None else None
    except (OSError, ValueError, AttributeError):
        return None


_redirection = _Redirection()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Drops what native code writes to the process's standard output and error inside the block.

    Python's own `print`, `sys.stdout` and a live view go on as before; the loggers of TensorFlow and absl are off.
    Where the block ends with an exception, what was dropped is added to it as a note (from Python 3.11).

    Example:

    >>> with quiet():
    ...     model.export("model.tflite", format="litert", verbose=False)
    """
    _redirection.enter()
    try:
        yield
    except BaseException as error:
        text = _redirection.leave().strip()
        if text and hasattr(error, "add_note"):
            error.add_note(f"Written to the standard streams meanwhile:\n{text}")
        raise
    else:
        _redirection.leave()


def quiet_tensorflow() -> None:
    """Imports TensorFlow and Keras without their greetings. Settings that the user has made in the environment stay."""
    if "tensorflow" in sys.modules and "keras" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet():
        import keras  # noqa: F401
        import tensorflow  # noqa: F401


@contextlib.contextmanager
def odd_names_allowed() -> Iterator[None]:
    """Keras would rather have keys that are names of tensors, which a column such as "a b" cannot be."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "When providing `inputs` as a dict", UserWarning)
        yield
