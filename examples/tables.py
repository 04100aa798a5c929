"""Predicts prices of houses from a table with numbers, categories, a date and gaps.

    python examples/tables.py [folder]

The table is made. A quarter of the rows is held out; the search never sees it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

import autonas
from autonas import generators


def main(folder: Path, rows: int = 2_000, **options: Any) -> float:
    frame, prices = generators.houses(rows, seed=0)
    train, test, y_train, y_test = train_test_split(frame, prices, test_size=0.25, random_state=0)

    task = autonas.TabularRegressor(
        directory=folder, project_name="houses", **{"max_time": "2m", "max_trials": 12, **options}
    )
    task.fit(train.assign(price=y_train), target="price")  # or the path of a .csv or .parquet file
    print("Types of the columns:", task.input.types)

    answers = task.predict(test)
    print(f"\nHeld-out houses: R2 {r2_score(y_test, answers):.4f}, {task.evaluate(test, y_test)}")
    shuffled = test[test.columns[::-1]].assign(colour="red")
    print("Columns in another order, and one more:", np.array_equal(task.predict(shuffled), answers))

    path = task.export(folder / "houses.tflite").path
    off = np.abs(autonas.lite.Model(path).predict(test) - answers).max()
    print(f"{path}: {path.stat().st_size / 1024:.0f} KB, differs by at most {off:.2g} without TensorFlow")
    return float(r2_score(y_test, answers))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
