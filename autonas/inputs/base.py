"""The contract of an input: one kind of data, from what the user holds to what a network trains on."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras
    import numpy as np


class Input(abc.ABC):
    """Checks one kind of data, learns what has no weights (statistics, sizes), and turns that into a Keras model."""

    @property
    @abc.abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Of one preprocessed example, without the batch axis; known after `fit`."""

    @abc.abstractmethod
    def check(self, x: Any, name: str = "x") -> np.ndarray:
        """Returns `x` in its one canonical form, or says what is wrong with it.

        After `fit`, the form must also fit what was learned (the same image size and channels).

        Args:
            x: What the user passed.
            name: How the user knows it, for the error: `"x"`, `"validation_data"`.

        Returns:
            An array whose first axis counts the examples.

        Raises:
            InputError: If `x` cannot be used.
        """

    @abc.abstractmethod
    def fit(self, x: np.ndarray) -> None:
        """Learns from checked training data what the preprocessor needs, and the sizes that a search space follows."""

    @abc.abstractmethod
    def preprocessor(self) -> keras.Model:
        """Returns the model from what the user holds to what the core of a network takes. It has nothing to train."""

    @abc.abstractmethod
    def reduce(self, x: np.ndarray, factor: float) -> np.ndarray:
        """Makes preprocessed data cheaper to train on: a lower resolution, a shorter length.

        Args:
            x: What the preprocessor returned.
            factor: In (0, 1]; 1 returns `x` itself.
        """

    @abc.abstractmethod
    def get_config(self) -> dict[str, Any]:
        """What JSON has to keep so that `from_config` gives a fitted input that checks and preprocesses."""

    @classmethod
    @abc.abstractmethod
    def from_config(cls, config: dict[str, Any]) -> Input:
        """The inverse of `get_config`."""
