import keras_tuner
import numpy as np
import pytest

import autonas
from autonas import pareto, searching
from autonas.errors import InputError, ProjectError, SearchError
from autonas.searching import Goal


def build(hp):
    if hp.Choice("kind", ["line", "wave"]) == "wave":
        with hp.conditional_scope("kind", ["wave"]):
            hp.Float("frequency", 0.5, 5.0, step=0.5)
    hp.Int("width", 1, 20)
    return "whatever it returns is not looked at"


def distance(values):
    return abs(values["width"] - 7) + values.get("frequency", 0)


def metrics(values):
    return {"accuracy": values["width"] / 20, "energy": values["width"] ** 2, "kind": float(values["kind"] == "wave")}


def test_a_function_is_minimised_and_the_result_is_in_its_units():
    result = autonas.search(build, distance, objective="min", max_trials=60)
    assert result.best.score == distance(result.best.values) == min(trial.score for trial in result.trials)
    assert len(result.trials) == 60 == len({trial.key for trial in result.trials})
    board = result.leaderboard()
    assert board["score"].tolist() == sorted(trial.score for trial in result.trials)
    assert result.best.score == 0


def test_maximising_mirrors_minimising():
    least = autonas.search(build, distance, objective="min", max_trials=20)
    most = autonas.search(build, lambda values: -distance(values), max_trials=20)
    assert [t.values for t in least.trials] == [t.values for t in most.trials]
    assert [t.score for t in least.trials] == [-t.score for t in most.trials]


def test_a_space_is_hyperparameters_too_and_stays_as_it_was():
    hp = keras_tuner.HyperParameters()
    hp.Choice("width", [1, 2, 3])
    before = hp.get_config()
    result = autonas.search(hp, lambda values: values["width"], "random", max_trials=50)
    assert sorted(trial.score for trial in result.trials) == [1, 2, 3]
    assert hp.get_config() == before


def test_conditional_hyperparameters_are_found_and_given_where_they_are_active():
    seen = []
    autonas.search(build, lambda values: seen.append(values) or 0.0, "random", max_trials=20)
    assert {values["kind"] for values in seen} == {"line", "wave"}
    assert all(("frequency" in values) == (values["kind"] == "wave") for values in seen)


@pytest.mark.parametrize(
    ("objective", "best"),
    [
        ("accuracy", 20),
        ({"energy": "min"}, 1),
        (keras_tuner.Objective("energy", "max"), 20),
        (["accuracy"], 20),
    ],
)
def test_one_metric_of_several_is_the_objective(objective, best):
    result = autonas.search(build, metrics, "random", objective=objective, max_trials=100)
    assert result.best.values["width"] == best
    assert result.best.metrics == metrics(result.best.values)


def test_a_dict_of_one_metric_needs_no_name():
    result = autonas.search(build, lambda values: {"cost": distance(values)}, objective="min", max_trials=10)
    assert result.best.score == result.best.metrics["cost"] == min(trial.score for trial in result.trials)


def test_several_objectives_have_scores_and_a_front():
    result = autonas.search(build, metrics, "random", objective=["accuracy", {"energy": "min"}], max_trials=40)
    assert result.trials[0].scores == [result.trials[0].metrics[name] for name in ("accuracy", "energy")]
    front = result.pareto_front()
    assert sorted(front["energy"]) == sorted(t.metrics["energy"] for t in result.trials)  # more accuracy, more energy
    worse = autonas.search(build, metrics, "random", objective={"energy": "min", "kind": "min"}, max_trials=40)
    assert len(worse.pareto_front()) == 1


def test_the_front_of_one_objective_is_the_best_trial_and_its_equals():
    result = autonas.search(build, lambda values: min(values["width"], 15), "random", max_trials=100)
    assert set(result.pareto_front()["score"]) == {15}
    assert len(result.pareto_front()) > 1


def test_a_strategy_for_one_objective_is_asked_with_weighings_of_several():
    objective = ["accuracy", {"energy": "min"}]
    result = autonas.search(build, metrics, "evolution", objective=objective, max_trials=20)
    other = autonas.search(build, metrics, autonas.ParEGO("evolution"), objective=objective, max_trials=20)
    assert [trial.values for trial in result.trials] == [trial.values for trial in other.trials]


def test_shares_of_the_budget_need_one_score():
    with pytest.raises(InputError, match="evaluates in full where there are several objectives"):
        autonas.search(
            build, lambda values, budget: metrics(values), "asha", objective={"accuracy": "max", "energy": "min"}
        )


