"""The one training that estimators and the full trainings at the end share: Keras's `fit`, and the callbacks around it."""

from __future__ import annotations

import dataclasses
import gc
import math
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autonas import checkpoint, frozen, graph, qualities
from autonas import data as data_module
from autonas.errors import TrialError
from autonas.gradients import graphs_forgotten
from autonas.learning_curves import chance_to_beat
from autonas.streams import Stream

if TYPE_CHECKING:
    import keras
    import numpy as np

    from autonas.estimators.base import Budget, Data
    from autonas.space import Candidate

AT_ONCE = 16  # steps that are run without a return to Python, at most
OPERATIONS = 2e9  # of these steps together, at most: a deadline is looked at between them
LARGE = 2**26  # bytes of examples from which on the memory of the training before is wanted back at once
WORTHWHILE = 500  # steps of a training from which on it saves more than it takes to trace
SEEN, HOPE = 0.5, 0.01  # share of the epochs before a training may be called hopeless, and the chance below which it is
_PLAIN = "plain_loss"
_STOPPING = ("best", "best_epoch", "wait")


@dataclasses.dataclass
class Training:
    """A training that has ended.

    Attributes:
        model: The core, with the weights of its best epoch.
        metrics: Of the best epoch, by Keras's names. The loss among them is the head's plain one, whatever the candidate
            was trained with, so that candidates can be compared by it.
        best_epoch: From 1.
        epochs: How many were trained.
        timings: `"startup_seconds"` until the first batch has ended, `"step_seconds"` of one batch after that (median).
        in_time: Whether it ended by itself and not by the deadline.
        hopeless: Whether it was stopped because it had next to no chance to get to `Budget.beat`.
    """

    model: keras.Model
    metrics: dict[str, float]
    best_epoch: int
    epochs: int
    timings: dict[str, float]
    in_time: bool
    hopeless: bool = False


def train(candidate: Candidate, data: Data, budget: Budget, seed: int) -> Training:
    """Trains a candidate, from scratch or from a checkpoint.

    From a checkpoint of the same candidate, data and seed it goes on as if it had not stopped: the same weights, optimiser,
    order of the examples, random layers, learning rate and best epoch. (Of a `Stream`, the order is the same if the dataset
    gives its examples in the same order.)

    Args:
        candidate: What to train.
        data: What to train on, and what to find the best epoch with.
        budget: For how long, and towards what.
        seed: Of the weights, of dropout and augmentation, and of the order of the examples.

    Raises:
        TrialError: If the loss or a metric becomes NaN or infinite, with where it happened.
    """
    from autonas.space import seeded

    kept = None if budget.checkpoint is None else checkpoint.read(budget.checkpoint)
    running = _Epoch()
    watch = _watch(budget.deadline, running)
    whole, data = math.ceil(len(data) / budget.batch_size) * budget.epochs, data.part(budget.data)
    with seeded(seed):
        core = candidate.core(data_module.shapes(data.x))
        optimizer = candidate.optimizer(whole)
    trained, part = _without_fixed(core, data)
    at_once = _at_once(trained, part, budget)
    _compile(trained, optimizer, candidate.loss(), part, budget, at_once)
    variables = [*core.variables, *optimizer.variables]
    if kept is not None:
        for variable, value in zip(variables, kept.variables, strict=True):
            variable.assign(value)
    stop = _best_epoch(budget, has_validation=data.validation is not None, kept=kept)
    left = _left(variables)
    first, done = (0, 0) if kept is None else (kept.epochs, kept.steps)
    steps = math.ceil(len(data) / budget.batch_size)
    more = round((budget.stop_after * whole - done) / steps)
    if kept is not None and (kept.ended or more < 1):
        trained.set_weights(kept.best or trained.get_weights())
        return _training(core, kept.history, budget, data, kept.timings, True)
    hopeless = _hopeless(budget, data, first + max(1, more), kept)
    if not isinstance(part.x, Stream) and sum(leaf.nbytes for leaf in data_module.leaves(part.x)) > LARGE:
        gc.collect()  # networks and datasets are in cycles
    with graphs_forgotten():
        told = trained.fit(
            data_module.dataset(part.x, part.y, part.weights, budget.batch_size, seed, lambda: running.number - 1),
            validation_data=part.validation and data_module.dataset(*part.validation, batch_size=4 * budget.batch_size),
            initial_epoch=first,
            epochs=first + max(1, more),
            callbacks=[watch, *exact(part, budget), left, *stop, *hopeless, *budget.callbacks],
            shuffle=False,
            verbose=0,
        ).history
    history = {name: [*(kept.history[name] if kept else []), *map(float, values)] for name, values in told.items()}
    if budget.checkpoint is not None and watch.in_time:
        done += (len(history["loss"]) - first) * steps
        best, stopping = _stopping(stop)
        reached = checkpoint.Checkpoint(left.values, best, history, done, stopping, watch.timings(), left.ended)
        reached.write(budget.checkpoint)
    training = _training(core, history, budget, data, watch.timings(), watch.in_time)
    return dataclasses.replace(training, hopeless=any(callback.stopped for callback in hopeless))


