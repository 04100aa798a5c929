"""What the benchmarks share: data from a file, the parts of a task put together by hand, and the machine in words."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import platform
from pathlib import Path

import keras
import numpy as np

from autonas import preparation
from autonas.default_spaces import image_space
from autonas.estimators.base import Data
from autonas.heads.classification import ClassificationHead
from autonas.inputs.image import ImageInput
from autonas.space import SearchSpace

PACKAGES = ("autonas", "tensorflow", "keras", "keras-tuner", "numpy", "ai-edge-litert")


@dataclasses.dataclass
class Images:
    """Images with a part that no search sees."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def read(file: str | None) -> Images:
    """Reads an .npz with x_train, y_train, x_test and y_test; without a file, scikit-learn's digits."""
    if file is not None:
        with np.load(file) as arrays:
            return Images(*(arrays[name] for name in ("x_train", "y_train", "x_test", "y_test")))
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, stratify=y, random_state=0)
    return Images(x_train.reshape(-1, 8, 8), y_train, x_test.reshape(-1, 8, 8), y_test)


def prepare(x: np.ndarray, y: np.ndarray, seed: int) -> tuple[SearchSpace, Data, Data, keras.Model]:
    """The default image space on this data, the data of a search, all of it, and the preprocessor."""
    images, head = ImageInput(), ClassificationHead()
    given = preparation.check(
        images,
        head,
        x,
        y,
        validation_split=0.2,
        validation_data=None,
        class_weight=None,
        sample_weight=None,
        seed=seed,
    )
    preprocessor = images.preprocessor()
    data, everything = preparation.prepare(given, images, head, preprocessor, None, seed)
    return SearchSpace(image_space(images, len(data)), head, images.shape), data, everything, preprocessor


def machine() -> str:
    """This machine and the versions, in a line."""
    info = Path("/proc/cpuinfo")
    models = (
        [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        if info.exists()
        else []
    )
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    processor = models[0] if models else platform.processor()
    return f"{len(models) or '?'} cores, {processor}; Python {platform.python_version()}, {versions}"
