"""Arrays in memory that TensorFlow shares instead of copying."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

ALIGNED = 64  # bytes: TensorFlow shares an array that begins at a multiple of it, and any other would end the process
LARGE = 2**20  # bytes of an array from which on it is shared; smaller ones are copied, which takes no time


def aligned(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array without values that `tensor` can share."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.empty(size + ALIGNED, np.uint8)
    first = -memory.ctypes.data % ALIGNED
    return memory[first : first + size].view(dtype).reshape(shape)


def tensor(part: Any) -> tf.Tensor:
    """The array as a tensor, which shares its memory where it can: TensorFlow would hold a copy of twice the size."""
    import tensorflow as tf

    flags = part.flags if isinstance(part, np.ndarray) and part.dtype.kind in "iuf" else None
    if (
        flags is None
        or part.nbytes < LARGE
        or part.ctypes.data % ALIGNED
        or not (flags.c_contiguous and flags.writeable)
    ):
        return tf.constant(part)
    return tf.experimental.dlpack.from_dlpack(part.__dlpack__())
