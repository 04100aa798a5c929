"""Searches a classifier for handwritten digits, retrains it, and writes it in three formats.

    python examples/image_classification.py [folder]

The data is scikit-learn's: 1,797 images of 8x8 pixels. A fifth is held out; the search never sees it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import autonas


def main(folder: Path, rows: int = 1_797, **options: Any) -> float:
    x, y = load_digits(return_X_y=True)
    images, y = x[:rows].reshape(-1, 8, 8).astype("uint8"), y[:rows]
    x_train, x_test, y_train, y_test = train_test_split(images, y, test_size=0.2, stratify=y, random_state=0)

    clf = autonas.ImageClassifier(
        seed=0, directory=folder, project_name="digits", **{"max_time": "3m", "max_trials": 12, **options}
    )
    model = clf.fit(x_train, y_train)

    columns = ["trial", "status", "val_accuracy", "params", "seconds", "origin", "family"]
    print("\nLeaderboard\n", clf.leaderboard()[columns].to_string(index=False), sep="")

    result = clf.evaluate(x_test, y_test)
    print(f"\nHeld-out images: accuracy {result['accuracy']:.4f}, loss {result['loss']:.4f}")
    print("First ten:", clf.predict(x_test[:10]), "labelled", y_test[:10])

    expected = model.predict(x_test, verbose=0)
    for name, read in {
        "digits.keras": read_keras,
        "digits_saved_model": read_saved_model,
        "digits.tflite": read_tflite,
    }.items():
        path = clf.export(folder / name).path
        off = float(np.abs(read(path, x_test) - expected).max())
        print(f"{path}: {size(path) / 1024:.0f} KB, read back, predictions differ by at most {off:.1e}")
    return result["accuracy"]


def read_keras(path: Path, x: np.ndarray) -> np.ndarray:
    import keras

    return keras.saving.load_model(path).predict(x, verbose=0)


def read_saved_model(path: Path, x: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    return loaded.serve(x.astype("float32")).numpy()


def read_tflite(path: Path, x: np.ndarray) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path))
    (inputs,), (outputs,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(inputs["index"], x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(inputs["index"], x.astype("float32"))
    interpreter.invoke()
    return interpreter.get_tensor(outputs["index"])


def size(path: Path) -> int:
    return (
        sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) if path.is_dir() else path.stat().st_size
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(scratch))
