import pytest

from autonas.estimators.base import Budget, OutOfTime, evaluate
from tests.test_training import prepared


def test_a_part_of_the_data_keeps_the_classes_in_proportion():
    _, data = prepared()
    part = data.part(0.5)
    assert len(part) == 32
    assert part.strata.mean() == 0.5
    assert part.validation is data.validation
    assert data.part(1.0) is data
    assert len(data.part(0.1, at_least=40)) == 40


def test_reduced_data_has_a_lower_resolution_in_both_parts():
    _, data = prepared()
    reduced = data.reduced(0.5)
    assert reduced.x.shape == (64, 4, 4, 1)
    assert reduced.validation[0].shape == (32, 4, 4, 1)
    assert data.reduced(1) is data


def test_what_the_deadline_cut_tells_how_far_it_got():
    with pytest.raises(OutOfTime) as cut:
        evaluate(*prepared(), Budget(100_000, 16, deadline=0.0), seed=0)
    assert "val_loss" in cut.value.metrics
