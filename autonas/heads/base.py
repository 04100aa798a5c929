"""The contract of a head: one kind of target, from the labels the user holds to a loss, and from outputs to answers."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import keras
    import keras_tuner
    import numpy as np


class Head(abc.ABC):
    """Analyses a target, and holds everything that follows from it: output layer, loss, metrics, decoding.

    Args:
        loss: The user's loss (a Keras name, instance or callable), or None for the one that fits the target.
        metrics: The user's metrics (Keras names or instances), or None for the ones that fit the target.
    """

    default_objective: ClassVar[str]

    @abc.abstractmethod
    def check(self, y: Any, name: str = "y") -> np.ndarray:
        """Returns `y` in its one canonical form, or raises an InputError. After `fit`, unseen classes are an error."""

    @abc.abstractmethod
    def fit(self, y: np.ndarray) -> None:
        """Learns the target's form (its classes) from all checked labels."""

    @abc.abstractmethod
    def strata(self, y: np.ndarray) -> np.ndarray | None:
        """What a split keeps in proportion: one class for each example, or None where there is nothing to keep."""

    @abc.abstractmethod
    def encode(self, y: np.ndarray) -> np.ndarray:
        """Turns checked labels into the float32 targets of the loss."""

    @abc.abstractmethod
    def weights(self, y: np.ndarray, class_weight: Any, sample_weight: Any) -> np.ndarray | None:
        """Joins the user's class and sample weights into one float32 weight for each example; None when there are none."""

    @abc.abstractmethod
    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        """Adds the output layer to features of the shape (batch, features)."""

    @abc.abstractmethod
    def loss(self) -> Any:
        """What `compile` takes as the loss."""

    @abc.abstractmethod
    def metrics(self, objective: str | None = None) -> list[keras.metrics.Metric]:
        """Fresh metrics for one `compile`.

        Args:
            objective: The Keras name of a metric that has to be among them.
        """

    @abc.abstractmethod
    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Turns the model's outputs into answers in the user's terms."""

    @abc.abstractmethod
    def get_config(self) -> dict[str, Any]:
        """What JSON has to keep so that `from_config` gives a fitted head that decodes."""

    @classmethod
    @abc.abstractmethod
    def from_config(cls, config: dict[str, Any]) -> Head:
        """The inverse of `get_config`."""
