"""Thresholds: each aim against scikit-learn's curves, ties, weights, what cannot be reached, and the summary."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_curve, roc_curve

from autonas.errors import InputError
from autonas.thresholds import Threshold, check_aim, choose

AIMS = ["f1", {"max_fpr": 0.05}, {"max_fpr": 0}, {"min_precision": 0.6}, {"min_recall": 0.8}, {"min_recall": 1.0}, 0.5]


def cases(seed, n=400, share=0.2, levels=None):
    """Targets, scores that tell something about them (with few `levels`: many ties), and weights, some of them zero."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < share).astype(int)
    scores = 1 / (1 + np.exp(-(2 * y + rng.normal(-1, 1, n))))
    if levels is not None:
        scores = np.round(scores * levels) / levels
    return y, scores, rng.integers(0, 4, n).astype(float)


def best_by_sklearn(y, scores, aim, weights):
    """What the aim maximises (for `min_recall` minimises), over scikit-learn's curves."""
    precision, recall, _ = precision_recall_curve(y, scores, sample_weight=weights)
    precision, recall = precision[:-1], recall[:-1]  # without the end that has no threshold
    fpr, tpr, _ = roc_curve(y, scores, sample_weight=weights, drop_intermediate=False)
    if aim == "f1":
        return np.max(2 * precision * recall / np.maximum(precision + recall, 1e-12))
    ((kind, limit),) = aim.items()
    if kind == "max_fpr":
        return tpr[fpr <= limit].max()
    if kind == "min_precision":
        return recall[precision >= limit].max()
    return fpr[tpr >= limit].min()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("levels", [None, 10])
@pytest.mark.parametrize("aim", AIMS[:2] + AIMS[3:6])
def test_each_aim_gets_what_scikit_learn_finds(aim, levels, weighted):
    for seed in range(5):
        y, scores, weights = cases(seed, levels=levels)
        weights = weights if weighted else None
        chosen = choose(y, scores, aim, weights)
        ((kind, limit),) = aim.items() if isinstance(aim, dict) else (("f1", 0),)
        got = {"f1": chosen.f1, "min_recall": chosen.fpr}.get(kind, chosen.recall)
        assert got == pytest.approx(best_by_sklearn(y, scores, aim, weights))
        assert {
            "f1": True,
            "max_fpr": chosen.fpr <= limit,
            "min_precision": chosen.precision >= limit,
            "min_recall": chosen.recall >= limit,
        }[kind]


@pytest.mark.parametrize("aim", AIMS)
def test_what_it_means_is_counted_from_its_decisions(aim):
    y, scores, _ = cases(3, n=1_000)
    scores[np.argmax(scores)], y[np.argmax(scores)] = 1.0, 1  # so that no false positive at all can be reached
    chosen = choose(y, scores, aim)
    decisions = chosen.decide(scores)
    (_, fp), (fn, tp) = confusion_matrix(y, decisions)
    assert chosen.alerts_per_1000 == pytest.approx(tp + fp)
    assert chosen.false_positives_per_1000 == pytest.approx(fp)
    assert (chosen.true_positives, chosen.positives, chosen.n) == (tp, tp + fn, 1_000)
    assert chosen.precision == pytest.approx(tp / (tp + fp))
    assert chosen.recall == pytest.approx(tp / (tp + fn))
    assert chosen.fpr == pytest.approx(fp / (y == 0).sum())
    assert chosen.f1 == pytest.approx(f1_score(y, decisions))


def test_weights_count_like_repeated_cases():
    y, scores, weights = cases(7)
    times = weights.astype(int)
    for aim in ("f1", {"max_fpr": 0.1}, {"min_precision": 0.5}, {"min_recall": 0.7}, 0.4):
        once = choose(y, scores, aim, weights)
        often = choose(np.repeat(y, times), np.repeat(scores, times), aim)
        for name in ("value", "precision", "recall", "fpr", "f1", "alerts_per_1000", "false_positives_per_1000"):
            assert getattr(once, name) == pytest.approx(getattr(often, name)), name
        assert (once.n, once.positives) == (len(y), y.sum())


def test_a_score_exactly_at_the_threshold_is_an_alert():
    chosen = choose([0, 0, 1, 1], [0.1, 0.5, 0.5, 0.9], 0.5)
    assert chosen.decide([0.4999, 0.5, 0.9]).tolist() == [False, True, True]
    assert (chosen.true_positives, chosen.fpr) == (2, 0.5)


def test_float32_scores_are_decided_as_they_were_measured():
    y, scores, _ = cases(0)
    scores = scores.astype("float32")
    chosen = choose(y[:, None], scores[:, None], "f1")
    assert chosen.f1 == pytest.approx(f1_score(y, chosen.decide(scores)))
    assert chosen.decide(scores[:, None]).shape == (len(y), 1)


def test_among_equally_good_thresholds_the_one_with_fewest_alerts_is_taken():
    y, scores = [1, 0, 0, 1, 0], [0.9, 0.8, 0.7, 0.2, 0.1]
    assert choose(y, scores, {"max_fpr": 0.67}).value == pytest.approx(0.15)
    assert choose(y, scores, {"max_fpr": 0.4}).value == pytest.approx(0.85)
    assert choose(y, scores, {"min_recall": 0.5}).value == pytest.approx(0.85)


