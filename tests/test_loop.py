import keras_tuner
import numpy as np
import pytest

from autonas import loop, oracles
from autonas.errors import InputError, RejectedError, SearchError, TrialError
from autonas.loop import Interrupted, Outcome, StrategyOracle
from autonas.screens import Function
from autonas.strategies import Asha, Evolution, Hyperband, Random
from autonas.trial_store import TrialStore
from autonas.trials import BUDGET, bare


def space():
    hp = keras_tuner.HyperParameters()
    hp.Choice("width", [8, 16, 32, 64])
    with hp.conditional_scope("width", [8]):
        hp.Choice("depth", [1, 2, 3])
    hp.Float("rate", 0.1, 1.0, step=0.1)
    return hp


def score(number, values):
    return Outcome(values["width"] + values["rate"], {"val_accuracy": values["rate"]}, {"params": values["width"]})


def run(store=None, strategy=None, evaluate=score, **options):
    store = TrialStore(None) if store is None else store
    loop.run(strategy or Random(), space(), evaluate, store, **{"max_trials": 10, **options})
    return store.trials


def test_a_search_ends_after_max_trials_with_all_that_was_found():
    trials = run()
    assert [trial.number for trial in trials] == list(range(10))
    assert len({trial.key for trial in trials}) == 10
    assert trials[0].score == trials[0].values["width"] + trials[0].values["rate"]
    assert trials[0].metrics == {"val_accuracy": trials[0].values["rate"]}
    assert trials[0].origin == "random"


def test_starting_points_come_first():
    points = [{"width": 64, "rate": 0.5}, {"width": 8, "depth": 2, "rate": 0.1}]
    trials = run(starting_points=points)
    assert [trial.values for trial in trials[:2]] == points
    assert [trial.origin for trial in trials[:3]] == ["starting point", "starting point", "random"]


@pytest.mark.parametrize("strategy", [Random(), Evolution(population=3, sample=2)])
def test_a_search_that_stopped_goes_on_as_if_it_had_not(tmp_path, strategy):
    whole = run(strategy=strategy, max_trials=12)
    run(TrialStore(tmp_path), strategy, max_trials=5)
    parts = run(TrialStore(tmp_path), strategy, max_trials=12)
    assert [t.values for t in parts] == [t.values for t in whole]


@pytest.mark.parametrize("strategy", [Random(), Evolution(population=3, sample=2)])
def test_what_was_rejected_for_now_is_trained_where_it_can_be(tmp_path, strategy):
    def small_machine(number, values):
        if values["width"] >= 32:
            raise RejectedError("too little memory", for_now=True)
        return score(number, values)

    whole = run(strategy=strategy, max_trials=12)
    first = run(TrialStore(tmp_path), strategy, small_machine, max_trials=3)
    refused = [trial for trial in first if trial.status == "rejected"]
    assert refused
    assert [trial.key for trial in run(TrialStore(tmp_path), strategy, max_trials=3)] == [trial.key for trial in first]
    again = run(TrialStore(tmp_path), strategy, max_trials=12)
    places = {trial.key: trial for trial in again}
    assert all(places[trial.key].number == trial.number for trial in first)
    assert all(places[trial.key].score == trial.values["width"] + trial.values["rate"] for trial in refused)
    assert sum(trial.status == "completed" for trial in again) == len(whole)


def test_a_trial_that_was_lost_is_run_again(tmp_path):
    whole = run(TrialStore(tmp_path), Evolution(population=3, sample=2))
    (tmp_path / "0004.json").unlink()
    again = run(TrialStore(tmp_path), Evolution(population=3, sample=2))
    assert [t.values for t in again] == [t.values for t in whole]


def test_seeds_matter_and_zero_is_one():
    assert [t.values for t in run(seed=0)] == [t.values for t in run(seed=0)]
    assert [t.values for t in run(seed=0)] != [t.values for t in run(seed=1)]


def test_a_broken_candidate_costs_its_own_trial():
    def evaluate(number, values):
        if number == 1:
            raise TrialError("it diverged")
        if number == 2:
            raise MemoryError("too large")
        return score(number, values)

    trials = run(evaluate=evaluate, max_trials=5)
    assert [trial.status for trial in trials] == ["completed", "failed", "failed", "completed", "completed"]
    assert trials[1].message == "it diverged"
    assert trials[2].message == "MemoryError: too large"
    assert trials[1].score is None


