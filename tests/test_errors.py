import pytest

from autonas import errors


def test_one_wording_for_all_complaints():
    error = errors.InputError.of("max_trials", "a positive integer", -1, "Leave it out.")
    assert str(error) == "max_trials must be a positive integer. Got -1 instead. Leave it out."
    assert str(errors.InputError.of("x", "an array", None)) == "x must be an array. Got None instead."


def test_whoever_expects_python_errors_catches_ours():
    assert issubclass(errors.InputError, ValueError)
    assert issubclass(errors.NotFittedError, RuntimeError)


@pytest.mark.parametrize(
    "name", ["InputError", "NotFittedError", "ProjectError", "TrialError", "RejectedError", "SearchError"]
)
def test_all_of_ours_have_one_base(name):
    assert issubclass(getattr(errors, name), errors.AutonasError)


def test_a_rejection_is_a_trials_end_and_knows_the_costs():
    rejected = errors.RejectedError("too large", {"params": 3.0})
    assert isinstance(rejected, errors.TrialError)
    assert rejected.costs == {"params": 3.0}
    assert errors.RejectedError("too large").costs == {}
