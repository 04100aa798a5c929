"""Trials on disk: one file each, read back as they were, a damaged one named."""

import pytest

from autonas.trial_store import TrialStore
from autonas.trials import Trial


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


def test_numbers_that_json_has_not_are_refused(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        TrialStore(tmp_path).add(Trial(0, {}, score=float("nan")))
    assert not list(tmp_path.glob("*.json"))


def test_a_store_without_a_folder_keeps_in_memory():
    store = TrialStore(None)
    store.add(Trial(0, {}))
    assert store.next_number == 1


def test_several_scores_and_the_screen_s_are_kept(tmp_path):
    trial = Trial(0, {"a": 1}, score=0.5, scores=[0.5, -3.0], screen=2.5)
    TrialStore(tmp_path).add(trial)
    assert TrialStore(tmp_path).trials == [trial]
