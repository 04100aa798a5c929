"""A chief and two workers of Keras Tuner on this machine, for `test_chief_and_worker.py`: python FILE FOLDER PORT.

Run alone, since they are told who they are by the environment of their process. They begin as copies of one process that has
loaded everything, before anything of gRPC has begun.
"""

import json
import os
import signal
import sys
import time
import warnings
from pathlib import Path

import keras_tuner

from autonas.loop import StrategyOracle
from autonas.strategies import Evolution
from autonas.testing.strategies import smooth_score, smooth_space

TRIALS, WORKERS = 14, ("worker-0", "worker-1")
warnings.filterwarnings("ignore", "currentThread|getName", DeprecationWarning)


def search(name: str, folder: Path) -> None:
    """What one of the three does; a worker writes down what it was given."""
    os.environ["KERASTUNER_TUNER_ID"] = name
    objective = keras_tuner.Objective("score", "max")
    oracle = StrategyOracle(Evolution(population=5, sample=2), objective=objective, max_trials=TRIALS, seed=0)
    oracle.verbose = 0
    oracle.update_space(smooth_space())
    tuner = keras_tuner.engine.base_tuner.BaseTuner(oracle, directory=str(folder), project_name="search")
    begun = []

    def run_trial(trial):
        begun.append((trial.trial_id, dict(trial.hyperparameters.values)))
        time.sleep(0.1)
        return smooth_score(begun[-1][1])

    tuner.run_trial = run_trial
    tuner.search()
    (folder / f"{name}.json").write_text(json.dumps(begun))


def start(name: str, folder: Path) -> int:
    process = os.fork()
    if process:
        return process
    try:
        search(name, folder)
    finally:
        os._exit(0)


folder = Path(sys.argv[1])
os.environ |= {"KERASTUNER_ORACLE_IP": "127.0.0.1", "KERASTUNER_ORACLE_PORT": sys.argv[2]}
chief = start("chief", folder)
for process in [start(name, folder) for name in WORKERS]:
    os.waitpid(process, 0)
os.kill(chief, signal.SIGKILL)  # it would look once in 20 seconds whether the workers have gone
os.waitpid(chief, 0)
