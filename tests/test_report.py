from autonas import report
from autonas.trials import FAILED, REJECTED, Trial

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


def test_a_minimised_objective_is_shown_as_it_is():
    trials = [Trial(0, {}, score=-0.3, origin=HUMAN)]
    assert "val_loss 0.3" in report.summary(trials, [], "val_loss", -1, HUMAN)


def test_a_search_without_completed_trials_has_a_summary():
    assert report.summary(TRIALS[2:], [], "val_accuracy", 1, HUMAN) == "1 failed, 1 rejected of 2 trials"


def test_a_candidate_in_words():
    assert report.describe({"conv_width": 8, "learning_rate": 0.00123456}) == "conv width 8, learning rate 0.00123"
