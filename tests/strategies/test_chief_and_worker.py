import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import keras_tuner
import pytest

from autonas.loop import StrategyOracle
from autonas.strategies import STRATEGIES, get
from autonas.testing.strategies import smooth_space
from autonas.trials import key
from autonas.values import active, is_active, is_legal

# Keras Tuner asks the thread for its name in a way that Python calls old.
pytestmark = pytest.mark.filterwarnings("ignore:(currentThread|getName):DeprecationWarning")


def started(strategy, folder):
    oracle = StrategyOracle(strategy, objective=keras_tuner.Objective("score", "max"), max_trials=99, seed=0)
    oracle._set_project_dir(str(folder), "search")
    oracle.verbose = 0
    oracle.update_space(smooth_space())
    return oracle


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes begin as copies of one")
def test_two_workers_share_one_search(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = Path(__file__).with_name("chief_and_workers.py")
    subprocess.run([sys.executable, str(script), str(tmp_path), str(port)], check=True, timeout=500)
    shares = [json.loads((tmp_path / f"worker-{number}.json").read_text()) for number in range(2)]
    assert min(map(len, shares)) > 0
    trials = {name: active(smooth_space(), values) for worker in shares for name, values in worker}
    assert len(trials) == sum(map(len, shares)) == 14
    assert len({key(values) for values in trials.values()}) == 14
    for values in trials.values():
        hyperparameters = {hp.name: hp for hp in smooth_space().space if is_active(hp, values)}
        assert set(values) == set(hyperparameters)
        assert all(is_legal(hyperparameters[name], value) for name, value in values.items())


def test_what_came_back_from_a_worker_with_inactive_values_is_known(tmp_path):
    oracle = started(get("grid"), tmp_path)
    proposed = oracle.create_trial("worker-0").hyperparameters.values
    (trial,) = oracle.trials.values()
    trial.hyperparameters.values = {**proposed, "units": 8}  # as it is sent back, though a "conv" has no units
    assert [known.values for known in oracle.history()] == [proposed]


@pytest.mark.parametrize("name", STRATEGIES)
def test_what_another_worker_is_trying_is_not_tried_again(name, tmp_path):
    oracle = started(get(name), tmp_path)
    values = [oracle.create_trial(f"worker-{number}").hyperparameters.values for number in range(12)]
    assert len({key(candidate) for candidate in values}) == 12
