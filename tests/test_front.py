"""The front, its knee, its volume and who keeps to limits, by hand."""

import dataclasses

import numpy as np
import pytest

from autonas import front, objectives, pareto
from autonas.errors import AutonasError, InputError, SearchError
from autonas.trials import FAILED, Trial

AIMS = objectives.several(["val_accuracy", "params"])


def trial(number, accuracy, params, **options):
    metrics, costs = {"val_accuracy": accuracy}, {"params": params, "flops": 10 * params}
    return Trial(
        number,
        {"n": number},
        score=accuracy,
        scores=[accuracy, -params],
        metrics=metrics,
        costs=costs,
        seconds=2.0,
        **options,
    )


TRIALS = [
    trial(0, 0.5, 100.0, origin="starting point"),
    trial(1, 0.8, 200.0),
    trial(2, 0.7, 300.0),
    Trial(3, {"n": 3}, FAILED, seconds=1.0),
    trial(4, 0.9, 500.0),
]


def test_the_front_and_its_knee_by_hand():
    assert [t.number for t in front.members(TRIALS)] == [4, 1, 0]
    # in units of the ranges: (0.1 / 0.4, 100 / 400) for trial 1, a whole unit for the ends
    assert front.knee(TRIALS).number == 1
    scores = np.array([[0.9, -100.0], [0.8, -200.0], [0.5, -100.0]])
    np.testing.assert_allclose(front.distances(scores, np.array([[0.9, -500.0], [0.5, -100.0]])), [0, 0.125**0.5, 1])


def test_without_a_completed_trial_there_is_none():
    assert front.members([TRIALS[3]]) == []
    assert front.ordered([TRIALS[3]]) == []
    assert front.summary([TRIALS[3]], AIMS) == []
    assert len(front.table([TRIALS[3]], AIMS, {})) == 0
    assert front.hypervolumes([TRIALS[3]], AIMS)["hypervolume"].tolist() == [0.0]
    with pytest.raises(SearchError, match="none of the 1 trials completed"):
        front.knee([TRIALS[3]])


def test_the_order_is_the_knee_then_what_is_farthest_then_the_rest():
    trials = [trial(n, accuracy, params) for n, (accuracy, params) in enumerate([(0.1, 1.0), (0.4, 2.0), (0.5, 3.0)])]
    trials += [trial(3, 0.95, 9.0), trial(4, 1.0, 11.0), trial(5, 0.3, 4.0)]
    order = [t.number for t in front.ordered(trials)]
    assert order[0] == front.knee(trials).number
    assert set(order[1:3]) == {0, 4}
    assert order[-1] == 5
    assert sorted(order) == [0, 1, 2, 3, 4, 5]


def test_a_row_says_which_training_it_is_of():
    table = front.table(TRIALS, AIMS, {1: {"val_accuracy": 0.85}}).set_index("trial")
    assert table.loc[1, ["values", "val_accuracy", "val_accuracy in search"]].tolist() == ["retrained", 0.85, 0.8]
    assert table.loc[4, ["values", "val_accuracy", "val_accuracy in search"]].tolist() == ["searched", 0.9, 0.9]
    assert table["params"].tolist() == [500.0, 200.0, 100.0]
    assert "params in search" not in table
    assert table["flops"].tolist() == [5000.0, 2000.0, 1000.0]


def test_the_volume_grows_with_the_trials():
    table = front.hypervolumes(TRIALS[::-1], AIMS, {"val_accuracy": 0.0, "params": 600.0})
    assert table["trial"].tolist() == [0, 1, 2, 3, 4]
    assert table["seconds"].tolist() == [2.0, 4.0, 6.0, 7.0, 9.0]
    scores = [[t.score, -t.costs["params"]] for t in TRIALS if t.scores]
    expected = [pareto.hypervolume(scores[:n], [0.0, -600.0]) for n in (1, 2, 3, 3, 4)]
    np.testing.assert_allclose(table["hypervolume"], expected)
    assert front.hypervolumes(TRIALS, AIMS).attrs["reference"] == {"val_accuracy": 0.5, "params": 500.0}


