import io
import time

import pytest
import rich.console

from autonas import progress
from autonas.trials import FAILED, Trial

ARGUMENTS = ("val_loss", -1, lambda values: f"width {values['width']}")


def trial(number, score, **fields):
    return Trial(number, {"width": 8 * (number + 1)}, score=score, seconds=2.0, **fields)


def test_lines_tell_each_trial_the_best_and_the_time_left():
    stream = io.StringIO()
    with progress.Lines(*ARGUMENTS, max_trials=4, stream=stream) as view:
        view.trial_begins(0, {"width": 8})
        view.trial_ends(trial(0, -0.5))
        view.trial_ends(trial(1, -0.7))
        view.trial_ends(Trial(2, {"width": 24}, FAILED, message="diverged"))
        view.stage("Retraining")
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("Trial 1/4: val_loss 0.5 in 2.0 s, width 8; best 0.5 (trial 1); 0:00 left")
    assert "best 0.5 (trial 1)" in lines[1]
    assert "failed: diverged" in lines[2]
    assert lines[3].startswith("Retraining")


def test_the_live_view_shows_the_candidate_in_words():
    console = rich.console.Console(file=io.StringIO(), force_terminal=True, width=120)
    view = progress.Live(*ARGUMENTS, console=console, max_trials=4, max_seconds=100.0)
    view.trial_begins(0, {"width": 8})
    console.print(view.render())
    shown = console.file.getvalue()
    for part in ("Trial 1/4", "best val_loss none yet", "width 8", "left"):
        assert part in shown


def test_the_silent_view_writes_nothing(capsys):
    with progress.make(0, *ARGUMENTS) as view:
        view.trial_begins(0, {"width": 8})
        view.trial_ends(trial(0, -0.5))
        view.stage("Retraining")
        view.say("hello")
    assert capsys.readouterr() == ("", "")


def test_without_a_terminal_there_are_lines():
    assert isinstance(progress.make(1, *ARGUMENTS), progress.Lines)


def test_the_time_left_is_the_smaller_of_both_bounds():
    view = progress.View(*ARGUMENTS, max_trials=3, max_seconds=1000.0, begun=time.monotonic() - 10)
    assert view.remaining() == pytest.approx(990, abs=1)
    view.trial_ends(trial(0, -0.5))
    assert view.remaining() == pytest.approx(20, abs=1)


def test_trials_of_an_earlier_run_count():
    view = progress.View(*ARGUMENTS, max_trials=3)
    view.resume([trial(0, -0.5)])
    assert view.best() == "0.5 (trial 1)"
