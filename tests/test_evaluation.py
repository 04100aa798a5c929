import dataclasses
import time

import keras
import numpy as np
import pytest

from autonas import devices, ensemble, memory, objectives, screens
from autonas.descent import Descent
from autonas.devices.base import Device, Latency
from autonas.errors import InputError, RejectedError, TrialError
from autonas.estimators.base import Budget, Estimator, OutOfTime
from autonas.evaluation import Evaluation
from autonas.loop import Interrupted
from autonas.testing.estimators import example
from autonas.trials import BUDGET, RESOURCE, Trial


class Clock(Device):
    """A device that counts how often it is asked."""

    def __init__(self):
        self.asked = 0

    def latency(self, tflite):
        self.asked += 1
        return Latency(1.5, 1.4, 1.6)


class Proportional(Device):
    """A device on which the file's size is the latency: 20 KB are a millisecond."""

    def __init__(self):
        self.asked = 0

    def latency(self, tflite):
        self.asked += 1
        return Latency(len(tflite) / 20_000, len(tflite) / 20_000, len(tflite) / 20_000)


class Instant(Estimator):
    """An estimator that trains nothing and notes what it was given."""

    def __init__(self, out_of_time=False):
        self.calls, self.out_of_time = [], out_of_time

    def evaluate(self, candidate, data, budget, seed):
        self.calls.append((budget, seed))
        metrics = {"val_accuracy": 0.75, "val_loss": 0.5, "epochs": 2.0, "startup_seconds": 1.0, "step_seconds": 0.1}
        if self.out_of_time:
            raise OutOfTime(metrics)
        return metrics

    def get_config(self):
        return {}


def make(objective="val_accuracy", limits=None, estimator=None, budget=None, checkpoints=None):
    candidate, data = example()
    evaluation = Evaluation(
        candidate.space,
        data,
        estimator or Instant(),
        budget or Budget(epochs=12, batch_size=16),
        objectives.several(objective),
        screens.on_costs(objectives.limits(limits or {})),
        objectives.limits(limits or {}),
        Clock(),
        lambda core: keras.Model(core.input, core.output),
        seed=0,
        checkpoints=checkpoints,
    )
    return evaluation, candidate.values


def test_metrics_costs_and_score_of_a_candidate():
    evaluation, values = make()
    outcome = evaluation(0, values)
    assert outcome.score == 0.75
    assert outcome.metrics == {"val_accuracy": 0.75, "val_loss": 0.5, "epochs": 2.0}
    assert set(outcome.costs) == {"params", "flops", "memory_kb", "startup_seconds", "step_seconds"}
    assert outcome.costs["params"] == evaluation.space.candidate(values).core().count_params()


def test_what_is_minimised_scores_higher_when_it_is_lower():
    evaluation, values = make("val_loss")
    assert evaluation(0, values).score == -0.5


def test_a_cost_as_the_objective_needs_no_training():
    evaluation, values = make("latency_ms")
    outcome = evaluation(0, values)
    assert outcome.score == -1.5
    assert evaluation.estimator.calls == []


def test_costs_that_nobody_asked_for_are_not_measured():
    evaluation, values = make()
    evaluation(0, values)
    assert evaluation.device.asked == 0


def test_a_candidate_over_a_limit_is_rejected_before_it_is_trained():
    evaluation, values = make(limits={"latency_ms": 1.0})
    with pytest.raises(RejectedError, match=r"latency_ms is 1.5, over the limit of 1") as rejected:
        evaluation(0, values)
    assert set(rejected.value.costs) == {"params", "flops", "memory_kb"}
    assert evaluation.estimator.calls == []


def test_limits_that_are_met_stand_among_the_costs():
    evaluation, values = make(limits={"latency_ms": 2.0})
    costs = evaluation(0, values).costs
    assert (costs["latency_ms_low"], costs["latency_ms"], costs["latency_ms_high"]) == (1.4, 1.5, 1.6)
    assert evaluation.device.asked == 1


def test_a_design_over_a_limit_is_made_smaller_by_no_more_than_it_takes():
    evaluation, values = make(limits={"params": 5_000})
    wide = {**values, "conv_width": 24, "conv_depth": 2}
    sizes = [evaluation.built(point).graph.parameters for point in (wide, values)]
    assert sizes[0] > 5_000
    (fitted,) = evaluation.feasible([wide])
    size = evaluation.built(fitted).graph.parameters
    assert 1_500 < size <= 5_000
    changed = {name for name in wide if wide[name] != fitted[name]}
    assert 1 <= len(changed) <= 2


