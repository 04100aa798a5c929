"""Image files, decoded and brought to one size."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autonas.errors import InputError
from autonas.reading import folder_files, is_path, refuse

LONGEST_SIDE, SHORTEST_SIDE = 256, 8
# Modes of Pillow without colour; those with an I hold 16 bits, whatever they could hold.
_DEEP = {"I", "I;16", "I;16L", "I;16B"}
_GREY = {"1", "L", "LA", *_DEEP}
_FEW_BITS = 2**14  # values of 16 bits below it, as those of a camera of 12 bits, leave less than 6 of the higher 8
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def image_folder(path: Path, name: str = "x", shape: tuple[int, ...] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Reads a folder with one folder of images for each class: what `folder_files` finds, as `image_files` decodes it.

    Returns:
        uint8 images, (n, height, width) or (n, height, width, channels), and their classes, (n,).

    Raises:
        InputError: As those two raise it.
    """
    files, classes = folder_files(path, name)
    return image_files(files, name, shape), classes


def image_files(
    paths: Iterable[Any], name: str = "x", shape: tuple[int, ...] | None = None, root: Any = None
) -> np.ndarray:
    """Reads image files, and brings them to one size.

    That is the median height and width, made smaller to at most 256 pixels on the longer side; the aspect ratio of single
    images is not kept. They are grey if all of them are. Of 16 bits the higher 8 are kept; transparency, rotation marks and
    all frames but the first are left out. Sizes are read from the headers, so that images are decoded into the result one
    by one.

    Args:
        paths: Of the files: a list, an array or a column of a frame, or a frame of one column.
        name: How the user knows them, for the error.
        shape: Of the images that are wanted: (height, width) for grey ones, or (height, width, channels); None chooses.
        root: The folder at which relative paths start; None means the working folder.

    Returns:
        uint8, (n, *shape).

    Raises:
        InputError: If there are none, files are missing, or some cannot be decoded: the first are named, all are counted.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise InputError.of(
            name, "arrays, unless Pillow is installed", "paths of images", "pip install autonas[images]"
        ) from error
    unreadable = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)
    given = list(paths.iloc[:, 0] if hasattr(paths, "iloc") and hasattr(paths, "columns") else paths)
    if not given:
        raise InputError.of(name, "at least one path of an image", "none")
    refuse([path for path in given if not is_path(path)], given, name, "paths of images")
    files = [Path(root or "", path) for path in given]
    hint = "" if root else "Relative paths start at the working folder."
    refuse([file for file in files if not os.path.isfile(file)], files, name, "files that exist", hint)
    sizes, grey, real, broken = [], [], [], []
    for file in files:
        try:
            with Image.open(file) as image:
                sizes.append(image.size[::-1])
                grey.append(_is_grey(image))
                if image.mode == "F":
                    real.append(file)
        except unreadable:
            broken.append(file)
    refuse(broken, files, name, "images that can be decoded")
    refuse(real, files, name, "images of 8 or 16 bits", "Load images of real numbers into an array.")
    chooses = shape is None
    if shape is None:
        shape = (*_common_size(sizes), *(() if all(grey) else (3,)))
    size, mode = (shape[1], shape[0]), _MODES[shape[2] if shape[2:] else 1]
    result = np.empty((len(files), *shape), "uint8")
    highest: list[int] = []  # in each image of 16 bits
    for number, file in enumerate(files):
        try:
            with Image.open(file) as image:
                image.draft(None, (2 * size[0], 2 * size[1]))  # a large JPEG need not be decoded in full
                eight = image
                if image.mode in _DEEP:
                    deep = np.asarray(image)
                    highest.append(int(deep.max()))
                    eight = Image.fromarray(_high_bits(deep))
                result[number] = np.asarray(eight.convert(mode).resize(size, Image.Resampling.BILINEAR)).reshape(shape)
        except unreadable:
            broken.append(file)
    refuse(broken, files, name, "images that can be decoded")
    if chooses and highest and max(highest) < _FEW_BITS:
        warnings.warn(
            f"{name} has images of 16 bits whose values go to {max(highest)} only. Of 16 bits the higher 8 are kept, which "
            f"leaves {(max(highest) >> 8) + 1} shades of grey. Load such images into an array, or write them with all 16 bits.",
            stacklevel=2,
        )
    return result


def _common_size(sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The median height and width, scaled to what a network may need."""
    height, width = (float(side) for side in np.median(np.array(sizes), axis=0))
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    return _scaled(height, scale), _scaled(width, scale)


def _scaled(side: float, scale: float) -> int:
    return max(min(int(side), SHORTEST_SIDE), int(side * scale))


def _is_grey(image: Any) -> bool:
    if image.mode == "P":
        palette = np.array(image.getpalette()).reshape(-1, 3)
        return bool((palette == palette[:, :1]).all())
    return image.mode in _GREY


def _high_bits(deep: np.ndarray) -> np.ndarray:
    """The higher 8 of 16 bits, for Pillow cuts off all that is above 255."""
    return (np.clip(deep, 0, 2**16 - 1) >> 8).astype(np.uint8)