def test_rejected_candidates_are_recorded_and_do_not_count():
    def evaluate(number, values):
        if values["width"] < 32:
            raise RejectedError("too narrow", {"params": 1.0})
        return score(number, values)

    trials = run(evaluate=evaluate, max_trials=5)
    assert sum(trial.status == "completed" for trial in trials) == 5
    rejected = [trial for trial in trials if trial.status == "rejected"]
    assert rejected
    assert rejected[0].message == "too narrow"
    assert rejected[0].costs == {"params": 1.0}


def test_a_search_whose_first_trials_all_fail_ends_with_the_reason():
    def evaluate(number, values):
        raise ValueError("no such layer")

    store = TrialStore(None)
    with pytest.raises(SearchError, match=r"first 5 trials all failed.*no such layer"):
        run(store, evaluate=evaluate, max_trials=50)
    assert len(store.trials) == 5


def test_a_covered_space_ends_the_search():
    hp = keras_tuner.HyperParameters()
    hp.Choice("width", [1, 2, 3])
    store = TrialStore(None)
    loop.run(Random(), hp, lambda number, values: Outcome(values["width"]), store, max_trials=50)
    assert sorted(trial.values["width"] for trial in store.trials) == [1, 2, 3]


def test_a_deadline_that_is_past_starts_nothing():
    assert run(deadline=0.0) == []


def test_an_interrupted_trial_leaves_no_record():
    def evaluate(number, values):
        if number == 3:
            raise Interrupted(score(number, values))
        return score(number, values)

    assert len(run(evaluate=evaluate)) == 3


def test_what_is_known_of_the_only_trial_is_kept_when_the_time_is_up():
    def evaluate(number, values):
        raise Interrupted(score(number, values))

    (trial,) = run(evaluate=evaluate)
    assert trial.status == "completed"


def test_a_screen_that_the_time_cut_ends_the_search():
    def cut(candidates):
        raise Interrupted

    assert run(screen=Function(cut)) == []


def test_a_number_that_is_none_fails_its_trial():
    def evaluate(number, values):
        return [Outcome(float("nan")), Outcome(1.0, {"loss": float("inf")}), Outcome(1.0, scores=[1.0, -np.inf])][
            number
        ]

    assert [trial.message for trial in run(evaluate=evaluate, max_trials=3)] == [
        "The evaluation found that the score is nan.",
        "The evaluation found that loss is inf.",
        "The evaluation found that score 1 is -inf.",
    ]


