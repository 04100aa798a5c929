"""From a map of features to a vector of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autonas.blocks.base import Block, choose

if TYPE_CHECKING:
    import keras_tuner

LARGEST_FLAT = 4  # a larger map is pooled before it is flattened, so that the head stays small


class ReductionBlock(Block):
    """Pools a map of shape (batch, height, width, channels) to (batch, features), then drops some out.

    Example:

    >>> features = ReductionBlock().build(hp, keras.Input((7, 7, 64)))

    References:
    - Lin et al., 2014, https://arxiv.org/abs/1312.4400 (global average pooling)
    - Srivastava et al., 2014, https://jmlr.org/papers/v15/srivastava14a.html (dropout)
    """

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        x = choose(
            hp,
            "reduction",
            {
                "average": lambda x: keras.layers.GlobalAveragePooling2D()(x),
                "max": lambda x: keras.layers.GlobalMaxPooling2D()(x),
                "flatten": lambda x: keras.layers.Flatten()(_small(x)),
            },
            x,
        )
        dropout = hp.Choice("dropout", [0.0, 0.1, 0.25, 0.5], default=0.1)
        return keras.layers.Dropout(dropout)(x) if dropout else x


def _small(x: Any) -> Any:
    import keras

    size = tuple(max(1, -(-side // LARGEST_FLAT)) for side in x.shape[1:3])
    return x if size == (1, 1) else keras.layers.AveragePooling2D(size, padding="same")(x)
