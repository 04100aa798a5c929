"""Data forms beside arrays: files with a target column, frames with one, folders of images, and columns of image paths."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"}
TABLES = (".csv", ".tsv", ".parquet")
LONGEST_SIDE = 256


def is_path(x: Any) -> bool:
    """Whether this names a file or a folder."""
    return isinstance(x, (str, os.PathLike))


def given(x: Any, y: Any, target: Any) -> tuple[Any, Any]:
    """Examples and targets of what `fit` and `evaluate` got; what brings no file and no target stays as it is.

    Raises:
        InputError: If targets come twice, or cannot be read.
    """
    folder = is_path(x) and Path(x).is_dir()
    if target is None and not is_path(x):
        return x, y
    if y is not None:
        source = "a folder of images" if folder else "target"
        raise InputError.of("y", f"left out with {source}", f"a {type(y).__name__}")
    return read(x, target)


def read(x: Any, target: Any, name: str = "x") -> tuple[Any, Any]:
    """Turns a path, or a frame with a target among its columns, into examples and targets.

    Args:
        x: The path of a `.csv`, `.tsv` or `.parquet` file (also with `.gz` behind it), of a folder of images with a folder
            for each class, or a frame.
        target: The column, or a list of columns, that is the target; None with a folder of images.
        name: How the user knows `x`, for the error.

    Returns:
        The examples without the target, and the target.

    Raises:
        InputError: If there is no such file or column, or the file cannot be read.

    Example:

    >>> frame, left = read("customers.csv", "left")
    """
    if not is_path(x):
        return split_target(x, target, name)
    path = Path(x)
    if path.is_dir():
        if target is not None:
            raise InputError.of(
                "target", "left out with a folder of images", repr(target), "Its folders are the classes."
            )
        return image_folder(path, name)
    if target is None:
        raise InputError.of("target", f"the name of a column of {str(path)!r}", None)
    return split_target(table(path, name), target, name)


def table(path: Path, name: str = "x") -> pd.DataFrame:
    """Reads a file of rows and columns.

    Raises:
        InputError: If it is missing, empty, of another kind, or does not parse.
    """
    import pandas as pd

    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = next((suffix for suffix in reversed(suffixes) if suffix in TABLES), None)
    if kind is None:
        raise InputError.of(name, f"a file that ends in one of {list(TABLES)}, or a folder of images", repr(str(path)))
    try:
        if kind == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, sep="\t" if kind == ".tsv" else ",", low_memory=False)
    except ImportError as error:
        raise InputError.of(
            name, "a file that can be read here", repr(str(path)), "pip install autonas[parquet]"
        ) from error
    except (OSError, ValueError) as error:  # pandas: what does not parse is a ValueError
        raise InputError.of(name, "a table that can be read", f"{str(path)!r} ({error})") from error


def split_target(frame: Any, target: Any, name: str = "x") -> tuple[Any, Any]:
    """Takes the target out of a frame.

    Raises:
        InputError: If it is no frame, or has no such column. Near names are suggested.
    """
    columns = [target] if isinstance(target, str) else list(target or [])
    if not (hasattr(frame, "columns") and hasattr(frame, "drop")):
        raise InputError.of("target", "left out unless x is a frame or a file", repr(target), "Pass targets as y.")
    for column in columns:
        if column not in frame.columns:
            near = difflib.get_close_matches(str(column), map(str, frame.columns), n=1)
            hint = f"Did you mean {near[0]!r}?" if near else ""
            raise InputError.of(
                "target", f"one of the columns {list(frame.columns)[:20]} of {name}", repr(column), hint
            )
    y = frame[target] if isinstance(target, str) else frame[columns]
    return frame.drop(columns=columns), y


def image_folder(path: Path, name: str = "x") -> tuple[np.ndarray, np.ndarray]:
    """Reads a folder with one folder of images for each class.

    Images of different sizes are brought to the median one (at most 256 pixels a side; the aspect ratio is not kept). They
    are grey if all of them are.

    Returns:
        uint8 images, (n, height, width) or (n, height, width, 3), and their classes, (n,), in the order of the names.

    Raises:
        InputError: If there are no images, or some cannot be decoded: they are named.
    """
    files = [
        (file, folder.name)
        for folder in sorted(path.iterdir())
        if folder.is_dir() and not folder.name.startswith(".")
        for file in sorted(folder.iterdir())
        if file.suffix.lower() in IMAGES and not file.name.startswith(".")
    ]
    if not files:
        raise InputError.of(name, "a folder with one folder of images for each class", f"no images in {str(path)!r}")
    return image_files([file for file, _ in files], name), np.array([label for _, label in files])


def are_paths(x: Any) -> bool:
    """Whether these are paths of files: a list, an array or a column of them."""
    if isinstance(x, (list, tuple)) or (hasattr(x, "dtype") and getattr(x, "ndim", 0) == 1):
        return len(x) > 0 and all(is_path(path) for path in x)
    return False


def image_files(paths: Iterable[Any], name: str = "x", shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Reads image files, as `image_folder` does.

    Args:
        paths: Of the files: a list, an array or a column of a frame.
        name: How the user knows them, for the error.
        shape: Of the images that are wanted: (height, width) for grey ones, (height, width, 3); None chooses.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise InputError.of(
            name, "arrays, unless Pillow is installed", "paths of images", "pip install autonas[images]"
        ) from error
    paths = [Path(path) for path in paths]
    _refuse([path for path in paths if not path.is_file()], paths, name, "files that exist")
    sizes, modes, broken = [], [], []
    for path in paths:
        try:
            with Image.open(path) as image:
                sizes.append((image.height, image.width))
                modes.append(image.mode)
        except OSError:
            broken.append(path)
    _refuse(broken, paths, name, "images that can be decoded")
    if shape is None:
        sides = [min(LONGEST_SIDE, int(side)) for side in np.median(np.array(sizes), axis=0)]
        shape = (*sides, *([] if set(modes) <= {"1", "L", "LA", "I;16", "I"} else [3]))
    height, width, mode = shape[0], shape[1], "RGB" if shape[2:] == (3,) else "L"
    result = np.empty((len(paths), *shape), "uint8")
    for number, path in enumerate(paths):
        try:
            with Image.open(path) as image:
                result[number] = np.reshape(image.convert(mode).resize((width, height), Image.Resampling.BOX), shape)
        except OSError:
            broken.append(path)
    _refuse(broken, paths, name, "images that can be decoded")
    return result


def _refuse(wrong: Sequence[Path], paths: Sequence[Path], name: str, expected: str) -> None:
    if wrong:
        shown = ", ".join(str(path) for path in wrong[:3]) + (", ..." if len(wrong) > 3 else "")
        raise InputError.of(name, expected, f"{len(wrong)} of {len(paths)} that are none: {shown}")
