"""Quality on every kind of data, beside what a practical user would take instead, in the same run.

    python benchmarks/quality.py [--data FOLDER] [--sets adult uci_har] [--seeds 0 1 2] [--max-time 3m] [--out FILE.json]
                                 [--screen zero_cost] [--strategy evolution]

FOLDER has one folder a data set: `train.csv` and `test.csv`, or `data.npz` with `x_train`, `y_train`, `x_test`, `y_test`.
Searches see the training part only; the test part is used once, at the end. Without `--data` it is what scikit-learn brings,
so that the file runs anywhere. MiniRocket needs `pip install aeon`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import problems

import autonas
from autonas import devices

Peer = Callable[[Any, np.ndarray, Any, np.ndarray], dict[str, float]]


@dataclasses.dataclass(frozen=True)
class DataSet:
    """One data set: the task it is for, the measure, and who the peers are."""

    task: str
    measure: str
    peers: tuple[str, ...]
    target: str = "target"
    dropped: tuple[str, ...] = ()
    minutes: float = 3.0


TABLE_PEERS = ("boosting", "linear")
SETS = {
    "adult": DataSet("TabularClassifier", "roc_auc", TABLE_PEERS),
    "bank_marketing": DataSet("TabularClassifier", "roc_auc", TABLE_PEERS, dropped=("duration",)),
    "german_credit": DataSet("TabularClassifier", "roc_auc", TABLE_PEERS),
    "abalone": DataSet("TabularRegressor", "rmse", TABLE_PEERS),
    "wine_quality": DataSet("TabularRegressor", "rmse", TABLE_PEERS),
    "bike_sharing": DataSet("TabularRegressor", "rmse", TABLE_PEERS),
    "rt_polarity": DataSet("TextClassifier", "accuracy", ("tfidf",), target="label"),
    "sms_spam": DataSet("TextClassifier", "accuracy", ("tfidf",), target="label"),
    "clear_readability": DataSet("TextRegressor", "r2", ("tfidf",)),
    "uci_har": DataSet("SequenceClassifier", "accuracy", ("boosting", "minirocket")),
    "indoor_movement": DataSet("SequenceClassifier", "accuracy", ("boosting", "minirocket")),
    "credit_default_seq": DataSet("SequenceClassifier", "average_precision", ("boosting",)),
    "dsb2018_count": DataSet("ImageRegressor", "r2", ("cnn",), minutes=5.0),
    "breastmnist": DataSet("ImageClassifier", "accuracy", ("cnn",), minutes=5.0),
    "fashion_mnist": DataSet("ImageClassifier", "accuracy", ("cnn",), minutes=5.0),
}
BUNDLED = {
    "breast_cancer": DataSet("TabularClassifier", "roc_auc", TABLE_PEERS),
    "diabetes": DataSet("TabularRegressor", "rmse", TABLE_PEERS),
    "digits": DataSet("ImageClassifier", "accuracy", ("cnn",)),
}


def read(folder: Path | None, name: str) -> tuple[Any, np.ndarray, Any, np.ndarray]:
    """Training examples and targets, test examples and targets."""
    if folder is None:
        return bundled(name)
    chosen = SETS[name]
    if (folder / name / "data.npz").exists():
        with np.load(folder / name / "data.npz") as arrays:
            z = dict(arrays)
        x_train, y_train = z["x_train"], z["y_train"]
        if "x_val" in z:
            x_train, y_train = np.concatenate([x_train, z["x_val"]]), np.concatenate([y_train, z["y_val"]])
        x_test = z["x_test"]
        if "len_train" in z:
            x_train = [steps[:n] for steps, n in zip(x_train, z["len_train"], strict=True)]
            x_test = [steps[:n] for steps, n in zip(x_test, z["len_test"], strict=True)]
        if "static_train" in z:
            x_train, x_test = (
                {
                    "steps": steps,
                    "length": np.full((len(steps), 1), steps.shape[1], "float32"),
                    "static_numbers": z[static],
                }
                for steps, static in ((x_train, "static_train"), (x_test, "static_test"))
            )
        return x_train, y_train, x_test, z["y_test"]
    text = chosen.task.startswith("Text")
    frames = [pd.read_csv(folder / name / f"{part}.csv", keep_default_na=not text) for part in ("train", "test")]
    parts: list[Any] = []
    for frame in frames:
        x = frame.drop(columns=[chosen.target, *chosen.dropped])
        parts += [x["text"].tolist() if text else x, frame[chosen.target].to_numpy()]
    return parts[0], parts[1], parts[2], parts[3]


def bundled(name: str) -> tuple[Any, np.ndarray, Any, np.ndarray]:
    """The same of a data set of scikit-learn: a fifth of it is the test part."""
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    whole = getattr(datasets, f"load_{name}")(as_frame=name != "digits")
    x = whole.images if name == "digits" else whole.data
    classes = None if BUNDLED[name].task.endswith("Regressor") else whole.target
    x, x_test, y, y_test = train_test_split(x, whole.target, test_size=0.2, stratify=classes, random_state=0)
    return x, np.asarray(y), x_test, np.asarray(y_test)


def measured(measure: str, y: np.ndarray, answers: np.ndarray, scores: np.ndarray | None) -> float:
    """The measure by scikit-learn; `scores` are those of the second class."""
    from sklearn import metrics

    if measure == "accuracy":
        return float(np.mean(answers == y))
    if measure == "rmse":
        return float(np.sqrt(np.mean((answers - y) ** 2)))
    if measure == "r2":
        return float(metrics.r2_score(y, answers))
    positive = y == np.unique(y)[1]
    return float(
        {"roc_auc": metrics.roc_auc_score, "average_precision": metrics.average_precision_score}[measure](
            positive, scores
        )
    )


def ours(
    name: str, x: Any, y: np.ndarray, x_test: Any, y_test: np.ndarray, seed: int, **arguments: Any
) -> dict[str, float]:
    """A search, and its winner on the test part."""
    chosen = (SETS | BUNDLED)[name]
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        options: dict[str, Any] = {
            **arguments,
            "seed": seed,
            "directory": folder,
            "project_name": name,
            "verbose": 0,
        }
        if chosen.measure in ("roc_auc", "average_precision"):
            options["objective"] = f"val_{chosen.measure}"
        task = getattr(autonas, chosen.task)(**options)
        task.fit(x, y)
        seconds = time.monotonic() - begun
        answers = task.predict(x_test)
        scores = task.predict_proba(x_test)[:, 1] if chosen.task.endswith("Classifier") else None
        content = task.export(Path(folder) / "model.tflite").path.read_bytes()
        print(task.report(), flush=True)
        return {
            "value": measured(chosen.measure, y_test, np.asarray(answers), scores),
            "seconds": seconds,
            "size_kb": len(content) / 1024,
            "latency_ms": devices.get("host").latency(content).median_ms,
        }


def boosting(task: str, x: Any, y: np.ndarray, x_test: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Histogram gradient boosting, on flattened sequences too."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    train, test = _flat(x, x_test)
    kind = HistGradientBoostingClassifier if task.endswith("Classifier") else HistGradientBoostingRegressor
    categorical = "from_dtype" if isinstance(train, pd.DataFrame) else None
    model = kind(random_state=0, categorical_features=categorical).fit(train, y)
    return _answers(model, test)


def linear(task: str, x: Any, y: np.ndarray, x_test: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Logistic or ridge regression on one-hot categories and scaled numbers."""
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, test = _flat(x, x_test)
    both = pd.get_dummies(pd.concat([train, test]), dtype=float).fillna(0)
    train, test = both.iloc[: len(train)], both.iloc[len(train) :]
    model = make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=1000) if task.endswith("Classifier") else RidgeCV()
    )
    return _answers(model.fit(train, y), test)


