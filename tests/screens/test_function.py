import numpy as np
import pytest

from autonas.errors import InputError
from autonas.screens.base import Candidate
from autonas.screens.function import Function
from autonas.testing.screens import check_screen


def width(several):
    return [values["width"] for values in several]


def test_a_function_keeps_to_the_contract():
    check_screen(Function(width))


def test_a_function_is_called_once_with_copies_of_the_values():
    calls = []

    def change(several):
        calls.append(len(several))
        for values in several:
            values.clear()
        return np.arange(len(several))

    candidates = [Candidate({"width": 1}, None), Candidate({"width": 2}, None)]
    np.testing.assert_array_equal(Function(change).score(candidates, []), [0.0, 1.0])
    assert calls == [2]
    assert candidates[0].values == {"width": 1}


def test_nan_and_minus_infinity_have_a_meaning():
    scores = Function(lambda several: [np.nan, -np.inf]).score([Candidate({}, None)] * 2, [])
    np.testing.assert_array_equal(scores, [np.nan, -np.inf])


@pytest.mark.parametrize("answer", [[1.0], [1.0, 2.0, 3.0], [[1.0, 2.0]], 1.0, None, "12", [None, "x"], [1.0, np.inf]])
def test_an_answer_that_is_no_list_of_scores_is_named(answer):
    with pytest.raises(InputError, match=r"What the screen .*lambda.* one number for each of the 2 candidates"):
        Function(lambda several: answer).score([Candidate({}, None)] * 2, [])


@pytest.mark.parametrize("options", [{"pool": -1}, {"warm": 1.5}, {"proposals": 0}, {"proposals": True}])
def test_numbers_out_of_range(options):
    with pytest.raises(InputError, match=f"{next(iter(options))}="):
        Function(width, **options)


def test_it_is_described_by_its_name_and_not_by_an_address():
    assert repr(Function(width)) == "Function(name='width', pool=2000, warm=5, proposals=20)"
