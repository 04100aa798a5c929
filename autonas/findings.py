"""What a task tells of its search after `fit`, and which of the models that were found it answers with."""

from __future__ import annotations

import abc
import copy
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autonas import front, heads, objectives, report, trials
from autonas.answers import Answers
from autonas.errors import InputError, NotFittedError, SearchError
from autonas.finalists import as_plain
from autonas.quiet import quiet as _chatter_off

if TYPE_CHECKING:
    import keras
    import keras_tuner
    import pandas as pd

    from autonas.heads.base import Head
    from autonas.objectives.base import BuiltModel, Objective
    from autonas.retrain import Retrained
    from autonas.trial_store import TrialStore
    from autonas.trials import Trial


class Findings(Answers, abc.ABC):
    """The telling side of a task: its trials, its front, and `select`, which chooses another model of it.

    `autonas.AutoModel` adds the side that fits.
    """

    objectives: list[Objective]
    _store: TrialStore
    _control_store: TrialStore
    _hyperparameters: list[dict[str, Any]]

    @property
    def objective(self) -> Objective:
        """What is optimised; of several objectives the first, which is the `score` of a trial."""
        return self.objectives[0]

    def leaderboard(self) -> pd.DataFrame:
        """One row a trial, best first: status, score, metrics, costs, seconds, hyperparameters."""
        self._need_trials()
        return trials.leaderboard(self._store.trials)

    def importance(self) -> pd.DataFrame:
        """Which hyperparameters mattered, and what the best trials have in them: one row each, the most important first.

        Returns:
            As `autonas.analysis.told` does.

        Raises:
            NotFittedError: Before `fit`.
            SearchError: If fewer than ten trials completed, or all have the same score.
        """
        from autonas import analysis

        self._need_trials()
        return analysis.told(self._searched(), self._store.trials)

    def report(self) -> str:
        """The search in some lines: what was tried and found, what that is worth, and what the search favoured.

        See `docs/report.md` for how to read it.
        """
        self._need_trials()
        several = len(self.objectives) > 1
        told = front.summary(self._store.trials, self.objectives, self._control_store.trials) if several else []
        text = report.summary(
            self._store.trials,
            self._finished["finalists"] if self._finished else [],
            self.objective.name,
            self.objective.sign,
            trials.STARTING_POINT,
            self._control_store.trials,
            self._searched(),
            told,
        )
        return "\n".join(filter(None, [text, self.head.summary(), self.input.summary()]))

    def pareto_front(self) -> pd.DataFrame:
        """The trade-offs of several objectives: the trials that no other one beats, best first by the first objective.

        Returns:
            One row a trial, with the columns of `autonas.front.table`. `values` says of which training the metrics are:
            `"retrained"` are those of a full training, `"searched"` the estimator's, which are lower as a rule. Who is on the
            front is decided by the estimator's, which all trials have.
        """
        self._need_trials()
        return front.table(self._store.trials, self.objectives, self._retrained())

    def hypervolume(self, reference: Mapping[str, float] | None = None) -> pd.DataFrame:
        """How much the front covered after each trial.

        Args:
            reference: objective -> value from which on it counts. None takes the worst of the trials in each.

        Returns:
            Columns `trial`, `seconds` (of all trials until then) and `hypervolume`; the reference is in
            `.attrs["reference"]`.

        Raises:
            InputError: If the reference is not of exactly the objectives.
        """
        self._need_trials()
        return front.hypervolumes(self._store.trials, self.objectives, reference)

    def plot_front(self, path: str | Path) -> Path:
        """Draws the front of the first two objectives, and the hypervolume over time; needs `autonas[plot]`.

        Args:
            path: Of the picture, such as `"front.png"`.

        Raises:
            InputError: If there is one objective only.
            AutonasError: If matplotlib is not installed.
        """
        self._need_several("plot_front")
        return front.plot(self._store.trials, self.objectives, path, self.pareto_front())

    def select(self, which: str | None = None, **limits: float) -> keras.Model:
        """Chooses another model of the front, which from then on is the task's: `predict`, `export` and `costs` go by it.

        The trial is trained in full, as the finalists of `fit` were, and then on all the data, without a bound on the time.
        Its model is kept in the project, so that the same choice is answered from disk ever after.

        Args:
            which: `"knee"` is the model that `fit` returned; it needs no limits, and they need no `which`.
            **limits: cost -> the most that it may be, objective -> the worst that it may be. The best trial that keeps to them
                is chosen, by the first objective without a limit and by the values of the search. If its model breaks a limit
                on a cost once it is trained, it is said, and the next one is taken; of what is measured, the lower end of the
                interval counts there.

        Returns:
            The model.

        Raises:
            InputError: If no trial keeps to the limits; what the front offers is named.
            NotFittedError: Before `fit`, and of a loaded project if the choice is not kept and there is no data to train on.

        Example:

        >>> clf = autonas.ImageClassifier(objective=["val_accuracy", "latency_ms"])
        >>> _ = clf.fit(x, y)
        >>> model = clf.select(latency_ms=1.5)
        >>> clf.export("model.tflite")
        """
        self._need_several("select")
        if which not in (None, front.KNEE) or (which is not None and limits):
            raise InputError.of("select", "called with 'knee' or with limits", f"{which!r} and {limits}")
        if self._finished is None or self._project is None:
            raise NotFittedError(
                f"This {type(self).__name__} is not fitted. Call fit, or autonas.load a finished project."
            )
        number, (self.head, self._model) = self._chosen(limits)
        if limits and limits not in (known := self._finished.setdefault("kept_to", {}).setdefault(str(number), [])):
            known.append({name: float(limit) for name, limit in limits.items()})
            self._project.write({**self._project.read(), "finished": self._finished})
        return self.model

    def _chosen(self, limits: Mapping[str, float]) -> tuple[int, tuple[Head, keras.Model]]:
        """The best trial within limits whose model keeps to them now that it is trained, and its answering side."""
        finished: Any = self._finished
        if not limits:
            return finished["winner"], self._trained(finished["winner"])
        left = list(self._store.trials)
        while True:
            number = front.within(left, self.objectives, limits).number
            try:
                head, model = self._trained(number)
            except SearchError as error:
                self._say(str(error))
            else:
                reason = self._broken(number, limits, self._built(model, head))
                if reason is None:
                    return number, (head, model)
                self._say(f"Trial {number + 1} is not taken: now that it is trained, {reason}.")
            left = [trial for trial in left if trial.number != number]

    def _broken(self, number: int, limits: Mapping[str, float], built: BuiltModel) -> str | None:
        """Says which limit of `select` a model breaks; once it kept to them it does so for good, whatever is measured later."""
        if self._finished is not None and limits in self._finished.get("kept_to", {}).get(str(number), []):
            return None
        on_costs = {name: limit for name, limit in limits.items() if name in objectives.COSTS}
        with _chatter_off():
            return objectives.broken(objectives.limits(on_costs), built)

    def _trained(self, number: int) -> tuple[Head, keras.Model]:
        """The head and the model of a trial, as they are kept, or else from a training in full."""
        finished, project = self._finished, self._project
        if finished is None or project is None:
            raise NotFittedError(f"This {type(self).__name__} is not fitted.")
        content, kept = project.read(), finished.setdefault("selected", {})
        if number != finished["winner"] and str(number) not in kept:
            trial = next(trial for trial in self._store.trials if trial.number == number)
            model, head, outcome = self._train_selected(trial)
            project.save_model(model, project.selected_file(number))
            kept[str(number)] = {
                "head": heads.plain(head),
                "epochs": outcome.epochs,
                "finalist": as_plain(outcome.finalists)[0],
            }
            project.write({**content, "finished": finished})
            return head, model
        with _chatter_off():
            if number == finished["winner"]:
                return self._kept_head(content), project.load_model()
            return self._kept_head(kept[str(number)]), project.load_model(project.selected_file(number))

    @abc.abstractmethod
    def _train_selected(self, trial: Trial) -> tuple[keras.Model, Head, Retrained]:
        """Trains a trial that `select` chose."""

    @staticmethod
    def _kept_head(content: dict[str, Any]) -> Head:
        return heads.restore(content["head"])

    def _retrained(self) -> dict[int, dict[str, float]]:
        """The metrics of the full trainings, by the number of the trial; of several ways to train one the best."""
        found: dict[int, dict[str, float]] = {}
        finished = self._finished or {}
        chosen = [entry["finalist"] for entry in finished.get("selected", {}).values()]
        for finalist in [*finished.get("finalists", []), *chosen]:
            if finalist["score"] is not None:
                found.setdefault(finalist["trial"], finalist["metrics"])
        return found

    def _need_several(self, method: str) -> None:
        self._need_trials()
        if len(self.objectives) < 2:
            raise InputError.of(
                f"The objective of a task whose {method} is called", "several", repr(self.objective.name)
            )

    def _searched(self) -> keras_tuner.HyperParameters:
        """The hyperparameters of the search, as the project keeps them."""
        import keras_tuner

        kept = copy.deepcopy(self._hyperparameters)  # Keras Tuner changes what it reads
        return keras_tuner.HyperParameters.from_config({"space": kept, "values": {}})

    def _need_trials(self) -> None:
        if self._project is None:
            raise NotFittedError(f"This {type(self).__name__} has no trials. Call fit, or autonas.load a project.")
