"""The errors that autonas raises. The type says what survives: an argument to mend, one lost trial, or a stopped search."""

from __future__ import annotations

from collections.abc import Mapping


class AutonasError(Exception):
    """Base of every error that autonas raises on purpose."""


class InputError(AutonasError, ValueError):
    """Something the user passed cannot be used. Raised before any time is spent; nothing on disk has changed."""

    @classmethod
    def of(cls, what: str, expected: str, got: object, hint: str = "") -> InputError:
        """The one wording of all complaints: what, what was expected, what came, what to do.

        Example:

        >>> str(InputError.of("max_trials", "a positive integer", -1, "Leave it out to use the default."))
        'max_trials must be a positive integer. Got -1 instead. Leave it out to use the default.'
        """
        return cls(f"{what} must be {expected}. Got {got} instead.{' ' + hint if hint else ''}")


class NotFittedError(AutonasError, RuntimeError):
    """The method needs a fitted task: call `fit`, or `autonas.load` a finished project, first."""


class ProjectError(AutonasError):
    """A project folder cannot be used as asked: other data or space, a damaged or unwritable file. Names the file."""


class TrialError(AutonasError):
    """One candidate cannot be evaluated (it diverged, or broke). It costs its trial; the search goes on."""


class RejectedError(TrialError):
    """One candidate breaks a limit that is known without training. It was not trained; the search goes on.

    Args:
        message: Which limit, and by how much.
        costs: What was read off the candidate, for its record.
        for_now: Whether the limit is one of this run, such as the memory that is free or the time that is left.
    """

    def __init__(self, message: str, costs: Mapping[str, float] | None = None, for_now: bool = False) -> None:
        super().__init__(message)
        self.costs, self.for_now = dict(costs or {}), for_now


class SearchError(AutonasError):
    """The search cannot go on: every candidate failed, or no candidate can meet the limits."""
