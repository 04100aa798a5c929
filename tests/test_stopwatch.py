import keras
import numpy as np
import pytest

from autonas import stopwatch


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(stopwatch.time, "monotonic", lambda: now[0])
    return now


def run(clock, watch, first, step, steps, at_once=1):
    clock[0] += first
    for number in range(0, steps, at_once):
        watch.on_train_batch_begin(number)
        watch.on_train_batch_end(number + at_once - 1)
        clock[0] += step * at_once


def test_after_ten_steps_it_says_for_how_many_there_is_time(clock):
    """A start of 4 s, then half a second a step: of 24 s, 40 steps."""
    watch = stopwatch.watch(24.0, steps=41)
    with pytest.raises(stopwatch.TooSlow) as found:
        run(clock, watch, 4.0, 0.5, 41)
    assert found.value.steps == pytest.approx(40)
    assert clock[0] == 100.0 + 4.0 + 10 * 0.5


def test_steps_that_are_run_at_once_are_counted_one_by_one(clock):
    watch = stopwatch.watch(204.0, steps=402)
    with pytest.raises(stopwatch.TooSlow) as found:
        run(clock, watch, 4.0, 0.5, 402, at_once=8)
    assert found.value.steps == pytest.approx(400)
    run(clock, stopwatch.watch(204.0, steps=400), 4.0, 0.5, 400, at_once=8)


def test_a_training_that_fits_goes_on(clock):
    run(clock, stopwatch.watch(24.0, steps=40), 4.0, 0.5, 40)


def test_a_single_slow_step_has_no_say(clock):
    watch = stopwatch.watch(60.0, steps=40)
    run(clock, watch, 4.0, 0.5, 5)
    clock[0] += 30.0
    run(clock, watch, 0.0, 0.5, 35)


def test_it_gets_through_keras():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    x = np.zeros((40, 2))
    with pytest.raises(stopwatch.TooSlow):
        model.fit(x, x[:, :1], batch_size=2, verbose=0, callbacks=[stopwatch.watch(0.0, steps=20)])