def test_a_design_over_a_measured_limit_is_made_smaller():
    evaluation, values = make(limits={"latency_ms": 1.0})
    evaluation.device = Proportional()
    wide = {**values, "conv_width": 24, "conv_depth": 3}
    assert evaluation.screen.refusal(evaluation.built(wide)) is not None
    (fitted,) = evaluation.feasible([wide])
    assert 0.1 < evaluation.built(fitted).latency.median_ms <= 1.0
    asked = evaluation.device.asked
    assert evaluation(0, fitted).costs["latency_ms"] <= 1.0
    assert evaluation.device.asked == asked  # what was measured is not measured again


def test_designs_that_become_the_same_are_tried_once():
    evaluation, values = make(limits={"params": 1_000_000})
    assert evaluation.feasible([values, dict(values)]) == [values]


def test_a_device_that_does_not_answer_leaves_a_starting_point_as_it_is():
    evaluation, values = make(limits={"latency_ms": 2.0})
    evaluation.device = devices.get(lambda tflite: 1 / 0)
    assert evaluation.feasible([values]) == [values]
    with pytest.raises(TrialError, match="ZeroDivisionError"):
        evaluation(0, values)


def test_what_is_far_over_a_latency_is_refused_without_a_conversion():
    evaluation, values = make(limits={"latency_ms": 1.0})
    evaluation.device = Proportional()
    evaluation.feasible([values])
    larger = {**values, "conv_width": 24, "conv_depth": 3}
    with pytest.raises(RejectedError, match="latency_ms is"):  # nothing as large was measured before
        evaluation(1, larger)
    asked = evaluation.device.asked
    with pytest.raises(RejectedError, match="latency_ms is at least"):
        evaluation(2, larger)
    assert evaluation.device.asked == asked


def test_starting_points_that_meet_the_limits_are_enough():
    evaluation, values = make(limits={"params": 1_000_000})
    assert evaluation.feasible([values]) == [values]


def test_limits_that_no_candidate_meets_are_an_error():
    evaluation, values = make(limits={"params": 20})
    with pytest.raises(InputError, match="smallest network of the space params is"):
        evaluation.feasible([values])


@pytest.mark.parametrize("limits", [{"params": 20}, {"latency_ms": 1e-3}])
def test_a_limit_far_under_the_smallest_network_is_refused_without_a_way_down(limits, monkeypatch):
    evaluation, values = make(limits=limits)
    evaluation.device = Proportional()
    monkeypatch.setattr(Descent, "_smaller", lambda self, values: pytest.fail("It went down."))
    with pytest.raises(InputError, match=f"smallest network of the space {next(iter(limits))} is"):
        evaluation.feasible([values])


def test_networks_that_are_joined_take_as_much_as_once_each_has_weights_of_its_own():
    evaluation, values = make(limits={"size_kb": 1.0})
    core = evaluation.space.candidate(values).core()
    together = ensemble.joined([core] * 3, [1] * 3)
    size = objectives.COSTS["size_kb"]().measure
    shared = size(objectives.BuiltModel(together, evaluation.device))
    evaluation.limits = objectives.limits({"size_kb": 1.1 * shared})
    evaluation.screen = screens.on_costs(evaluation.limits)
    assert not evaluation.fits(together)
    assert evaluation.broken(core) is None
    evaluation.limits = objectives.limits({"params": 10})
    assert evaluation.broken(core).startswith("params is")


def test_the_memory_of_a_training_is_limited_at_the_batch_size_of_the_search():
    evaluation, values = make(limits={"training_kb": 1e6})
    assert (
        evaluation(0, values).costs["training_kb"] == memory.training_bytes(evaluation.built(values).graph, 16) / 1024
    )


def test_an_oracle_says_how_many_epochs():
    evaluation, values = make()
    evaluation(0, {**values, "tuner/epochs": 3})
    assert evaluation.estimator.calls[0][0].epochs == 3


