"""Counts the discs in an image.

    python examples/image_regression.py [folder]

The images are made. A quarter is held out; the search never sees it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

import autonas
from autonas import generators


def main(folder: Path, rows: int = 1_000, **options: Any) -> float:
    images, counts = generators.shapes(rows, seed=0)
    train, test, y_train, y_test = train_test_split(images, counts, test_size=0.25, random_state=0)

    task = autonas.ImageRegressor(
        directory=folder, project_name="discs", **{"max_time": "2m", "max_trials": 12, **options}
    )
    task.fit(train, y_train)
    answers = task.predict(test)
    print(f"\nHeld-out images: R2 {r2_score(y_test, answers):.4f}, {task.evaluate(test, y_test)}")
    return float(r2_score(y_test, answers))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
