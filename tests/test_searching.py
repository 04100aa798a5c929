import fractions

import keras_tuner
import numpy as np
import pytest

import autonas
from autonas import goals, pareto
from autonas.errors import InputError, ProjectError, SearchError
from autonas.goals import Goal
from autonas.screens import Function, Predictor
from autonas.screens.base import Screen
from autonas.strategies.base import untried


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


def test_a_loop_over_a_number_is_searched_with_what_it_asks_for():
    def layers(hp):
        for layer in range(hp.Int("layers", 1, 4)):
            hp.Int(f"units_{layer}", 8, 64, step=8)

    result = autonas.search(layers, lambda v: sum(v[f"units_{n}"] for n in range(v["layers"])), "random", max_trials=30)
    assert {trial.status for trial in result.trials} == {"completed"}
    assert all(len(trial.values) == trial.values["layers"] + 1 for trial in result.trials)


def test_what_was_not_found_before_the_search_is_there_all_the_same():
    def declare(hp):
        if hp.Int("n", 1, 1_000) == 123:
            hp.Float("rate", 0.5, 1.0)

    with pytest.warns(UserWarning, match="not found before the search"):
        result = autonas.search(
            declare, lambda v: v["rate"] if v["n"] == 123 else 0.0, starting_points=[{"n": 123}], max_trials=3
        )
    assert result.trials[0].score == 0.5


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


def test_the_only_objective_is_called_score_where_it_has_no_name():
    result = autonas.search(build, distance, "random", objective="min", max_trials=5)
    assert result.hypervolume().attrs["reference"] == {"score": max(trial.score for trial in result.trials)}
    assert list(result.hypervolume({"score": 20}).hypervolume)[-1] == 20 - result.best.score


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
    for unusable in ({"accuracy": 0.0}, {"accuracy": 0.0, "energy": "much"}, {"accuracy": np.nan, "energy": 1}):
        with pytest.raises(InputError, match="reference must be a dict"):
            result.hypervolume(unusable)


def test_a_random_search_that_covers_nothing_is_compared_with_no_percentage():
    objective = {"accuracy": "max", "energy": "min"}
    result = autonas.search(
        build, lambda values: {"accuracy": 1, "energy": 1}, objective=objective, max_trials=2, control="random"
    )
    assert result.report().endswith("2 trained): hypervolume 0")


@pytest.mark.parametrize("kind", [np.float32, np.array, lambda number: np.array([[number]]), bool, fractions.Fraction])
def test_numbers_may_be_of_any_kind(kind):
    result = autonas.search(build, lambda values: kind(values["width"]), max_trials=3)
    assert type(result.best.score) is float
    assert result.best.score == float(np.squeeze(kind(result.best.values["width"])))


def test_metrics_beside_the_objective_do_no_harm():
    def evaluate(values):
        aux = float("nan") if values["width"] % 2 else 1.5
        return {"acc": values["width"] / 20, "note": "hi", "more": None, "aux": aux, "many": [1, 2], "deep": np.inf}

    with pytest.warns(UserWarning, match="no number is left out") as warned:
        result = autonas.search(build, evaluate, "random", objective={"acc": "max"}, max_trials=12)
    assert [str(one.message) for one in warned] == [
        "What evaluate returned that is no number is left out: note='hi', more=None, many=[1, 2]."
    ]
    assert all(trial.status == "completed" for trial in result.trials)
    for trial in result.trials:
        others = {} if trial.values["width"] % 2 else {"aux": 1.5}
        assert trial.metrics == {"acc": trial.values["width"] / 20, **others}


def test_a_metric_of_a_column_s_name_is_shown_beside_it():
    def evaluate(values):
        return {"score": values["width"], "seconds": 100.0 * values["width"], "trial": -1.0, "status": 3.0}

    result = autonas.search(build, evaluate, "random", objective={"score": "min", "seconds": "min"}, max_trials=8)
    board = result.leaderboard()
    widths = [result.trials[number].values["width"] for number in board["trial"]]
    assert widths == sorted(widths) == board["score"].tolist() == board["score (metric)"].tolist()
    assert board["seconds (metric)"].tolist() == [100.0 * width for width in widths]
    assert (board["seconds"] < 50).all()
    assert set(board["status"]) == {"completed"}
    assert set(board["trial (metric)"]) == {-1.0}
    assert result.pareto_front()["seconds (metric)"].iloc[0] == 100.0 * widths[0]


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
        ("0.5", "has to return numbers, and returned '0.5'"),
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


def test_a_search_of_a_few_trials_that_all_fail_ends_with_the_reason():
    with pytest.raises(SearchError, match=r"No trial of 2 worked.*ZeroDivisionError"):
        autonas.search(build, lambda values: 1 / 0, max_trials=2)


