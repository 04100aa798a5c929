"""What all tests share: a silent TensorFlow that leaves the other worker its core, and one small data set of images."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
if "PYTEST_XDIST_WORKER" in os.environ:  # Each worker would otherwise start a thread for every core.
    for _name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(_name, "1")

import numpy as np
import pytest


@pytest.fixture(scope="session")
def _all_digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return x.reshape(-1, 8, 8).astype("uint8"), y


@pytest.fixture
def digits(_all_digits: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """300 of scikit-learn's digits: uint8 images of the shape (300, 8, 8) and int labels 0 to 9, about 30 of each."""
    x, y = _all_digits
    return x[:300].copy(), y[:300].copy()


@pytest.fixture
def small_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives images one small network as their default space: the many of the real one take half a minute to trace.

    What is about the real one is `tests/test_default_spaces.py` and the example of image classification.
    """
    from autonas import blocks, default_spaces
    from autonas.testing.estimators import Shallow

    class Small(Shallow):
        def starting_points(self):
            return [{"conv_width": 16}]

    def space(images, rows):
        return blocks.Chain(blocks.OneOf("family", {"conv": Small(images.resolution, rows)}), blocks.ReductionBlock())

    monkeypatch.setitem(default_spaces.SPACES, "image", space)


@pytest.fixture(scope="session", autouse=True)
def _collected_once() -> None:
    """What TensorFlow's modules are made of is never garbage: half a second of each full collection."""
    import gc

    import tensorflow  # noqa: F401

    gc.collect()
    gc.freeze()
