"""What quantisation costs: one search, its model exported in every precision, and each file on a test part.

With `--operations int8` the search is among networks that int8 kernels can run. The test part is used once, for all files.

    python benchmarks/export.py --data fashion_mnist --rows 6000 --max-time 3m
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import problems

import autonas
from autonas import devices
from autonas.errors import AutonasError

QUANTIZATIONS = (None, "float16", "dynamic", "int8", "full_int8")


def read(folder: Path, rows: int, test_rows: int) -> problems.Images:
    """The first rows of each part of an .npz, or of the `data.npz` in a folder."""
    images = problems.read(str(folder / "data.npz" if folder.is_dir() else folder))
    train, test = slice(rows), slice(test_rows)
    return problems.Images(images.x_train[train], images.y_train[train], images.x_test[test], images.y_test[test])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="an .npz with x_train, y_train, x_test and y_test, or a folder with data.npz",
    )
    parser.add_argument("--rows", type=int, default=6_000)
    parser.add_argument("--test-rows", type=int, default=10_000)
    parser.add_argument("--max-time", default="3m")
    parser.add_argument("--operations", choices=["int8"])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    images = read(options.data, options.rows, options.test_rows)
    print(problems.machine())
    with tempfile.TemporaryDirectory() as folder:
        clf = autonas.ImageClassifier(
            max_time=options.max_time, operations=options.operations, seed=options.seed, directory=folder, verbose=0
        )
        clf.fit(images.x_train, images.y_train)
        print(clf.report())
        print("file       before   after  same answers  largest difference  size_kb  latency_ms  in float")
        for quantize in QUANTIZATIONS:
            try:
                report = clf.export(Path(folder) / "model.tflite", quantize, data=(images.x_test, images.y_test))
            except AutonasError as error:
                print(f"{quantize}: {error}")
                continue
            latency = devices.get("host").latency(report.path.read_bytes()).median_ms
            before, after = report.metrics_before["accuracy"], report.metrics_after["accuracy"]
            left = " ".join(report.float_operations) or "-"
            print(
                f"{quantize or 'float32':9s} {before:7.4f} {after:7.4f} {report.agreement:13.4f} {report.difference:19.3g}"
                f" {report.size_kb:8.1f} {latency:11.3f}  {left}",
                flush=True,
            )


if __name__ == "__main__":
    main()
