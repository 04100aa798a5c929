import dataclasses

import keras_tuner
import numpy as np
import pytest
from scipy.stats import kendalltau

import autonas
from autonas.errors import InputError
from autonas.screens import predictor
from autonas.screens.base import Candidate
from autonas.screens.predictor import Predictor, predict
from autonas.testing.screens import candidate, finished
from autonas.trials import FAILED, Trial


def space():
    hp = keras_tuner.HyperParameters()
    hp.Choice("kind", ["a", "b", "c"])
    hp.Float("rate", 0.0, 1.0)
    hp.Int("depth", 1, 8)
    return hp


def truth(values):
    return {"a": 0, "b": 2, "c": 1}[values["kind"]] - 4 * (values["rate"] - 0.6) ** 2 + 0.2 * values["depth"]


def drawn(count, seed, trials=True, score=truth):
    rng, hp = np.random.default_rng(seed), space()
    listed = []
    for number in range(count):
        values = {"kind": "abc"[rng.integers(3)], "rate": float(rng.random()), "depth": int(rng.integers(1, 9))}
        listed.append(Candidate(values, hp, Trial(number, values, score=score(values)) if trials else None))
    return listed


def tau(screen, known, new):
    return kendalltau(screen.score(new, known), [truth(one.values) for one in new]).statistic


def test_it_ranks_what_was_not_tried():
    new = drawn(200, 1, trials=False)
    assert tau(Predictor(), drawn(30, 0), new) > 0.6
    assert tau(Predictor(), drawn(150, 0), new) > 0.8


def test_it_cannot_tell_before_enough_trials_have_completed():
    known, new = drawn(12, 0), drawn(3, 1, trials=False)
    assert np.isnan(Predictor(start=12).score(new, known[:-1])).all()
    assert np.isfinite(Predictor(start=12).score(new, known)).all()
    known[3].trial = Trial(3, known[3].values, FAILED)
    assert np.isnan(Predictor(start=12).score(new, known)).all()


def test_failed_and_endless_scores_are_not_learned_from():
    known, new = drawn(30, 0), drawn(20, 1, trials=False)
    broken = drawn(10, 2)
    for number, one in enumerate(broken):
        one.trial = Trial(number, one.values, FAILED) if number % 2 else Trial(number, one.values, score=float("-inf"))
    np.testing.assert_array_equal(Predictor().score(new, known), Predictor().score(new, known + broken))


def test_one_diverged_score_does_not_decide():
    known, new = drawn(40, 0), drawn(200, 1, trials=False)
    known[5].trial = Trial(5, known[5].values, score=-1e30)
    assert tau(Predictor(), known, new) > 0.6


def test_it_cannot_tell_where_all_trials_are_alike():
    new = drawn(3, 1, trials=False)
    assert np.isnan(Predictor().score(new, drawn(20, 0, score=lambda values: 1.0))).all()
    same = [Candidate(new[0].values, space(), Trial(n, {}, score=float(n))) for n in range(20)]
    assert np.isnan(Predictor().score(new, same)).all()


def test_features_of_the_user_are_learned_from():
    def hint(listed):
        return [[np.nan if values["depth"] == 8 else truth(values)] for values in listed]

    known, new = drawn(20, 0), drawn(200, 1, trials=False)
    seen = tau(Predictor(), known, new)
    assert tau(Predictor(hint), known, new) > seen + 0.05
    assert tau(Predictor(hint, values=False), known, new) > 0.8
    assert tau(Predictor([hint, hint], values=False), known, new) > 0.8


def test_a_feature_that_is_missing_everywhere_does_no_harm():
    known, new = drawn(30, 0), drawn(50, 1, trials=False)
    with_nothing = Predictor(lambda listed: np.full((len(listed), 2), np.nan))
    np.testing.assert_allclose(with_nothing.score(new, known), Predictor().score(new, known))


def test_that_a_feature_is_missing_may_be_what_tells():
    rng = np.random.default_rng(0)
    targets = rng.integers(2, size=60).astype(float)
    block = np.where(targets > 0, np.nan, 0.5)[:, None]
    predicted = predict([block], targets[:40])
    assert predicted[targets[40:] > 0].min() > predicted[targets[40:] == 0].max()


