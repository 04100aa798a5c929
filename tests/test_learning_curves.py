import numpy as np
import pytest

from autonas.learning_curves import FEWEST, chance_to_beat

EPOCHS = 24
TIME = np.arange(1, EPOCHS + 1)


def curves(count, seed=0):
    """Power laws, exponentials and sigmoids that end anywhere between 0.6 and 0.95, with noise."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        end, rise, pace = rng.uniform(0.6, 0.95), rng.uniform(0.2, 0.6), rng.uniform(0.3, 1.5)
        curve = [
            end - rise * TIME**-pace,
            end - rise * np.exp(-5 * pace * TIME / EPOCHS),
            end - rise / (1 + np.exp(10 * pace * (TIME / EPOCHS - 0.2))),
        ][number % 3]
        yield curve + rng.choice([0.002, 0.01]) * rng.normal(size=EPOCHS), rng.uniform(0.6, 0.95)


def stops_at(curve, best):
    """As an estimator stops: from half of the epochs on, under 1 %."""
    return next((n for n in range(EPOCHS // 2, EPOCHS) if chance_to_beat(curve[:n], best, EPOCHS) < 0.01), EPOCHS)


def test_curves_that_end_best_are_not_stopped():
    wrong = [stops_at(curve, best) < EPOCHS for curve, best in curves(300) if curve.max() >= best]
    assert len(wrong) > 100
    assert not any(wrong)


def test_hopeless_curves_are_stopped():
    hopeless = [stops_at(curve, best) for curve, best in curves(300, seed=1) if curve.max() < best - 0.1]
    assert len(hopeless) > 50
    assert np.mean([n < EPOCHS for n in hopeless]) > 0.9
    assert np.mean(hopeless) < 0.7 * EPOCHS


def test_a_curve_that_still_rises_steadily_has_hope():
    assert chance_to_beat(np.linspace(0.1, 0.5, 12), 0.8, EPOCHS) > 0.2
    assert chance_to_beat(0.1 + 0.5 * (TIME[:12] / EPOCHS) ** 2, 0.55, EPOCHS) > 0.5
    assert chance_to_beat([*np.linspace(0.1, 0.5, 6), *[0.5] * 6], 0.8, EPOCHS) < 0.01


def test_the_chance_falls_with_what_there_is_to_beat():
    curve = 0.8 - 0.5 * TIME[:12] ** -1.0
    chances = [chance_to_beat(curve, best, EPOCHS) for best in (0.757, 0.77, 0.785, 0.8, 0.9)]
    assert sorted(chances, reverse=True) == chances
    assert chances[0] > 0.5
    assert chances[-1] < 0.01


@pytest.mark.parametrize(
    ("curve", "best"),
    [
        ([0.1] * (FEWEST - 1), 0.9),
        ([0.1] * 9 + [np.nan], 0.9),
        ([0.1] * 10, np.inf),
        ([0.1] * 5 + [0.9] + [0.1] * 5, 0.9),
    ],
)
def test_where_nothing_can_be_said_there_is_hope(curve, best):
    assert chance_to_beat(curve, best, EPOCHS) == 1.0


def test_a_curve_without_any_noise_or_rise_is_judged_too():
    assert chance_to_beat([0.5] * 12, 0.9, EPOCHS) < 0.01


def test_the_scale_of_a_metric_does_not_matter():
    curve = 0.8 - 0.5 * TIME[:12] ** -1.0
    assert chance_to_beat(curve, 0.79, EPOCHS) == pytest.approx(chance_to_beat(1_000 * curve - 7, 783, EPOCHS))
