"""Trials, their history and their leaderboard."""

from autonas import trials
from autonas.trials import COMPLETED, FAILED, REJECTED, History, Trial


def test_equal_candidates_have_equal_keys_in_any_order():
    assert trials.key({"a": 1, "b": 2.0}) == trials.key({"b": 2.0, "a": 1})
    assert trials.key({"a": 1}) != trials.key({"a": "1"})


def test_completed_trials_come_best_first_and_the_earlier_of_equals():
    found = trials.completed(
        [Trial(0, {}, score=1.0), Trial(1, {}, score=2.0), Trial(2, {}, score=2.0), Trial(3, {}, FAILED)]
    )
    assert [trial.number for trial in found] == [1, 2, 0]


def test_a_leaderboard_has_all_trials_and_all_columns():
    board = trials.leaderboard(
        [
            Trial(0, {"width": 8}, score=0.5, metrics={"val_accuracy": 0.5}, costs={"params": 10.0}, origin="random"),
            Trial(1, {"width": 16, "depth": 2}, score=0.9, metrics={"val_accuracy": 0.9}, seconds=1.23456),
            Trial(2, {}, FAILED, message="it diverged"),
            Trial(3, {}, REJECTED, message="too large"),
        ]
    )
    assert board["trial"].tolist() == [1, 0, 2, 3]
    assert board["status"].tolist() == [COMPLETED, COMPLETED, FAILED, REJECTED]
    assert list(board.columns) == [
        *("trial", "status", "score", "val_accuracy", "params", "seconds", "origin", "width", "depth", "message")
    ]
    assert board["seconds"].iloc[0] == 1.235
    assert board["message"].iloc[2] == "it diverged"


def test_a_hyperparameter_hides_no_other_column():
    board = trials.leaderboard([Trial(0, {"score": 3, "params": 4, "width": 5}, score=0.5, costs={"params": 10.0})])
    row = board.iloc[0]
    assert (row["score"], row["params"], row["width"]) == (0.5, 10.0, 5)
    assert (row["score (hyperparameter)"], row["params (hyperparameter)"]) == (3, 4)


def test_a_metric_hides_no_other_column():
    done = [
        Trial(0, {"seconds": 3}, score=-0.5, metrics={"score": 0.5, "seconds": 7.0, "trial": 9.0}, seconds=1.5),
        Trial(1, {"seconds": 4}, FAILED, costs={"status": 2.0}, message="diverged"),
    ]
    board = trials.leaderboard(done)
    assert board["trial"].tolist() == [0, 1]
    assert board["status"].tolist() == ["completed", "failed"]
    assert (board["score"][0], board["seconds"][0], board["message"][1]) == (-0.5, 1.5, "diverged")
    assert [board[f"{name} (metric)"][0] for name in ("score", "seconds", "trial")] == [0.5, 7.0, 9.0]
    assert board["status (cost)"][1] == 2.0
    assert board["seconds (hyperparameter)"].tolist() == [3, 4]


def test_shares_of_a_budget_are_spent_as_shares():
    def trial(number, a, share, status="completed"):
        return Trial(number, {"a": a, trials.BUDGET: share}, status, seconds=2.0)

    thirds = [trial(0, 1, 1 / 3), trial(1, 2, 1 / 3, FAILED), trial(2, 3, 1 / 3), trial(3, 4, 1 / 3, REJECTED)]
    assert trials.spent(thirds) == (1, 8.0)
    assert trials.spent([*thirds, trial(4, 1, 1.0)]) == (2, 10.0)  # it went on: one, and two thirds of one
    assert trials.spent([Trial(0, {"a": 1}), Trial(1, {"a": 2}, FAILED), Trial(2, {"a": 3}, REJECTED)])[0] == 2


def test_a_leaderboard_of_nothing_is_empty():
    assert len(trials.leaderboard([])) == 0


def test_a_history_grows_at_its_end_and_knows_what_was_tried():
    history = History([Trial(0, {"a": 1})])
    history.append(Trial(1, {"a": 2}, FAILED))
    assert [trial.number for trial in history] == [0, 1]
    assert history.keys == {trials.key({"a": 1}), trials.key({"a": 2})}
    assert (len(history), history[-1].number, [t.number for t in history[:1]]) == (2, 1, [0])


def test_what_was_tried_is_read_off_any_sequence():
    done = [Trial(0, {"a": 1}), Trial(1, {"a": 2})]
    assert trials.tried(done) == trials.tried(History(done)) == History(done).keys


class Numbers:
    def __init__(self, sign):
        self.sign, self.given = sign, []

    def add(self, trial):
        self.given.append(self.sign * trial.number)


def test_a_reader_is_given_each_trial_once():
    history = History([Trial(0, {"a": 1})])
    reader = trials.reading(history, Numbers, 1)
    history.append(Trial(1, {"a": 2}))
    assert trials.reading(history, Numbers, 1) is reader
    assert reader.given == [0, 1]
    assert trials.reading(history, Numbers, -1).given == [0, -1]
    assert trials.reading(list(history), Numbers, 1).given == [0, 1]
    history.replace(0, Trial(7, {"a": 1}, FAILED))
    assert trials.reading(history, Numbers, 1).given == [7, 1]
    assert [trial.number for trial in history] == [7, 1]


def test_only_scores_of_one_budget_are_compared():
    low = [Trial(n, {"a": n, trials.BUDGET: 0.5}, score=9.0 + n) for n in range(3)]
    high = [Trial(3, {"a": 0, trials.BUDGET: 1.0}, score=1.0), Trial(4, {"a": 1}, score=2.0)]
    failed = Trial(5, {"a": 2, trials.BUDGET: 1.0}, FAILED)
    assert [trial.number for trial in trials.fullest([*low, *high, failed])] == [4, 3]
    assert [trial.number for trial in trials.fullest([*low, failed])] == [2, 1, 0]
    assert low[0].candidate == high[0].candidate
    assert low[0].key != high[0].key
