"""Finds compromised cards in a log of transactions, and explains the trade between alerts and what they find.

    python examples/fraud_detection.py [folder]

The log is made: cards with habits of their own, some of which are misused from a day on. One example is one card: its
events in the order of time, and what stands beside them. Cards of the test part are never seen by the search.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

import autonas
from autonas import generators, thresholds
from autonas.errors import InputError

AIMS: list[Any] = ["f1", {"max_fpr": 0.01}, {"max_fpr": 0.05}, {"min_recall": 0.8}]


def main(folder: Path, cards: int = 3_000, **options: Any) -> float:
    events = generators.card_transactions(cards=cards, seed=0, fraud=0.05)
    labels = events.groupby("card", sort=False)["compromised"].first()
    _, held_out = train_test_split(labels.index, test_size=0.25, stratify=labels, random_state=0)
    test = events[events["card"].isin(held_out)]
    train = events[~events["card"].isin(held_out)]

    clf = autonas.SequenceClassifier(
        sequence_id="card",
        order_by="time",
        directory=folder,
        project_name="cards",
        **{"max_time": "3m", "max_trials": 12, "threshold": {"max_fpr": 0.02}, **options},
    )
    clf.fit(train, target="compromised")

    truth = test.groupby("card", sort=False)["compromised"].first().to_numpy()
    new = test.drop(columns="compromised")
    scores = clf.predict_proba(new)[:, 1]
    alerts = clf.predict(new) == 1
    print(f"\n{len(truth)} cards that the search never saw, {truth.sum()} of them compromised:")
    print(f"{alerts.sum()} alerts at {clf.threshold.value:.3g}, {(alerts & (truth == 1)).sum()} of them right.")
    print("\nWhat other aims would mean on these cards:")
    for aim in AIMS:
        try:
            print(f"- {aim}: {thresholds.choose(truth, scores, aim).describe().splitlines()[0]}")
        except InputError as error:
            print(f"- {aim}: out of reach. {error}")
    print(
        "\nA lower threshold finds more misuse and costs more false alerts; which is right depends on what each costs you."
    )

    path = clf.export(folder / "cards.tflite").path
    same = np.mean(autonas.lite.Model(path).predict(new) == clf.predict(new))
    print(f"{path}: {path.stat().st_size / 1024:.0f} KB, answers {same:.1%} of the cards alike without TensorFlow")
    return clf.evaluate(test)["average_precision"]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
