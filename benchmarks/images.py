"""Quality: what a search of ten minutes is worth on images, beside the best human design trained the same way.

    python benchmarks/images.py [--data FILE.npz] [--seeds 0 1 2] [--max-time 10m] [--out FILE.json]

For each seed: a search, the best starting point of that search trained from scratch on all the data for as many epochs as
the winner, and a second search that may take half the winner's latency. The test part is used once, at the end.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
import problems

import autonas
from autonas import devices
from autonas.estimators.base import Budget
from autonas.export import export
from autonas.training import train
from autonas.trial_store import TrialStore
from autonas.trials import STARTING_POINT, completed


def search(images: problems.Images, seed: int, max_time: str, folder: Path, limits: dict[str, float]) -> dict:
    """One search: its winner on the test part, and what it costs."""
    begun = time.monotonic()
    clf = autonas.ImageClassifier(
        max_time=max_time, seed=seed, limits=limits, directory=folder, project_name=f"half-{bool(limits)}", verbose=0
    )
    clf.fit(images.x_train, images.y_train)
    seconds = time.monotonic() - begun
    accuracy = clf.evaluate(images.x_test, images.y_test)["accuracy"]
    print(clf.report(), flush=True)
    return {"accuracy": accuracy, **costs(clf.export(folder / "model.tflite").path), "seconds": seconds}


def costs(path: Path) -> dict[str, float]:
    """Latency and size of a .tflite."""
    content = path.read_bytes()
    return {"latency_ms": devices.get("host").latency(content).median_ms, "size_kb": len(content) / 1024}


def human_design(images: problems.Images, seed: int, project: Path) -> dict:
    """The best starting point of a search, trained as its winner was: from scratch, on all the data, as many epochs."""
    trials = [t for t in TrialStore(project / "trials").trials if t.origin == STARTING_POINT]
    epochs = json.loads((project / "project.json").read_text())["finished"]["epochs"]
    space, _, everything, preprocessor = problems.prepare(images.x_train, images.y_train, seed)
    begun = time.monotonic()
    candidate = space.candidate(completed(trials)[0].values)
    core = train(candidate, everything, Budget(epochs=epochs, batch_size=64), seed).model
    seconds = time.monotonic() - begun
    model = keras.Sequential([preprocessor, core])
    classes = np.unique(images.y_train)
    answers = classes[model.predict(images.x_test, verbose=0).argmax(-1)]
    accuracy = float((answers == images.y_test).mean())
    return {"accuracy": accuracy, **costs(export(model, project / "human.tflite")), "seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--max-time", default="10m")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    images = problems.read(options.data)
    print(problems.machine())
    print("seed  what              accuracy  latency_ms  size_kb  seconds")
    rows = []
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as folder:
            winner = search(images, seed, options.max_time, Path(folder), {})
            human = human_design(images, seed, Path(folder) / "half-False")
            half = search(images, seed, options.max_time, Path(folder), {"latency_ms": winner["latency_ms"] / 2})
        for what, result in (("winner", winner), ("best human design", human), ("half the latency", half)):
            rows.append({"seed": seed, "what": what, **result})
            print(
                f"{seed:4d}  {what:17s} {result['accuracy']:8.4f} {result['latency_ms']:11.3f} {result['size_kb']:8.0f}"
                f" {result['seconds']:8.0f}",
                flush=True,
            )
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