def test_a_candidate_has_to_beat_the_best_trial_before_it():
    evaluation, values = make()
    trials = [
        Trial(number, {}, score=score, metrics={"val_accuracy": score}) for number, score in enumerate([0.5, 0.7, 0.9])
    ]
    evaluation.rivals = lambda: trials
    for number in (0, 2, 3):
        evaluation(number, values)
    evaluation(3, {**values, "tuner/epochs": 3})  # a part of the epochs is not to win
    assert [budget.beat for budget, _ in evaluation.estimator.calls] == [None, 0.7, 0.9, None]


def test_each_trial_has_a_seed_and_callbacks_of_its_own():
    class Mutable:
        count = 0

    callback = Mutable()
    evaluation, values = make(budget=Budget(epochs=12, batch_size=16, callbacks=[callback]))
    for number in (0, 0, 1):
        evaluation(number, values)
    seeds = [seed for _, seed in evaluation.estimator.calls]
    assert seeds[0] == seeds[1] != seeds[2]
    assert all(budget.callbacks[0] is not callback for budget, _ in evaluation.estimator.calls)


def test_a_trial_that_the_time_cut_tells_what_is_known():
    evaluation, values = make(estimator=Instant(out_of_time=True))
    with pytest.raises(Interrupted) as cut:
        evaluation(0, values)
    assert cut.value.outcome.score == 0.75


