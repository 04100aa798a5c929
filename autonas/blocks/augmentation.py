"""Image augmentation as a choice. All of it is off when a model predicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autonas.blocks.base import Block, choose

if TYPE_CHECKING:
    import keras_tuner


class AugmentationBlock(Block):
    """Random changes of the training images: none, shifts, shifts with mirroring, or small affine changes.

    Mirroring changes what a letter or a digit means, so it is a choice of its own and not the default.

    Example:

    >>> changed = AugmentationBlock().build(hp, keras.Input((28, 28, 1)))

    References:
    - Krizhevsky et al., 2012, https://papers.nips.cc/paper/4824 (section 4.1: shifts and mirroring)
    """

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        def shift(x: Any) -> Any:
            return keras.layers.RandomTranslation(0.1, 0.1, fill_mode="nearest")(x)

        def affine(x: Any) -> Any:
            return keras.layers.RandomZoom(0.1, fill_mode="nearest")(
                keras.layers.RandomRotation(0.03, fill_mode="nearest")(shift(x))
            )

        return choose(
            hp,
            "augmentation",
            {
                "none": lambda x: x,
                "shift": shift,
                "shift_flip": lambda x: keras.layers.RandomFlip("horizontal")(shift(x)),
                "affine": affine,
            },
            x,
        )

    def late_choices(self) -> dict[str, list[Any]]:
        return {"augmentation": ["shift", "shift_flip"]}