def test_networks_are_told_apart_by_their_graphs():
    history = [one for one in finished(20) if one.trial.score is not None]
    scores = Predictor(values=False).score([candidate(2), candidate(8), candidate(64)], history)
    assert (np.diff(scores) > 0).all()
    assert not any("built" in vars(one) for one in history)  # the networks of all trials would fill the memory
    blind = [Candidate(one.values, one.space, one.trial) for one in history]
    assert np.isnan(Predictor(values=False).score([candidate(2)], blind)).all()


def test_zero_cost_scores_are_learned_from():
    history = [one for one in finished(20) if one.trial.score is not None]
    screen = Predictor(values=False, graph=False, proxies=["params", "nwot"])
    new = [candidate(2), candidate(8), candidate(64)]
    assert (np.diff(screen.score(new, history)) > 0).all()
    assert set(new[0].proxies) == {"params", "nwot"}
    with pytest.raises(InputError, match="proxy"):
        Predictor(proxies=["parms"])


def test_a_regressor_that_foretells_nothing_has_no_vote(monkeypatch):
    known, new = drawn(30, 0), drawn(50, 1, trials=False)
    monkeypatch.setattr(predictor, "_ridge", lambda rows, targets, others: (-targets, 1e9 * np.ones(len(others))))
    without = Predictor().score(new, known)
    monkeypatch.setattr(predictor, "_ridge", lambda rows, targets, others: (-targets, np.arange(float(len(others)))))
    np.testing.assert_array_equal(Predictor().score(new, known), without)


def test_a_search_asks_it_once_enough_trials_have_completed():
    found = autonas.search(space(), truth, strategy="random", screen="predictor", max_trials=14)
    assert [trial.screen is None for trial in found.trials] == [True] * 10 + [False] * 4


def test_it_is_told_apart_by_what_it_was_made_with():
    assert repr(Predictor(len, start=12)) == repr(Predictor(len, start=12))
    assert "0x" not in repr(Predictor(len))
    assert repr(Predictor(len)) != repr(Predictor())


def test_the_order_of_the_candidates_does_not_matter():
    known, new = drawn(25, 0), drawn(8, 1, trials=False)
    np.testing.assert_allclose(Predictor().score(new[::-1], known)[::-1], Predictor().score(new, known))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": 3}, "features"),
        ({"features": [len, "depth"]}, "features"),
        ({"values": False, "graph": False}, "something to learn from"),
        ({"proxies": "nwot"}, "proxies"),
        ({"start": 4}, "start"),
        ({"start": True}, "start"),
        ({"proposals": 0}, "proposals"),
        ({"seed": -1}, "seed"),
    ],
)
def test_arguments_that_cannot_be_used(options, message):
    with pytest.raises(InputError, match=message):
        Predictor(**options)


def test_features_of_a_wrong_shape():
    with pytest.raises(InputError, match=r"shape \(33, n\)"):
        Predictor(lambda listed: [1.0]).score(drawn(3, 1, trials=False), drawn(30, 0))


def test_a_candidate_that_cannot_be_built_is_judged_by_its_values():
    """It costs its own trial if it is chosen, and not the search that only thinks about it."""

    def broken():
        raise ValueError("a kernel larger than the picture")

    known, (new,) = drawn(12, 0), drawn(1, 1, trials=False)
    new.make = broken
    with pytest.warns(UserWarning, match="a kernel larger than the picture"):
        assert np.isfinite(Predictor().score([new], known)).all()


def test_of_several_objectives_the_one_that_pushes_the_front_out_is_worth_most():
    hp = keras_tuner.HyperParameters()
    hp.Float("quality", 0.0, 1.0)
    hp.Float("cost", 0.0, 1.0)
    rng = np.random.default_rng(0)
    known = []
    for number in range(40):
        values = {"quality": float(rng.random()), "cost": float(rng.random())}
        scores = [values["quality"], -values["cost"]]
        known.append(Candidate(values, hp, Trial(number, values, score=scores[0], scores=scores)))
    proposals = [{"quality": 0.9, "cost": 0.9}, {"quality": 0.95, "cost": 0.05}, {"quality": 0.1, "cost": 0.1}]
    scores = Predictor().score([Candidate(values, hp) for values in proposals], known)
    assert scores.argmax() == 1
    assert scores.argmin() != 1
    first = [dataclasses.replace(one, trial=dataclasses.replace(one.trial, scores=[])) for one in known]
    single = Predictor().score([Candidate(values, hp) for values in proposals], first)
    assert single[0] > single[2]