def test_a_screen_that_refuses_everything_is_named_when_the_best_is_asked_for():
    result = autonas.search(build, distance, screen=lambda candidates: [-np.inf] * len(candidates), max_trials=3)
    with pytest.raises(SearchError, match=r"None of the \d+ trials completed.*the screen says that it is never"):
        _ = result.best
    assert len(result.pareto_front()) == 0
    count = len(result.trials)
    assert repr(result) == f"SearchResult(0 of {count} trials completed)"
    assert f"of {count} trials" in result.report()


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


class Wide(Screen):
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
        screen = [Wide(Model(size)), Predictor(proxies=["nwot"])]
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


def test_no_starting_points_are_none():
    result = autonas.search(build, distance, starting_points=None, max_trials=2)
    assert {trial.origin for trial in result.trials} == {"evolution"}


@pytest.mark.parametrize(
    ("given", "legal"),
    [
        ({"n": np.int64(2)}, {"n": 2}),
        ({"n": 2.0}, {"n": 2}),
        ({"f": 1}, {"f": 1.0}),
        ({"f": np.float32(0.5)}, {"f": 0.5}),
        ({"s": np.float32(0.3)}, {"s": 0.3}),
        ({"label": 1.0}, {"label": 1}),
        ({"label": np.array(2)}, {"label": 2}),
        ({"flag": 1}, {"flag": True}),
        ({"flag": np.True_}, {"flag": True}),
        ({"text": np.str_("b")}, {"text": "b"}),
    ],
)
def test_a_starting_point_is_the_legal_value_that_equals_what_was_given(given, legal):
    def declare(hp):
        hp.Int("n", 1, 3)
        hp.Float("f", 0.0, 1.0)
        hp.Float("s", 0.0, 0.9, step=0.1)
        hp.Choice("label", [1, 2])
        hp.Boolean("flag")
        hp.Choice("text", ["a", "b"])

    result = autonas.search(declare, lambda values: 0.0, starting_points=[given, legal], max_trials=2)
    assert [trial.origin for trial in result.trials] == ["starting point", "evolution"]
    (name,) = legal
    value = result.trials[0].values[name]
    assert value == pytest.approx(legal[name]) if name == "s" else value == legal[name]
    assert type(value) is type(legal[name])


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


@pytest.mark.parametrize("made", [False, True])
def test_hyperband_of_keras_tuner_tells_its_share(made):
    oracle, told = keras_tuner.oracles.HyperbandOracle, []

    def evaluate(values, budget):
        told.append((budget, set(values)))
        return values["width"] * budget

    result = autonas.search(build, evaluate, oracle(max_epochs=9, seed=1) if made else oracle, max_trials=13)
    assert [budget for budget, _ in told] == [1 / 9] * 9 + [1 / 3] * 3 + [1.0]
    assert all(names <= {"kind", "frequency", "width"} for _, names in told)
    assert result.best.values["tuner/budget"] == 1.0


def test_a_second_argument_of_another_kind_is_left_alone():
    def evaluate(values, noise=3.0):
        return distance(values) + noise

    assert autonas.search(build, evaluate, objective="min", max_trials=40).best.score == 3


def test_an_oracle_of_keras_tuner_searches_too():
    result = autonas.search(build, distance, keras_tuner.oracles.RandomSearchOracle, objective="min", max_trials=5)
    assert [trial.origin for trial in result.trials] == ["randomsearchoracle"] * 5


class Widest(autonas.Strategy):
    """As one of the user's own may draw."""

    def propose(self, history, space, rng):
        def drawn():
            return {
                "kind": rng.choice(["line"]),
                "width": rng.integers(1, 21),
                "slow": np.bool_(False),
                "rate": np.float32(0.5),
            }

        return untried(history, space, rng, drawn)


def test_a_strategy_may_propose_numpys_values(tmp_path):
    def declare(hp):
        hp.Choice("kind", ["line"])
        hp.Int("width", 1, 20)
        hp.Boolean("slow")
        hp.Float("rate", 0.0, 1.0)

    results = [autonas.search(declare, distance, Widest(), max_trials=n, directory=tmp_path) for n in (3, 5)]
    assert [trial.values for trial in results[1].trials[:3]] == [trial.values for trial in results[0].trials]
    assert all([type(value) for value in one.values.values()] == [str, int, bool, float] for one in results[1].trials)


