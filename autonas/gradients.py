"""Lets go of the graphs of finished trainings, which TensorFlow would keep until the process ends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def graphs_forgotten() -> Iterator[None]:
    """Takes out of TensorFlow's registry the gradients that were made inside; nothing inside can be differentiated later.

    Keras's optimisers sum gradients by `tf.distribute`, whose sum has a gradient of its own. TensorFlow writes each of those
    into a registry of the process, with the graph of the training's step and thus some ten thousand objects: a search of
    hundreds of trials would end for want of memory.

    The registry is not part of TensorFlow's public interface. Should it move, the trainings stay right, and a test fails.
    """
    from tensorflow.python.framework import ops

    registry = getattr(getattr(ops, "gradient_registry", None), "_registry", {})
    before = set(registry)
    try:
        yield
    finally:
        for name in set(registry) - before:
            if name.startswith("CustomGradient-"):
                del registry[name]
