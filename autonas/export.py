"""A trained model as a file: .keras, SavedModel, .tflite or .onnx, chosen by the suffix, and whole or not there at all."""

from __future__ import annotations

import functools
import io
import os
import re
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas import data, registry, tflite
from autonas.errors import AutonasError, InputError
from autonas.files import replacing
from autonas.quiet import quiet, quiet_tensorflow
from autonas.signature import ENDPOINT, signed

if TYPE_CHECKING:
    import keras


QUANTIZATIONS = ("float16", "dynamic", "int8", "full_int8")
CALIBRATION = 256  # examples that ranges are taken from


def export(
    model: keras.Model,
    path: str | os.PathLike[str],
    device_model: Callable[[], keras.Model] | None = None,
    files: Mapping[str, str] | None = None,
    quantize: str | None = None,
    representative: Any = None,
) -> Path:
    """Writes a model in the format that the suffix says.

    What stood there is replaced in one step when the new file is complete; folders on the way are made.

    Args:
        model: A functional or sequential model.
        path: `.keras` is Keras's own format, `.tflite` LiteRT's (built-in operations only), `.onnx` ONNX's, and a name
            without a suffix is a folder that becomes a SavedModel with the endpoint `serve`.
        device_model: Makes what is written as `.tflite` or `.onnx`; None takes `model`.
        files: Texts by name that a `.tflite` or an `.onnx` carries.
        quantize: Of a `.tflite`, as `to_tflite` takes it.
        representative: See there.

    Returns:
        The path.

    Raises:
        InputError: If the suffix is another, if something else than such a file or folder stands there, or if the
            quantisation is unknown, not for the format, or lacks representative examples.
        AutonasError: If the model cannot be expressed in the format, or a package that writes it is not installed.

    Example:

    >>> export(model, "digits.tflite")
    """
    path = Path(path)
    if path.suffix not in (*_WRITERS, *_DEVICE_WRITERS):
        hint = "Use .keras, .tflite, .onnx, or a name without a suffix for a SavedModel folder."
        raise InputError.of(
            "path", "a name that ends in .keras, .tflite or .onnx, or has no suffix", repr(str(path)), hint
        )
    if quantize is not None and path.suffix != ".tflite":
        raise InputError.of("quantize", "None for all but a .tflite file", repr(quantize), "Name a .tflite file.")
    _check_quantization(quantize, representative)
    quiet_tensorflow()
    if path.suffix in _DEVICE_WRITERS:
        make = _DEVICE_WRITERS[path.suffix]
        _refuse_folder(path)
        content = make(device_model() if device_model else model, files or {}, quantize, representative)
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    else:
        _WRITERS[path.suffix](model, path)
    return path


def to_tflite(model: keras.Model, quantize: str | None = None, representative: Any = None) -> bytes:
    """Converts a model to LiteRT's format, with LiteRT's built-in operations only.

    The batch size stays open, `resize_tensor_input` sets another than one; that of `"full_int8"` is one.

    Args:
        model: A functional or sequential model.
        quantize: None keeps float32. `"float16"` halves the weights; `"dynamic"` keeps them as int8 and computes as the
            kernels can; `"int8"` computes in int8 where there are kernels for it, with float32 inputs and outputs;
            `"full_int8"` has nothing but integers, inputs and outputs too, as microcontrollers and the Edge TPU want it.
        representative: Examples as the model takes them, an array or a dict of arrays: the ranges of int8 are those that
            occur in up to 256 of them.

    Raises:
        AutonasError: If an operation of the model has no built-in counterpart, or with `"full_int8"` none on integers.
            Names the operation.
        InputError: If the quantisation is unknown, or int8 has no representative examples.

    References:
    - Jacob et al., 2018, https://arxiv.org/abs/1712.05877 (computing in int8)
    - https://ai.google.dev/edge/litert/models/post_training_quantization
    """
    _check_quantization(quantize, representative)
    return Conversion(model, 1 if quantize == "full_int8" else None).to_tflite(quantize, representative)


