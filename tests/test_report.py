import keras_tuner
import numpy as np

from autonas import report
from autonas.proposals import WARM_START
from autonas.trials import BUDGET, FAILED, REJECTED, Trial

HUMAN = "starting point"
TRIALS = [
    Trial(0, {"width": 8}, score=0.80, origin=HUMAN),
    Trial(1, {"width": 16}, score=0.85, origin="evolution"),
    Trial(2, {"width": 24}, FAILED, message="diverged", origin="evolution"),
    Trial(3, {"width": 32}, REJECTED, message="too large", origin="evolution"),
]
FINALISTS = [
    {"trial": 1, "origin": "evolution", "score": 0.9, "epochs": 9, "seconds": 3.0, "scores": [0.9], "share": 1.0},
    {"trial": 0, "origin": HUMAN, "score": 0.88, "epochs": 8, "seconds": 2.0, "scores": [0.88], "share": 0.0},
]


def test_the_gain_is_over_the_best_starting_point():
    assert round(report.gain(TRIALS, HUMAN), 9) == 0.05
    assert report.gain(TRIALS[1:], HUMAN) is None


def test_the_summary_counts_and_compares():
    text = report.summary(TRIALS, FINALISTS, "val_accuracy", 1, HUMAN)
    assert text.startswith("2 completed, 1 failed, 1 rejected of 4 trials")
    assert "Best trial: 2 (evolution), val_accuracy 0.85" in text
    assert "in the search: +0.05" in text
    assert "trial 2 (evolution): val_accuracy 0.9, 9 epochs" in text
    assert "after full training: +0.02" in text


def test_the_summary_says_what_an_ensemble_is_made_of():
    shared = [{**FINALISTS[0], "scores": [-0.9, -0.7], "share": 0.75}, {**FINALISTS[1], "share": 0.25}]
    lines = report.summary(TRIALS, shared, "val_loss", -1, HUMAN).splitlines()
    assert any(line.endswith("mean of 2 folds 0.8, 75% of the answer") for line in lines)
    assert any(line.endswith("2.0 s, 25% of the answer") for line in lines)
    assert "of the answer" not in report.summary(TRIALS, FINALISTS, "val_accuracy", 1, HUMAN)


def test_a_training_that_was_not_judged_is_no_evidence():
    unjudged = [{**FINALISTS[0], "score": None, "scores": []}]
    text = report.summary(TRIALS, unjudged, "val_accuracy", 1, HUMAN)
    assert (
        "on all the data and not judged, as there was no time for others to compare it with: trial 2 (evolution), 9 epochs"
        in text
    )
    assert "on the validation part" not in text
    assert "after full training" not in text


def test_a_minimised_objective_is_shown_as_it_is():
    trials = [Trial(0, {}, score=-0.3, origin=HUMAN)]
    assert "val_loss 0.3" in report.summary(trials, [], "val_loss", -1, HUMAN)


def test_a_search_without_completed_trials_has_a_summary():
    assert report.summary(TRIALS[2:], [], "val_accuracy", 1, HUMAN) == "1 failed, 1 rejected of 2 trials"


def test_nought_that_is_to_be_small_is_no_minus_nought():
    text = report.summary([Trial(0, {}, score=-0.0)], [], "error", -1, HUMAN, [Trial(0, {}, score=-0.0)])
    assert "error 0\n" in text
    assert "-0" not in text


def test_scores_of_one_budget_are_compared():
    def trial(number, a, share, score, origin="asha"):
        return Trial(number, {"a": a, BUDGET: share}, score=score, origin=origin)

    low = [trial(0, 1, 0.5, 3.0, HUMAN), trial(1, 2, 0.5, 5.0), trial(2, 3, 0.5, 9.0)]
    assert report.gain([*low, trial(3, 2, 1.0, 1.0)], HUMAN) == 6.0
    assert report.gain([*low, trial(3, 2, 1.0, 1.0), trial(4, 1, 1.0, 0.5, HUMAN)], HUMAN) == 0.5
    text = report.summary([*low, trial(3, 2, 1.0, 1.0)], [], "score", 1, HUMAN, [Trial(0, {}, score=0.75)])
    assert "Best trial: 4 (asha), score 1\n" in text
    assert "Gain over random search in the search: +0.25" in text


def test_a_candidate_in_words():
    assert report.describe({"conv_width": 8, "learning_rate": 0.00123456}) == "conv width 8, learning rate 0.00123"


