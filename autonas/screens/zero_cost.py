"""Zero-cost screening: candidates ranked by what their untrained networks do with one batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autonas import proxies as registry
from autonas.checks import integer
from autonas.errors import InputError
from autonas.proxies.base import Proxy
from autonas.registry import names
from autonas.screens.base import Candidate, Screen, mean_ranks
from autonas.trials import COMPLETED

VOTE = ("nwot", "jacov", "synflow", "params")


class ZeroCost(Screen):
    """Scores candidates by zero-cost proxies, and joins several by their mean rank.

    Each proxy ranks the candidates together with those that were trained already; a candidate's score is the mean of its
    ranks, each as a share of the field from 0 to 1. A proxy that cannot tell anything of a candidate, such as one that counts
    ReLUs where there are none, has no voice for it.

    What a proxy says of a candidate is computed once, and kept in `Candidate.proxies`.

    Args:
        proxies: `"vote"`, the name of a proxy, a proxy of your own, or a list of these. The vote is that of `nwot`, `jacov`,
            `synflow` and `params`.
        pool: How many random candidates the warm start scores. A network takes a fraction of a second, so a pool should not
            be in the thousands.
        warm: How many of them are trained.
        proposals: How many of a strategy's proposals one is chosen from.

    Raises:
        InputError: If a proxy is unknown, there is none, or a number is out of range.

    Example:

    >>> screen = ZeroCost(["nwot", "synflow"], pool=50)

    References:
    - Abdelfattah et al., 2021, https://arxiv.org/abs/2101.08134 (sections 3 and 4: votes, warm starts, filtered mutations)
    """

    needs_network = True
    advises = True

    def __init__(self, proxies: Any = "vote", pool: int = 20, warm: int = 5, proposals: int = 3) -> None:
        self.pool = integer("ZeroCost(pool=)", pool, 0)
        self.warm = integer("ZeroCost(warm=)", warm, 0)
        self.proposals = integer("ZeroCost(proposals=)", proposals, 1)
        given = list(VOTE) if proxies == "vote" else proxies if isinstance(proxies, (list, tuple)) else [proxies]
        if not given:
            raise InputError.of("ZeroCost(proxies=)", "at least one proxy", repr(proxies))
        parts: list[Proxy] = [registry.get(one) for one in given]
        self.proxies: dict[str, Proxy] = dict(zip(names(registry.PROXIES, parts), parts, strict=True))

    def score(self, candidates: Sequence[Candidate], finished: Sequence[Candidate]) -> np.ndarray:
        """Returns mean ranks in [0, 1]; NaN where no proxy can tell anything."""
        trained = [one for one in finished if one.trial is not None and one.trial.status == COMPLETED]
        found = [list(one.proxy_scores(self.proxies).values()) for one in [*candidates, *trained]]
        ranks = mean_ranks(np.array(found, dtype=float).reshape(-1, len(self.proxies)))
        return ranks[: len(candidates)]
