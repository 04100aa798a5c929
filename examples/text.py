"""Tells good reviews from bad ones.

    python examples/text.py [folder]

The reviews are made, of short sentences with negations, so that single words do not tell all. A quarter is held out.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

import autonas
from autonas import generators


def main(folder: Path, rows: int = 1_000, **options: Any) -> float:
    texts, labels = generators.reviews(rows, seed=0)
    train, test, y_train, y_test = train_test_split(texts, labels, test_size=0.25, random_state=0)

    clf = autonas.TextClassifier(
        directory=folder, project_name="reviews", **{"max_time": "2m", "max_trials": 12, **options}
    )
    clf.fit(train, y_train)
    answers = clf.predict(test)
    print(f"\nHeld-out reviews: accuracy {np.mean(answers == y_test):.4f}")
    for text, answer in list(zip(test, answers, strict=True))[:3]:
        print(f"- {answer}: {text}")

    path = clf.export(folder / "reviews.tflite").path
    same = np.mean(autonas.lite.Model(path).predict(test) == answers)
    print(f"{path}: {path.stat().st_size / 1024:.0f} KB, answers {same:.1%} alike without TensorFlow")
    return float(np.mean(answers == y_test))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
