"""Data forms beside arrays: files with a target column, frames with one, folders of images, and columns of image paths."""

from __future__ import annotations

import difflib
import os
import warnings
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from autonas.inputs.base import Input

IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"}
SEPARATORS = {".csv": ",", ".csv.gz": ",", ".tsv": "\t", ".tsv.gz": "\t"}
TABLES = (*SEPARATORS, ".parquet")


def is_path(x: Any) -> bool:
    """Whether this names a file or a folder."""
    return isinstance(x, (str, os.PathLike))


def is_table(x: Any) -> bool:
    """Whether this names a table: what is no folder, or a folder of Parquet files."""
    return is_path(x) and not _is_folder_of_images(_path(x))


def _path(x: Any) -> Path:
    return Path(os.path.expanduser(x))


def _is_folder_of_images(path: Path) -> bool:
    return os.path.isdir(path) and path.suffix.lower() != ".parquet" and not any(path.glob("*.parquet"))


def columns_of(x: Any) -> list[str] | None:
    """The names of the columns of a frame; None of anything else, or if they are no texts."""
    names = list(x.columns) if hasattr(x, "columns") and hasattr(x, "iloc") else []
    return names if names and all(isinstance(name, str) for name in names) else None


def examples(input: Input, x: Any, target: Any = None, name: str = "x") -> Any:
    """What `predict` got, as the input's `check` takes it: a path is read, and columns that `fit` did not see are left out.

    Args:
        input: Fitted.
        x: Examples, or the path of a file as `read` takes it, or of a folder, see `files_in`.
        target: The column, or a list of columns, that is left out too, if it is there.
        name: How the user knows `x`, for the error.

    Raises:
        InputError: If there is no such file, or it cannot be read.
    """
    if is_path(x) or (target is not None and hasattr(x, "columns")):
        x = beside(input, x, unlabelled(x, target, name))
    return seen(input, x)


def seen(input: Input, x: Any) -> Any:
    """A frame without the columns that the one of `fit` did not have; anything else as it is."""
    names = columns_of(x)
    known = [name for name in names if name in (input.columns or ())] if names else []
    return x[known] if names and known else x


def beside(input: Input, x: Any, examples: Any) -> Any:
    """Examples that came out of `x`; if that was a file, paths in it start where it lies."""
    return input.in_folder(examples, _path(x).parent) if is_table(x) else examples


def given(x: Any, y: Any, target: Any, name: str = "x") -> tuple[Any, Any]:
    """Examples and targets of what `fit` and `evaluate` got; what brings no file and no target stays as it is.

    Raises:
        InputError: If targets come twice, or cannot be read.
    """
    folder = is_path(x) and _is_folder_of_images(_path(x))
    if isinstance(y, str):
        # in a frame of events it could be found, but as a feature too
        raise InputError.of("y", "one target for each example", repr(y), f"A column is named by target={y!r}.")
    if target is None and not is_path(x):
        return x, y
    if y is not None:
        source = "a folder of images" if folder else "target"
        raise InputError.of("y", f"left out with {source}", f"a {type(y).__name__}")
    return read(x, target, name)


def read(x: Any, target: Any, name: str = "x") -> tuple[Any, Any]:
    """Turns a path, or a frame with a target among its columns, into examples and targets.

    Args:
        x: The path of a `.csv`, `.csv.gz`, `.tsv`, `.tsv.gz` or `.parquet` file, of a folder of images with a folder for
            each class, or a frame.
        target: The column, or a list of columns, that is the target; None with a folder of images.
        name: How the user knows `x`, for the error.

    Returns:
        The examples without the target, and the target. The examples of a folder are the paths of its images: they are
        decoded where it is known which size is wanted.

    Raises:
        InputError: If there is no such file or column, or the file cannot be read.

    Example:

    >>> frame, left = read("customers.csv", "left")
    """
    if not is_path(x):
        return split_target(x, target, name)
    path = _path(x)
    if _is_folder_of_images(path):
        if target is not None:
            raise InputError.of(
                "target", "left out with a folder of images", repr(target), "Its folders are the classes."
            )
        return folder_files(path, name)
    if target is None and os.path.exists(path):
        raise InputError.of("target", f"the name of a column of {str(path)!r}", None)
    return split_target(table(path, name), target, name)