def _without_fixed(core: keras.Model, data: Data) -> tuple[keras.Model, Data]:
    """What is left to train of a network, and the features to train it on; both as they are where that saves nothing."""
    split = None if isinstance(data.x, Stream) else frozen.apart(core)
    rows = len(data) + (data_module.length(data.validation[0]) if data.validation else 0)
    if split is None or not split.fits(rows):
        return core, data
    validation = data.validation and (split.features(data.validation[0]), *data.validation[1:])
    return split.rest, dataclasses.replace(data, x=split.features(data.x), validation=validation)


def _at_once(core: keras.Model, data: Data, budget: Budget) -> int:
    """How many steps are run at once: Python takes as long between two of them as a small network for both.

    One, where someone looks at each, and where it would not pay: the loop over steps takes half a second more to trace.
    """
    steps = math.ceil(len(data) / budget.batch_size)
    if steps * budget.epochs * budget.stop_after < WORTHWHILE or any(map(_looks_at_batches, budget.callbacks)):
        return 1
    of_a_step = 3 * budget.batch_size * graph.read(core).flops  # backwards takes twice as many
    return max(1, min(AT_ONCE, steps // 2, int(OPERATIONS / max(1.0, of_a_step))))


def _looks_at_batches(callback: Any) -> bool:
    """Whether a callback is there for each batch; it would be told of some of them only."""
    import keras

    names = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
    own = [getattr(getattr(callback, name), "__func__", None) for name in names]
    plain = [getattr(keras.callbacks.Callback, name) for name in names]
    return own != plain and not getattr(callback, "counts_steps", False)


def _compile(core: keras.Model, optimizer: Any, loss: Any, data: Data, budget: Budget, at_once: int = 1) -> None:
    """Compiles, and makes the variables of optimiser and metrics now: made during the first step, they trace it twice."""
    import keras

    metric = budget.monitor.removeprefix("val_")
    metrics = data.head.metrics(None if metric == "loss" else metric)
    plain = data.head.loss()
    beside = None if loss == plain else [_loss_metric(plain)]
    core.compile(
        optimizer, loss, metrics=metrics, weighted_metrics=beside, jit_compile=False, steps_per_execution=at_once
    )
    optimizer.build(core.trainable_variables)
    target = data_module.mapped(lambda part: keras.ops.convert_to_tensor(part[:1]), data.y)
    output = data_module.mapped(lambda tensor: keras.ops.zeros((1, *tensor.shape[1:])), core.output)
    core.compute_loss(None, target, output)
    core.compute_metrics(None, target, output)
    core.reset_metrics()


def _loss_metric(loss: Any) -> keras.metrics.Metric:
    """A metric that goes by a loss, to be read by `_with_plain_loss`."""
    import keras

    of_each = keras.losses.get(loss)
    return keras.metrics.MeanMetricWrapper(getattr(of_each, "call", of_each), name=_PLAIN)


def _with_plain_loss(history: Mapping[str, list[Any]], data: Data) -> dict[str, list[Any]]:
    """The history with the head's plain loss in the place of another, of which candidates could not be compared."""
    told = dict(history)
    for prefix, weights in (("", data.weights), ("val_", data.validation and data.validation[2])):
        if prefix + _PLAIN in told:
            # Keras divides a metric by the sum of the weights, and a loss by their number
            factor = 1.0 if weights is None else float(weights.mean())
            told[f"{prefix}loss"] = [factor * value for value in told.pop(prefix + _PLAIN)]
    return told


def exact(data: Data, budget: Budget) -> list[Any]:
    """A callback for an objective that Keras cannot sum up batch by batch; none for others.

    Raises:
        InputError: If the part to judge on is not of both classes.
    """
    name = budget.monitor.removeprefix("val_")
    if data.validation is None or not qualities.is_known(qualities.of_output(name, data.validation[1])[1]):
        return []
    return [qualities.exact_callback([name], *data.validation)]


def _best_epoch(budget: Budget, has_validation: bool, kept: checkpoint.Checkpoint | None) -> list[Any]:
    """A callback that stops without progress and gives back the best epoch's weights; it goes on from a checkpoint."""
    import keras

    if not has_validation:
        return []

    class Stopping(keras.callbacks.EarlyStopping):
        def on_train_begin(self, logs: Any = None) -> None:
            super().on_train_begin(logs)
            if kept is not None:
                self.best_weights = kept.best
                self.best, self.best_epoch, self.wait = (kept.stopping[name] for name in _STOPPING)

    patience = budget.epochs if budget.patience is None else budget.patience
    return [Stopping(budget.monitor, mode=budget.mode, patience=patience, restore_best_weights=True)]


def _hopeless(budget: Budget, data: Data, epochs: int, kept: checkpoint.Checkpoint | None) -> list[Any]:
    """A callback that ends a training which has next to no chance to beat the best one, from half of its epochs on."""
    import keras

    if budget.beat is None or data.validation is None:
        return []
    sign, name = 1 if budget.mode == "max" else -1, budget.monitor
    best = sign * budget.beat

    class Hopeless(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.stopped = False
            self.curve = [self.in_units(value) for value in kept.history[name]] if kept else []

        def in_units(self, value: float) -> float:
            return sign * data.head.in_units({name: float(value)})[name]

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.curve.append(self.in_units(logs[name]))
            if SEEN * epochs <= len(self.curve) < epochs and chance_to_beat(self.curve, best, epochs) < HOPE:
                self.stopped = self.model.stop_training = True

    return [Hopeless()]


def _stopping(stop: list[Any]) -> tuple[list[np.ndarray], dict[str, Any]]:
    """The best weights, and what else `_best_epoch` has to know to go on."""
    if not stop or stop[0].best_weights is None:
        return [], dict.fromkeys(_STOPPING)
    return stop[0].best_weights, {name: float(getattr(stop[0], name)) for name in _STOPPING}


def _left(variables: Sequence[Any]) -> Any:
    """A callback that takes down the variables as the last epoch left them, before the best epoch's weights come back."""
    import keras

    class Left(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.values: list[np.ndarray] = []
            self.ended = False

        def on_train_end(self, logs: Any = None) -> None:
            self.values = [variable.numpy() for variable in variables]
            self.ended = bool(self.model.stop_training)

    return Left()


@dataclasses.dataclass
class _Epoch:
    """Which epoch it is, from 1.

    It leads to nothing else: TensorFlow keeps for good what draws the order of the examples and all that it refers to, which
    must not be the network.
    """

    number: int = 0


def _watch(deadline: float | None, running: _Epoch) -> Any:
    """A callback that stops at the deadline, fails at a loss that is not finite, and times the steps."""
    import keras

    class Watch(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.in_time = True
            self.made = self._begun = time.monotonic()
            self._first = 0
            self.startup = 0.0
            self.steps: list[float] = []

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            running.number = epoch + 1

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self._begun, self._first = time.monotonic(), batch

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            loss = float(logs["loss"])
            now = time.monotonic()
            self.steps.append((now - self._begun) / (batch - self._first + 1))
            self.startup = self.startup or now - self.made
            if not math.isfinite(loss):
                raise TrialError(f"The training diverged: the loss became {loss} in epoch {running.number}.")
            if deadline is not None and now > deadline:
                self.in_time = False
                self.model.stop_training = True

        def timings(self) -> dict[str, float]:
            steps = sorted(self.steps[1:] or self.steps)
            return {"startup_seconds": self.startup, "step_seconds": steps[len(steps) // 2]}

    return Watch()


def _training(
    core: keras.Model, told: dict[str, list[Any]], budget: Budget, data: Data, timings: dict[str, float], in_time: bool
) -> Training:
    history = _with_plain_loss(told, data)
    monitored = history.get(budget.monitor)
    epochs = len(history["loss"])
    best = epochs - 1
    if monitored:
        order = [-float(v) if budget.mode == "max" else float(v) for v in monitored]
        best = min(range(len(order)), key=lambda i: (not math.isfinite(order[i]), order[i]))
    metrics = {name: float(values[min(best, len(values) - 1)]) for name, values in history.items()}
    wrong = {name: value for name, value in metrics.items() if not math.isfinite(value)}
    if wrong:
        raise TrialError(f"The training diverged: {wrong} in epoch {best + 1}.")
    return Training(core, data.head.in_units(metrics), best + 1, epochs, timings, in_time)
