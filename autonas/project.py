"""A project: the folder that a search lives in. `project.json` says what it is, `trials/` what was tried, `model.keras`
is what came out. Every file is written in one step, so a process can be killed at any moment.
"""

from __future__ import annotations

import hashlib
import json
import operator
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autonas.errors import InputError, ProjectError
from autonas.files import replacing, write_json
from autonas.quiet import odd_names_allowed
from autonas.trial_store import TrialStore

if TYPE_CHECKING:
    import keras


class Project:
    """The folder of one search.

    Args:
        folder: `directory/project_name`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "project.json"
        self.model_file = folder / "model.keras"

    def check_writable(self) -> None:
        """Raises an InputError if the folder cannot be made or written to."""
        try:
            with replacing(self.folder / "writable") as temporary:
                temporary.touch()
            (self.folder / "writable").unlink()
        except OSError as error:
            raise InputError.of(
                "directory", "a folder that can be written to", f"{str(self.folder)!r} ({error})"
            ) from error

    def read(self) -> dict[str, Any]:
        """Returns what `project.json` says.

        Raises:
            ProjectError: If there is no project here, or the file is damaged.
        """
        try:
            content = json.loads(self.file.read_text())
            content["settings"], content["finished"]
        except FileNotFoundError as error:
            raise ProjectError(f"There is no project in {self.folder}: {self.file} is missing.") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ProjectError(
                f"{self.file} is damaged ({type(error).__name__}: {error}). The trials in {self.folder / 'trials'} and "
                f"{self.model_file} are not touched by this: `fit` with the same data and settings makes the file anew "
                "and goes on from them."
            ) from error
        return dict(content)

    def kept(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Returns what `project.json` says if it is of these settings; nothing if it is of others, or cannot be read."""
        try:
            content = self.read()
        except ProjectError:
            return {}
        return content if content["settings"] == json.loads(json.dumps(settings)) else {}

    def open(self, settings: Mapping[str, Any], identity: Mapping[str, Any], overwrite: bool) -> TrialStore:
        """Makes the project, or goes on with it.

        Args:
            settings: All that the trials depend on, as plain data; each entry has to be what it was.
            identity: What else is kept, as plain data: above all what it takes to answer without fitting.
            overwrite: Whether to delete a project that is already there.

        Returns:
            The trials that it has.

        Raises:
            ProjectError: If the project has trials of other settings. The difference is named.
        """
        if overwrite and self.folder.exists():
            shutil.rmtree(self.folder)
        for left in self.folder.rglob(".writing-*"):
            shutil.rmtree(left, ignore_errors=True)  # what a killed process had not finished writing
        settings = json.loads(json.dumps(settings, default=operator.methodcaller("item")))  # of NumPy's numbers
        store = TrialStore(self.folder / "trials", fingerprint(settings))
        known: dict[str, Any] = {"settings": settings, "finished": None}
        if self.file.exists():
            try:
                known = self.read()
            except ProjectError as error:
                warnings.warn(f"{error} It is written anew.", stacklevel=4)
        if not store.trials and any((self.folder / "trials").glob("*.json")):
            raise ProjectError(
                f"The project in {self.folder} was made with other data or settings{_changes(known['settings'], settings)}. "
                "Its trials cannot be mixed with new ones. Choose another project_name, or overwrite=True to start anew."
            )
        same = known["settings"] == settings
        self.write({**identity, "settings": settings, "finished": known["finished"] if same else None})
        return store

    def write(self, content: Mapping[str, Any]) -> None:
        """Replaces what `project.json` says."""
        write_json(self.file, dict(content))

    def selected_file(self, trial: int) -> Path:
        """Where the model of a trial is kept that the user selected beside the one of `fit`."""
        return self.folder / "selected" / f"{trial:04d}.keras"

    def save_model(self, model: keras.Model, file: Path | None = None) -> None:
        """Keeps a model; None means that of `fit`."""
        with replacing(file or self.model_file) as temporary:
            model.save(temporary)

    def load_model(self, file: Path | None = None) -> keras.Model:
        """Reads a model back; compiled, unless its loss or metrics are the user's own code. None means that of `fit`.

        Raises:
            ProjectError: If the file is missing or damaged. The trials stay usable.
        """
        import keras

        file = file or self.model_file
        try:
            with odd_names_allowed():
                return keras.saving.load_model(file)
        except (TypeError, ValueError):
            pass  # a loss or a metric of the user's own is not known to Keras here; the network itself may still load
        except Exception as error:
            raise self._no_model(file, error) from error
        try:
            with odd_names_allowed():
                return keras.saving.load_model(file, compile=False)
        except Exception as error:
            raise self._no_model(file, error) from error

    def _no_model(self, file: Path, error: Exception) -> ProjectError:
        return ProjectError(
            f"{file} is missing or damaged ({type(error).__name__}: {error}). The trials are still there: "
            "`leaderboard()` shows them, and `fit` with the same data and a `max_trials` of their number retrains the best."
        )


def fingerprint(settings: Mapping[str, Any]) -> str:
    """A short text that is equal for equal settings."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def _changes(known: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """What differs, in words; empty where nothing does."""
    names = [name for name in dict.fromkeys([*known, *settings]) if known.get(name) != settings.get(name)]
    parts = [f"{name} was {_brief(known.get(name))}, now is {_brief(settings.get(name))}" for name in names]
    return f": {'; '.join(parts)}" if parts else ""


def _brief(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
