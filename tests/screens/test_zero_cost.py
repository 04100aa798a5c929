"""Zero-cost proxies as a screen: ranks, votes, and what is computed once."""

import keras_tuner
import numpy as np
import pytest

from autonas.errors import InputError
from autonas.proxies.base import Proxy
from autonas.screens.base import Candidate, mean_ranks
from autonas.screens.zero_cost import VOTE, ZeroCost
from autonas.testing.screens import candidate
from autonas.trials import FAILED, Trial


def known(**scores):
    return Candidate({}, keras_tuner.HyperParameters(), proxies=scores)


def trained(status="completed", **scores):
    one = known(**scores)
    one.trial = Trial(0, {}, status, score=None if status == FAILED else 1.0)
    return one


def test_ranks_are_shares_of_the_field_and_ties_count_half():
    scores = np.array([[1.0], [2.0], [2.0], [3.0]])
    np.testing.assert_allclose(mean_ranks(scores), [0.125, 0.5, 0.5, 0.875])


def test_who_cannot_tell_has_no_voice():
    scores = np.array([[1.0, np.nan], [2.0, 5.0], [3.0, 4.0], [np.nan, np.nan]])
    np.testing.assert_allclose(mean_ranks(scores), [1 / 6, (0.5 + 0.75) / 2, (5 / 6 + 0.25) / 2, np.nan])
    assert mean_ranks(np.zeros((0, 3))).shape == (0,)


def test_a_vote_joins_what_has_other_units():
    candidates = [known(nwot=3.0, params=1e6), known(nwot=2.0, params=2e6), known(nwot=1.0, params=1e3)]
    scores = ZeroCost(["nwot", "params"]).score(candidates, [])
    assert scores[0] == pytest.approx(scores[1])
    assert scores[2] < scores[0]


def test_candidates_are_ranked_among_those_that_were_trained():
    screen, low, high = ZeroCost("nwot"), known(nwot=1.0), known(nwot=5.0)
    assert screen.score([low, high], []).tolist() == [0.25, 0.75]
    history = [trained(nwot=value) for value in (2.0, 3.0, 4.0)] + [trained(FAILED, nwot=9.0)]
    assert screen.score([low, high], history).tolist() == [0.1, 0.9]
    assert screen.score([low], history).tolist() == [0.125]


def test_a_wider_network_of_one_kind_is_better_by_the_default_vote():
    candidates = [candidate(width) for width in (2, 8, 64)]
    scores = ZeroCost().score(candidates, [])
    assert (np.diff(scores) > 0).all()
    assert all(set(one.proxies) == set(VOTE) for one in candidates)


def test_what_a_proxy_says_is_computed_once():
    class Counted(Proxy):
        calls = 0

        def measure(self, network):
            Counted.calls += 1
            return network.graph.parameters

    one, screen = candidate(4), ZeroCost([Counted()])
    assert screen.score([one], []).tolist() == screen.score([one], []).tolist()
    assert Counted.calls == 1
    assert list(one.proxies) == ["Counted"]


def test_without_a_network_nothing_can_be_told():
    one = Candidate({"width": 3}, keras_tuner.HyperParameters())
    assert np.isnan(ZeroCost().score([one], [])).all()


def test_a_candidate_that_cannot_be_built_does_not_end_the_search():
    def broken():
        raise MemoryError("too wide")

    bad = Candidate({"width": 10**9}, keras_tuner.HyperParameters(), make_core=broken, batch=lambda: (None, None))
    with pytest.warns(UserWarning, match="too wide"):
        scores = ZeroCost("nwot").score([bad, candidate(4)], [])
    assert np.isnan(scores).tolist() == [True, False]
    assert np.isnan(ZeroCost("nwot").score([bad], [])).all()  # and is not tried again


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"proxies": "nwott"}, "nwot"),
        ({"proxies": []}, "at least one"),
        ({"pool": -1}, "pool"),
        ({"warm": 1.5}, "warm"),
        ({"proposals": 0}, "proposals"),
        ({"proposals": True}, "proposals"),
    ],
)
def test_arguments_are_checked(settings, message):
    with pytest.raises(InputError, match=message):
        ZeroCost(**settings)


def test_it_is_shown_by_the_names_of_its_proxies():
    assert repr(ZeroCost(["nwot", "zen"], pool=7)) == (
        "ZeroCost(pool=7, warm=5, proposals=3, proxies={'nwot': Nwot(), 'zen': Zen()})"
    )
