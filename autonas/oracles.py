"""Oracles of Keras Tuner in a search of ours: asked for candidates, made, checked and called by a name."""

from __future__ import annotations

import inspect
import warnings
from typing import TYPE_CHECKING, Any

import keras_tuner
import numpy as np

from autonas.errors import InputError
from autonas.trials import BUDGET
from autonas.values import equal_value

if TYPE_CHECKING:
    from keras_tuner.engine.hyperparameters import HyperParameter

    from autonas.loop import Session


class SearchTuner(keras_tuner.engine.base_tuner.BaseTuner):
    """Asks an oracle of Keras Tuner for candidates, and answers from a session.

    Args:
        oracle: Proposes.
        session: Measures and records.
        origin: Who proposes, for the records.
        directory: Of files that Keras Tuner writes; none of them is read again.
    """

    def __init__(self, oracle: keras_tuner.Oracle, session: Session, origin: str, directory: str) -> None:
        super().__init__(oracle, directory=directory, project_name="oracle")
        oracle.verbose = 0
        self.session, self.origin = session, origin
        self._failed = False

    def search(self) -> None:
        """Runs until the session is over or the oracle stops."""
        try:
            with warnings.catch_warnings():
                # Keras Tuner asks the thread for its name in a way that Python calls old.
                warnings.filterwarnings("ignore", "currentThread|getName", DeprecationWarning)
                super().search()
        except _Ended:
            return

    def pre_create_trial(self) -> None:
        """Ends the search when its budget is spent, before an oracle thinks about one more trial."""
        if self.session.over():
            raise _Ended

    def run_trial(self, trial: Any, *fit_args: Any, **fit_kwargs: Any) -> dict[str, float]:
        """Answers an oracle's proposal."""
        hp = trial.hyperparameters
        known = {h.name for h in hp.space}
        active = {h.name: h for h in hp.space if hp.is_active(h)}
        values = {n: v for n, v in hp.values.items() if n in active or n not in known}
        values |= {n: _typed(h, values[n]) for n, h in active.items()}
        if "tuner/epochs" in values:
            values[BUDGET] = values["tuner/epochs"] / self.oracle.max_epochs
        result = self.session.answer(values, self.origin)
        self._failed = result is None or result.score is None
        score = 0.0 if result is None or result.score is None else result.score
        return {"score": score, **({} if result is None else result.metrics)}

    def on_trial_end(self, trial: Any) -> None:
        """Ends the trial for the oracle. One that failed is marked here: raised, it would print its traceback."""
        if self._failed:
            trial.status = "FAILED"
        super().on_trial_end(trial)

    def save(self, fname: str | None = None) -> None:
        """Writes nothing: the store has the trials."""


def _typed(hyperparameter: HyperParameter, value: Any) -> Any:
    """A value in its hyperparameter's own type: Keras Tuner's grid has floats for integers with a logarithmic step."""
    try:
        return equal_value(hyperparameter, value)
    except ValueError:
        return value  # of an oracle that leaves its space, which Keras Tuner lets it do


class _Ended(Exception):
    """The budget is spent. Never leaves `SearchTuner.search`."""


def make_oracle(oracle: Any, max_trials: int | None, epochs: int, seed: int) -> keras_tuner.Oracle:
    """Returns an oracle: an instance as it is, a class made with the arguments that it takes of ours."""
    if isinstance(oracle, keras_tuner.Oracle):
        return oracle
    offered = {
        "objective": keras_tuner.Objective("score", "max"),
        "max_trials": max_trials,
        "max_epochs": epochs,
        "seed": int(np.random.SeedSequence(seed).generate_state(1)[0]) or 1,  # Keras Tuner takes 0 for no seed
    }
    taken = inspect.signature(oracle).parameters
    return oracle(**{name: value for name, value in offered.items() if name in taken})


def check_oracle(oracle: Any, objective: str) -> None:
    """Says what is wrong with an oracle that the user passed, before any time is spent.

    Args:
        oracle: A `keras_tuner.Oracle`, class or instance.
        objective: Name of the task's objective.

    Raises:
        InputError: If it aims at something else than the task does.
    """
    if isinstance(oracle, type):
        return
    aims = oracle.objective if isinstance(oracle.objective, list) else [oracle.objective]
    names = [aim.name for aim in aims]
    if names not in ([objective], ["score"], ["default_objective"]):
        raise InputError.of(
            "The objective of the oracle", f"{objective!r}, the task's own", names, "Leave it out of the oracle."
        )


def is_oracle(strategy: Any) -> bool:
    """Whether this is an oracle of Keras Tuner, class or instance."""
    if isinstance(strategy, type):
        return issubclass(strategy, keras_tuner.Oracle)
    return isinstance(strategy, keras_tuner.Oracle)


def shares_out(strategy: Any) -> bool:
    """Whether a strategy, or an oracle (class or instance), evaluates candidates with shares of the budget."""
    kind = strategy if isinstance(strategy, type) else type(strategy)
    return getattr(kind, "multi_fidelity", False) or issubclass(kind, keras_tuner.oracles.HyperbandOracle)


def origin(strategy: Any) -> str:
    """How a strategy or an oracle is called in the records: its class's name in small letters."""
    kind = strategy if isinstance(strategy, type) else type(strategy)
    return kind.__name__.lower()
