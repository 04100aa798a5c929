"""The contract of an input: one kind of data, from what the user holds to what a network trains on."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from pathlib import Path

    import keras
    import numpy as np

Rows = Any  # an array, or a dict of arrays by name
Shape = Any  # a tuple of sizes, or a dict of tuples by name


def batch_of_rows(rows: int) -> int:
    """Examples in a batch where each is a row of numbers, as works on tables take it: steps are cheap, and targets noisy."""
    return 32 if rows < 2_000 else 128 if rows < 10_000 else 256


class Input(abc.ABC):
    """Checks one kind of data, learns what has no weights (statistics, sizes), and turns that into a Keras model.

    Data is one array whose first axis counts the examples, or a dict of such arrays, by name.

    Attributes:
        runs_on_device: Whether LiteRT can run the preprocessor, so that a `.tflite` holds it. Where it cannot (strings have
            no operations there), a `.tflite` takes what `numbers` returns.
        ids: Of the examples that were checked last, if the data name them.
        most_epochs: Of a full training unless the user says otherwise.
        least_epochs: Of it too, however many examples there are.
        full_steps: Of it too, about, between these.
        columns: Names of the columns of the frame that a task was fitted on, if it was one; others are left out later.
        light: Whether networks on it cost so little that several of them are one model unless the user says otherwise.
    """

    runs_on_device: ClassVar[bool] = False
    ids: np.ndarray | None = None
    columns: list[str] | None = None
    light: bool = True
    most_epochs: int = 60
    least_epochs: int = 15
    full_steps: int = 5_000

    def on_device(self) -> keras.Model | None:
        """The model that a `.tflite` puts before the core; None where it takes what `numbers` returns."""
        return self.preprocessor() if self.runs_on_device else None

    @property
    @abc.abstractmethod
    def shape(self) -> Shape:
        """Of one preprocessed example, without the batch axis, one for each array; known after `fit`."""

    @abc.abstractmethod
    def check(self, x: Any, name: str = "x") -> Rows:
        """Returns `x` in its one canonical form, or says what is wrong with it.

        After `fit`, the form must also fit what was learned (the same image size and channels).

        Args:
            x: What the user passed.
            name: How the user knows it, for the error: `"x"`, `"validation_data"`.

        Returns:
            Arrays of numbers, or of strings (dtype `str`, never `object`).

        Raises:
            InputError: If `x` cannot be used.
        """

    @abc.abstractmethod
    def fit(self, x: Rows) -> None:
        """Learns from checked training data what the preprocessor needs, and the sizes that a search space follows."""

    @abc.abstractmethod
    def preprocessor(self) -> keras.Model:
        """Returns the model from what `check` returns to what the core of a network takes. It has nothing to train.

        Its inputs have the names, its outputs the names of `shape`; all outputs are float32, numbers of words or of
        categories too.
        """

    def batch_size(self, rows: int) -> int:
        """Examples in a batch, for so many examples, unless the user says otherwise."""
        return 32 if rows < 5_000 else 64

    def in_folder(self, x: Any, folder: Path) -> Any:
        """Returns what came out of a file as `check` takes it, where paths in it start at the folder of that file."""
        return x

    def targets(self, x: Any, y: Any, name: str = "y") -> Any:
        """Returns one target for each example, where the user's come in another form: one for each event.

        Args:
            x: Examples as the user passed them.
            y: Targets, or what else there is one of for each example, such as groups.
            name: How the user knows them, for the error.
        """
        return y

    def times(self, x: Rows) -> np.ndarray | None:
        """One time for each example that was checked last, (n,), if the data say when they are from; None if they do not."""
        return None

    def numbers(self, x: Rows) -> Rows:
        """Prepares examples for a `.tflite`, in NumPy alone: what the preprocessor does, where it cannot run there.

        Args:
            x: What `check` returned.

        Returns:
            float32, equal to what the preprocessor gives up to rounding; `x` itself if the preprocessor runs on the device.
        """
        return x

    @abc.abstractmethod
    def reduce(self, x: Rows, factor: float) -> Rows:
        """Makes preprocessed data cheaper to train on: a lower resolution, a shorter length; the same where it has neither.

        Args:
            x: What the preprocessor returned.
            factor: In (0, 1]; 1 returns `x` itself.
        """

    def summary(self) -> str:
        """What the user should see of what was found in the data, in a line or two; empty where there is nothing."""
        return ""

    def files(self) -> dict[str, list[list[Any]]]:
        """Which entries of `get_config` stand in a `.tflite` as readable files of their own, for other tools.

        Returns:
            name -> paths of entries, a path being keys one in the other. A `.txt` has one entry, a list, one item a line; a
            `.json` is a dict of its entries by their last keys.
        """
        return {}

    @abc.abstractmethod
    def get_config(self) -> dict[str, Any]:
        """What JSON has to keep so that `from_config` gives a fitted input that checks and preprocesses."""

    @classmethod
    @abc.abstractmethod
    def from_config(cls, config: dict[str, Any]) -> Input:
        """The inverse of `get_config`."""
