import pytest

from autonas import estimators
from autonas.errors import InputError
from autonas.estimators import ESTIMATORS, Full
from autonas.testing.estimators import check_estimator


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_keeps_to_the_contract(name):
    check_estimator(lambda: estimators.get(name))


def test_a_name_a_class_and_an_instance_are_taken():
    full = Full()
    assert estimators.get(full) is full
    assert isinstance(estimators.get("full"), Full)
    assert isinstance(estimators.get(Full), Full)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match=r"full.*proxy"):
        estimators.get("half")