class Astray(autonas.Strategy):
    """Leaves the space after two trials."""

    def __init__(self, values):
        self._values = values

    def propose(self, history, space, rng):
        return {"kind": "line", "width": 1 + len(history)} if len(history) < 2 else self._values

    def __repr__(self):
        return "Astray()"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"zz": 3}, r"What Astray\(\) proposes must be of hyperparameters that are active in it\. Got \['zz'\]"),
        ({"kind": "line", "width": 50}, r"'width' of what Astray\(\) proposes must be one of its values\. Got 50"),
        ({"kind": "line", "width": 5, "frequency": 0.5}, r"active in it\. Got \['frequency'\]"),
        ("line", r"What Astray\(\) proposes must be a dict of hyperparameter -> value\. Got 'line'"),
        ([7], r"What Astray\(\) proposes must be a dict of hyperparameter -> value\. Got \[7\]"),
    ],
)
@pytest.mark.parametrize("screen", [None, Function(prefer_small, pool=0)])
def test_a_strategy_that_leaves_the_space_is_named_and_the_trials_stay(tmp_path, values, reason, screen):
    options = {"screen": screen, "directory": tmp_path}
    with pytest.raises(SearchError, match=reason):
        autonas.search(build, distance, Astray(values), **options)
    mended = autonas.search(build, distance, Astray({"kind": "line", "width": 7}), max_trials=3, **options)
    assert [trial.values["width"] for trial in mended.trials] == [1, 2, 7]


def test_a_space_may_have_numpys_numbers(tmp_path):
    def declare(hp):
        hp.Float("x", np.float32(0), np.float32(1), default=np.float32(0.5))
        hp.Float("step", 0, 1, step=np.float32(0.25))

    results = [
        autonas.search(declare, lambda v: v["x"], max_trials=n, directory=tmp_path, starting_points=[{}])
        for n in (2, 3)
    ]
    assert results[1].trials[:2] == results[0].trials


def test_a_search_shows_where_it_is_when_asked_to(capsys):
    autonas.search(build, distance, objective="min", max_trials=2)
    assert capsys.readouterr() == ("", "")
    result = autonas.search(build, distance, objective="min", max_trials=2, verbose=1)
    assert f"Trial 1/2: score {result.trials[0].score:.4g}" in capsys.readouterr().out


class Networks(Screen):
    needs_network = True

    def score(self, candidates, finished):
        return np.zeros(len(candidates))


class Answering(Screen):
    def __init__(self, answer):
        self._answer = answer

    def score(self, candidates, finished):
        return self._answer