class Conversion:
    """A model as the converter reads it, traced once for several conversions.

    Args:
        model: A functional or sequential model.
        batch: Examples in an inference of what is converted; None leaves that open.

    Example:

    >>> conversion = Conversion(model)
    >>> small, smaller = conversion.to_tflite("float16"), conversion.to_tflite("int8", x)
    """

    def __init__(self, model: keras.Model, batch: int | None = None) -> None:
        quiet_tensorflow()
        self._model = model  # the function does not keep its variables
        # Keras's own export to LiteRT is not there before Keras 3.13, which Python 3.10 cannot have.
        with quiet():
            self._function, self._inputs, self._outputs = _traced(model, batch)

    def to_tflite(self, quantize: str | None = None, representative: Any = None) -> bytes:
        """Converts it as the function of that name does, with the same arguments and errors."""
        _check_quantization(quantize, representative)
        content = self._converted(quantize, representative)
        left = tflite.float_operations(tflite.read(content)) if quantize == "full_int8" else ()
        if left:
            hint = "Export with quantize='int8', which leaves them in float, or search with operations='int8'."
            if "CAST" in left:
                hint = (
                    "Export with quantize='int8', which leaves them in float. CAST is there where numbers of words or of "
                    "categories come in, which int8 would round: no search leaves it out."
                )
            raise AutonasError(f"LiteRT has no int8 operation for {', '.join(left)}. {hint}")
        return content

    def _converted(self, quantize: str | None, representative: Any) -> bytes:
        import tensorflow as tf

        with quiet(), warnings.catch_warnings():
            converter = tf.lite.TFLiteConverter.from_concrete_functions([self._function])
            converter.experimental_lower_to_saved_model = False  # through a SavedModel it takes six times as long
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
            if quantize is not None:
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
            if quantize == "float16":
                converter.target_spec.supported_types = [tf.float16]
            if quantize in ("int8", "full_int8"):
                converter.representative_dataset = lambda: _one_by_one(representative, self._inputs)
                integers = tf.lite.OpsSet.TFLITE_BUILTINS_INT8
                full = quantize == "full_int8"
                converter.target_spec.supported_ops = [integers] if full else [integers, tf.lite.OpsSet.TFLITE_BUILTINS]
                if full:
                    converter.inference_input_type = converter.inference_output_type = tf.int8
            # TensorFlow's own use; and ranges are those of the examples
            warnings.filterwarnings("ignore", r"\s*Warning: tf.lite.Interpreter is deprecated")
            warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected")
            try:
                return signed(bytes(converter.convert()), self._inputs, self._outputs)
            except (MemoryError, OSError):
                raise
            except (
                Exception
            ) as error:  # The converter's own error is not public; anything that leaves it means the same.
                raise AutonasError(f"The model cannot be written as .tflite: {_reason(error)}.") from error


def _traced(model: keras.Model, batch: int | None) -> tuple[Any, list[str], list[str]]:
    """The model's call as one function, and the names of its inputs and outputs in their order."""
    import tensorflow as tf

    inputs, call = _signature(model)
    specs = data.mapped(lambda t: tf.TensorSpec((batch, *t.shape[1:]), t.dtype, name=t.name), inputs)
    function = tf.function(lambda given: call(given), autograph=False).get_concrete_function(specs)
    outputs = function.structured_outputs
    named = isinstance(outputs, Mapping)
    places = sorted(outputs) if named else [f"output_{place}" for place in range(len(tf.nest.flatten(outputs)))]
    return function, sorted(inputs) if isinstance(inputs, Mapping) else [inputs.name], places


def _check_quantization(quantize: str | None, representative: Any) -> None:
    if quantize is not None and quantize not in QUANTIZATIONS:
        raise InputError.of("quantize", f"None or one of {list(QUANTIZATIONS)}", repr(quantize))
    if quantize in ("int8", "full_int8") and representative is None:
        hint = "Pass some of the examples that the model was trained on; they need no labels."
        raise InputError.of("representative_data", f"given with quantize={quantize!r}", None, hint)


def _one_by_one(representative: Any, names: list[str]) -> Iterator[list[np.ndarray]]:
    chosen = data.spread(representative, CALIBRATION)
    for row in range(data.length(chosen)):
        yield list(data.arguments(data.take(chosen, slice(row, row + 1)), names).values())


def with_files(tflite: bytes, files: Mapping[str, str]) -> bytes:
    """Appends texts to a model in LiteRT's format, as its metadata convention has it: a zip archive after the model.

    References:
    - https://ai.google.dev/edge/litert/models/metadata (associated files)
    """
    if not files:
        return tflite
    buffer = io.BytesIO(tflite)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(
                zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED
            )  # of no date: equal models, equal bytes
    return buffer.getvalue()


def _reason(error: Exception) -> str:
    names = re.findall(r"'(?:tf|tfl)\.(\w+)' op is neither", str(error))
    if names:
        return f"LiteRT has no built-in operation for {', '.join(dict.fromkeys(names))}"
    if "TensorListReserve" in str(error):
        return "LiteRT has no recurrent layers that loop over steps; LSTM(..., unroll=True) and its like can be written"
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _write_keras(model: keras.Model, path: Path) -> None:
    _refuse_folder(path)
    with replacing(path) as temporary:
        model.save(temporary)