def unlabelled(x: Any, target: Any = None, name: str = "x") -> Any:
    """Turns a path, or a frame, into examples; targets that come with them are left out.

    Args:
        x: The path of a file as `read` takes it, or of a folder, see `files_in`; or a frame.
        target: The column, or a list of columns, that is the target, if there is one.
        name: How the user knows `x`, for the error.

    Raises:
        InputError: If there is no such file, or it cannot be read.
    """
    if is_path(x):
        path = _path(x)
        if _is_folder_of_images(path):
            return files_in(path, name)
        there = os.path.exists(path)
        if not there or path.suffix.lower() in IMAGES:
            expected = "a table or a folder, or examples" if there else "a file or a folder that exists, or examples"
            raise InputError.of(name, expected, repr(str(x)), f"One example is passed as [{str(x)!r}].")
        x = table(path, name)
    columns = list(target) if isinstance(target, Iterable) and not isinstance(target, str) else [target]
    return x.drop(columns=[column for column in columns if column in list(x.columns)])


def table(path: Path, name: str = "x") -> pd.DataFrame:
    """Reads a file of rows and columns.

    Raises:
        InputError: If it is missing, empty, of another kind, or does not parse.
    """
    import pandas as pd

    if not os.path.exists(path):
        raise InputError.of(name, "a file or a folder that exists", repr(str(path)))
    kind = next(
        (suffix for suffix in TABLES if path.name.lower().endswith(suffix)), ".parquet" if os.path.isdir(path) else None
    )
    if kind is None:
        raise InputError.of(name, f"a file that ends in one of {list(TABLES)}, or a folder of images", repr(str(path)))
    try:
        frame = pd.read_parquet(path) if kind == ".parquet" else _separated(path, SEPARATORS[kind], name)
    except ImportError as error:
        raise InputError.of(
            name, "a file that can be read here", repr(str(path)), "pip install autonas[parquet]"
        ) from error
    except pd.errors.ParserWarning as error:
        got = f"{str(path)!r}, whose rows have more fields than its first line"
        raise InputError.of(name, "a table with a name for each column in its first line", got) from error
    except InputError:  # a ValueError too
        raise
    except (OSError, EOFError, zlib.error, ValueError, KeyError, NotImplementedError) as error:
        # pandas: what does not parse is a ValueError, damaged metadata of Parquet a KeyError
        hint = "A frame is taken too, if you read the file yourself."
        raise InputError.of(name, "a table that can be read", f"{str(path)!r} ({str(error).strip()})", hint) from error
    if not len(frame):
        raise InputError.of(name, "a table with rows", f"{str(path)!r}, which has none")
    return frame


def _separated(path: Path, separator: str, name: str) -> pd.DataFrame:
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # that it drops the fields for which there is no name
        # Without index_col, pandas takes the first of too many fields for an index, and every value moves by a column.
        frame = pd.read_csv(path, sep=separator, low_memory=False, index_col=False)
    if frame.columns[0] == "Unnamed: 0" and len(frame.columns) > 1:
        frame = frame.iloc[:, 1:]  # names of rows, such as an index: as a feature, their order may give the target away
    other = next((sign for sign in ";\t|," if sign != separator and sign in str(frame.columns[0])), None)
    if len(frame.columns) == 1 and other:
        got = f"{str(path)!r} with the one column {frame.columns[0]!r}"
        hint = f"pandas.read_csv(path, sep={other!r}) makes a frame of it, which is taken too."
        raise InputError.of(name, f"a table whose columns are separated by {separator!r}", got, hint)
    return frame


def split_target(frame: Any, target: Any, name: str = "x") -> tuple[Any, Any]:
    """Takes the target out of a frame.

    Args:
        frame: Stays as it is.
        target: The name of a column, or a list of them.
        name: How the user knows the frame, for the error.

    Returns:
        The other columns; and the target, a series, or a frame where a list was given.

    Raises:
        InputError: If it is no frame, has no such column (near names are suggested) or several, or no other column.
    """
    several = isinstance(target, Iterable) and not isinstance(target, str)
    columns = list(target) if several else [target]
    if not (hasattr(frame, "columns") and hasattr(frame, "drop")):
        raise InputError.of("target", "left out unless x is a frame or a file", repr(target), "Pass targets as y.")
    known = list(frame.columns)
    if not columns:
        raise InputError.of("target", f"one or more of the columns {known[:20]} of {name}", repr(target))
    for column in columns:
        if column not in known:
            near = difflib.get_close_matches(str(column), map(str, known), n=1)
            hint = f"Did you mean {near[0]!r}?" if near else ""
            if isinstance(target, tuple) and target in known:
                hint = f"A column of several levels is passed as [{target!r}]."
            raise InputError.of("target", f"one of the columns {known[:20]} of {name}", repr(column), hint)
        if known.count(column) > 1 or columns.count(column) > 1:
            raise InputError.of("target", "columns that come once", f"{column!r}, which comes twice")
    rest = frame.drop(columns=columns)
    if not len(rest.columns):
        raise InputError.of("target", f"some of the columns of {name}", f"all of them, {known[:20]}")
    return rest, frame[columns if several else columns[0]]


