"""The trials of a project on disk, one file each, so that a search which was stopped goes on."""

from __future__ import annotations

import dataclasses
import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from autonas.files import write_json
from autonas.trials import History, Trial, key


class TrialStore:
    """The trials of one project: `trials/0000.json`, ..., each written in one step when its trial ends.

    Args:
        folder: Where they are kept; None keeps them in memory only.
        fingerprint: Of the data, the space and the settings. Kept in each file, so that a record says by itself which
            search it belongs to; None takes any.
    """

    def __init__(self, folder: Path | None, fingerprint: str | None = None) -> None:
        self.folder = folder
        self.fingerprint = fingerprint
        self.history = History()  # the trials before the first gap: what the next one is proposed from
        self._trials: dict[int, Trial] = {}
        self._of: dict[str, Trial] = {}
        for trial in [] if folder is None else self._read(folder):
            self._keep(trial)

    @property
    def trials(self) -> list[Trial]:
        """All that is kept, in the order of their numbers."""
        return [self._trials[number] for number in sorted(self._trials)]

    @property
    def next_number(self) -> int:
        """The first number without a trial: the end, or the gap that a damaged record left."""
        return len(self.history)

    def find(self, values: Mapping[str, Any]) -> Trial | None:
        """The trial of a candidate, if it has one."""
        return self._of.get(key(values))

    def add(self, trial: Trial) -> None:
        """Keeps a trial that has ended."""
        if self.folder is not None:
            record = {"fingerprint": self.fingerprint, **dataclasses.asdict(trial)}
            write_json(self.folder / f"{trial.number:04d}.json", record)
        self._keep(trial)

    def reopen(self) -> None:
        """Takes out the trials that were rejected for now. A search that goes on comes to their numbers first, proposes what it
        proposed then, and looks at it again; a record stays in its file until it is replaced.
        """
        kept = [trial for trial in self.trials if not trial.for_now]
        self.history, self._trials, self._of = History(), {}, {}
        for trial in kept:
            self._keep(trial)

    def _keep(self, trial: Trial) -> None:
        self._trials[trial.number] = trial
        self._of.setdefault(trial.key, trial)
        while self.next_number in self._trials:
            self.history.append(self._trials[self.next_number])

    def _read(self, folder: Path) -> Iterator[Trial]:
        for file in sorted(folder.glob("*.json")):
            try:
                record = json.loads(file.read_text())
                fingerprint = record.pop("fingerprint")
                trial = Trial(**record)
                if trial.number != int(file.stem) or not isinstance(trial.values, dict):
                    raise ValueError(f"it says that it is trial {trial.number!r}, with the values {trial.values!r}")
            except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
                warnings.warn(
                    f"The trial record {file} is damaged ({error}). The others are kept; a search runs this one again.",
                    stacklevel=4,
                )
                continue
            if self.fingerprint in (None, fingerprint):
                yield trial
