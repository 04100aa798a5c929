"""Images: what arrays are accepted, the statistics and the size learned from them, and the Keras model that applies both.

The preprocessor is made of operations that LiteRT has built in, so a picture is scaled down by average pooling (a whole
factor, which keeps it free of aliasing) and bilinear resizing for the rest: Keras's anti-aliased resizing does not convert.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autonas import decoding, reading
from autonas.errors import InputError, NotFittedError
from autonas.inputs.base import Input

if TYPE_CHECKING:
    from pathlib import Path

    import keras

SMALLEST_SIDE = 8
SMALLEST_REDUCED_SIDE = 4
LONGEST_SIDE = 128
# Squares of larger values overflow float32, and with them the variance.
LARGEST_VALUE = 1e18
_CHUNK_BYTES = 2**25


class ImageInput(Input):
    """Grey or colour images of one size, with or without a channel axis.

    Args:
        resolution: The longest side that a network gets, in pixels; larger images are scaled down, keeping their aspect
            ratio (no side falls under 8). None means 128.

    Attributes:
        shape: Of one preprocessed image, (height, width, channels); known after `fit`.

    Example:

    >>> images = ImageInput()
    >>> x = images.check(np.zeros((10, 28, 28), "uint8"))
    >>> images.fit(x)
    >>> images.shape, images.resolution
    ((28, 28, 1), 28)
    """

    runs_on_device: ClassVar[bool] = True
    light = False

    def __init__(self, resolution: int | None = None) -> None:
        whole = isinstance(resolution, (int, np.integer)) and not isinstance(resolution, bool)
        if resolution is not None and not (whole and resolution >= SMALLEST_SIDE):
            raise InputError.of("resolution", f"a whole number of pixels from {SMALLEST_SIDE} up", repr(resolution))
        self._longest = LONGEST_SIDE if resolution is None else int(resolution)
        self._bytes = False  # whether training images were uint8, as those in files are
        self._given: tuple[int, ...] | None = None
        self._mean: list[float] = []
        self._variance: list[float] = []

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of one preprocessed image: (height, width, channels)."""
        height, width, channels = self._with_channels()
        scale = min(1.0, self._longest / max(height, width))
        return _scaled(height, scale, SMALLEST_SIDE), _scaled(width, scale, SMALLEST_SIDE), channels

    @property
    def resolution(self) -> int:
        """The shorter side of a preprocessed image, in pixels: what limits how often a network can halve it."""
        return min(self.shape[:2])

    def check(self, x: Any, name: str = "x") -> np.ndarray:
        """Returns images as an array of shape (n, height, width) or (n, height, width, channels).

        Args:
            x: Anything that NumPy reads as an array of numbers of rank 3 (grey, without channels) or 4 (1 to 4 channels,
                last), each side 8 pixels or more; or the paths of image files, which are brought to one size; or a frame
                with one column of such paths, whose other columns are left out.
            name: How the user knows it, for the error.

        Returns:
            uint8 stays uint8, all else becomes float32. After `fit`, a channel axis is added or left out as it was there.

        Raises:
            InputError: If there is nothing, the rank, type, size or channels do not fit, or values are not finite.
        """
        if _is_frame(x):
            x = reading.image_column(x, name)
        if reading.are_paths(x):
            if self._given is not None and not self._bytes:
                hint = "Read the files as the training images were read."
                raise InputError.of(
                    name, "arrays of floats, as in training", "paths of files, whose pixels are bytes", hint
                )
            x = decoding.image_files(x, name, self._given)
        images = _numbers(x, name)
        _check_shape(images, name)
        if images.dtype != np.uint8:
            images = _to_float32(images, name)
        return images if self._given is None else self._as_fitted(images, name)

    def in_folder(self, x: Any, folder: Path) -> Any:
        """Returns the paths in a frame, relative ones from that folder on."""
        if not _is_frame(x):
            return x
        return [folder / path if reading.is_path(path) else path for path in reading.image_column(x)]

    def fit(self, x: np.ndarray) -> None:
        """Learns the size of the images, and the mean and variance of each channel over all pixels."""
        self._given = tuple(x.shape[1:])
        self._bytes = x.dtype == np.uint8
        channels = self._with_channels()[2]
        count = x.size // channels
        total = sum((c.reshape(-1, channels).sum(0, dtype=np.float64) for c in _chunks(x)), np.zeros(channels))
        mean = total / count
        squares = (np.square(c.reshape(-1, channels) - mean).sum(0) for c in _chunks(x))
        variance = sum(squares, np.zeros(channels)) / count
        # By a spread of nothing, a later image that differs in that channel would be scaled to millions.
        constant = variance <= np.square(1e-6 * np.maximum(np.abs(mean), 1e-6))
        self._mean = mean.tolist()
        self._variance = np.where(constant, 1.0, variance).tolist()

    def preprocessor(self) -> keras.Model:
        """Returns the model from float32 images, shaped as the user's, to normalised images of `shape`."""
        import keras

        height, width, channels = self._with_channels()
        target = self.shape[:2]
        inputs = keras.Input(self._given, dtype="float32", name="image")
        x: Any = inputs
        if len(inputs.shape) == 3:
            x = keras.layers.Reshape((height, width, channels), name="channels")(x)
        pool = (height // target[0], width // target[1])
        if pool != (1, 1):
            x = keras.layers.AveragePooling2D(pool, data_format="channels_last", name="average")(x)
        if tuple(x.shape[1:3]) != target:
            x = keras.layers.Resizing(*target, data_format="channels_last", name="resize")(x)
        x = keras.layers.Normalization(mean=self._mean, variance=self._variance, name="normalize")(x)
        return keras.Model(inputs, x, name="preprocessor")

    def reduce(self, x: np.ndarray, factor: float) -> np.ndarray:
        """Lowers the resolution by averaging areas.

        Args:
            x: Preprocessed images, (n, height, width, channels).
            factor: In (0, 1]; 1 returns `x` itself. No side falls under 4 pixels.

        Returns:
            float32 of shape (n, round(height * factor), round(width * factor), channels).
        """
        if not 0 < factor <= 1:
            raise InputError.of("factor", "in (0, 1]", factor)
        height, width = (_scaled(side, factor, SMALLEST_REDUCED_SIDE) for side in x.shape[1:3])
        if (height, width) == x.shape[1:3]:
            return x
        rows, columns = _area_weights(x.shape[1], height), _area_weights(x.shape[2], width)
        result = np.empty((len(x), height, width, x.shape[3]), np.float32)
        start = 0
        for chunk in _chunks(x):
            narrow = np.einsum("nhwc,jw->nhjc", chunk, columns, optimize=True)
            result[start : start + len(chunk)] = np.einsum("nhjc,ih->nijc", narrow, rows, optimize=True)
            start += len(chunk)
        return result

    def files(self) -> dict[str, list[list[Any]]]:
        """`scaling.json` has the mean and variance of each channel, which the model in the file applies itself."""
        return {"scaling.json": [["mean"], ["variance"]]}

    def get_config(self) -> dict[str, Any]:
        """What JSON has to keep: the settings and what `fit` learned."""
        return {
            "resolution": self._longest,
            "given": None if self._given is None else list(self._given),
            "bytes": self._bytes,
            "mean": self._mean,
            "variance": self._variance,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ImageInput:
        """The inverse of `get_config`."""
        images = cls(config["resolution"])
        images._bytes = config["bytes"]
        images._given = None if config["given"] is None else tuple(config["given"])
        images._mean, images._variance = list(config["mean"]), list(config["variance"])
        return images

    def _with_channels(self) -> tuple[int, int, int]:
        if self._given is None:
            raise NotFittedError("The size of the images is not known yet: call `fit` first.")
        height, width, channels = self._given if len(self._given) == 3 else (*self._given, 1)
        return height, width, channels

    def _as_fitted(self, images: np.ndarray, name: str) -> np.ndarray:
        height, width, *channels = images.shape[1:]
        if (height, width, *(channels or [1])) != self._with_channels():
            raise InputError.of(name, f"images of shape {self._given}, as in training", f"shape {images.shape[1:]}")
        return images.reshape(len(images), *(self._given or ()))


def _is_frame(x: Any) -> bool:
    return hasattr(x, "columns") and hasattr(x, "iloc")


def _scaled(side: int, scale: float, smallest: int) -> int:
    return max(min(side, smallest), round(side * scale))


def _chunks(x: np.ndarray) -> Iterator[np.ndarray]:
    """Slices of whole images, small enough that a float64 copy of one costs nothing beside the data."""
    step = max(1, _CHUNK_BYTES // max(1, 8 * int(np.prod(x.shape[1:]))))
    return (x[start : start + step] for start in range(0, len(x), step))


def _area_weights(size: int, target: int) -> np.ndarray:
    """The (target, size) matrix that averages what each of the target's cells covers."""
    edges = np.linspace(0, size, target + 1)
    pixels = np.arange(size)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.clip(covered, 0, None) * target / size).astype(np.float32)


def _numbers(x: Any, name: str) -> np.ndarray:
    try:
        images = np.asarray(x)
    except ValueError as error:
        hint = "Bring all images to one size first."
        raise InputError.of(name, "images of one size", f"a ragged {type(x).__name__}", hint) from error
    if images.dtype.kind in "biuf":
        return images
    hint = "Load image files into arrays first." if images.dtype.kind in "OSU" else ""
    what = f"a {type(x).__name__}" if images.ndim == 0 else f"dtype {images.dtype}"
    raise InputError.of(name, "an array of real numbers", what, hint)


def _check_shape(images: np.ndarray, name: str) -> None:
    shape = f"shape {images.shape}"
    if images.ndim not in (3, 4):
        hint = "A single image is passed as x[None]." if images.ndim == 2 else ""
        raise InputError.of(name, "of rank 3 (n, height, width) or 4 (n, height, width, channels)", shape, hint)
    if images.size == 0:
        raise InputError.of(name, "at least one image", shape)
    if images.ndim == 4 and not 1 <= images.shape[3] <= 4:
        hint = "Channels come last: np.moveaxis(x, 1, -1)." if images.shape[1] in (1, 3) else ""
        raise InputError.of(name, "images with 1 to 4 channels in the last axis", shape, hint)
    if min(images.shape[1:3]) < SMALLEST_SIDE:
        colour = images.ndim == 3 and images.shape[2] in (3, 4)
        hint = "A single colour image is passed as x[None]." if colour else ""
        raise InputError.of(name, f"images of at least {SMALLEST_SIDE}x{SMALLEST_SIDE} pixels", shape, hint)


def _to_float32(images: np.ndarray, name: str) -> np.ndarray:
    """Converts, and rejects values that statistics and a network cannot take."""
    bad = [~np.isfinite(c).all(axis=tuple(range(1, c.ndim))) for c in _chunks(images)]
    _reject(np.concatenate(bad), name, "finite numbers", "NaN or infinity")
    bad = [(np.abs(c.astype(np.float64)) > LARGEST_VALUE).any(axis=tuple(range(1, c.ndim))) for c in _chunks(images)]
    _reject(np.concatenate(bad), name, f"numbers of at most {LARGEST_VALUE:g} in size", "larger values")
    return images.astype(np.float32, copy=False)


def _reject(bad: np.ndarray, name: str, expected: str, what: str) -> None:
    if bad.any():
        first = int(np.argmax(bad))
        raise InputError.of(
            name, expected, f"{what} in {int(bad.sum())} of {len(bad)} images, first in {name}[{first}]"
        )