def test_a_search_over_strategies_of_ours_writes_no_files(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    run(max_trials=3)


def test_ctrl_c_passes_and_the_trials_stay():
    def evaluate(number, values):
        if number == 2:
            raise KeyboardInterrupt
        return score(number, values)

    store = TrialStore(None)
    with pytest.raises(KeyboardInterrupt):
        run(store, evaluate=evaluate)
    assert len(store.trials) == 2


ORACLES = [
    keras_tuner.oracles.RandomSearchOracle,
    keras_tuner.oracles.BayesianOptimizationOracle,
    keras_tuner.oracles.HyperbandOracle,
    keras_tuner.oracles.GridSearchOracle,
]


@pytest.mark.parametrize("oracle", ORACLES)
def test_oracles_of_keras_tuner_propose(oracle):
    trials = run(strategy=oracle, epochs=9, starting_points=[{"width": 64, "rate": 0.5}])
    assert trials[0].origin == "starting point"
    assert {trial.origin for trial in trials[1:]} == {oracle.__name__.lower()}
    assert len({trial.key for trial in trials}) == len(trials) == 10


@pytest.mark.parametrize("oracle", ORACLES)
def test_an_oracle_that_stopped_goes_on_from_the_records(tmp_path, oracle):
    whole = run(strategy=oracle, epochs=9)
    run(TrialStore(tmp_path), oracle, max_trials=4, epochs=9)
    counted = []

    def evaluate(number, values):
        counted.append(number)
        return score(number, values)

    parts = run(TrialStore(tmp_path), oracle, evaluate, epochs=9)
    assert counted == list(range(4, 10))
    if oracle is not keras_tuner.oracles.BayesianOptimizationOracle:
        assert [t.values for t in parts] == [t.values for t in whole]


def test_values_of_an_oracle_have_the_types_of_the_space():
    def evaluate(number, values):
        assert type(values["units"]) is int
        return Outcome(float(values["units"]))

    hp = keras_tuner.HyperParameters()
    hp.Int("units", 8, 64, step=2, sampling="log")
    store = TrialStore(None)
    loop.run(keras_tuner.oracles.GridSearchOracle, hp, evaluate, store, max_trials=10)
    assert [trial.score for trial in store.trials] == [8.0, 16.0, 32.0, 64.0]


def test_an_oracle_learns_what_failed():
    seen = []

    class Watching(keras_tuner.oracles.RandomSearchOracle):
        def end_trial(self, trial):
            seen.append(trial.status)
            return super().end_trial(trial)

    def evaluate(number, values):
        if number == 1:
            raise TrialError("it diverged")
        return score(number, values)

    run(strategy=Watching, evaluate=evaluate, max_trials=3)
    assert seen == ["COMPLETED", "FAILED", "COMPLETED"]


def test_a_search_prints_nothing(capsys):
    run(max_trials=3)
    run(strategy=ORACLES[0], max_trials=3)
    assert capsys.readouterr() == ("", "")


def test_an_oracle_that_aims_elsewhere_is_an_error():
    with pytest.raises(InputError, match="objective of the oracle"):
        oracles.check_oracle(keras_tuner.oracles.RandomSearchOracle(objective="val_loss"), "val_accuracy")


def plain_tuner(tmp_path, strategy, score, **options):
    """Keras Tuner's own loop over a strategy of ours: the history is read from its trials."""
    oracle = StrategyOracle(strategy, keras_tuner.Objective("score", "max"), max_trials=25, seed=0, **options)
    oracle.verbose = 0

    class Tuner(keras_tuner.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            return {"score": score(trial.hyperparameters.values)}

    def build(hp):
        hp.Choice("width", [8, 16, 32, 64])
        hp.Float("rate", 0.1, 1.0, step=0.1)

    tuner = Tuner.__new__(Tuner)
    keras_tuner.engine.base_tuner.BaseTuner.__init__(tuner, oracle, build, directory=tmp_path, project_name="plain")
    with pytest.warns(DeprecationWarning, match="currentThread|getName"):
        tuner.search()
    return oracle


def test_a_strategy_serves_a_plain_keras_tuner(tmp_path):
    strategy = Evolution(population=4, sample=2)
    oracle = plain_tuner(tmp_path, strategy, lambda values: values["width"] + values["rate"])
    values = [tuple(trial.hyperparameters.values.values()) for trial in oracle.trials.values()]
    assert len(values) == len(set(values)) == 25
    assert oracle.get_best_trials(1)[0].score > np.median([trial.score for trial in oracle.trials.values()])


def test_starting_points_of_an_oracle_come_first_once_and_are_completed(tmp_path):
    points = [{"width": np.int64(64)}, {"rate": 0.3}]
    oracle = plain_tuner(tmp_path, "random", lambda values: 0.0, starting_points=points)
    first = [trial.values for trial in oracle.history()[:3]]
    assert first[:2] == [{"width": 64, "rate": 0.1}, {"width": 8, "rate": pytest.approx(0.3)}]
    assert first[2] not in first[:2]


@pytest.mark.parametrize("point", [{"zz": 1}, {"width": 9}, 3])
def test_a_starting_point_of_an_oracle_that_is_not_in_the_space_is_named(point):
    hp = keras_tuner.HyperParameters()
    hp.Choice("width", [8, 16])
    oracle = StrategyOracle(
        "random", keras_tuner.Objective("score", "max"), starting_points=[point], hyperparameters=hp
    )
    with pytest.raises(InputError, match="starting point must be"):
        oracle.populate_space("0")


def test_an_oracle_takes_names_and_draws_a_seed_where_it_has_none():
    objective = keras_tuner.Objective("score", "max")
    assert isinstance(StrategyOracle("evolution", objective).strategy, Evolution)
    assert isinstance(StrategyOracle("random", objective, seed=None).seed, int)
    assert StrategyOracle("random", objective, seed=0).seed == 0
    with pytest.raises(InputError, match="Did you mean 'evolution'"):
        StrategyOracle("evolutoin", objective)
    with pytest.raises(InputError, match="several objectives"):
        StrategyOracle("asha", [objective, keras_tuner.Objective("cost", "min")])


@pytest.mark.parametrize("name", ["nsga2", "evolution"])
def test_a_plain_keras_tuner_tells_each_of_several_objectives(tmp_path, name):
    aims = [keras_tuner.Objective("score", "max"), keras_tuner.Objective("cost", "min")]
    oracle = StrategyOracle(name, aims, max_trials=12, seed=0)
    oracle.verbose = 0

    class Tuner(keras_tuner.engine.base_tuner.BaseTuner):
        def run_trial(self, trial, *args, **kwargs):
            values = trial.hyperparameters.values
            score, cost = values["width"], values["rate"]
            return {"score": score, "cost": cost, "multi_objective": cost - score}  # which Keras Tuner itself looks at

    with pytest.warns(DeprecationWarning, match="currentThread|getName"):
        Tuner(
            oracle, lambda hp: (hp.Choice("width", [8, 16, 32]), hp.Float("rate", 0.1, 1.0)), directory=tmp_path
        ).search()
    history = oracle.history()
    assert all(t.scores == [t.values["width"], -t.values["rate"]] for t in history)
    assert [t.score for t in history] == [t.scores[0] for t in history]
    assert len(history) == 12


def test_a_plain_keras_tuner_reads_the_share_of_the_budget_among_the_values(tmp_path):
    oracle = plain_tuner(tmp_path, Hyperband(), lambda values: values["width"] * values[BUDGET])
    shares = [oracle.trials[name].hyperparameters.values[BUDGET] for name in oracle.start_order]
    assert shares[:13] == [1 / 9] * 9 + [1 / 3] * 3 + [1.0]


def fidelity(number, values):
    return Outcome(values["width"] * values[BUDGET])


@pytest.mark.parametrize("strategy", [Hyperband(), Asha(), Hyperband(strategy=Evolution(population=3, sample=2))])
def test_budgets_are_shared_out_and_the_number_of_trials_holds(tmp_path, strategy):
    def options(count):
        return {"strategy": strategy, "evaluate": fidelity, "max_trials": count, "starting_points": points}

    points = [{"width": 64, "rate": 0.5}, {"width": 8, "depth": 2, "rate": 0.1}]
    whole = run(**options(20))
    assert len(whole) == 20
    assert [bare(trial.values) for trial in whole[:2]] == points
    assert [trial.values[BUDGET] for trial in whole[:2]] == [1 / 9, 1 / 9]
    on = [trial for trial in whole if bare(trial.values) == points[0]]
    assert len(on) > 1
    assert {trial.origin for trial in on} == {"starting point"}  # who goes on keeps the name of who found it
    for cut in (1, 10, 13):
        store = TrialStore(tmp_path / str(cut))
        run(store, **options(cut))
        run(store, **options(20))
        assert [trial.values for trial in store.trials] == [trial.values for trial in whole]


def test_a_warm_start_stands_on_the_lowest_rung():
    screen = Function(lambda several: [values["width"] for values in several], pool=50, warm=3, proposals=4)
    trials = run(strategy=Hyperband(), evaluate=fidelity, screen=screen, max_trials=13)
    assert [trial.origin for trial in trials[:9]] == ["warm start"] * 3 + ["hyperband"] * 6
    assert [trial.values[BUDGET] for trial in trials] == [1 / 9] * 9 + [1 / 3] * 3 + [1.0]


def test_what_a_strategy_may_go_on_with_is_told_after_each_trial():
    told = []
    run(strategy=Hyperband(), evaluate=fidelity, max_trials=13, prune=lambda trials: told.append(len(trials)))
    assert told == [*range(1, 9), 3, 3, 3, 1, 0]