def _tflite(
    model: keras.Model, files: Mapping[str, str], quantize: str | None = None, representative: Any = None
) -> bytes:
    return with_files(to_tflite(model, quantize, representative), files)


def _onnx(model: keras.Model, files: Mapping[str, str], *_: Any) -> bytes:
    """By tf2onnx; the texts become the file's metadata. Batches may have any size."""
    try:
        import onnx
        import tf2onnx
    except ImportError as error:
        raise AutonasError("An .onnx file is written by tf2onnx: pip install 'autonas[onnx]'") from error
    import tensorflow as tf

    inputs, call = _signature(model)
    specs = data.mapped(lambda tensor: tf.TensorSpec(tensor.shape, tensor.dtype, name=tensor.name), inputs)
    function = tf.function(call, autograph=False)
    with quiet():
        try:
            written, _ = tf2onnx.convert.from_function(function, [specs])
        except (MemoryError, OSError):
            raise
        except Exception as error:
            raise AutonasError(f"The model cannot be written as .onnx: {_reason(error)}.") from error
    # tf2onnx leaves constants that a function refers to, such as statistics, as further inputs
    constants = {inner.name: outer for outer, inner in function.get_concrete_function(specs).graph.captures}
    for argument in [argument for argument in written.graph.input if argument.name in constants]:
        value = onnx.numpy_helper.from_array(constants[argument.name].numpy(), argument.name)
        written.graph.initializer.append(value)
        written.graph.input.remove(argument)
    onnx.helper.set_model_props(written, dict(files))
    return bytes(written.SerializeToString())


def _write_saved_model(model: keras.Model, path: Path) -> None:
    if path.exists() and not _may_be_replaced(path):
        raise InputError.of("path", "new, an empty folder or a SavedModel", repr(str(path)), "Choose another name.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as folder:
        new, old = Path(folder) / "new", Path(folder) / "old"
        with quiet():
            _write_archive(model, new)
        if path.exists():
            path.rename(old)  # A folder with content cannot be replaced in one step; this is the shortest gap there is.
        try:
            new.rename(path)
        except OSError:
            if old.exists():
                old.rename(path)
            raise


def _write_archive(model: keras.Model, folder: Path) -> None:
    """Writes a SavedModel, for batches of any size."""
    import keras

    inputs, call = _signature(model)
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(ENDPOINT, call, input_signature=[inputs])
    archive.write_out(str(folder), verbose=False)


def _signature(model: keras.Model) -> tuple[Any, Callable[..., Any]]:
    """The inputs, and the call with random augmentation off, which `model.export` would leave on."""
    import keras

    inputs = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    call: Callable[..., Any] = functools.partial(model.__call__, training=False)
    if isinstance(inputs, Mapping) and any(
        isinstance(part, Mapping) or not registry.is_plain(n) for n, part in inputs.items()
    ):
        return _renamed(inputs, call)
    return inputs, call


def argument_names(columns: Iterable[str]) -> dict[str, str]:
    """Names that a signature takes, one for each input: `sold_year` for the column `sold:year`."""
    columns, names = list(columns), dict[str, str]()
    for column in columns:
        plain = re.sub(r"\W", "_", column, flags=re.ASCII)
        plain = plain if plain[:1].isalpha() else f"column_{plain}"
        tries = [plain, *(f"{plain}_{number}" for number in range(2, len(columns) + 2))]
        names[column] = next(name for name in tries if name not in names.values())
    return names


def _renamed(inputs: Mapping[str, Any], call: Callable[..., Any]) -> tuple[dict[str, Any], Callable[..., Any]]:
    """A call whose arguments have names that a signature takes, none of them inside another."""
    import keras

    flat = data.flattened(inputs)
    names = argument_names(flat)
    symbolic = {names[c]: keras.Input(t.shape[1:], dtype=t.dtype, name=names[c]) for c, t in flat.items()}

    def renamed(given: Mapping[str, Any]) -> Any:
        return call(data.nested(inputs, {column: given[name] for column, name in names.items()}))

    return symbolic, renamed


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise InputError.of("path", "a file", f"the folder {str(path)!r}", "Choose another name.")


def _may_be_replaced(path: Path) -> bool:
    return path.is_dir() and ((path / "saved_model.pb").exists() or not any(path.iterdir()))


_WRITERS: dict[str, Callable[[keras.Model, Path], None]] = {
    ".keras": _write_keras,
    "": _write_saved_model,
}
_DEVICE_WRITERS: dict[str, Callable[..., bytes]] = {".tflite": _tflite, ".onnx": _onnx}