def endless():
    hp = keras_tuner.HyperParameters()
    hp.Int("n", 0, 2**64)
    return hp


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"space": 3}, "space must be"),
        ({"space": lambda hp: None}, "at least one hyperparameter"),
        ({"space": lambda hp: hp.Int("n", 0, 2**63)}, r"'n' must be of fewer than 2\*\*63 values\. Got Int"),
        (
            {"space": lambda hp: hp.Float("n", 0, 1, step=1e-20)},
            r"'n' must be of fewer than 2\*\*63 values\. Got Float",
        ),
        ({"space": endless()}, r"'n' must be of fewer than 2\*\*63 values"),
        ({"evaluate": 3}, "evaluate must be"),
        ({"evaluate": lambda: 3}, r"evaluate must be evaluate\(values\) or .* Got evaluate\(\) instead"),
        ({"evaluate": lambda values, budget, more: 3}, r"Got evaluate\(values, budget, more\) instead"),
        ({"evaluate": lambda values, *, more: 3}, r"Got evaluate\(values, \*, more\) instead"),
        ({"strategy": "asha", "evaluate": distance}, "evaluate must be evaluate.values, budget. with"),
        (
            {"strategy": keras_tuner.oracles.HyperbandOracle, "evaluate": distance},
            "evaluate must be evaluate.values, budget",
        ),
        ({"strategy": "evolutoin"}, "Did you mean 'evolution'"),
        ({"screen": "limit"}, "screen must be"),
        ({"screen": Networks()}, "needs no networks"),
        ({"screen": "graph_attention"}, "needs no networks"),
        ({"screen": lambda candidates: [1.0, 2.0, 3.0]}, "one number for each of the 2 candidates"),
        ({"screen": lambda candidates: [1.0]}, "one number for each of the 2 candidates"),
        ({"screen": Predictor(features=lambda candidates: [1.0, 2.0])}, "Predictor's features return"),
        ({"screen": lambda candidates: ["good"]}, "one number for each"),
        ({"screen": lambda candidates: [np.inf]}, "but not inf"),
        ({"screen": Answering([1.0])}, "screen Answering returns must be one number for each of the 2 candidates"),
        ({"screen": Answering(0.5)}, "screen Answering returns must be one number for each of the 2 candidates"),
        ({"screen": [prefer_small, Answering(None)]}, "screen Answering returns must be one number for each"),
        ({"screen": Answering([1.0, np.inf])}, "screen Answering returns .* but not inf"),
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
        ({"starting_points": [{"width": 1.5}]}, "'width' of a starting point"),
        ({"starting_points": [{"width": [3]}]}, "'width' of a starting point"),
        ({"starting_points": [{"kind": np.array(["line", "wave"])}]}, "'kind' of a starting point"),
        ({"directory": 5}, "directory must be the path of a folder. Got 5"),
        ({"directory": ""}, "directory must be the path of a folder. Got ''"),
        ({"overwrite": "no"}, "overwrite must be True or False. Got 'no'"),
        ({"verbose": "x"}, "verbose must be an integer from 0 up. Got 'x'"),
        ({"costs": {"energy": 1}}, "costs must be a function"),
        ({"costs": lambda values: 3.0}, r"What costs returns must be a dict of metrics\. Got 3\.0"),
        (
            {"costs": lambda values: {"error": "high"}, "objective": {"error": "min"}},
            "'error' in what costs returns must be a number. Got 'high'",
        ),
        ({"control": "grid"}, "control must be None or 'random'"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_is_evaluated(arguments, message):
    def evaluate(values):
        raise AssertionError("nothing was to be evaluated")

    with pytest.raises(InputError, match=message):
        autonas.search(**{"space": build, "evaluate": evaluate, **arguments})


def test_several_objectives_of_keras_tuner_are_several():
    given = [keras_tuner.Objective("accuracy", "max"), keras_tuner.Objective("energy", "min")]
    joined = keras_tuner.oracles.RandomSearchOracle(objective=given).objective
    assert goals.read_goals(joined) == [Goal("accuracy", "max"), Goal("energy", "min")]


def test_directions_are_known_of_metrics_and_costs():
    assert goals.read_goals(["val_accuracy", "mse", "latency_ms"]) == [
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
    assert len(asked) == 6  # once before the search, to see what it returns


def test_costs_stand_beside_a_plain_number():
    result = autonas.search(
        build, distance, "random", objective="min", costs=lambda values: {"energy": 3}, max_trials=5
    )
    assert result.best.score == min(distance(trial.values) for trial in result.trials)
    assert all(trial.metrics == {"energy": 3} for trial in result.trials)
    assert list(result.leaderboard().energy) == [3] * 5


def test_the_best_of_shares_of_the_budget_is_that_of_the_largest():
    result = autonas.search(build, lambda values, budget: values["width"] / budget, "asha", max_trials=20)
    assert max(trial.score for trial in result.trials) > result.best.score
    assert result.best.values["tuner/budget"] == 1.0
    full = [trial for trial in result.trials if trial.values["tuner/budget"] == 1.0]
    assert result.best.score == max(trial.score for trial in full)
    assert f"Best trial: {result.best.number + 1} (asha), score {result.best.score:.4g}" in result.report()


def test_a_report_says_what_was_found_and_what_it_is_worth():
    result = autonas.search(
        build,
        distance,
        screen=Function(prefer_small, pool=200, warm=8, proposals=2),
        objective="min",
        max_trials=30,
        starting_points=[{"width": 20}],
        control="random",
    )
    text = result.report()
    lines = text.splitlines()
    assert lines[0] == "30 completed of 30 trials"
    assert lines[1] == f"Best trial: {result.best.number + 1} ({result.best.origin}), score {result.best.score:.4g}"
    assert f"Gain over the best starting point in the search: +{13 - result.best.score:.4g}" in lines
    assert "Random search at the same budget (one run, 30 trained): best score" in text
    assert "Gain over random search in the search: " in text
    assert "  screen with search, warm start: " in text
    assert "What mattered most" in text
    table = result.importance()
    assert set(table["hyperparameter"]) == {"kind", "frequency", "width"}
    assert table["importance"].is_monotonic_decreasing
    assert "full training" not in text


def test_a_control_is_kept_and_goes_on_and_has_seeds_of_its_own(tmp_path):
    def search(max_trials, directory=tmp_path, **options):
        return autonas.search(build, distance, "random", None, "min", max_trials, directory=directory, **options)

    plain = search(4)
    first = search(4, control="random")
    assert [trial.values for trial in first.trials] == [trial.values for trial in plain.trials]
    kept = sorted((tmp_path / "control").iterdir())
    assert len(kept) == 4
    before = [file.read_text() for file in kept]
    whole = search(6, control="random")
    assert [file.read_text() for file in kept] == before
    assert [t.values for t in whole._control] == [t.values for t in search(6, None, control="random")._control]
    assert [trial.values for trial in whole._control] != [trial.values for trial in whole.trials]


def test_a_control_of_shares_of_the_budget_has_as_many_full_evaluations():
    result = autonas.search(build, lambda v, budget: v["width"] * budget, "hyperband", max_trials=13, control="random")
    assert len(result._control) == 3  # nine ninths, of three a third and of one of them all: 6/9 + 2/3 + 1


def test_a_report_of_several_objectives_tells_of_the_front():
    objective = {"accuracy": "max", "energy": "min"}
    result = autonas.search(build, metrics, "random", objective=objective, max_trials=20, control="random")
    assert "Front: " in result.report()
    assert "hypervolume" in result.report()
