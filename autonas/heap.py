"""Memory that a training frees is kept for its next step.

TensorFlow takes and frees all intermediate results of a network at each step. With more than one thread the C library gives
that memory back to the system each time and takes it anew, which the system clears page by page: a quarter of the time of a
search, measured on two cores.
"""

from __future__ import annotations

import ctypes
import os

_SETTINGS = {
    -8: 1,
    -3: 2**25,
    -1: 2**29,
    -2: 2**26,
}  # M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_TOP_PAD of malloc.h
_MOST_CORES = 8  # of more, threads would wait for each other
_BY_THE_USER = ("MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD")


def keep_freed() -> bool:
    """Lets the C library keep up to half a gigabyte of freed memory, in one heap for all threads.

    What is larger than 32 MB at once, such as a data set, is given back as before. It is for the whole process, and for good;
    it takes effect if TensorFlow has not started its threads yet.

    Returns:
        Whether it is done: not where the C library is none of GNU's, on more than eight cores, or where the user has chosen
        settings or another allocator in the environment.

    References:
    - [mallopt(3)](https://man7.org/linux/man-pages/man3/mallopt.3.html)
    """
    if (os.cpu_count() or 1) > _MOST_CORES or any(name.startswith(_BY_THE_USER) for name in os.environ):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # macOS, musl, Windows
        return False
    done = [mallopt(setting, value) for setting, value in _SETTINGS.items()]
    return all(done)
