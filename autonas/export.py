"""A trained model as a file: .keras, SavedModel or .tflite, chosen by the suffix, and whole or not there at all."""

from __future__ import annotations

import functools
import io
import os
import re
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autonas.errors import AutonasError, InputError
from autonas.quiet import quiet, quiet_tensorflow
from autonas.trials import replacing

if TYPE_CHECKING:
    import keras


def export(
    model: keras.Model,
    path: str | os.PathLike[str],
    device_model: Callable[[], keras.Model] | None = None,
    files: Mapping[str, str] | None = None,
) -> Path:
    """Writes a model in the format that the suffix says.

    What stood there is replaced in one step when the new file is complete; folders on the way are made.

    Args:
        model: A functional or sequential model.
        path: `.keras` is Keras's own format, `.tflite` LiteRT's (float32, built-in operations only), and a name without
            a suffix is a folder that becomes a SavedModel with the endpoint `serve`.
        device_model: Makes what is written as `.tflite`; None takes `model`.
        files: Texts by name that a `.tflite` carries.

    Returns:
        The path.

    Raises:
        InputError: If the suffix is another, or if something else than such a file or folder stands there.
        AutonasError: If the model cannot be expressed in the format.

    Example:

    >>> export(model, "digits.tflite")
    """
    path = Path(path)
    if path.suffix not in (".tflite", *_WRITERS):
        hint = "Use .keras, .tflite, or a name without a suffix for a SavedModel folder."
        raise InputError.of("path", "a name that ends in .keras or .tflite, or has no suffix", repr(str(path)), hint)
    quiet_tensorflow()
    if path.suffix == ".tflite":
        _write_tflite(device_model() if device_model else model, path, files or {})
    else:
        _WRITERS[path.suffix](model, path)
    return path


def to_tflite(model: keras.Model) -> bytes:
    """Converts a model to LiteRT's format: float32 and LiteRT's built-in operations only.

    The batch size stays open: `resize_tensor_input` sets another than one.

    Raises:
        AutonasError: If an operation of the model has no built-in counterpart. Names the operation.
    """
    quiet_tensorflow()
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder, quiet():
        # Keras's own export to LiteRT is not there before Keras 3.13, which Python 3.10 cannot have.
        _write_archive(model, Path(folder))
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serve"])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        try:
            return bytes(converter.convert())
        except (MemoryError, OSError):
            raise
        except Exception as error:  # The converter's own error is not public; anything that leaves it means the same.
            raise AutonasError(f"The model cannot be written as .tflite: {_reason(error)}.") from error


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
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _write_keras(model: keras.Model, path: Path) -> None:
    _refuse_folder(path)
    with replacing(path) as temporary:
        model.save(temporary)


def _write_tflite(model: keras.Model, path: Path, files: Mapping[str, str]) -> None:
    _refuse_folder(path)
    content = with_files(to_tflite(model), files)
    with replacing(path) as temporary:
        temporary.write_bytes(content)


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
    """Writes a SavedModel with random augmentation off; `model.export` would leave it on."""
    import keras

    inputs = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    call: Callable[..., Any] = functools.partial(model.__call__, training=False)
    if isinstance(inputs, Mapping) and not all(re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) for name in inputs):
        inputs, call = _renamed(inputs, call)
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", call, input_signature=[inputs])
    archive.write_out(str(folder), verbose=False)


def _renamed(inputs: Mapping[str, Any], call: Callable[..., Any]) -> tuple[dict[str, Any], Callable[..., Any]]:
    """A call whose arguments have names that a signature takes: `sold_year` for the column `sold:year`."""
    import keras

    names: dict[str, str] = {}
    for column in inputs:
        plain = re.sub(r"\W", "_", column, flags=re.ASCII)
        plain = plain if plain[:1].isalpha() else f"column_{plain}"
        tries = [plain, *(f"{plain}_{number}" for number in range(2, len(inputs) + 2))]
        names[column] = next(name for name in tries if name not in names.values())
    symbolic = {names[c]: keras.Input(t.shape[1:], dtype=t.dtype, name=names[c]) for c, t in inputs.items()}

    def renamed(given: Mapping[str, Any]) -> Any:
        return call({column: given[name] for column, name in names.items()})

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