def test_the_gain_over_a_random_search():
    control = [Trial(0, {}, score=-0.5), Trial(1, {}, score=-0.4), Trial(2, {}, FAILED), Trial(3, {}, REJECTED)]
    trials = [Trial(0, {}, score=-0.3)]
    lines = report.summary(trials, [], "val_loss", -1, HUMAN, control).splitlines()
    assert "Random search at the same budget (one run, 3 trained): best val_loss 0.4" in lines
    assert "Gain over random search in the search: +0.1" in lines
    assert "Random search" not in report.summary(trials, [], "val_loss", -1, HUMAN)


def test_how_well_the_cheap_estimates_ranked():
    scores = np.random.default_rng(0).normal(size=12)
    trials = [
        Trial(n, {}, score=float(score), screen=float(score) if n < 6 else float(-score), origin=WARM_START * (n < 6))
        for n, score in enumerate(scores)
    ]
    finalists = [{**FINALISTS[0], "trial": n, "score": -n} for n in (3, 4, 5, 3)]
    lines = report.summary(trials, finalists, "val_accuracy", 1, HUMAN).splitlines()
    assert any(line.startswith("  screen with search, warm start: 1.00 (") and "6 candidates" in line for line in lines)
    assert any(line.startswith("  screen with search, other proposals: -1.00 (") for line in lines)
    assert "  screen with full training: 3 candidates, too few to tell" in lines
    assert "  search with full training: 3 candidates, too few to tell" in lines


def test_a_screen_is_compared_with_scores_of_one_budget():
    low = [Trial(n, {"width": n, BUDGET: 1 / 3}, score=float(n), screen=float(n), origin=WARM_START) for n in range(7)]
    high = [Trial(7, {"width": 0, BUDGET: 1.0}, score=99.0, screen=0.0, origin=WARM_START)]
    assert "warm start: 1.00 (1.00 to 1.00), 7 candidates" in report.summary(low + high, [], "score", 1, HUMAN)


def test_there_is_no_gain_over_a_random_search_of_another_budget():
    control = [Trial(0, {"width": 8}, score=0.5)]
    parts = [Trial(0, {"width": 8, BUDGET: 1 / 3}, score=0.9)]
    text = report.summary(parts, [], "score", 1, HUMAN, control)
    assert "best score 0.5" in text
    assert "Gain over random" not in text
    assert "in the search: +0.4" in report.summary([Trial(0, {BUDGET: 1.0}, score=0.9)], [], "score", 1, HUMAN, control)


def test_other_ways_to_train_a_network_are_no_further_candidates():
    trials = [Trial(n, {}, score=float(n)) for n in range(3)]
    finalists = [{**FINALISTS[0], "trial": 2, "score": 1.0}, {**FINALISTS[0], "trial": 2, "score": 0.5}]
    assert "Rank correlation" not in report.summary(trials, finalists, "val_accuracy", 1, HUMAN)


def width_and_depth():
    hp = keras_tuner.HyperParameters()
    hp.Int("net_width", 1, 100)
    hp.Choice("net_depth", [1, 2, 3])
    return hp


def searched(score):
    rng = np.random.default_rng(0)
    drawn = [{"net_width": int(rng.integers(1, 101)), "net_depth": int(rng.integers(1, 4))} for _ in range(40)]
    return [Trial(n, values, score=float(score(values, rng))) for n, values in enumerate(drawn)]


def test_what_the_search_favoured_in_words_and_in_a_table():
    trials = searched(lambda values, rng: values["net_width"])
    lines = report.summary(trials, [], "val_accuracy", 1, HUMAN, space=width_and_depth()).splitlines()
    told = next(line for line in lines if line.startswith("What mattered most"))
    assert "forest over 40 trials" in told
    assert ": net width " in told
    assert "net depth" not in told
    assert any(line.startswith("The best quarter has net width ") and "all trials have" in line for line in lines)
    head = next(n for n, line in enumerate(lines) if "best quarter" in line and "importance" in line)
    assert lines[head + 1].split()[0] == "net_width"


def test_where_nothing_mattered_it_says_so():
    trials = searched(lambda values, rng: rng.normal())
    text = report.summary(trials, [], "val_accuracy", 1, HUMAN, space=width_and_depth())
    assert "What mattered cannot be told from 40 trials" in text
    assert "What mattered" not in report.summary(trials[:5], [], "val_accuracy", 1, HUMAN, space=width_and_depth())
