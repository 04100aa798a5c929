"""From a device to a file that runs on it: digits, recognised with int8 alone, by NumPy and LiteRT.

    python examples/edge_deployment.py [folder] [raspberrypi4.json]

The search sees accuracy and latency at once, stays among networks that int8 kernels can run and under a limit on the size. One
of its front is chosen, trained in full and exported; the export says what quantisation costs. The profile of a device
(`python -m autonas.devices.profile --out raspberrypi4.json`, there) takes the place of this machine. A quarter of the images
is held out; the search never sees it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import autonas


def main(folder: Path, device: Any = "host", rows: int = 1_797, epochs: int | None = None, **options: Any) -> float:
    x, y = load_digits(return_X_y=True)
    images = x.reshape(-1, 8, 8).astype("uint8")[:rows]
    train, test, y_train, y_test = train_test_split(images, y[:rows], test_size=0.25, stratify=y[:rows], random_state=0)

    clf = autonas.ImageClassifier(
        objective=["val_accuracy", "latency_ms"],
        limits={"size_int8_kb": 150},
        operations="int8",
        device=device,
        directory=folder,
        project_name="edge",
        **{"max_time": "4m", "max_trials": 15, **options},
    )
    clf.fit(train, y_train, epochs=epochs)
    front = clf.pareto_front()
    print(front[["trial", "values", "val_accuracy", "latency_ms"]].to_string(index=False))

    clf.select(latency_ms=1.2 * float(front["latency_ms"].median()))  # the most accurate within a bound of yours
    clf.model_code(folder / "network.py")  # its architecture, to be read and changed
    for quantize in (None, "full_int8"):
        report = clf.export(folder / f"digits_{quantize or 'float32'}.tflite", quantize, data=(test, y_test))
        print(f"Held-out digits. {report.summary()}")

    # on the device: this line needs numpy and ai-edge-litert, and takes raw images
    answers = autonas.lite.Model(folder / "digits_full_int8.tflite").predict(test)
    return float((answers == y_test).mean())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]), *sys.argv[2:3])
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
