"""From parts to models: the one that the user gets, and the one that a device runs."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.data import mapped
from autonas.quiet import odd_names_allowed

if TYPE_CHECKING:
    import keras

    from autonas.heads.base import Head
    from autonas.inputs.base import Input

CORE = "core"  # its name inside the finished model
WORN = 0.01, 0.05  # what is added to each weight of a network that stands for a trained one


def finished(preprocessor: keras.Model, core: keras.Model, head: Head, metric: str | None, name: str) -> keras.Model:
    """Makes one model of a preprocessor and a core, compiled so that it can be evaluated and trained further.

    Args:
        preprocessor: From what the user holds.
        core: Trained, or fresh.
        head: Its answers, loss and metrics.
        metric: One that has to be among the metrics.
        name: Of the model.
    """
    import keras

    from autonas.space import for_inference

    core = for_inference(core)
    tensors = mapped(
        lambda tensor: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name), _inputs(preprocessor)
    )
    with odd_names_allowed():
        model = keras.Model(tensors, head.finish(core(preprocessor(tensors))), name=name)
    model.compile(optimizer="adam", loss=head.loss(), metrics=head.metrics(metric), jit_compile=False)
    return model


def on_device(model: keras.Model, input: Input, head: Head) -> keras.Model:
    """Makes of a finished model the one that a device runs: without what LiteRT has no operations for.

    Args:
        model: What `finished` returned, or the same read from a file.
        input: Its input, fitted.
        head: Its head, fitted.
    """
    import keras

    if input.runs_on_device:
        return model
    core = model.get_layer(CORE)
    before = input.on_device()
    shapes = _inputs(core) if before is None else _inputs(before)
    tensors = mapped(lambda tensor: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name), shapes)
    return keras.Model(tensors, head.finish(core(tensors if before is None else before(tensors))), name=model.name)


def as_if_trained(core: keras.Model) -> keras.Model:
    """Gives a fresh network weights of which none is like another, as a training leaves them, so that it costs what it will.

    A converter folds biases of zero and scales of one away, and stores equal weights once: a file of the fresh network would be
    smaller, and faster. What no training changes, such as fixed kernels, stays as it is.

    Args:
        core: A functional model; it is changed.

    Returns:
        The same model.
    """
    rng = np.random.default_rng(0)
    for layer in _trained(core):
        for weight in layer.weights:
            if "float" in str(weight.dtype):
                weight.assign(np.asarray(weight) + rng.uniform(*WORN, weight.shape))
    return core


def as_if_calibrated(head: Head, validation: Any) -> Head:
    """A head that has learned what it will of the last model, so that the file of a candidate has that in it too.

    Args:
        head: Fitted; it is not changed.
        validation: Examples, targets and weights of the part to be judged on.

    Returns:
        A copy, calibrated on made-up outputs; the head itself where it learns nothing.
    """
    if not head.calibrates or validation is None:
        return head
    head, (_, targets, weights) = copy.deepcopy(head), validation
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an aim that outputs of chance do not reach
        random = np.random.default_rng(0)
        head.calibrate(mapped(lambda part: random.random(part.shape), targets), targets, weights)
    return head


def _trained(model: Any) -> Iterator[Any]:
    """The layers that a training changes; variances, which are not trained, are among what they have."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _trained(layer)
        elif layer.trainable:
            yield layer


def _inputs(model: Any) -> Any:
    import keras

    return model.inputs[0] if isinstance(model, keras.Sequential) else model.input
