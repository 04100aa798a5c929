"""Overhead: the wall time of a search over the time of the same training steps in a bare `tf.function` loop.

    python benchmarks/overhead.py [--trials 8] [--epochs 5] [--rows 3000]

Both train the same candidates from the same seeds on 28x28 images, five epochs of 3,000 by default. The search does all
else that it does: build, read costs, validate after each epoch on a quarter more images, keep the best weights, record.
The bare loop builds a network, traces one step and runs it over batches that are in memory; it does nothing else. The two
take turns, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time

import keras
import numpy as np
import problems
import tensorflow as tf

from autonas import devices, loop, objectives, screens
from autonas.estimators.base import Budget, Data
from autonas.estimators.full import Full
from autonas.evaluation import Evaluation
from autonas.space import Candidate, seeded
from autonas.strategies.random import Random
from autonas.trial_store import TrialStore

BATCH_SIZE = 64


def bare_loop(candidate: Candidate, data: Data, epochs: int, seed: int) -> float:
    """Seconds of the same steps without any of the rest."""
    begun = time.monotonic()
    with seeded(seed):
        core = candidate.core()
        optimizer = candidate.optimizer(math.ceil(len(data) / BATCH_SIZE) * epochs)
    optimizer.build(core.trainable_variables)
    loss = keras.losses.get(data.head.loss())
    x, y = tf.constant(data.x), tf.constant(data.y)

    @tf.function
    def step(images: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(loss(targets, core(images, training=True)))
        optimizer.apply(tape.gradient(value, core.trainable_weights), core.trainable_weights)
        return value

    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(len(data) // BATCH_SIZE * BATCH_SIZE).reshape(-1, BATCH_SIZE)
        for rows in order:
            step(tf.gather(x, rows), tf.gather(y, rows))
    return time.monotonic() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rows", type=int, default=3_000)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    rows = round(options.rows / 0.8)
    y = np.arange(rows) % 10
    x = rng.integers(0, 200, (rows, 28, 28), dtype="uint8") + (y * 5).astype("uint8")[:, None, None]
    space, data, _, preprocessor = problems.prepare(x, y, seed=0)
    evaluation = Evaluation(
        space,
        data,
        Full(),
        Budget(options.epochs, BATCH_SIZE, monitor="val_accuracy", mode="max"),
        objectives.several("val_accuracy"),
        screens.on_costs({}),
        {},
        devices.get("host"),
        lambda core: keras.Sequential([preprocessor, core]),
        seed=0,
    )
    print(problems.machine())
    print(f"{len(data)} images, {options.epochs} epochs, batches of {BATCH_SIZE}")
    print("trial  family     search s  bare s  ratio")
    store, searched, bare = TrialStore(None), [], []
    points = space.starting_points()
    for number in range(options.trials + 1):
        begun = time.monotonic()
        loop.run(
            Random(), space.hyperparameters, evaluation, store, starting_points=points, max_trials=number + 1, seed=0
        )
        seconds = time.monotonic() - begun
        trial = store.trials[-1]
        alone = bare_loop(space.candidate(trial.values), data, options.epochs, seed=number)
        if number == 0:
            continue  # the first training of a process pays for the start of TensorFlow
        searched.append(seconds)
        bare.append(alone)
        print(
            f"{number:5d}  {trial.values['family']:9s} {seconds:9.2f} {alone:7.2f} {seconds / alone:6.2f}", flush=True
        )
    ratios = [one / other for one, other in zip(searched, bare, strict=True)]
    print(f"all    {'':9s} {sum(searched):9.2f} {sum(bare):7.2f} {sum(searched) / sum(bare):6.2f}")
    print(f"median of the ratios {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
