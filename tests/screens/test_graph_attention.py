import numpy as np
import pytest

from autonas.errors import InputError
from autonas.screens.base import Candidate
from autonas.screens.graph_attention import GraphAttention
from autonas.testing.screens import candidate, check_screen, finished
from autonas.trials import FAILED, Trial


def chain(values):
    """A chain of as many convolutions as the values say, and one pooling."""
    labels = ["in", *["conv"] * values["depth"], "pool", "out"]
    return labels, [(place, place + 1) for place in range(len(labels) - 1)]


def listed(depths, scores=None):
    return [
        Candidate({"depth": depth}, None, None if scores is None else Trial(number, {}, score=scores[number]))
        for number, depth in enumerate(depths)
    ]


@pytest.fixture(scope="module")
def learned():
    depths = [1, 9, 3, 7, 2, 8, 4, 6, 1, 9, 3, 7]
    return GraphAttention(chain, start=12, every=4, steps=40), listed(depths, [-float(depth) for depth in depths])


@pytest.mark.slow
def test_it_keeps_to_the_contract_when_it_has_learned():
    check_screen(GraphAttention(start=10, steps=5))


@pytest.mark.slow
def test_it_ranks_what_was_not_tried(learned):
    screen, known = learned
    scores = screen.score(listed([2, 5, 8]), known)
    assert (np.diff(scores) < 0).all()


@pytest.mark.slow
def test_it_learns_from_a_fixed_part_of_the_history(learned):
    screen, known = learned
    more = [*known, *listed([5, 6, 5], [100.0, 90.0, 80.0])]
    new = listed([1, 5, 9])
    # three more are no multiple of four: the same as before, from a screen that has to learn it anew as well
    np.testing.assert_array_equal(screen.score(new, more), screen.score(new, known))
    other = GraphAttention(chain, start=12, every=4, steps=40)
    np.testing.assert_array_equal(other.score(new, more), screen.score(new, known))


def test_failed_trials_are_not_counted(learned):
    screen, known = learned
    broken = [Candidate(one.values, None, Trial(99, {}, FAILED)) for one in known]
    new = listed([1, 9])
    assert np.isnan(screen.score(new, [*known[:-1], *broken])).all()
    np.testing.assert_array_equal(screen.score(new, [*broken, *known]), screen.score(new, known))


@pytest.mark.slow
def test_what_it_remembers_is_of_these_trials_only(learned):
    screen, known = learned
    mirrored = [Candidate(one.values, None, Trial(one.trial.number, {}, score=-one.trial.score)) for one in known]
    after = screen.score(listed([2, 8]), mirrored)
    assert after[0] < after[1]


def test_it_needs_networks_unless_it_is_given_graphs():
    assert GraphAttention().needs_network
    assert not GraphAttention(chain).needs_network


def test_it_cannot_tell_without_networks():
    bare = [Candidate(one.values, one.space, one.trial) for one in finished(20)]
    assert np.isnan(GraphAttention(start=10).score([candidate(2)], bare)).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"graph": 3}, "graph"),
        ({"start": 9}, "start"),
        ({"every": 0}, "every"),
        ({"steps": 1.5}, "steps"),
        ({"proposals": 0}, "proposals"),
        ({"seed": -1}, "seed"),
    ],
)
def test_arguments_that_cannot_be_used(options, message):
    with pytest.raises(InputError, match=message):
        GraphAttention(**options)
