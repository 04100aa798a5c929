"""All that a function asks for: of several hyperparameters of one name, Keras Tuner keeps the first, and forgets the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras_tuner

if TYPE_CHECKING:
    from keras_tuner.engine.hyperparameters import HyperParameter


class Asked(keras_tuner.HyperParameters):
    """A `keras_tuner.HyperParameters` that remembers each hyperparameter as it was asked for.

    Attributes:
        asked: All of them, in their order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[HyperParameter] = []

    def _retrieve(self, hp: HyperParameter) -> Any:
        self.asked.append(type(hp).from_config(hp.get_config()))  # its own conditions are those of the open scopes
        return super()._retrieve(hp)
