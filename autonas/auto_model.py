"""AutoModel: the one place where the parts are put together, from the user's data to a retrained Keras model."""

from __future__ import annotations

import copy
import dataclasses
import functools
import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas import (
    arguments,
    assembly,
    control,
    devices,
    estimators,
    heads,
    heap,
    lite,
    objectives,
    preparation,
    qualities,
    reading,
    registry,
    screens,
    streams,
    trials,
)
from autonas import data as data_module
from autonas import inputs as inputs_module
from autonas.answers import KEPT, read
from autonas.errors import NotFittedError
from autonas.findings import Findings
from autonas.heads.base import Head
from autonas.inputs.base import Input
from autonas.project import Project, fingerprint
from autonas.quiet import quiet as _chatter_off
from autonas.settings import default_name, described, described_fit, name_of, schedules, snake, training_budget
from autonas.trial_store import TrialStore

if TYPE_CHECKING:
    import keras

    from autonas.blocks.base import Block
    from autonas.estimators.base import Budget, Data
    from autonas.evaluation import Evaluation
    from autonas.preparation import Given, Part
    from autonas.retrain import Retrained, Together
    from autonas.run import Run
    from autonas.space import SearchSpace
    from autonas.trials import Trial

DEFAULT_TRIALS = 20
CHECKPOINTS = "checkpoints"  # folder of trainings that a strategy may go on with
MOST_FOLDS = 10  # of an ensemble


