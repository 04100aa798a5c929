import numpy as np

from autonas.screens.base import Candidate
from autonas.screens.function import Function
from autonas.screens.predictor import Predictor
from autonas.screens.vote import Vote
from autonas.testing.screens import check_screen


def of(*scores, **options):
    return Function(lambda several: list(scores)[: len(several)], **options)


def vote(*rows):
    return Vote([of(*row) for row in rows]).score([Candidate({}, None)] * len(rows[0]), [])


def test_a_vote_keeps_to_the_contract():
    check_screen(Vote([Function(lambda several: [v["width"] for v in several])] * 2))


def test_ranks_count_and_not_scales():
    np.testing.assert_allclose(vote([1, 2, 3], [0.3, 0.2, 900]), [(1 / 6 + 3 / 6) / 2, (3 / 6 + 1 / 6) / 2, 5 / 6])


def test_equals_share_a_rank():
    np.testing.assert_allclose(vote([5, 5, 1]), [4 / 6, 4 / 6, 1 / 6])


def test_who_cannot_tell_leaves_the_vote():
    nan = np.nan
    np.testing.assert_allclose(vote([1, 2, 3], [nan, nan, nan]), [1 / 6, 3 / 6, 5 / 6])
    np.testing.assert_allclose(vote([1, 2, nan], [nan, 7, nan]), [1 / 4, (3 / 4 + 1 / 2) / 2, nan])


def test_what_one_never_wants_trained_is_not_trained():
    scores = vote([1, 2, -np.inf], [1, 2, 3])
    assert scores[2] == -np.inf
    assert scores[1] > scores[0] > 0


def test_the_largest_pool_and_the_most_proposals_count():
    both = Vote([of(1, pool=5, warm=3, proposals=7), of(1, pool=50, warm=1, proposals=2)])
    assert (both.pool, both.warm, both.proposals, both.needs_network) == (50, 3, 7, False)


def test_a_vote_advises_if_all_its_voters_do():
    assert Vote([of(1), of(2)]).advises
    assert not Vote([of(1), Predictor()]).advises
