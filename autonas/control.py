"""The random search that a search is compared with: at the same budget, from seeds of its own, without help from screens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autonas.trials import Trial, spent

FOLDER = "control"  # of its trials, beside `trials`


def budget(searched: Sequence[Trial], done: Sequence[Trial], by_time: bool) -> tuple[int | None, float | None]:
    """What a control may spend.

    Args:
        searched: The trials of the search.
        done: Those that the control has already.
        by_time: Whether it gets as many seconds as the search had, in place of as many trials.

    Returns:
        The most trials, and the seconds that are left; one of them is None.
    """
    trained, seconds = spent(searched)
    return (None, seconds - spent(done)[1]) if by_time else (trained, None)


def seed(search: int) -> int:
    """The seed of the control of a search with a seed."""
    return int(np.random.SeedSequence([search, 2]).generate_state(1)[0])
