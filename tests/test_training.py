import dataclasses
import gc
import time
import weakref

import keras
import numpy as np
import pytest

from autonas import checkpoint, stopwatch, training
from autonas.blocks import AugmentationBlock, Chain, ReductionBlock
from autonas.errors import TrialError
from autonas.estimators.base import Budget, Data, evaluate
from autonas.heads.classification import ClassificationHead
from autonas.inputs.image import ImageInput
from autonas.space import SearchSpace
from autonas.testing.estimators import Shallow
from autonas.training import train


def prepared(n=64, loss=None):
    """Dark images of class 0 and bright ones of class 1: learned in an epoch or two."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    x = (rng.normal(size=(n, 8, 8, 1)) + 2 * y[:, None, None, None]).astype("float32")
    head, images = ClassificationHead(loss), ImageInput()
    head.fit(y)
    images.fit(x)
    targets = head.encode(y)
    data = Data(x, targets, None, (x[:32], targets[:32], None), y, images, head)
    space = SearchSpace(Chain(Shallow(8, n), ReductionBlock()), head, (8, 8, 1))
    return space.candidate(space.complete({"conv_depth": 1, "conv_width": 8})), data


@pytest.fixture(scope="module")
def parts():
    return prepared()


BUDGET = Budget(epochs=3, batch_size=16, monitor="val_accuracy", mode="max")


def test_a_training_learns_and_reports_plain_floats(parts):
    training = train(*parts, dataclasses.replace(BUDGET, epochs=8), seed=0)
    assert training.metrics["accuracy"] > 0.7
    assert set(training.metrics) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert all(type(value) is float for value in training.metrics.values())
    assert training.epochs == 8
    assert 1 <= training.best_epoch <= 8
    assert training.in_time
    assert set(training.timings) == {"startup_seconds", "step_seconds"}


def test_the_model_has_the_weights_of_its_best_epoch(parts):
    training = train(*parts, BUDGET, seed=0)
    _, data = parts
    result = training.model.evaluate(*data.validation[:2], verbose=0, return_dict=True)
    assert result["accuracy"] == pytest.approx(training.metrics["val_accuracy"])


def test_equal_seeds_train_equally_and_others_do_not(parts):
    weights = [train(*parts, BUDGET, seed=seed).model.get_weights() for seed in (0, 0, 1)]
    for one, same in zip(weights[0], weights[1], strict=True):
        np.testing.assert_array_equal(one, same)
    assert any(not np.array_equal(one, other) for one, other in zip(weights[0], weights[2], strict=True))


def test_it_is_the_training_that_keras_does(parts):
    """The same steps with Keras's own compile and fit, nothing built beforehand, give the same weights."""
    from autonas import data as data_module
    from autonas.space import seeded

    candidate, data = parts
    with seeded(3):
        core = candidate.core()
        optimizer = candidate.optimizer(4 * 2)
    core.compile(optimizer, data.head.loss(), metrics=["accuracy"])
    core.fit(data_module.dataset(data.x, data.y, None, 16, seed=3), epochs=2, verbose=0, shuffle=False)
    ours = train(candidate, Data(**{**vars(data), "validation": None}), Budget(2, 16), seed=3).model
    for one, other in zip(core.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_diverging_training_is_a_failed_trial_with_its_reason(value):
    def loss(y_true, y_pred):
        return keras.ops.sum(y_pred, axis=-1) * value

    with pytest.raises(TrialError, match=r"diverged: the loss became (nan|inf) in epoch 1"):
        train(*prepared(loss=loss), BUDGET, seed=0)


def test_patience_stops_a_training_that_does_not_get_better(parts):
    candidate, data = parts
    y = np.random.default_rng(0).permutation(data.validation[1])
    noise = Data(**{**vars(data), "validation": (data.validation[0], y, None)})
    training = train(candidate, noise, Budget(60, 16, patience=2, monitor="val_loss", mode="min"), seed=0)
    assert training.epochs < 60
    assert training.best_epoch == training.epochs - 2


def test_a_deadline_ends_a_training(parts):
    budget = Budget(100_000, 16, monitor="val_accuracy", mode="max", deadline=time.monotonic() + 3)
    training = train(*parts, budget, seed=0)
    assert not training.in_time
    assert training.epochs < 100_000


def test_sample_weights_count(parts):
    candidate, data = parts
    weights = np.where(data.y[:, 0] == 1, 1.0, 1e-6).astype("float32")
    flat = np.zeros_like(data.x)
    training = train(candidate, Data(**{**vars(data), "x": flat, "weights": weights}), BUDGET, seed=0)
    assert training.model.predict(flat[:1], verbose=0)[0, 0] > 0.5


def rare(**values):
    """A candidate for 160 images of which 8 are of the rare class, weights in the training and in its validation."""
    rng = np.random.default_rng(0)
    y = np.arange(160) % 20 == 0
    x = (rng.normal(size=(160, 8, 8, 1)) + y[:, None, None, None]).astype("float32")
    head, images = ClassificationHead(), ImageInput()
    head.fit(y)
    images.fit(x)
    targets, weights = head.encode(y), head.weights(y, head.class_weight, None)
    validation = (x[:90], targets[:90], np.linspace(0.1, 3, 90).astype("float32"))
    data = Data(x, targets, weights, validation, y, images, head)
    space = SearchSpace(Chain(Shallow(8, 160), ReductionBlock()), head, (8, 8, 1), search_loss=True)
    return space.candidate(space.complete({"conv_depth": 1, "conv_width": 8, **values})), data


FOCAL = {"loss_function": "focal", "focal_gamma": 2}


def test_a_candidate_is_trained_with_its_own_loss():
    """The same steps with Keras's own compile and fit give the same weights."""
    from autonas import data as data_module
    from autonas.space import seeded

    candidate, data = rare(**FOCAL)
    with seeded(3):
        core = candidate.core()
        optimizer = candidate.optimizer(10 * 2)
    core.compile(optimizer, keras.losses.BinaryFocalCrossentropy(gamma=2.0))
    core.fit(data_module.dataset(data.x, data.y, data.weights, 16, seed=3), epochs=2, verbose=0, shuffle=False)
    ours, plain = (
        train(one, Data(**{**vars(data), "validation": None}), Budget(2, 16), seed=3).model
        for one in (candidate, rare()[0])
    )
    assert type(ours.loss) is keras.losses.BinaryFocalCrossentropy
    for one, other in zip(core.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert max(np.abs(a - b).max() for a, b in zip(ours.get_weights(), plain.get_weights(), strict=True)) > 1e-3


def test_the_loss_that_is_told_is_the_crossentropy_of_every_candidate():
    """As Keras evaluates it, so that candidates can be compared by it: in batches of several sizes, with weights."""
    for candidate, data in (rare(**FOCAL), rare()):
        training = train(candidate, data, Budget(3, 16, monitor="val_accuracy", mode="max"), seed=0)
        assert set(training.metrics) == {"loss", "accuracy", "val_loss", "val_accuracy"}
        x, y, weights = data.validation
        training.model.compile(loss="binary_crossentropy")
        told = training.model.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True)["loss"]
        assert training.metrics["val_loss"] == pytest.approx(told, rel=1e-5)


LONG = dataclasses.replace(BUDGET, epochs=6, monitor="val_loss", mode="min")


@pytest.fixture(scope="module")
def noisy():
    """A candidate with all that a training draws at random: augmentation, dropout, and a learning rate that decays."""
    _, data = prepared(60)  # the last batch is smaller
    space = SearchSpace(Chain(AugmentationBlock(), Shallow(8, 60), ReductionBlock()), data.head, (8, 8, 1))
    values = {"augmentation": "affine", "conv_depth": 1, "conv_width": 8, "dropout": 0.5, "schedule": "cosine"}
    return space.candidate(space.complete(values)), data


def test_a_training_goes_on_as_if_it_had_not_stopped(noisy, tmp_path):
    whole = train(*noisy, LONG, seed=3)
    parts = dataclasses.replace(LONG, checkpoint=tmp_path / "a.npz")
    stops = [train(*noisy, dataclasses.replace(parts, stop_after=share), seed=3) for share in (1 / 6, 1 / 2, 1)]
    assert [stop.epochs for stop in stops] == [1, 3, 6]
    assert stops[0].metrics["val_loss"] > whole.metrics["val_loss"]  # there was something left to learn
    assert stops[2].metrics == whole.metrics
    assert stops[2].best_epoch == whole.best_epoch
    assert int(stops[2].model.optimizer.iterations) == int(whole.model.optimizer.iterations) == 24
    assert float(stops[2].model.optimizer.learning_rate) == float(whole.model.optimizer.learning_rate)
    for one, other in zip(whole.model.get_weights(), stops[2].model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_rung_ends_where_a_training_of_the_whole_budget_is_then(noisy, tmp_path):
    half = dataclasses.replace(LONG, stop_after=1 / 2)
    alone = train(*noisy, half, seed=3)
    kept = train(*noisy, dataclasses.replace(half, checkpoint=tmp_path / "a.npz"), seed=3)
    assert alone.metrics == kept.metrics


def test_what_was_trained_is_not_trained_again(noisy, tmp_path):
    budget = dataclasses.replace(LONG, stop_after=1 / 3, checkpoint=tmp_path / "a.npz")
    first, before = train(*noisy, budget, seed=3), (tmp_path / "a.npz").stat().st_mtime_ns
    again = train(*noisy, budget, seed=3)
    assert again.metrics == first.metrics
    assert again.timings == first.timings
    assert (tmp_path / "a.npz").stat().st_mtime_ns == before
    for one, other in zip(first.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_training_that_ended_by_itself_has_nothing_to_go_on_with(noisy, tmp_path):
    budget = dataclasses.replace(LONG, patience=0, mode="max", stop_after=1 / 2, checkpoint=tmp_path / "a.npz")
    first = train(*noisy, budget, seed=3)
    assert first.epochs < 3
    assert checkpoint.read(tmp_path / "a.npz").ended
    assert train(*noisy, dataclasses.replace(budget, stop_after=1.0), seed=3).epochs == first.epochs


def test_a_share_of_the_data_takes_the_steps_of_that_share_of_the_budget(noisy, tmp_path):
    budget = dataclasses.replace(LONG, stop_after=1 / 2, data=1 / 2, checkpoint=tmp_path / "a.npz")
    half = train(*noisy, budget, seed=3)
    assert half.epochs == 6  # of two batches, where all data has four
    assert int(half.model.optimizer.iterations) == 12
    whole = train(*noisy, dataclasses.replace(budget, stop_after=1.0, data=1.0), seed=3)
    assert int(whole.model.optimizer.iterations) == 24
    assert whole.epochs == 9


def test_a_training_that_the_time_cut_leaves_the_checkpoint_as_it_was(noisy, tmp_path):
    budget = dataclasses.replace(LONG, stop_after=1 / 3, checkpoint=tmp_path / "a.npz")
    train(*noisy, budget, seed=3)
    before = (tmp_path / "a.npz").read_bytes()
    cut = dataclasses.replace(budget, stop_after=1.0, deadline=time.monotonic() - 1)
    assert not train(*noisy, cut, seed=3).in_time
    assert (tmp_path / "a.npz").read_bytes() == before


class Flat(keras.callbacks.Callback):
    """Says that each epoch was as good as the curve says."""

    def __init__(self, curve):
        super().__init__()
        self.curve = curve

    def on_epoch_end(self, epoch, logs=None):
        logs["val_accuracy"] = self.curve[min(epoch, len(self.curve) - 1)]


def told(parts, monkeypatch, curve, **options):
    """A training whose validation accuracy follows a curve."""
    monkeypatch.setattr(training, "exact", lambda data, budget: [Flat(curve)])
    return evaluate(*parts, dataclasses.replace(BUDGET, epochs=16, **options), seed=0)


def test_a_hopeless_training_stops_after_half_of_its_epochs_and_says_so(parts, monkeypatch):
    metrics = told(parts, monkeypatch, [0.3, 0.5], beat=0.9)
    assert metrics["hopeless"] == 1
    assert metrics["epochs"] == 8
    assert metrics["val_accuracy"] == 0.5


@pytest.mark.parametrize(("curve", "beat"), [([0.3, 0.5], None), ([0.3, 0.5], 0.4), (np.linspace(0.1, 0.8, 16), 0.75)])
def test_a_training_with_hope_or_without_a_rival_goes_on(parts, monkeypatch, curve, beat):
    metrics = told(parts, monkeypatch, list(curve), beat=beat)
    assert metrics["epochs"] == 16
    assert "hopeless" not in metrics


@pytest.mark.slow
def test_what_is_to_be_low_is_hopeless_when_it_stays_high(parts, monkeypatch):
    assert told(parts, monkeypatch, [0.9, 0.8], beat=0.1, mode="min")["epochs"] == 8
    assert told(parts, monkeypatch, [0.9, 0.8], beat=0.85, mode="min")["epochs"] == 16


def test_a_training_leaves_no_network_behind():
    """A search has hundreds of them, and would end for want of memory."""
    candidate, data = prepared()
    network = weakref.ref(train(candidate, data, Budget(2, 16), seed=0).model)
    gc.collect()
    assert network() is None


def test_a_training_leaves_no_graph_behind():
    """TensorFlow's registry of gradients would hold the graph of each training's step."""
    from tensorflow.python.framework.func_graph import FuncGraph

    candidate, data = prepared()

    def graphs():
        train(candidate, data, Budget(1, 16), seed=0)
        gc.collect()
        return sum(isinstance(one, FuncGraph) for one in gc.get_objects())

    assert graphs() >= graphs()  # the first training leaves small ones of Keras's own


def test_many_steps_at_once_train_as_one_after_the_other(monkeypatch):
    candidate, data = prepared(72)  # 9 steps: the last ones of an epoch are fewer
    budget = dataclasses.replace(BUDGET, batch_size=8)
    seen = []
    each = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    one_by_one = train(candidate, data, dataclasses.replace(budget, callbacks=[each]), seed=0)
    assert len(seen) == 3 * 9
    monkeypatch.setattr(training, "WORTHWHILE", 27)
    at_once = train(candidate, data, budget, seed=0)
    assert at_once.model.steps_per_execution == 4
    assert at_once.metrics == pytest.approx(one_by_one.metrics, rel=1e-5)
    for one, other in zip(at_once.model.get_weights(), one_by_one.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)
    assert at_once.timings["step_seconds"] < at_once.timings["startup_seconds"] / 9


def test_steps_are_run_at_once_where_it_pays_and_nobody_looks(monkeypatch, parts):
    core, budget = parts[0].core(), dataclasses.replace(BUDGET, batch_size=1)
    assert training._at_once(core, parts[1], budget) == 1  # too few for it to pay
    longer = dataclasses.replace(budget, epochs=100)
    assert training._at_once(core, parts[1], longer) == training.AT_ONCE
    assert training._at_once(core, parts[1], dataclasses.replace(longer, stop_after=0.01)) == 1
    for callback in (keras.callbacks.TensorBoard(), keras.callbacks.TerminateOnNaN()):
        assert training._at_once(core, parts[1], dataclasses.replace(longer, callbacks=[callback])) == 1
    quiet = [keras.callbacks.CSVLogger("log.csv"), stopwatch.watch(60.0, 10)]
    assert training._at_once(core, parts[1], dataclasses.replace(longer, callbacks=quiet)) == training.AT_ONCE
    monkeypatch.setattr(training, "OPERATIONS", 1.0)  # of a network with large steps
    assert training._at_once(core, parts[1], longer) == 1
