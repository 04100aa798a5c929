"""The contract of a screen: what a candidate is worth before any training."""

from __future__ import annotations

import abc
import dataclasses
import functools
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.errors import InputError
from autonas.proxies import scores

if TYPE_CHECKING:
    import keras
    import keras_tuner

    from autonas.graph import Graph
    from autonas.objectives.base import BuiltModel
    from autonas.proxies.base import Proxy
    from autonas.trials import Trial

Values = dict[str, Any]


@dataclasses.dataclass
class Candidate:
    """A candidate as screens see it. What takes time is made when a screen first asks for it.

    Attributes:
        values: Values for the active hyperparameters.
        space: All hyperparameters, parents before their children.
        trial: Its record if it was evaluated already; None for a proposal.
        make: Builds the model that the user would get, for its costs; None where a search is not over networks.
        make_core: Builds the network that would be trained: fresh weights, the same ones each time, compiled with its loss.
        batch: One preprocessed training batch (x, y), the same for all candidates of a search; None as for `make`.
        proxies: Zero-cost scores that are known, by name; see `proxy_scores`.

    Example:

    >>> candidate = Candidate({"width": 8}, space)
    >>> candidate.graph is None
    True
    """

    values: Values
    space: keras_tuner.HyperParameters
    trial: Trial | None = None
    make: Callable[[], BuiltModel] | None = None
    make_core: Callable[[], keras.Model] | None = None
    batch: Callable[[], tuple[Any, Any]] | None = None
    proxies: dict[str, float] = dataclasses.field(default_factory=dict)

    @functools.cached_property
    def built(self) -> BuiltModel | None:
        """The model that the user would get; None where a search is not over networks."""
        return None if self.make is None else self.make()

    @functools.cached_property
    def graph(self) -> Graph | None:
        """The operations of `built`; None where a search is not over networks, or, with a warning, where it cannot be built."""
        try:
            return None if self.built is None else self.built.graph
        except Exception as error:  # whatever is wrong with one candidate must not end the search of all
            reason = f"{type(error).__name__}: {error}"
            warnings.warn(f"The network of the candidate {self.values} has no graph. {reason}", stacklevel=2)
            return None

    def proxy_scores(self, proxies: Mapping[str, Proxy]) -> dict[str, float]:
        """Zero-cost scores of the network, each computed once and kept in `proxies`.

        A network that cannot be built or run has NaN, with a warning: its own trial, if there is one, fails for that reason.

        Args:
            proxies: name -> proxy.

        Returns:
            name -> score, higher is better, NaN for "cannot tell" and where a search is not over networks.
        """
        missing = {name: proxy for name, proxy in proxies.items() if name not in self.proxies}
        if missing and self.make_core is not None and self.batch is not None:
            try:
                core = self.make_core()
                self.proxies |= scores(missing, core, *self.batch(), core.loss)
            except Exception as error:  # whatever is wrong with one candidate must not end the search of all
                reason = f"{type(error).__name__}: {error}"
                warnings.warn(f"The candidate {self.values} has no zero-cost scores. {reason}", stacklevel=2)
        for name in missing:
            self.proxies.setdefault(name, float("nan"))
        return {name: self.proxies[name] for name in proxies}

    def release(self) -> None:
        """Drops the built model, which is large, and keeps its graph; who asks for the model again builds it again."""
        self.__dict__.pop("built", None)


class Screen(abc.ABC):
    """Says what candidates are worth before any of them is trained.

    In the loop a screen does two things. *Warm start*: the first `warm` trials (after the starting points) are the best of
    `pool` candidates drawn at random. *Filter*: after that a strategy proposes `proposals` candidates for each trial, and
    the best of them is trained. A screen that only refuses (`Limits`) has a pool of 0 and a single proposal.

    Attributes:
        needs_network: Whether it looks at the networks, and not at the values alone.
        pool: How many random candidates the warm start scores; 0 makes none.
        warm: How many trials the warm start has.
        proposals: How many of a strategy's proposals it chooses one from; 1 filters none.
        advises: Whether its scores tell of a candidate by itself, not of how the trials did. A strategy that `heeds` then
            learns what they mean for each objective, and chooses for itself: among `proposals` candidates, or among all that
            it has where no network is to be built for them. It is asked nothing where `proposals` is 1.

    Example:

    >>> class Narrow(Screen):
    ...     proposals = 10
    ...     def score(self, candidates, finished):
    ...         return np.array([-float(candidate.values["width"]) for candidate in candidates])
    """

    needs_network: bool = False
    advises: bool = False
    pool: int = 0
    warm: int = 5
    proposals: int = 1

    @abc.abstractmethod
    def score(self, candidates: Sequence[Candidate], finished: Sequence[Candidate]) -> np.ndarray:
        """Scores candidates.

        A pure function of its arguments: the same ones give the same scores, in this process and in another.

        Args:
            candidates: What to score, none of it trained yet.
            finished: All that was evaluated, oldest first, each with its `trial`.

        Returns:
            A float array of the shape (len(candidates),), higher is better: NaN for "cannot tell", -inf for "never train
            this". Only the order of the scores of one call has a meaning.
        """

    def refusal(self, built: BuiltModel) -> str | None:
        """Says in words why a built candidate has -inf; None for every other candidate."""
        return None

    def __repr__(self) -> str:
        made_with = [f"{name}={value!r}" for name, value in vars(self).items() if not name.startswith("_")]
        return f"{type(self).__name__}({', '.join(made_with)})"


def checked(screen: Screen | str, answer: Any, candidates: Sequence[Candidate]) -> np.ndarray:
    """What a screen says of candidates, as floats.

    Args:
        screen: That was asked, or the name of its function.
        answer: What it returned.
        candidates: That it was asked about.

    Raises:
        InputError: If that is not one number for each of them, below infinity.
    """
    name = screen if isinstance(screen, str) else type(screen).__name__

    def error(got: str) -> InputError:
        expected = f"one number for each of the {len(candidates)} candidates, NaN or -inf among them, but not inf"
        return InputError.of(f"What the screen {name} returns", expected, got)

    try:
        scores = np.asarray(answer, dtype=float)
    except (TypeError, ValueError) as reason:
        raise error(repr(answer)) from reason
    if scores.shape != (len(candidates),):
        raise error(f"an array of the shape {scores.shape}")
    if np.isposinf(scores).any():
        raise error(f"inf for {candidates[int(scores.argmax())].values}")
    return scores


def mean_ranks(scores: np.ndarray) -> np.ndarray:
    """Joins scores that cannot be added up.

    Args:
        scores: (candidates, proxies), higher is better, NaN for "cannot tell".

    Returns:
        (candidates,): the mean over the proxies of the share of the field that a candidate is better than, ties counting
        half, in [0, 1]; NaN where all its scores are.

    Example:

    >>> mean_ranks(np.array([[1.0, np.nan], [2.0, 5.0], [3.0, 4.0]]))
    array([0.16666667, 0.625     , 0.54166667])
    """
    from scipy.stats import rankdata

    known = np.isfinite(scores)
    shares = (rankdata(scores, axis=0, nan_policy="omit") - 0.5) / np.maximum(known.sum(axis=0), 1)
    voices = known.sum(axis=1)
    total = np.where(known, shares, 0.0).sum(axis=1)
    return np.where(voices > 0, total / np.maximum(voices, 1), np.nan)