def test_a_screen_sees_the_network_the_model_and_one_batch():
    evaluation, values = make()
    candidate = evaluation.candidate(values)
    core, again = candidate.make_core(), candidate.make_core()
    assert core is not again
    for one, other in zip(core.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    x, y = candidate.batch()
    assert len(x) == len(y) == 16  # a batch of the training
    np.testing.assert_array_equal(y.mean(axis=0), [0.5])  # both classes, as in all the data
    assert np.isfinite(float(core.compute_loss(x, y, core(x))))
    assert candidate.batch()[0] is x
    assert candidate.graph.parameters == core.count_params()
    assert candidate.built.device is evaluation.device


def test_a_screen_builds_nothing_after_the_deadline():
    evaluation, values = make(budget=Budget(epochs=1, batch_size=16, deadline=time.monotonic() - 1))
    candidate = evaluation.candidate(values)
    for made in (candidate.make, candidate.make_core):
        with pytest.raises(Interrupted):
            made()


def test_a_share_of_the_budget_goes_on_from_the_candidate_s_checkpoint(tmp_path):
    evaluation, values = make(checkpoints=tmp_path)
    for number, share in ((0, 1 / 3), (5, 1.0)):
        evaluation(number, {**values, BUDGET: share})
    (first, seed), (second, other) = evaluation.estimator.calls
    assert (first.epochs, first.stop_after, first.data) == (12, 1 / 3, 1.0)
    assert second.stop_after == 1.0
    assert first.checkpoint == second.checkpoint
    assert first.checkpoint.parent == tmp_path
    assert seed == other  # a training that goes on goes on with its own seed
    evaluation(6, {**values, "adamw_weight_decay": 1e-4, BUDGET: 1 / 3})
    assert evaluation.estimator.calls[2][0].checkpoint != first.checkpoint
    assert evaluation.estimator.calls[2][1] != seed


def test_a_share_of_the_data_is_asked_for():
    evaluation, values = make()
    evaluation(0, {**values, BUDGET: 1 / 3, RESOURCE: "data"})
    budget = evaluation.estimator.calls[0][0]
    assert (budget.data, budget.stop_after, budget.checkpoint) == (1 / 3, 1 / 3, None)


def test_a_candidate_that_goes_on_is_not_measured_again():
    evaluation, values = make(limits={"latency_ms": 2.0})
    for share in (1 / 3, 1.0):
        assert evaluation(0, {**values, BUDGET: share}).costs["latency_ms"] == 1.5
    assert evaluation.device.asked == 1


def test_checkpoints_of_who_does_not_go_on_are_deleted(tmp_path):
    evaluation, values = make(checkpoints=tmp_path)
    others = [{**values, "adamw_weight_decay": decay, BUDGET: 1 / 3} for decay in (1e-4, 1e-3, 1e-2)]
    for number, candidate in enumerate(others):
        evaluation(number, candidate)
        evaluation.estimator.calls[-1][0].checkpoint.touch()
    evaluation.prune([Trial(1, others[1])])
    assert list(tmp_path.iterdir()) == [evaluation.estimator.calls[1][0].checkpoint]


def test_a_training_that_does_not_fit_the_machine_is_rejected_with_the_numbers(monkeypatch):
    evaluation, values = make()
    monkeypatch.setattr("autonas.memory.available_bytes", lambda: 2**20)
    with pytest.raises(RejectedError, match=r"takes about [\d,]+ MB, and 1 MB are free") as rejected:
        evaluation(0, values)
    assert evaluation.estimator.calls == []
    assert set(rejected.value.costs) == {"params", "flops", "memory_kb"}
    assert rejected.value.for_now
    monkeypatch.setattr("autonas.memory.available_bytes", lambda: None)
    evaluation(0, values)
    assert len(evaluation.estimator.calls) == 1


class Stepwise(Instant):
    """An estimator that says how many steps it takes."""

    def steps(self, data, budget):
        return 100.0 * budget.stop_after


def hurried(left, step_seconds, trial_seconds):
    """An evaluation with so many seconds left, after three trials of which a step and all of it took so long."""
    budget = Budget(epochs=12, batch_size=16, deadline=time.monotonic() + left)
    evaluation, values = make(estimator=Stepwise(), budget=budget)
    costs = {"flops": 1e6, "step_seconds": step_seconds, "startup_seconds": 0.0}
    known = [Trial(number, {}, score=0.5, costs=costs, seconds=trial_seconds) for number in range(3)]
    evaluation.rivals = lambda: known
    return evaluation, values


class Slow(Stepwise):
    """Its steps take a fiftieth of a second each."""

    def evaluate(self, candidate, data, budget, seed):
        for callback in budget.callbacks:
            for step in range(15):
                callback.on_train_batch_begin(step)
                time.sleep(0.02)
                callback.on_train_batch_end(step)
        return super().evaluate(candidate, data, budget, seed)


def test_a_training_whose_first_steps_are_too_slow_is_broken_off():
    """A last training has 0.4 of 12 epochs at least, of 5 batches of 16: 25 steps, of a fiftieth of a second and a margin."""
    evaluation, values = hurried(left=1_000, step_seconds=0.001, trial_seconds=1)
    evaluation.estimator = Slow()
    evaluation(3, values)
    evaluation.in_full = (9.0, range(80))
    evaluation(3, values)
    evaluation.in_full = (0.3, range(80))
    with pytest.raises(RejectedError, match=r"its steps take 0\.02\d* s, for which there is no time") as rejected:
        evaluation(3, values)
    assert rejected.value.for_now
    evaluation.rivals = lambda: [
        Trial(0, {}, score=0.5, costs={"flops": 1e6, "step_seconds": 1.0, "startup_seconds": 0.0})
    ]
    evaluation(3, values)  # nobody is quick enough
    evaluation.in_full = None
    evaluation.budget = dataclasses.replace(evaluation.budget, deadline=time.monotonic() + 1.0)
    with pytest.raises(RejectedError, match="its steps take"):
        evaluation(3, values)


def test_a_training_that_there_is_no_time_for_is_rejected_with_the_numbers():
    evaluation, values = hurried(left=10_000, step_seconds=1_000, trial_seconds=1)
    with pytest.raises(RejectedError, match=r"takes about 100,000 s, and (10,000|9,\d+) s are left") as rejected:
        evaluation(3, values)
    assert set(rejected.value.costs) == {"params", "flops", "memory_kb"}
    assert rejected.value.for_now
    assert evaluation.estimator.calls == []
    evaluation(2, values)  # two trials before it say nothing
    evaluation(3, {**values, BUDGET: 0.1})  # a part of the training does
    evaluation.budget = Budget(epochs=12, batch_size=16)
    evaluation(3, values)
    assert len(evaluation.estimator.calls) == 3


def test_a_training_that_may_end_in_time_is_begun():
    evaluation, values = hurried(left=10_000, step_seconds=190, trial_seconds=19_000)
    evaluation(3, values)
    evaluation.estimator = Instant()  # says nothing of its steps
    evaluation(3, {**values, BUDGET: 1.0})
    assert len(evaluation.estimator.calls) == 1


def test_where_no_training_was_short_enough_the_search_ends():
    evaluation, values = hurried(left=10_000, step_seconds=1_000, trial_seconds=21_000)
    with pytest.raises(Interrupted) as cut:
        evaluation(3, values)
    assert cut.value.outcome is None
    assert evaluation.estimator.calls == []