def folder_files(path: Path, name: str = "x") -> tuple[list[Path], np.ndarray]:
    """Finds the images in a folder with one folder for each class.

    Hidden files and folders, what has no suffix of an image, and what lies beside the folders or deeper is left out.

    Returns:
        The images in the order of their names, class by class, and their classes, (n,), the names of the folders.

    Raises:
        InputError: If there are no folders, or one of them holds no images.
    """
    folders = [folder for folder in sorted(path.iterdir()) if folder.is_dir() and not folder.name.startswith(".")]
    images = {folder: sorted(_images_of(folder)) for folder in folders}
    empty = [folder for folder in folders if not images[folder]] if folders else [path]
    if empty:
        hint = f"Images end in one of {sorted(IMAGES)}."
        got = f"no images in {first(empty)}"
        raise InputError.of(name, "a folder with one folder of images for each class", got, hint)
    files = [file for folder in folders for file in images[folder]]
    return files, np.array([file.parent.name for file in files])


def _images_of(folder: Path) -> list[Path]:
    """The images that lie in a folder itself, without hidden ones."""
    return [
        file
        for file in folder.iterdir()
        if file.suffix.lower() in IMAGES and not file.name.startswith(".") and file.is_file()
    ]


def files_in(path: Path, name: str = "x") -> list[Path]:
    """Finds the images in a folder and in its folders, whatever these are called; hidden ones and deeper ones are left out.

    Returns:
        Their paths, sorted.

    Raises:
        InputError: If there are none.

    Example:

    >>> for path, answer in zip(files_in(Path("new")), clf.predict("new")):
    ...     print(path, answer)
    """
    inner = [folder for folder in path.iterdir() if folder.is_dir() and not folder.name.startswith(".")]
    files = sorted(file for folder in (path, *inner) for file in _images_of(folder))
    if not files:
        hint = f"Images end in one of {sorted(IMAGES)}."
        raise InputError.of(name, "a folder of images, or of folders of images", f"no images in {path}", hint)
    return files


def image_column(frame: Any, name: str = "x") -> Any:
    """Finds the column of a frame that holds paths of images: the only one of which most values end as images do.

    In a frame of one column, that is the one. Other columns are left out.

    Raises:
        InputError: If there is none, or there are several.
    """
    known = list(frame.columns)
    found = [number for number in range(len(known)) if _names_images(frame.iloc[:, number])]
    if len(known) == 1 and are_paths(frame):
        found = [0]
    if len(found) != 1:
        got = f"{len(found)}: {[known[number] for number in found]}" if found else f"none among {known[:20]}"
        hint = "Pass the column itself: frame['path']."
        raise InputError.of(name, "a frame with one column of paths of images", got, hint)
    return frame.iloc[:, found[0]]


def _names_images(column: Any) -> bool:
    if column.dtype.kind in "biufcmM":
        return False
    return sum(is_path(path) and Path(path).suffix.lower() in IMAGES for path in column) > len(column) / 2


def are_paths(x: Any) -> bool:
    """Whether these are paths of files: a list, an array or a column of them, or a frame of one column."""
    if hasattr(x, "columns") and hasattr(x, "iloc"):
        return len(x.columns) == 1 and are_paths(x.iloc[:, 0])
    if isinstance(x, (list, tuple)) or (hasattr(x, "dtype") and getattr(x, "ndim", 0) == 1):
        return any(is_path(path) for path in x)
    return False


def first(paths: Sequence[Any]) -> str:
    """Names some paths, for an error."""
    return ", ".join(str(path) for path in paths[:3]) + (", ..." if len(paths) > 3 else "")


def refuse(wrong: Sequence[Any], paths: Sequence[Any], name: str, expected: str, hint: str = "") -> None:
    """Raises an InputError that names the first and counts all, if there are paths that are wrong."""
    if wrong:
        raise InputError.of(name, expected, f"{len(wrong)} of {len(paths)} that are none: {first(wrong)}", hint)
