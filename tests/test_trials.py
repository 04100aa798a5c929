import json

import pytest

from autonas import trials
from autonas.trials import COMPLETED, FAILED, REJECTED, History, Trial, TrialStore


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


def test_what_is_written_is_what_is_read(tmp_path):
    trial = Trial(
        0, {"a": 1, "b": "x", "c": 0.5}, score=0.25, metrics={"m": 1.0}, costs={"c": 2.0}, seconds=3.0, origin="o"
    )
    TrialStore(tmp_path, "f").add(trial)
    assert TrialStore(tmp_path, "f").trials == [trial]


def test_trials_of_another_fingerprint_are_not_taken(tmp_path):
    TrialStore(tmp_path, "f").add(Trial(0, {}))
    assert TrialStore(tmp_path, "g").trials == []
    assert len(TrialStore(tmp_path, None).trials) == 1


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "\0" * 40, '{"number": 0}', '{"fingerprint": "f", "unknown": 1}'),
        '{"fingerprint": "f", "number": 7, "values": {}}',
        '{"fingerprint": "f", "number": "1", "values": {}}',
        '{"fingerprint": "f", "number": 1, "values": null}',
    ],
)
def test_a_damaged_record_is_named_and_the_others_are_kept(tmp_path, content):
    store = TrialStore(tmp_path, "f")
    for number in range(3):
        store.add(Trial(number, {"a": number}))
    (tmp_path / "0001.json").write_text(content)
    with pytest.warns(UserWarning, match=r"0001\.json is damaged"):
        again = TrialStore(tmp_path, "f")
    assert [trial.number for trial in again.trials] == [0, 2]
    assert again.next_number == 1
    assert [trial.number for trial in again.history] == [0]
    assert again.find({"a": 2}).number == 2
    assert again.find({"a": 1}) is None


def test_what_was_rejected_for_now_is_looked_at_again_at_its_number(tmp_path):
    store = TrialStore(tmp_path, "f")
    for number, rejected in enumerate([{}, {"status": "rejected", "for_now": True}, {"status": "rejected"}, {}]):
        store.add(Trial(number, {"a": number}, **rejected))
    again = TrialStore(tmp_path, "f")
    assert again.trials == store.trials
    again.reopen()
    assert [trial.number for trial in again.trials] == [0, 2, 3]
    assert again.find({"a": 1}) is None
    assert (again.next_number, len(again.history)) == (1, 1)
    again.add(Trial(1, {"a": 1}, score=0.5))
    assert len(again.history) == 4
    assert TrialStore(tmp_path, "f").trials[1].score == 0.5


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    file = tmp_path / "file.json"
    trials.write_json(file, {"a": 1})

    def write_half():
        with trials.replacing(file) as temporary:
            temporary.write_text("half")
            raise ValueError("broken in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        write_half()
    assert json.loads(file.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [file]


def test_the_temporary_file_keeps_the_suffix(tmp_path):
    with trials.replacing(tmp_path / "sub" / "model.keras") as temporary:
        assert temporary.suffix == ".keras"
        temporary.touch()
    assert (tmp_path / "sub" / "model.keras").exists()


def test_numbers_that_json_has_not_are_refused(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        TrialStore(tmp_path).add(Trial(0, {}, score=float("nan")))
    assert not list(tmp_path.glob("*.json"))


def test_a_store_without_a_folder_keeps_in_memory():
    store = TrialStore(None)
    store.add(Trial(0, {}))
    assert store.next_number == 1


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


def test_several_scores_and_the_screen_s_are_kept(tmp_path):
    trial = Trial(0, {"a": 1}, score=0.5, scores=[0.5, -3.0], screen=2.5)
    TrialStore(tmp_path).add(trial)
    assert TrialStore(tmp_path).trials == [trial]
