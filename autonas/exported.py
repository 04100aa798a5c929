"""What was exported, run and compared with the model that it came from: what a file is worth is seen, not hoped for."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas import data, lite, tflite
from autonas.errors import AutonasError
from autonas.export import argument_names

if TYPE_CHECKING:
    import keras

    from autonas.heads.base import Head
    from autonas.inputs.base import Input


@dataclasses.dataclass(frozen=True)
class ExportReport(os.PathLike[str]):
    """A file that was exported, and how it answers beside the Keras model. It can be used wherever a path can.

    Attributes:
        path: The file, or the folder of a SavedModel.
        quantize: What was asked for: None, `"float16"`, `"dynamic"`, `"int8"` or `"full_int8"`.
        size_kb: Of the file or of the folder, in units of 1024 bytes.
        rows: How many examples both have answered; 0 if there were none.
        difference: The largest absolute difference between two of their outputs (probabilities, or answers in the target's
            units); None without examples.
        agreement: The share of examples with the same answer after decoding; None without examples, or for numbers.
        metrics_before: Loss and metrics of the Keras model on these examples, by name; empty without labels.
        metrics_after: Those of the file.
        float_operations: Kinds of operations that compute in float although int8 was asked for, for want of kernels.

    Example:

    >>> report = clf.export("digits.tflite", quantize="int8", data=(x_test, y_test))
    >>> report.metrics_before["accuracy"] - report.metrics_after["accuracy"]
    0.003
    >>> autonas.lite.Model(report).predict(x_test)
    """

    path: Path
    quantize: str | None
    size_kb: float
    rows: int = 0
    difference: float | None = None
    agreement: float | None = None
    metrics_before: Mapping[str, float] = dataclasses.field(default_factory=dict)
    metrics_after: Mapping[str, float] = dataclasses.field(default_factory=dict)
    float_operations: tuple[str, ...] = ()

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def summary(self) -> str:
        """The same in words, one line or two."""
        kind = f", {self.quantize}" if self.quantize else ""
        first = f"{self.path}{kind}: {self.size_kb:,.1f} KB"
        if self.float_operations:
            first += f", in float stay {', '.join(self.float_operations)}"
        if self.difference is None:
            return f"{first}. It was not compared with the Keras model: no examples were given."
        same = "" if self.agreement is None else f", and {self.agreement:.1%} of the answers are the same"
        first += f". On {self.rows:,} examples its outputs differ by {self.difference:.3g} at most{same}."
        changes = [f"{n} {b:.4g} -> {self.metrics_after[n]:.4g}" for n, b in self.metrics_before.items()]
        return "\n".join([first, *([f"Keras model -> file: {', '.join(changes)}."] if changes else [])])


def compare(
    path: Path, quantize: str | None, model: keras.Model, input: Input, head: Head, x: Any = None, y: Any = None
) -> ExportReport:
    """Runs what was exported on some examples, and compares it with the model.

    Args:
        path: What was exported.
        quantize: How.
        model: The finished model that it came from; compiled, if there are targets.
        input: Fitted.
        head: Fitted.
        x: Checked examples; None compares nothing.
        y: Their checked targets, or None.

    Raises:
        AutonasError: If the package that runs such a file is not installed.
    """
    left = tflite.float_operations(tflite.read(path.read_bytes())) if quantize == "int8" else ()
    report = ExportReport(path, quantize, _size(path) / 1024, float_operations=left)
    if x is None:
        return report
    before, after = model.predict(data.feed(x), verbose=0), _RUNNERS[path.suffix](path, input, head, x)
    differences = data.leaves(data.mapped(lambda one, other: float(np.abs(one - other).max()), before, after))
    return dataclasses.replace(
        report,
        rows=data.length(x),
        difference=max(differences),
        agreement=_agreement(head.decode(before), head.decode(after)),
        metrics_before={} if y is None else metrics(model, head, before, y),
        metrics_after={} if y is None else metrics(model, head, after, y),
    )


def metrics(model: keras.Model, head: Head, outputs: Any, y: Any) -> dict[str, float]:
    """Loss and metrics of outputs that may come from elsewhere, as the model's `evaluate` computes them.

    Args:
        model: Compiled.
        head: Fitted.
        outputs: As the model gives them.
        y: Checked targets.
    """
    import keras

    tensors, targets = (data.mapped(keras.ops.convert_to_tensor, part) for part in (outputs, head.finished_targets(y)))
    model.reset_metrics()
    loss = float(model.compute_loss(y=targets, y_pred=tensors, training=False))
    told = model.compute_metrics(None, targets, tensors)
    found = {"loss": loss, **{name: float(value) for name, value in told.items() if not name.endswith("loss")}}
    model.reset_metrics()
    return head.exact(found, y, lambda: outputs, None)


def _agreement(before: Any, after: Any) -> float | None:
    pairs = list(zip(data.leaves(before), data.leaves(after), strict=True))
    if any(one.dtype.kind == "f" for one, _ in pairs):
        return None
    return float(np.mean([np.mean(one == other) for one, other in pairs]))


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _run_keras(path: Path, input: Input, head: Head, x: Any) -> Any:
    import keras

    return keras.saving.load_model(path).predict(data.feed(x), verbose=0)


def _run_saved_model(path: Path, input: Input, head: Head, x: Any) -> Any:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    serve = loaded.signatures["serve"]
    specs = serve.structured_input_signature[1]
    parts = []
    for at in range(0, data.length(x), 256):
        rows = data.take(x, slice(at, at + 256))
        if isinstance(x, Mapping):
            flat = data.flattened(rows)
            names = argument_names(flat)
            given = {names[column]: part for column, part in flat.items()}
        else:
            given = {next(iter(specs)): rows}
        tensors = {name: _as_specified(part, specs[name]) for name, part in given.items()}
        parts.append({name: answers.numpy() for name, answers in serve(**tensors).items()})
    return head.arrange({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _as_specified(part: np.ndarray, spec: Any) -> Any:
    """A tensor of the type and the number of axes of an argument, as Keras's `predict` makes it."""
    import tensorflow as tf

    tensor = tf.constant(part) if spec.dtype == tf.string else tf.cast(tf.constant(part), spec.dtype)
    return tf.reshape(tensor, [-1, *spec.shape[1:]]) if tensor.shape.rank < spec.shape.rank else tensor


def _run_tflite(path: Path, input: Input, head: Head, x: Any) -> Any:
    return head.arrange(lite.Network(path.read_bytes()).run(input.numbers(x)))


def _run_onnx(path: Path, input: Input, head: Head, x: Any) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise AutonasError("To run an .onnx file takes onnxruntime: pip install 'autonas[onnx]'") from error
    session = onnxruntime.InferenceSession(path)
    names = [argument.name for argument in session.get_inputs()]
    answers = session.run(None, data.arguments(input.numbers(x), names))
    return head.arrange({output.name: part for output, part in zip(session.get_outputs(), answers, strict=True)})


_RUNNERS: dict[str, Callable[[Path, Any, Any, Any], Any]] = {
    ".keras": _run_keras,
    "": _run_saved_model,
    ".tflite": _run_tflite,
    ".onnx": _run_onnx,
}
