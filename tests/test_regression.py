"""The regressor of times: exact on what is linear, near on what is not, growing far away, with an error that holds."""

import numpy as np
from scipy.optimize import nnls

from autonas.regression import Regressor, nonnegative


def samples(n, seed):
    rng = np.random.default_rng(seed)
    amounts = 2 ** rng.uniform(2, 16, (n, 6))
    return np.log2(1 + amounts), amounts


def test_factors_are_scipys_on_relative_errors():
    rng = np.random.default_rng(0)
    amounts, times = rng.random((20, 3)), rng.random(20) + 0.1
    expected = nnls(amounts / times[:, None], np.ones(20))[0]
    np.testing.assert_allclose(nonnegative(amounts, times), expected, atol=1e-9)


def test_times_that_are_sums_of_work_are_met():
    (known, amounts), (new, others) = samples(40, 0), samples(20, 1)
    times = 1e-3 + 2e-6 * amounts[:, 0] + 5e-7 * amounts[:, 2]
    truth = 1e-3 + 2e-6 * others[:, 0] + 5e-7 * others[:, 2]
    np.testing.assert_allclose(Regressor(known, times).predict(new), truth, rtol=0.01)


def test_a_smooth_departure_is_learned_and_the_error_is_that_of_new_samples():
    (known, amounts), (new, others) = samples(120, 0), samples(60, 1)

    def truth(features, amounts):
        return 1e-6 * amounts[:, 0] * (1 + 0.4 * np.tanh(features[:, 5] - 9)) + 1e-3

    regressor = Regressor(known, truth(known, amounts))
    error = np.sqrt(np.mean(np.log(regressor.predict(new) / truth(new, others)) ** 2))
    plain = np.sqrt(np.mean(np.log((1e-6 * others[:, 0] + 1e-3) / truth(new, others)) ** 2))
    assert error < plain / 2
    assert 0.3 < error / regressor.error < 3


def test_far_from_all_samples_time_grows_with_the_work():
    known, amounts = samples(40, 0)
    regressor = Regressor(known, 1e-6 * amounts[:, 0] + 1e-3)
    far = np.full((2, 6), 22.0)
    far[1, 0] = 24.0
    small, large = regressor.predict(far)
    assert 3.5 < large / small < 4.5


def test_one_sample_is_enough():
    regressor = Regressor(np.full((1, 6), 6.0), np.array([0.3]))
    np.testing.assert_allclose(regressor.predict(np.full((1, 6), 6.0)), 0.3)
