"""Predicts two targets from a picture and a table at once.

    python examples/several_inputs.py [folder]

Houses with a picture and facts, made; the price, and whether it is above the median. A quarter is held out.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import autonas
from autonas import generators


def main(folder: Path, rows: int = 800, **options: Any) -> float:
    x, prices = generators.homes_with_pictures(rows, seed=0)
    y = {"price": prices, "dear": np.where(prices > np.median(prices), "yes", "no")}
    n = rows * 3 // 4
    train, test = ({"picture": x["picture"][part], "facts": x["facts"][part]} for part in (slice(n), slice(n, None)))

    task = autonas.AutoModel(
        {"picture": "image", "facts": "table"},
        {"price": "regression", "dear": "classification"},
        directory=folder,
        project_name="homes",
        **{"max_time": "2m", "max_trials": 10, **options},
    )
    task.fit(train, {name: values[:n] for name, values in y.items()})
    answers = task.predict(test)
    right = float(np.mean(answers["dear"] == y["dear"][n:]))
    print(f"\nHeld-out homes: {task.evaluate(test, {name: values[n:] for name, values in y.items()})}")
    print(
        f"Dear or not: {right:.1%} right; first prices {answers['price'][:3].round()}, truth {prices[n : n + 3].round()}"
    )
    return right


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