def test_the_hypervolume_grows_to_that_of_the_front():
    objective = {"accuracy": "max", "energy": "min"}
    result = autonas.search(build, metrics, "random", objective=objective, max_trials=15)
    table = result.hypervolume({"accuracy": 0.0, "energy": 500.0})
    assert table["hypervolume"].is_monotonic_increasing
    scores = [[trial.metrics["accuracy"], -trial.metrics["energy"]] for trial in result.trials]
    assert table["hypervolume"].iloc[-1] == pytest.approx(pareto.hypervolume(scores, [0.0, -500.0]))
    assert result.hypervolume().attrs["reference"] == {
        "accuracy": min(s[0] for s in scores),
        "energy": max(-s[1] for s in scores),
    }
    with pytest.raises(InputError, match="reference must be a dict"):
        result.hypervolume({"accuracy": 0.0})


def test_numbers_may_be_of_any_kind():
    result = autonas.search(build, lambda values: np.float32(values["width"]), max_trials=3)
    assert type(result.best.score) is float


def test_what_fails_costs_its_own_trial():
    def evaluate(values):
        if values["width"] % 3 == 0:
            raise ValueError("three")
        return {1: float("nan"), 2: 1.0}[values["width"] % 3]

    result = autonas.search(build, evaluate, "random", max_trials=30)
    messages = {trial.message for trial in result.trials if trial.status == "failed"}
    assert messages == {"ValueError: three", "The evaluation found that the score is nan."}
    assert result.best.score == 1.0


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("much", "has to return numbers, and returned 'much'"),
        (None, "has to return numbers, and returned None"),
        ({"a": 1, "b": 2}, r"metrics \['a', 'b'\]: objective= has to say"),
        ({"a": float("inf")}, "the score is inf"),
    ],
)
def test_an_answer_that_cannot_be_used_ends_a_search_with_the_reason(answer, reason):
    with pytest.raises(SearchError, match=f"first 5 trials all failed.*{reason}"):
        autonas.search(build, lambda values: answer)


def test_a_metric_that_is_missing_is_named():
    with pytest.raises(SearchError, match=r"has to return \['accuracy'\], and returned \['loss'\]"):
        autonas.search(build, lambda values: {"loss": 1.0}, objective="accuracy")


def test_nothing_completed_is_said_when_the_best_is_asked_for():
    result = autonas.search(build, lambda values: 1 / 0, max_trials=2)
    with pytest.raises(SearchError, match=r"None of the 2 trials completed.*ZeroDivisionError"):
        _ = result.best
    assert len(result.pareto_front()) == 0
    assert repr(result) == "SearchResult(0 of 2 trials completed)"


def test_without_a_directory_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    autonas.search(build, distance, objective="min", max_trials=5)
    assert list(tmp_path.rglob("*")) == []


def test_a_search_that_was_stopped_goes_on(tmp_path):
    calls = []

    def evaluate(values):
        calls.append(values)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return distance(values)

    def arguments(directory):
        return {"objective": "min", "max_trials": 20, "screen": prefer_small, "directory": directory}

    whole = autonas.search(build, distance, **arguments(None))
    with pytest.raises(KeyboardInterrupt):
        autonas.search(build, evaluate, **arguments(tmp_path / "kept"))
    assert len(list((tmp_path / "kept" / "trials").iterdir())) == 7
    again = autonas.search(build, evaluate, **arguments(tmp_path / "kept"))
    assert [t.values for t in again.trials] == [t.values for t in whole.trials]
    assert len(calls) == 21


def prefer_small(candidates):
    return [-values["width"] for values in candidates]


def test_a_directory_keeps_one_search(tmp_path):
    autonas.search(build, distance, directory=tmp_path, max_trials=3)
    with pytest.raises(ProjectError, match="seed was 0, now is 1"):
        autonas.search(build, distance, directory=tmp_path, max_trials=3, seed=1)
    result = autonas.search(build, distance, directory=tmp_path, max_trials=3, seed=1, overwrite=True)
    assert len(result.trials) == 3


class Wide(autonas.screens.base.Screen):
    proposals = 3

    def __init__(self, model):
        self.model = model

    def score(self, candidates, finished):
        return np.array([float(candidate.values["width"]) for candidate in candidates])


def test_a_screen_is_known_again_by_what_it_is_and_not_by_where(tmp_path):
    class Model:
        def __init__(self, size):
            self.size = size

    def search(size, max_trials):
        screen = [Wide(Model(size)), autonas.screens.Predictor(proxies=["nwot"])]
        return autonas.search(build, distance, screen=screen, directory=tmp_path, max_trials=max_trials)

    first = search(1, 3)
    assert [t.values for t in search(1, 5).trials[:3]] == [t.values for t in first.trials]
    with pytest.raises(ProjectError, match="screen was"):
        search(2, 5)


def test_max_time_ends_a_search(monkeypatch):
    clock = iter(range(1_000))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    result = autonas.search(build, distance, max_trials=None, max_time="60s")
    assert 5 < len(result.trials) < 30


def test_starting_points_come_first_and_are_completed():
    result = autonas.search(build, distance, starting_points=[{"kind": "wave"}, {"width": 20}], max_trials=4)
    first = [trial.values for trial in result.trials[:2]]
    assert first == [{"kind": "wave", "frequency": 0.5, "width": 1}, {"kind": "line", "width": 20}]
    assert [trial.origin for trial in result.trials] == ["starting point"] * 2 + ["evolution"] * 2


