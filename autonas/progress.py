"""What a running search shows: one live view on a terminal, plain lines elsewhere, nothing when silent."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from autonas.pareto import is_efficient
from autonas.trials import COMPLETED, Trial, completed, scores_of

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


class View:
    """Follows a search and shows where it is. This one shows nothing: it is the silent view, and the base of the others.

    Args:
        objective: Name of what is optimised.
        sign: What turns a score back into the objective's value: 1 or -1.
        describe: Says a candidate in words.
        max_trials: How many trials there will be, if that is known.
        max_seconds: How long the whole takes at most, if that is known.
        begun: When it began, as `time.monotonic()` counts; None means now.
        others: Name and sign of further objectives.
    """

    def __init__(
        self,
        objective: str,
        sign: int,
        describe: Callable[[Mapping[str, Any]], str],
        max_trials: int | None = None,
        max_seconds: float | None = None,
        begun: float | None = None,
        others: Sequence[tuple[str, int]] = (),
    ) -> None:
        self.objective, self.sign, self.describe = objective, sign, describe
        self.others = list(others)
        self.max_trials, self.max_seconds = max_trials, max_seconds
        self.begun = time.monotonic() if begun is None else begun
        self.trials: list[Trial] = []
        self.new = 0

    def __enter__(self) -> View:
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the view."""

    def resume(self, trials: list[Trial]) -> None:
        """Takes in the trials of an earlier run."""
        self.trials = list(trials)

    def trial_begins(self, number: int, values: Mapping[str, Any]) -> None:
        """A candidate is about to be evaluated."""

    def trial_ends(self, trial: Trial) -> None:
        """A candidate was evaluated."""
        self.trials.append(trial)
        self.new += 1

    def stage(self, text: str) -> None:
        """The work goes over to something else."""

    def say(self, text: str) -> None:
        """Tells the user something that stays on the screen."""

    def remaining(self) -> float | None:
        """Seconds left at most: what is left of the time, or of the trials at their pace so far; None if unknown."""
        gone = time.monotonic() - self.begun
        bounds = []
        if self.max_seconds is not None:
            bounds.append(self.max_seconds - gone)
        if self.max_trials is not None and self.new:
            bounds.append((self.max_trials - len(self.trials)) * gone / self.new)
        return max(0.0, min(bounds)) if bounds else None

    def best(self) -> str:
        """The best value so far, in words."""
        done = completed(self.trials)
        if not done:
            return "none yet"
        several = [scores for trial in done if len(scores := scores_of(trial)) > 1]
        front = f", {int(is_efficient(several).sum())} on the front" if several else ""
        return f"{self.sign * (done[0].score or 0.0):.4g} (trial {done[0].number + 1}){front}"


class Lines(View):
    """One line for each thing that happened: for log files and pipes."""

    def __init__(self, *args: Any, stream: TextIO | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.stream = stream or sys.stdout

    def trial_ends(self, trial: Trial) -> None:
        super().trial_ends(trial)
        self.say(f"{_position(trial.number, self.max_trials)}: {_result(self, trial)}; best {self.best()}{_left(self)}")

    def stage(self, text: str) -> None:
        self.say(f"{text}{_left(self)}")

    def say(self, text: str) -> None:
        self.stream.write(text + "\n")
        self.stream.flush()


class Live(View):
    """A view that stays in place on a terminal, above it the trials that have ended."""

    def __init__(self, *args: Any, console: Console, **options: Any) -> None:
        super().__init__(*args, **options)
        import rich.live

        self.console = console
        self.doing, self.candidate = "Preparing", ""
        self._live = rich.live.Live(
            get_renderable=self.render, console=console, refresh_per_second=2, transient=True, redirect_stderr=False
        )

    def __enter__(self) -> View:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def trial_begins(self, number: int, values: Mapping[str, Any]) -> None:
        self.doing, self.candidate = _position(number, self.max_trials), self.describe(values)

    def trial_ends(self, trial: Trial) -> None:
        super().trial_ends(trial)
        self.say(f"{_position(trial.number, self.max_trials)}: {_result(self, trial)}")

    def stage(self, text: str) -> None:
        self.doing, self.candidate = text, ""

    def say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False)

    def render(self) -> RenderableType:
        """The live part, as it is now."""
        import rich.console
        import rich.table
        import rich.text

        left = self.remaining()
        row = rich.table.Table.grid(padding=(0, 3))
        row.add_row(
            rich.text.Text(self.doing, style="bold"),
            f"best {self.objective} {self.best()}",
            f"{_clock(time.monotonic() - self.begun)} gone" + (f", {_clock(left)} left" if left is not None else ""),
        )
        return rich.console.Group(row, rich.text.Text(self.candidate, style="dim"))


def make(verbose: int, *args: Any, **options: Any) -> View:
    """Chooses the view: silent for `verbose=0`, live on a terminal or in a notebook, lines elsewhere."""
    if not verbose:
        return View(*args, **options)
    import rich.console

    console = rich.console.Console()
    if console.is_terminal or console.is_jupyter:
        return Live(*args, console=console, **options)
    return Lines(*args, **options)


def _position(number: int, total: int | None) -> str:
    return f"Trial {number + 1}" + (f"/{total}" if total and number < total else "")


def _result(view: View, trial: Trial) -> str:
    if trial.status != COMPLETED:
        return f"{trial.status}: {trial.message}"
    aims = [(view.objective, view.sign), *view.others]
    scores = zip(aims, trial.scores or [trial.score or 0.0], strict=False)
    told = ", ".join(f"{name} {sign * score:.4g}" for (name, sign), score in scores)
    return f"{told} in {trial.seconds:.1f} s, {view.describe(trial.values)}"


def _left(view: View) -> str:
    left = view.remaining()
    return "" if left is None else f"; {_clock(left)} left"


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
