import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from autonas import processes


def data(noise=0.0, rows=30):
    rng = np.random.default_rng(0)
    x = rng.random((rows, 3))
    y = np.stack([np.sin(4 * x[:, 0]) + x[:, 1], 100 * x[:, 2]], axis=1)
    return x, y + noise * rng.standard_normal(y.shape)


def test_predictions_are_scikit_learns_with_the_same_kernel(monkeypatch):
    (x, y), new = data(), np.random.default_rng(1).random((10, 3))
    monkeypatch.setattr(processes, "LENGTHS", (1.0,))
    monkeypatch.setattr(processes, "NOISES", (0.01,))
    mean, deviation = processes.fit(x, y)(new)
    apart = np.linalg.norm(x[:, None] - x[None], axis=2)
    unit = np.median(apart[apart > 0])
    for target in range(2):
        errors = y[:, target] - y[:, target].mean()
        other = GaussianProcessRegressor(Matern(unit, nu=2.5) + WhiteKernel(0.01), optimizer=None).fit(x, errors)
        expected, _ = other.predict(new, return_std=True)
        np.testing.assert_allclose(mean[:, target], expected + y[:, target].mean(), atol=1e-5 * np.ptp(y[:, target]))
        kernel = Matern(unit, nu=2.5)(x) + 0.01 * np.eye(len(x))
        variance = errors @ np.linalg.solve(kernel, errors) / len(x)
        scaled = ConstantKernel(variance) * Matern(unit, nu=2.5) + WhiteKernel(0.01 * variance)
        spread = GaussianProcessRegressor(scaled, optimizer=None).fit(x, errors).predict(new, return_std=True)[1]
        np.testing.assert_allclose(deviation[:, target] ** 2, spread**2 - 0.01 * variance, rtol=1e-3, atol=1e-9)


def test_it_predicts_and_knows_how_well():
    (x, y), new = data(rows=60), np.random.default_rng(2).random((200, 3))
    mean, deviation = processes.fit(x, y)(new)
    truth = np.stack([np.sin(4 * new[:, 0]) + new[:, 1], 100 * new[:, 2]], axis=1)
    assert (np.corrcoef(mean.T, truth.T)[[0, 1], [2, 3]] > 0.98).all()
    assert (np.abs(mean - truth) < 3 * deviation).mean() > 0.9


def test_noise_is_told_from_signal():
    x, y = data(noise=2.0)
    mean, _ = processes.fit(x, y[:, [0]])(x)
    assert np.std(mean) < 0.7 * np.std(y[:, 0])


def test_equal_rows_and_equal_targets_do_no_harm():
    mean, deviation = processes.fit(np.zeros((3, 2)), np.ones((3, 1)))(np.zeros((2, 2)))
    assert np.isfinite(mean).all()
    assert np.isfinite(deviation).all()
    np.testing.assert_allclose(mean, 1.0)
