"""What a network computes without training is computed once, not in each epoch.

Features that need no training, such as fixed random convolutions, are most of the work of the networks that have them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autonas import data as data_module
from autonas.graph import is_inert

if TYPE_CHECKING:
    import keras
    import numpy as np

MOST_BYTES = 2**29  # of features that are kept


class Split:
    """A network in two: the fixed part, from its inputs to features, and the rest, which shares its layers and weights.

    Attributes:
        rest: From features to outputs; training it trains the network.

    Example:

    >>> split = apart(core)
    >>> split.rest.fit(split.features(x), y)
    """

    def __init__(self, fixed: keras.Model, rest: keras.Model) -> None:
        self._fixed, self.rest = fixed, rest

    def fits(self, examples: int) -> bool:
        """Whether the features of so many examples are few enough to be kept."""
        return examples * sum(4 * _size(output.shape) for output in self._fixed.outputs) <= MOST_BYTES

    def features(self, x: Any, batch_size: int = 256) -> dict[str, np.ndarray]:
        """The features of preprocessed examples, (n, ...) each."""
        return dict(self._fixed.predict(data_module.feed(x), batch_size=batch_size, verbose=0))


def apart(core: keras.Model) -> Split | None:
    """Takes a network apart.

    An operation is fixed if it has no weights to train, is not random in training, and so is all that it takes.

    Args:
        core: A functional model.

    Returns:
        The two parts; None if no layer with weights is in the fixed one, so that there is little to save.
    """
    import keras

    made: dict[int, bool] = {}  # tensors by whether they are fixed; inputs are
    ends: dict[int, Any] = {}  # fixed tensors that something else takes
    worth = False

    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal worth
        taken = [part for part in keras.tree.flatten((args, kwargs)) if isinstance(part, keras.KerasTensor)]
        weights = getattr(operation, "weights", [])
        fixed = (
            all(made.get(id(part), True) for part in taken)
            and not getattr(operation, "trainable_weights", [])
            and not is_inert(type(operation).__name__)
        )
        if fixed:
            worth = worth or bool(weights)
        else:
            ends.update((id(part), part) for part in taken if made.get(id(part), True))
        results = operation(*args, **kwargs)
        for result in keras.tree.flatten(results):
            made[id(result)] = fixed
            kept.append(result)
        return results

    kept: list[Any] = []  # so that no other tensor gets the place of one of these
    plain = keras.Model(core.input, core.output)
    same = keras.models.clone_model(plain, call_function=call, clone_function=lambda layer: layer)
    ends.update((id(part), part) for part in same.outputs if made.get(id(part), True))
    if not worth or any(id(part) in ends for part in same.outputs):
        return None
    features = {part.name: part for part in ends.values()}
    rest = keras.Model(features, same.output)
    return Split(keras.Model(same.input, features), rest)


def _size(shape: tuple[int | None, ...]) -> int:
    size = 1
    for side in shape[1:]:
        size *= side or 1
    return size
