import json

import pytest

from autonas.errors import InputError, ProjectError
from autonas.project import Project, fingerprint
from autonas.trials import Trial

SETTINGS = {"data": "abc", "seed": 0}


def opened(folder, settings=SETTINGS, overwrite=False):
    project = Project(folder)
    return project, project.open(settings, {"task": "ImageClassifier"}, overwrite)


def test_a_new_project_holds_its_settings_and_no_trials(tmp_path):
    project, store = opened(tmp_path / "new")
    assert store.trials == []
    assert project.read() == {"task": "ImageClassifier", "settings": SETTINGS, "finished": None}


def test_equal_settings_go_on_with_the_trials(tmp_path):
    _, store = opened(tmp_path)
    store.add(Trial(0, {"a": 1}, score=0.5))
    assert [trial.values for trial in opened(tmp_path)[1].trials] == [{"a": 1}]


def test_other_settings_are_an_error_that_names_them_and_changes_nothing(tmp_path):
    project, store = opened(tmp_path)
    store.add(Trial(0, {}, score=0.5))
    with pytest.raises(ProjectError, match=r"seed was 0, now is 1.*overwrite=True"):
        opened(tmp_path, {**SETTINGS, "seed": 1})
    assert project.read()["settings"] == SETTINGS


def test_settings_may_change_while_there_is_no_trial_to_lose(tmp_path):
    opened(tmp_path)
    project, _ = opened(tmp_path, {**SETTINGS, "seed": 1})
    assert project.read()["settings"]["seed"] == 1


def test_what_is_kept_is_of_the_same_settings(tmp_path):
    project = Project(tmp_path / "p")
    assert project.kept({"seed": 0}) == {}
    project.open({"seed": 0, "shape": (8, 8)}, {"starting_points": [{"width": 16}]}, overwrite=False)
    assert project.kept({"seed": 0, "shape": (8, 8)})["starting_points"] == [{"width": 16}]
    assert project.kept({"seed": 1, "shape": (8, 8)}) == {}
    project.file.write_text("{")
    assert project.kept({"seed": 0, "shape": (8, 8)}) == {}


def test_overwrite_starts_anew(tmp_path):
    _, store = opened(tmp_path)
    store.add(Trial(0, {}, score=0.5))
    assert opened(tmp_path, {"data": "other"}, overwrite=True)[1].trials == []


def test_a_finished_project_stays_finished(tmp_path):
    project, store = opened(tmp_path)
    store.add(Trial(0, {}, score=0.5))
    project.write({**project.read(), "finished": {"winner": 0}})
    assert opened(tmp_path)[0].read()["finished"] == {"winner": 0}


def test_a_damaged_file_is_named_and_written_anew(tmp_path):
    project, store = opened(tmp_path)
    store.add(Trial(0, {}, score=0.5))
    project.file.write_text("{")
    with pytest.raises(ProjectError, match=r"project\.json is damaged"):
        project.read()
    with pytest.warns(UserWarning, match="damaged"):
        _, again = opened(tmp_path)
    assert len(again.trials) == 1
    assert project.read()["settings"] == SETTINGS


def test_what_a_killed_process_was_writing_is_cleared_away(tmp_path):
    (tmp_path / "trials" / ".writing-abc").mkdir(parents=True)
    (tmp_path / "trials" / ".writing-abc" / "0003.json").write_text('{"number": 3')
    _, store = opened(tmp_path)
    assert store.trials == []
    assert not list(tmp_path.rglob(".writing-*"))


def test_a_missing_project_is_an_error(tmp_path):
    with pytest.raises(ProjectError, match="no project"):
        Project(tmp_path / "nothing").read()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="directory must be a folder that can be written to"):
        Project(tmp_path / "file" / "project").check_writable()


def test_checking_leaves_nothing_behind(tmp_path):
    Project(tmp_path / "project").check_writable()
    assert list((tmp_path / "project").iterdir()) == []


def test_fingerprints_differ_with_contents_and_not_with_order():
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})


def test_settings_survive_json(tmp_path):
    project, _ = opened(tmp_path, {"limits": (1, 2)})
    assert json.loads(project.file.read_text())["settings"] == {"limits": [1, 2]}