def test_a_function_with_a_budget_is_told_its_share():
    told = []

    def evaluate(values, budget):
        told.append((budget, dict(values)))
        return -distance(values) * (2 - budget)

    result = autonas.search(build, evaluate, "hyperband", max_trials=13)
    assert [budget for budget, _ in told] == [1 / 9] * 9 + [1 / 3] * 3 + [1.0]
    assert all(set(values) <= {"kind", "frequency", "width"} for _, values in told)
    assert "tuner/budget" in result.leaderboard()
    told.clear()
    autonas.search(build, evaluate, max_trials=2)
    assert [budget for budget, _ in told] == [1.0, 1.0]


def test_a_second_argument_of_another_kind_is_left_alone():
    def evaluate(values, noise=3.0):
        return distance(values) + noise

    assert autonas.search(build, evaluate, objective="min", max_trials=40).best.score == 3


def test_an_oracle_of_keras_tuner_searches_too():
    result = autonas.search(build, distance, keras_tuner.oracles.RandomSearchOracle, objective="min", max_trials=5)
    assert [trial.origin for trial in result.trials] == ["randomsearchoracle"] * 5


def test_a_search_shows_where_it_is_when_asked_to(capsys):
    autonas.search(build, distance, objective="min", max_trials=2)
    assert capsys.readouterr() == ("", "")
    result = autonas.search(build, distance, objective="min", max_trials=2, verbose=1)
    assert f"Trial 1/2: score {result.trials[0].score:.4g}" in capsys.readouterr().out


class Networks(autonas.screens.base.Screen):
    needs_network = True

    def score(self, candidates, finished):
        return np.zeros(len(candidates))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"space": 3}, "space must be"),
        ({"space": lambda hp: None}, "at least one hyperparameter"),
        ({"evaluate": 3}, "evaluate must be"),
        ({"strategy": "asha", "evaluate": distance}, "evaluate must be evaluate.values, budget. with"),
        ({"strategy": "evolutoin"}, "Did you mean 'evolution'"),
        ({"screen": "limit"}, "screen must be"),
        ({"screen": Networks()}, "needs no networks"),
        ({"screen": lambda candidates: [1.0, 2.0]}, "one number for each of the 1 candidates"),
        ({"screen": lambda candidates: ["good"]}, "one number for each"),
        ({"screen": lambda candidates: [np.inf]}, "but not inf"),
        ({"screen": prefer_small, "strategy": keras_tuner.oracles.RandomSearchOracle}, "left out with an oracle"),
        ({"objective": "maximum"}, "objective={'maximum': 'max'}"),
        ({"objective": {"accuracy": "up"}}, "'max' or 'min'"),
        ({"objective": ["max", "min"]}, "several metrics"),
        ({"objective": ["accuracy", "accuracy"]}, "each of another name"),
        ({"objective": []}, "objective must be"),
        ({"max_trials": 0}, "max_trials must be"),
        ({"max_trials": None}, "max_trials must be an integer where there is no max_time"),
        ({"max_time": -1}, "max_time must be"),
        ({"seed": -1}, "seed must be"),
        ({"starting_points": [3]}, "starting point must be a dict"),
        ({"starting_points": [{"height": 3}]}, r"\['height'\]"),
        ({"starting_points": [{"frequency": 0.5}]}, r"\['frequency'\]"),
        ({"starting_points": [{"width": 50}]}, "'width' of a starting point"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_is_evaluated(arguments, message):
    def evaluate(values):
        raise AssertionError("nothing was to be evaluated")

    with pytest.raises(InputError, match=message):
        autonas.search(**{"space": build, "evaluate": evaluate, **arguments})


def test_directions_are_known_of_metrics_and_costs():
    assert searching.read_goals(["val_accuracy", "mse", "latency_ms"]) == [
        Goal("val_accuracy", "max"),
        Goal("mse", "min"),
        Goal("latency_ms", "min"),
    ]


def test_costs_that_are_known_before_are_told_to_the_strategy_and_kept():
    asked = []

    def costs(values):
        asked.append(dict(values))
        return {"energy": values["width"] ** 2}

    def evaluate(values):
        return {"accuracy": values["width"] / 20}

    objective = {"accuracy": "max", "energy": "min"}
    result = autonas.search(build, evaluate, objective=objective, costs=costs, max_trials=14)
    assert all(trial.scores[1] == trial.values["width"] ** 2 for trial in result.trials)
    tried = [trial.values for trial in result.trials]
    assert [values for values in asked if values not in tried]  # looked at, and not evaluated
    asked.clear()
    autonas.search(build, evaluate, "random", objective=objective, costs=costs, max_trials=5)
    assert len(asked) == 5
    with pytest.raises(InputError, match="costs must be a function"):
        autonas.search(build, evaluate, objective=objective, costs={"energy": 1})