@pytest.mark.parametrize(
    ("limits", "number"),
    [
        ({"params": 250}, 1),
        ({"params": 100.0}, 0),
        ({"params": np.int64(250)}, 1),
        ({"params": np.float32(250)}, 1),
        ({"flops": 6000}, 4),
        ({"val_accuracy": 0.6}, 1),  # the first objective without a limit is that of the parameters
        ({"val_accuracy": 0.6, "params": 400}, 1),
    ],
)
def test_the_best_within_limits(limits, number):
    assert front.within(TRIALS, AIMS, limits).number == number


def test_limits_that_cannot_be_kept():
    with pytest.raises(InputError, match=r"offers val_accuracy from 0.5 to 0.9, params from 100 to 500\."):
        front.within(TRIALS, AIMS, {"params": 50})
    with pytest.raises(InputError, match="flops from 1000 to 5000"):
        front.within(TRIALS, AIMS, {"flops": 5})
    with pytest.raises(InputError, match=r"select\(params=\) must be a number"):
        front.within(TRIALS, AIMS, {"params": "5"})
    with pytest.raises(InputError, match="on one of"):
        front.within(TRIALS, AIMS, {"energy": 5})
    with pytest.raises(InputError, match=r"select\(params=\) must be a number. Got nan"):
        front.within(TRIALS, AIMS, {"params": np.nan})
    timed = [dataclasses.replace(each, costs={**each.costs, "step_seconds": 1.0}) for each in TRIALS]
    with pytest.raises(InputError, match=r"on one of \['flops', 'params', 'val_accuracy'\], which"):
        front.within(timed, AIMS, {"step_seconds": 5})


def test_the_summary_compares_with_a_random_search_above_the_worst_of_both():
    lines = front.summary(TRIALS, AIMS, [trial(0, 0.4, 600.0), trial(1, 0.6, 550.0)])
    assert "above val_accuracy 0.4, params 600" in lines[1]
    assert "Knee: trial 2, val_accuracy 0.8, params 200" in lines[2]
    assert "Random search at the same budget (one run, 2 trained): hypervolume 10" in lines[-1]


def test_a_picture_of_the_front(tmp_path):
    pytest.importorskip("matplotlib", reason="an extra")
    file = front.plot(TRIALS, AIMS, tmp_path / "front.svg", front.table(TRIALS, AIMS, {1: {"val_accuracy": 0.85}}))
    assert "hypervolume" in file.read_text() or file.stat().st_size > 5_000


def test_the_picture_claims_no_model_between_two_and_shows_intervals():
    figure = pytest.importorskip("matplotlib.figure", reason="an extra").Figure()
    axes = figure.subplots()
    measured = [
        dataclasses.replace(each, costs={**each.costs, "params_low": 90.0, "params_high": 510.0}) for each in TRIALS
    ]
    front._draw_front(axes, front.members(measured), AIMS)
    points, line = (each for each in axes.lines)
    assert line.get_drawstyle() == "steps-post"  # fewer parameters are better: a model serves until the next one
    np.testing.assert_array_equal(line.get_xydata(), [[100, 0.5], [200, 0.8], [500, 0.9]])
    np.testing.assert_array_equal(points.get_xdata(), [500, 200, 100])
    (bars,) = axes.collections
    np.testing.assert_array_equal([bar[:, 0] for bar in bars.get_segments()], [[90, 510]] * 3)
    front._draw_front(axes, front.members(TRIALS), AIMS)  # exact costs have none
    assert len(axes.collections) == 1


def test_a_picture_that_cannot_be_written_is_said(tmp_path):
    pytest.importorskip("matplotlib", reason="an extra")
    assert front.plot(TRIALS, AIMS, tmp_path / "new" / "front.svg").exists()
    for wrong in (tmp_path / "front.nothing", tmp_path / "new" / "front.svg" / "front.svg"):
        with pytest.raises(InputError, match="path must be the name of a picture"):
            front.plot(TRIALS, AIMS, wrong)


def test_without_matplotlib_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(AutonasError, match=r"pip install 'autonas\[plot\]'"):
        front.plot(TRIALS, AIMS, tmp_path / "front.png")