class AutoModel(Findings):
    """Searches a network for some data, retrains it, and answers with it.

    Args:
        inputs: What the data is: an `autonas.inputs.Input` or its name; a dict or a list of them for several at once.
        outputs: What the target is: an `autonas.heads.Head` or its name; a dict or a list of them for several at once.
        block: `block(input, rows)` makes the space between them, an `autonas.blocks.Block`, for the fitted input and the
            number of training examples. None takes the default space of each input.
        max_trials: Most candidates to train (rejected ones do not count). None means 20, or no bound if there is a
            `max_time`.
        max_time: Bound on the whole of `fit`, retraining included: seconds, or `"90s"`, `"10m"`, `"2h"`.
        objective: What is optimised: a metric of Keras with `val_` before it, a cost (`"latency_ms"`, `"params"`, ...), a
            `keras_tuner.Objective`, or an `autonas.Tradeoff` of a metric and a cost. A list of several of these, or a dict of
            name -> `"max"` or `"min"`, is searched for the whole front of them: see `pareto_front` and `select`. None means
            the head's own.
        limits: Most that a candidate may cost, as cost -> number: `{"latency_ms": 2.0, "size_kb": 500}`.
        strategy: Who proposes: a name of `autonas.strategies.STRATEGIES` (`"evolution"`, `"random"`, ...), an
            `autonas.Strategy`, or an oracle of Keras Tuner (class or instance). None means `"evolution"`, and
            `"hypervolume"` where there are several objectives. With several of them, a strategy for one is asked with random
            weighings (`autonas.ParEGO`).
        screen: Who chooses among proposals before they are trained: a name, a function `screen(list_of_values) -> scores`
            (higher is better), an `autonas.screens.base.Screen`, or a list of these, which then vote by their ranks. None
            chooses none.
        estimator: How candidates are measured: `"proxy"`, `"full"`, or an instance.
        device: Where latency comes from: `"host"`, `"host-keras"`, the path of a device's profile (`.json`), a callable that
            takes a `.tflite` and returns seconds, or an instance.
        operations: `"int8"` searches only among networks that int8 kernels of LiteRT, and the Edge TPU, can run, so that
            `export(path, "full_int8")` loses little and leaves nothing in float. None searches among all.
        top_k: How many of the best are trained in full before one is chosen; with several objectives they are spread over the
            front, and the knee of those that were trained is returned.
        ensemble: Whether the model is the mean of several networks, trained on the folds of the data and chosen for how they
            help each other; costs and limits then count all of them. None makes one where networks are light, which images'
            are not, and there are no `limits` and no costs among the objectives.
        control: `"random"` runs a random search after the search, on the same terms and with as much to spend: as many trained
            trials or, with `max_time`, as many seconds of trials. That time comes on top of `max_time`. Its best stands beside
            the search's in `report()`; it has no say in the model. None runs none.
        seed: Of all that is random.
        directory: Where projects are kept.
        project_name: Folder of this search in `directory`. None makes a name from the data and the settings, so the same
            call goes on with its own project and no other.
        overwrite: Whether to delete a project of that name first.
        verbose: 0 shows nothing.

    Raises:
        InputError: If an argument cannot be used.

    Example:

    >>> auto = autonas.AutoModel({"picture": "image", "facts": "table"}, {"price": "regression"}, max_trials=10)
    >>> model = auto.fit({"picture": images, "facts": frame}, {"price": prices})

    >>> from autonas.blocks import Chain, ConvBlock, ReductionBlock
    >>> def block(images, rows):
    ...     return Chain(ConvBlock(images.resolution, rows), ReductionBlock())
    >>> model = autonas.AutoModel("image", "classification", block, max_trials=10).fit(x, y)
    """

    def __init__(
        self,
        inputs: Input | str | Mapping[str, Input | str] | Sequence[Input | str],
        outputs: Head | str | Mapping[str, Head | str] | Sequence[Head | str],
        block: Callable[[Any, int], Block] | None = None,
        *,
        max_trials: int | None = None,
        max_time: float | str | None = None,
        objective: Any = None,
        limits: Mapping[str, float] | None = None,
        strategy: Any = None,
        screen: Any = None,
        estimator: Any = "proxy",
        device: Any = "host",
        operations: str | None = None,
        top_k: int = 2,
        ensemble: bool | None = None,
        control: str | None = None,
        seed: int = 0,
        directory: str | Path = "runs",
        project_name: str | None = None,
        overwrite: bool = False,
        verbose: int = 1,
    ) -> None:
        self._parts = inputs_module.get(inputs), heads.get(outputs)
        self.input, self.head = copy.deepcopy(self._parts)
        self.block = arguments.block(block)
        self.max_time = arguments.seconds("max_time", max_time)
        self.max_trials = arguments.whole_or_none("max_trials", max_trials, least=1)
        if self.max_trials is None and self.max_time is None:
            self.max_trials = DEFAULT_TRIALS
        self._named_objective = objective
        wanted = self.head.default_objective if objective is None else objective
        self.objectives = objectives.several(wanted, getattr(self.head, "heads", ()))
        self.limits = objectives.limits(limits or {})
        self.strategy = arguments.strategy(strategy, self.objective.name, len(self.objectives) > 1)
        self.screen = arguments.screen(screen, self.strategy)
        self.estimator = estimators.get(estimator)
        self.device = devices.get(device)
        self.operations = arguments.operations(operations)
        self.top_k = arguments.whole("top_k", top_k, least=1)
        self.ensemble = arguments.ensemble(ensemble, self.objectives)
        self.control = arguments.control(control)
        self.seed = arguments.whole("seed", seed, least=0)
        self.directory = arguments.folder("directory", directory)
        self.project_name = arguments.project_name(project_name)
        self.overwrite, self.verbose = arguments.flag("overwrite", overwrite), arguments.verbosity(verbose)
        self._project: Project | None = None
        self._store = self._control_store = TrialStore(None)
        self._finished: dict[str, Any] | None = None
        self._model: keras.Model | None = None
        self._kept: Part | None = None  # held-out examples of `fit`, to compare an exported file on
        self._hyperparameters: list[dict[str, Any]] = []  # of the project, as plain data
        self._target: str | list[str] | None = None  # of a frame or a file that `fit` got
        self._batch_size = 32  # of the trainings of `fit`
        self._run: Run | None = None  # for more trainings, where there are several objectives

    def fit(
        self,
        x: Any,
        y: Any = None,
        *,
        target: Any = None,
        validation_split: float = 0.2,
        validation_data: Any = None,
        split: Any = "stratified",
        epochs: int | None = None,
        batch_size: int | None = None,
        callbacks: Sequence[Any] | None = None,
        class_weight: Any = None,
        sample_weight: Any = None,
    ) -> keras.Model:
        """Searches, retrains, and returns the model.

        A search that was stopped goes on where it was; one that is finished is answered from disk.

        Args:
            x: The examples; a `tf.data.Dataset` of (x, y) or (x, y, sample_weight), in which x and y may be dicts; the path
                of a `.csv`, `.tsv` or `.parquet` file, or of a folder of images with a folder for each class. A dataset that
                would take more than a quarter of the memory is not collected but read anew in each epoch: it has to give the
                same examples in the same order each time, best a random one, and statistics are learned from a sample.
            y: The targets; None where they come with `x`.
            target: The column of a frame or of a file that is the target, or a list of columns.
            validation_split: Share of the examples that candidates are judged on, in (0, 1). Of a dataset that does not fit in
                memory it is no more than fits in a sixteenth of the memory, and the rest is trained on.
            validation_data: (x, y), (x, y, sample_weight), a dataset, a frame or a path, to judge on instead. As all data that
                is given, it is part of the last training. Of a dataset that does not fit in memory, a part is used.
            split: How the examples to judge on are chosen: `"stratified"` at random, the classes in proportion; `"time"` the
                latest, by the first column of dates of a table, by the last event of a sequence (`order_by`), or else by
                the order of the rows; `{"time": times}` the latest by one time for each example; `{"group": groups}` so
                that no group (a card, a patient) is on both sides. Either may be the name of a column of a frame; of a
                frame of events, all that is for its examples may be there for each event, alike within a sequence.
            epochs: Of a full training; None chooses by the number of examples.
            batch_size: None chooses by the number of examples.
            callbacks: Keras callbacks. Each training of the search gets copies, the last one the originals.
            class_weight: label -> weight, or `"balanced"`.
            sample_weight: One weight for each example.

        Returns:
            A `keras.Model`, trained on all the data, that takes examples as they came.

        Raises:
            InputError: If something that was given cannot be used; nothing was started.
            ProjectError: If the project holds a search of other data or settings.
            SearchError: If no candidate could be trained.
        """
        begun = time.monotonic()
        heap.keep_freed()
        epochs = arguments.whole_or_none("epochs", epochs, least=1)
        batch_size = arguments.whole_or_none("batch_size", batch_size, least=1)
        callbacks = arguments.callbacks(callbacks)
        data_input, head = copy.deepcopy(self._parts)
        x, y = read(data_input, x, y, target)
        data_input.columns = reading.columns_of(x)
        if reading.is_path(validation_data) or (target is not None and hasattr(validation_data, "columns")):
            validation_data = read(data_input, validation_data, None, target, "validation_data")
        given = preparation.check(
            data_input,
            head,
            x,
            y,
            validation_split=validation_split,
            validation_data=validation_data,
            how=split,
            class_weight=class_weight,
            sample_weight=sample_weight,
            seed=self.seed,
        )
        self.input, self.head, self._finished, self._target = data_input, head, None, name_of(target)
        if self._named_objective is None:
            self.objectives = objectives.several(head.objective)
        objectives.check_possible(objectives.asked(self.objectives, self.limits), self.device)
        self._kept = given.validation.rows(np.arange(min(KEPT, data_module.length(given.validation.x))))
        settings = self._settings(given, epochs, batch_size, callbacks, class_weight)
        project = Project(self.directory / (self.project_name or default_name(type(self).__name__, settings)))
        project.check_writable()
        with _chatter_off():
            return self._fit(begun, project, settings, given, epochs, batch_size, callbacks, class_weight)

    def _fit(
        self,
        begun: float,
        project: Project,
        settings: dict[str, Any],
        given: Given,
        epochs: int | None,
        batch_size: int | None,
        callbacks: list[Any],
        class_weight: Any,
    ) -> keras.Model:
        from autonas.run import Plan, Run
        from autonas.space import SearchSpace

        preprocessor = self.input.preprocessor()
        data, everything = preparation.prepare(given, self.input, self.head, preprocessor, class_weight, self.seed)
        block = self.block(self.input, len(data))
        quality = objectives.lead(self.objectives)
        search_loss = quality is not None and quality.name != "val_loss"
        space = SearchSpace(block, self.head, self.input.shape, schedules(callbacks), search_loss, self.operations)
        budget = training_budget(self.input, quality, len(everything), epochs, batch_size, callbacks)
        self._batch_size = budget.batch_size
        finish = functools.partial(self._finished_model, preprocessor)
        evaluation = self._evaluation(space, data, budget, finish, project.folder / CHECKPOINTS)
        evaluation.check_metrics()
        settings = {**settings, "space": space.get_config()}
        # measured limits shaped them, so a search that goes on takes those that it began with
        points = project.kept(settings).get("starting_points") or evaluation.feasible(space.starting_points())
        self._store = project.open(settings, {**self._identity(), "starting_points": points}, self.overwrite)
        self._project, self._model = project, None
        self._control_store = TrialStore(project.folder / control.FOLDER, fingerprint(settings))
        self._hyperparameters = settings["space"]["hyperparameters"]
        stores = self._store, self._control_store
        plan = Plan(**{field.name: getattr(self, field.name) for field in dataclasses.fields(Plan)})
        run = Run(plan, space, data, everything, budget, evaluation, finish, points, *stores)
        self._run = run if len(self.objectives) > 1 else None
        content = project.read()
        if self._is_finished(content["finished"], self._store):
            self._finished = content["finished"]
            self.head = self._kept_head(content)
            self._say(f"The project in {project.folder} is finished; its model is read from there.")
            run.compare()
            return self.model
        with run.view(self.max_trials, run.seconds(), begun) as view:
            view.resume(self._store.trials)
            if self.input.summary():
                view.say(self.input.summary())
            try:
                outcome = run.search_and_retrain(begun, self._together(given, evaluation), view)
            except KeyboardInterrupt:
                view.say(self._how_to_go_on())
                raise
            self._model, self.head = run.finished(outcome, self.head)
            self._finish(project, {**content, **self._identity()}, outcome)
        run.compare()
        self._say(self.report())
        return self._model

    def _train_selected(self, trial: Trial) -> tuple[keras.Model, Head, Retrained]:
        """Trains a trial that `select` chose, without a deadline."""
        run = self._run
        if run is None:
            raise NotFittedError(
                f"Trial {trial.number} was not trained in full, and there is no data here to do it with. Call fit with the "
                "same data and settings as before, which reads the finished project from disk, and then select."
            )
        with _chatter_off():
            outcome = run.train(trial)
            return *run.finished(outcome, run.data.head), outcome

    def _together(self, given: Given, evaluation: Evaluation) -> Together | None:
        """How networks are joined: on as many folds as the split makes, if it was drawn at random and each can be judged on."""
        from autonas.retrain import Together

        light = self.input.light and not isinstance(given.train.x, streams.Stream)
        wanted = light and not self.limits and not self.objective.costs and len(self.objectives) == 1
        if not (wanted if self.ensemble is None else self.ensemble):
            return None
        if given.split is None or given.how != "stratified" or isinstance(given.train.x, streams.Stream):
            return Together(1, evaluation.fits)
        folds = max(2, min(MOST_FOLDS, round(1 / given.split)))
        y = data_module.joined(given.train.y, given.validation.y)
        strata = self.head.strata(y)
        members = np.zeros(0) if strata is None else np.unique(strata, return_counts=True)[1]
        # some fold would lack a class, or might, where the classes in proportion are those of another output
        few = len(members) == 2 and members.min() < folds
        owner, metric = qualities.of_output(evaluation.budget.monitor.removeprefix("val_"), y)
        few = few or (owner is not None and len(y) > 1 and qualities.is_known(metric))
        return Together(1 if few else folds, evaluation.fits)

    @classmethod
    def restore(cls, project: Project, content: dict[str, Any]) -> AutoModel:
        """Makes the object that a project was fitted by, without fitting; see `autonas.load`.

        Args:
            project: Its folder.
            content: What its file says.
        """
        self = cls.__new__(cls)
        AutoModel.__init__(
            self,
            inputs_module.restore(content["input"]),
            cls._kept_head(content),
            directory=project.folder.parent,
            project_name=project.folder.name,
        )
        self.objectives = objectives.restored(content["objective"])
        self._project, self._finished, self._target = project, content["finished"], content.get("target")
        self.input.columns = content.get("columns")
        settings, self._batch_size = content["settings"], content.get("batch_size", self._batch_size)
        self.limits = objectives.limits(settings["limits"])
        self.device, self.operations = devices.restore(*settings["device"]), settings.get("operations")
        self._store = TrialStore(project.folder / "trials", fingerprint(settings))
        self._control_store = TrialStore(project.folder / control.FOLDER, fingerprint(settings))
        self._hyperparameters = settings["space"]["hyperparameters"]
        return self

    def _evaluation(
        self,
        space: SearchSpace,
        data: Data,
        budget: Budget,
        finish: Callable[[keras.Model], keras.Model],
        checkpoints: Path,
    ) -> Evaluation:
        from autonas.evaluation import Evaluation

        return Evaluation(
            space,
            data,
            self.estimator,
            budget,
            self.objectives,
            screens.on_costs(self.limits),
            self.limits,
            self.device,
            lambda core: assembly.on_device(finish(core), self.input, self.head),
            self.seed,
            lite.files(self.input, assembly.as_if_calibrated(self.head, data.validation)),
            checkpoints,
        )

    def _finished_model(self, preprocessor: keras.Model, core: keras.Model, head: Head | None = None) -> keras.Model:
        quality = objectives.lead(self.objectives)
        metric = None if quality is None or quality.name == "val_loss" else quality.name.removeprefix("val_")
        return assembly.finished(preprocessor, core, head or self.head, metric, snake(type(self).__name__))

    def _settings(
        self, given: Given, epochs: int | None, batch_size: int | None, callbacks: Sequence[Any], class_weight: Any
    ) -> dict[str, Any]:
        """All that a trial depends on, as plain data."""
        parts = {"strategy": self.strategy, "device": self.device}
        return {
            **{name: described(part) for name, part in parts.items()},
            **({} if self.screen is None else {"screen": described(self.screen)}),
            **({} if self.operations is None else {"operations": self.operations}),
            **described_fit(given, epochs, batch_size, callbacks, class_weight),
            "head": self.head.get_config(),
            "objective": objectives.plain(self.objectives),
            "limits": {name: limit for name, (_, limit) in self.limits.items()},
            "estimator": self.estimator.get_config(),
            "seed": self.seed,
        }

    def _is_finished(self, finished: dict[str, Any] | None, store: TrialStore) -> bool:
        """Whether there is nothing left to do: not more trials, not more time, and as many finalists as asked for."""
        if finished is None or not store.trials or finished["ways"] != [self.top_k, self.ensemble]:
            return False
        more_trials = (self.max_trials or math.inf) > (finished["max_trials"] or math.inf)
        more_time = (self.max_time or math.inf) > (finished["max_time"] or math.inf)
        return not more_trials and not more_time

    def _finish(self, project: Project, content: dict[str, Any], outcome: Any) -> None:
        from autonas.finalists import as_plain

        project.save_model(self._model)
        shutil.rmtree(project.folder / CHECKPOINTS, ignore_errors=True)
        self._finished = {
            "max_trials": self.max_trials,
            "max_time": self.max_time,
            "ways": [self.top_k, self.ensemble],
            "winner": outcome.trial.number,
            "epochs": outcome.epochs,
            "finalists": as_plain(outcome.finalists),
            "selected": (content["finished"] or {}).get("selected", {}),
        }
        project.write({**content, "finished": self._finished})

    def _identity(self) -> dict[str, Any]:
        """What `load` needs to answer as this object does."""
        return {
            "task": _name_of_task(type(self)),
            "input": inputs_module.plain(self.input),
            "head": heads.plain(self.head),
            "objective": objectives.plain(self.objectives),
            "target": self._target,
            "columns": self.input.columns,
            "batch_size": self._batch_size,
        }

    def _how_to_go_on(self) -> str:
        done = len(trials.completed(self._store.trials))
        return (
            f"Stopped. {len(self._store.trials)} trials are kept in {self._project.folder if self._project else ''}. The same "
            f"call goes on from there; with max_trials={max(1, done)} it retrains the best of what there is."
        )


def _name_of_task(kind: type) -> str:
    """What a project calls a task: one of the package by its name."""
    ours = kind.__module__.split(".")[0] == __name__.split(".")[0]
    return kind.__name__ if ours else registry.address({}, kind)
