"""Recurrent networks for sequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autonas.blocks.base import TimeBlock, choose

if TYPE_CHECKING:
    import keras_tuner

LOOPED = 32  # steps that recurrent layers see, about; of more, neighbours are averaged


class RecurrentBlock(TimeBlock):
    """Recurrent layers, in one direction or both.

    Each direction starts at the first of its real steps: for the way back, the real steps are turned round and the padding
    stays at the end.

    Example:

    >>> features = RecurrentBlock(128, 2_000).build(hp, {"steps": steps, "mask": mask})

    References:
    - Hochreiter & Schmidhuber, 1997, https://doi.org/10.1162/neco.1997.9.8.1735 (LSTM)
    - Cho et al., 2014, https://arxiv.org/abs/1406.1078 (GRU)
    - Schuster & Paliwal, 1997, https://doi.org/10.1109/78.650093 (both directions)
    """

    name = "recurrent"

    def float_choices(self) -> None:
        """A loop over steps has no int8 kernel."""

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        width, depth = self.width(hp), hp.Choice("recurrent_depth", [1, 2], default=1)
        ways = hp.Choice("recurrent_directions", [1, 2], default=2)
        steps = x["steps"]
        if self.length > LOOPED:  # features that stand being averaged
            steps = keras.layers.Conv1D(width, 5, padding="same")(steps)
            steps = keras.layers.Activation("relu")(keras.layers.LayerNormalization()(steps))
        steps, mask = self.shortened(steps, x["mask"], LOOPED)

        # LiteRT has no built-in operations for the loop of a batch of open size, so it is unrolled
        def layer(kind: Any) -> Callable[[Any], Any]:
            def both(x: Any) -> Any:
                forth = kind(width, return_sequences=True, unroll=True)(x)
                if ways == 1:
                    return forth
                back = kind(width, return_sequences=True, unroll=True)(_turned(x, mask))
                return keras.layers.Concatenate()([forth, _turned(back, mask)])

            return both

        kinds = {"gru": layer(keras.layers.GRU), "lstm": layer(keras.layers.LSTM)}
        for _ in range(depth):
            steps = choose(hp, "recurrent_cell", kinds, steps)
        return self.pool(hp, steps, mask, "all")

    def starting_points(self) -> list[dict[str, Any]]:
        return [{"recurrent_cell": "gru", "recurrent_directions": 2}, {"recurrent_cell": "lstm", "recurrent_depth": 2}]


def _turned(x: Any, mask: Any) -> Any:
    """The real steps in the opposite order, padding at the end as before."""
    from keras import ops

    length = ops.sum(mask, axis=1, keepdims=True)
    place = ops.cumsum(ops.ones_like(mask), axis=1) - 1.0
    rows = ops.cast(ops.where(ops.less(place, length), length - 1.0 - place, place), "int32")
    return ops.take_along_axis(x, ops.expand_dims(rows, -1), axis=1)