def tfidf(task: str, x: Any, y: np.ndarray, x_test: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Words and pairs of words, weighted, and a linear model."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LinearSVC() if task.endswith("Classifier") else Ridge()
    ).fit(x, y)
    return model.predict(x_test), None


def minirocket(task: str, x: Any, y: np.ndarray, x_test: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """MiniRocket and ridge, where aeon is installed."""
    from aeon.classification.convolution_based import MiniRocketClassifier

    longest = max(len(steps) for steps in [*x, *x_test])
    train, test = (np.moveaxis(_padded(part, longest), 1, 2) for part in (x, x_test))
    model = MiniRocketClassifier(random_state=0).fit(train, y)
    return model.predict(test), None


def cnn(task: str, x: Any, y: np.ndarray, x_test: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """A fixed small convolutional network, 20 epochs."""
    import keras

    keras.utils.set_random_seed(0)
    x, x_test = (np.asarray(part, "float32").reshape(*part.shape[:3], -1) / 255 for part in (x, x_test))
    classes = np.unique(y)
    classifier = task.endswith("Classifier")
    layers: list[Any] = [keras.Input(x.shape[1:])]
    for filters in (16, 32, 64):
        layers += [keras.layers.Conv2D(filters, 3, padding="same", activation="relu"), keras.layers.MaxPooling2D()]
    layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(64, activation="relu")]
    layers += [keras.layers.Dense(len(classes), activation="softmax") if classifier else keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    mean, scale = (0.0, 1.0) if classifier else (y.mean(), y.std())
    target = np.searchsorted(classes, y) if classifier else (y - mean) / scale
    model.compile("adam", "sparse_categorical_crossentropy" if classifier else "mse")
    model.fit(x, target, epochs=20, batch_size=32, verbose=0)
    outputs = model.predict(x_test, verbose=0)
    return (classes[outputs.argmax(-1)], None) if classifier else (outputs[:, 0] * scale + mean, None)


PEERS = {"boosting": boosting, "linear": linear, "tfidf": tfidf, "minirocket": minirocket, "cnn": cnn}


def _answers(model: Any, x: Any) -> tuple[np.ndarray, np.ndarray | None]:
    scores = model.predict_proba(x)[:, 1] if hasattr(model, "predict_proba") else None
    return model.predict(x), scores


def _flat(x: Any, x_test: Any) -> tuple[Any, Any]:
    """One row of numbers and categories for each example."""
    if isinstance(x, pd.DataFrame):
        both = pd.concat([x, x_test])
        for column in both.columns[both.dtypes.isin([np.dtype(object)]) | (both.dtypes == "str")]:
            dates = pd.to_datetime(both[column], errors="coerce", format="mixed")
            if dates.notna().mean() > 0.9:
                both = both.assign(
                    hour=dates.dt.hour, weekday=dates.dt.weekday, month=dates.dt.month, year=dates.dt.year
                )
                both = both.drop(columns=column)
            else:
                both[column] = both[column].astype("category")
        return both.iloc[: len(x)], both.iloc[len(x) :]
    if isinstance(x, dict):
        return tuple(
            np.concatenate([p["steps"].reshape(len(p["steps"]), -1), p["static_numbers"]], 1) for p in (x, x_test)
        )  # type: ignore[return-value]
    longest = max(len(steps) for steps in [*x, *x_test])
    flat = [_padded(part, longest).reshape(len(part), -1) for part in (x, x_test)]
    lengths = [np.array([[len(steps)] for steps in part]) for part in (x, x_test)]
    return np.concatenate([flat[0], lengths[0]], 1), np.concatenate([flat[1], lengths[1]], 1)


def _padded(x: Any, longest: int | None = None) -> np.ndarray:
    longest = longest or max(len(steps) for steps in x)
    padded = np.zeros((len(x), longest, np.shape(x[0])[-1]), "float32")
    for row, steps in zip(padded, x, strict=True):
        row[: len(steps)] = steps
    return padded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=None, help="folder with one folder for each data set")
    parser.add_argument("--sets", nargs="+", default=None, choices=[*SETS, *BUNDLED])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--max-time", default=None, help="of a search; three minutes, for images five")
    parser.add_argument("--screen", default=None, help="other than the default of the tasks")
    parser.add_argument("--strategy", default=None, help="other than the default of the tasks")
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    print(problems.machine())
    rows = []
    named = {name: getattr(options, name) for name in ("screen", "strategy") if getattr(options, name) is not None}
    for name in options.sets or (BUNDLED if options.data is None else SETS):
        chosen = (SETS | BUNDLED)[name]
        x, y, x_test, y_test = read(options.data, name)
        for peer in chosen.peers:
            begun = time.monotonic()
            try:
                answers, scores = PEERS[peer](chosen.task, x, y, x_test)
            except ImportError as error:
                print(f"{name}: {peer} is left out ({error})", flush=True)
                continue
            value = measured(chosen.measure, y_test, answers, scores)
            rows.append(
                {
                    "set": name,
                    "who": peer,
                    "measure": chosen.measure,
                    "value": value,
                    "seconds": time.monotonic() - begun,
                }
            )
            print(rows[-1], flush=True)
        for seed in options.seeds:
            max_time = options.max_time or 60 * chosen.minutes
            found = ours(name, x, y, x_test, y_test, seed, max_time=max_time, **named)
            rows.append({"set": name, "who": "autonas", "seed": seed, "measure": chosen.measure, **found})
            print(rows[-1], flush=True)
    if options.out is not None:
        options.out.write_text(json.dumps(rows, indent=1))
    table = (
        pd.DataFrame(rows)
        .groupby(["set", "measure", "who"], sort=False)
        .mean(numeric_only=True)
        .drop(columns="seed", errors="ignore")
    )
    print(table.round(4).to_string())


if __name__ == "__main__":
    main()