def test_equal_scores_leave_one_threshold():
    y, scores = [0, 1, 0, 0], np.full(4, 0.3)
    chosen = choose(y, scores, "f1")
    assert (chosen.value, chosen.recall, chosen.fpr, chosen.precision) == (0.3, 1.0, 1.0, 0.25)
    with pytest.raises(InputError, match=r"highest precision of any threshold is 0\.25"):
        choose(y, scores, {"min_precision": 0.5})
    with pytest.raises(InputError, match="lowest false positive rate with which any positive is found is 1"):
        choose(y, scores, {"max_fpr": 0.1})


def test_what_cannot_be_reached_is_said_with_the_best_that_can():
    y, scores = [0, 1, 1, 0, 0], [0.9, 0.8, 0.7, 0.2, 0.1]
    with pytest.raises(InputError, match=r"is 0\.6667.*\{'min_precision': 0\.9\}"):
        choose(y, scores, {"min_precision": 0.9})
    with pytest.raises(InputError, match=r"is 0\.3333"):
        choose(y, scores, {"max_fpr": 0.1})
    assert choose(y, scores, {"min_precision": 2 / 3}).recall == 1


def test_a_threshold_that_reports_nothing_has_no_precision():
    chosen = choose([0, 1], [0.1, 0.2], 0.9)
    assert (chosen.precision, chosen.recall, chosen.f1, chosen.alerts_per_1000) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "aim",
    [
        "F1", None, True, 0, 1, 0.0, 1.0, -0.1, np.nan, {}, {"max_fpr": 1}, {"max_fpr": "0.1"}, {"min_precision": 0},
        {"min_recall": 1.1}, {"min_fpr": 0.1}, {"max_fpr": 0.1, "min_recall": 0.5}, {"max_fpr": True}, [0.5],
    ],
)  # fmt: skip
def test_other_aims_are_refused(aim):
    with pytest.raises(InputError, match="threshold must be 'f1'"):
        choose([0, 1], [0.1, 0.2], aim)


def test_aims_become_plain():
    assert check_aim({"max_fpr": np.float32(0.5)}) == {"max_fpr": 0.5}
    assert type(check_aim(np.float64(0.5))) is float
    with pytest.raises(InputError, match="decision must be"):
        check_aim("best", "decision")


@pytest.mark.parametrize(
    ("y", "scores", "weights", "match"),
    [
        ([0, 2], [0.1, 0.2], None, "of 0 and 1"),
        ([1, 1], [0.1, 0.2], None, "no 0"),
        ([0, 0], [0.1, 0.2], None, "no 1"),
        ([0, 1], [0.1, np.nan], None, "finite"),
        ([0, 1], [0.1, 0.2, 0.3], None, "as long as y_true, 2"),
        ([0, 1], [0.1, 0.2], [1.0], "sample_weight"),
        ([0, 1], [0.1, 0.2], [1.0, 0.0], "with a weight above zero"),
        ([0, 1], [[0.1, 0.9], [0.2, 0.8]], None, r"\(n,\) or \(n, 1\)"),
        (["no", "yes"], [0.1, 0.2], None, "y_true"),
        ([], [], None, "no 1"),
    ],
)
def test_other_cases_are_refused(y, scores, weights, match):
    with pytest.raises(InputError, match=match):
        choose(np.array(y), np.array(scores), "f1", weights)


@pytest.mark.parametrize("aim", AIMS[:2] + AIMS[3:])
def test_json_keeps_it(aim):
    chosen = choose(*cases(1)[:2], aim)
    again = Threshold.from_json(json.loads(json.dumps(chosen.to_json(), allow_nan=False)))
    assert again == chosen
    assert hash(again) == hash(chosen)


def test_it_describes_itself():
    y = np.repeat([1, 1, 0, 0], [71, 29, 31, 9_869])
    scores = np.repeat([0.83, 0.05, 0.83, 0.1], [71, 29, 31, 9_869])
    first, second = choose(y, scores, {"max_fpr": 0.01}).describe().splitlines()
    assert first == "At 0.465: 10.2 alerts per 1,000 cases, 3.1 of them false; finds 71 % of the positives."
    assert second == (
        "Chosen for a false positive rate of at most 0.01, on 10,000 cases with 100 positives: "
        "precision 0.696, F1 0.703, false positive rate 0.0031."
    )
    assert "Chosen by hand" in choose(y, scores, 0.5).describe()
    assert "Chosen for the best F1" in choose(y, scores, "f1").describe()


@pytest.mark.parametrize(
    ("value", "shown"), [(0.123456, "0.1235"), (0.9999812, "0.99998"), (1.0, "1"), (2.5e-6, "2.5e-06")]
)
def test_a_threshold_is_not_rounded_to_one(value, shown):
    chosen = dataclasses.replace(choose([0, 1], [0.2, 0.8], "f1"), value=value)
    assert chosen.describe().startswith(f"At {shown}: ")
