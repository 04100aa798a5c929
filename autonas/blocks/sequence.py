"""Networks for sequences, and what stands around each of them.

`SequenceBlock` joins categories to the steps and static columns to the features; the networks inside it go from steps and
a mask to features. What a mask says is padding never changes a prediction: padding stands at the end, and each network
sets it to zero again after what could fill it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autonas import scaling
from autonas.blocks.base import MOMENTUM, Block, choose
from autonas.errors import InputError

if TYPE_CHECKING:
    import keras_tuner

FLAT = 32  # steps up to which a network may take all of them at once
LOOPED, ATTENDED = 32, 128  # steps that recurrent and attention layers see, about; of more, neighbours are averaged
FAR = 1e9  # below any feature
FEW = 1_000  # sequences: fewer do not say what is chance about the place or the person that they come from
FEW_DRIFT = 0.25  # standard deviations


class SequenceBlock(Block):
    """A network for sequences with all that belongs to them: categories of steps, static columns, length.

    Categories are embedded. Those of steps are put beside the steps, the rest beside the features that the network gives,
    and dense layers follow, so that they can act together.

    In training, the level and the gain of each number may drift at random from sequence to sequence, as those of another
    sensor, room or person would; where there are few sequences, they do by default. Few sequences come from few places, and
    cross-validation among them does not see what a network learned of the place.

    Args:
        sequence: Fitted.
        rows: How many training examples there are.
        network: From `{"steps", "mask", "numbers"}` and perhaps `"embedded"` to features: `steps` are `numbers` and
            `embedded`, the categories, side by side.

    Example:

    >>> block = SequenceBlock(sequences, 2_000, RecurrentBlock(sequences.length, 2_000))

    References:
    - Um et al., 2017, https://arxiv.org/abs/1706.00527 (augmentation of readings of sensors)
    """

    def __init__(self, sequence: Any, rows: int, network: Block) -> None:
        self.network = network
        self.sizes = dict(sequence.sizes)
        self.widths = [32, 64] if rows < 5_000 else [32, 64, 128, 256]
        self.drift = FEW_DRIFT if rows < FEW else 0.0
        self.edges = sequence.edges
        self.has_static = bool({"static", "static_categories"} & set(sequence.shape))

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        dense = hp.Choice("join_layers", [0, 1, 2], default=1 if self.has_static else 0)
        width = hp.Choice("join_units", self.widths, default=64)
        normal = hp.Choice("join_normal", [0, 1], default=0)
        dropout = hp.Choice("join_dropout", [0.0, 0.1, 0.25, 0.5], default=0.1)
        drift = hp.Choice("drift", [0.0, 0.1, 0.25, 0.5], default=self.drift)
        mask = keras.ops.expand_dims(x["mask"], -1)
        numbers = _drifted(x["steps"], drift, len(self.edges["steps"])) if drift else x["steps"]
        parts = {"mask": x["mask"], "numbers": numbers * mask, "steps": numbers * mask}
        if "step_categories" in x:
            parts["embedded"] = self._embedded(x["step_categories"], "step_categories") * mask
            parts["steps"] = keras.layers.Concatenate()([parts["numbers"], parts["embedded"]])
        beside = [x["summary"], *([x["static"]] if "static" in x else [])]
        if hp.Choice("join_numbers", ["piecewise", "plain"]) == "piecewise":
            beside += [_binned(x[part], self.edges[part]) for part in ("summary", "static") if _vary(self.edges[part])]
        if "static_categories" in x:
            beside.append(self._embedded(x["static_categories"], "static_categories"))
        features = keras.layers.Concatenate()([self.network.build(hp, parts), *beside])
        for _ in range(dense):
            features = keras.layers.Dense(width)(features)
            features = keras.layers.BatchNormalization(momentum=MOMENTUM)(features) if normal else features
            features = keras.layers.Activation("relu")(features)
            features = keras.layers.Dropout(dropout)(features) if dropout else features
        return features

    def starting_points(self) -> list[dict[str, Any]]:
        return self.network.starting_points()

    def late_choices(self) -> dict[str, list[Any]]:
        return self.network.late_choices()

    def _embedded(self, numbers: Any, part: str) -> Any:
        import keras

        found = []
        for column, size in enumerate(self.sizes[part]):
            width = min(16, math.ceil(1.6 * size**0.5))
            found.append(keras.layers.Embedding(size, width)(numbers[..., column]))
        return found[0] if len(found) == 1 else keras.layers.Concatenate()(found)


class TimeBlock(Block):
    """A network from steps and a mask to features, its sizes made for how long sequences are and how many there are.

    Args:
        length: Steps of a preprocessed sequence.
        rows: How many training examples there are.

    Raises:
        InputError: If one of them is not positive.
    """

    kind = "sequence"
    name: str

    def __init__(self, length: int, rows: int) -> None:
        for name, value in (("length", length), ("rows", rows)):
            if value < 1:
                raise InputError.of(name, "a positive integer", value)
        self.length = length
        self.widths = [16, 32, 64] if rows < 5_000 else [32, 64, 128]

    def width(self, hp: keras_tuner.HyperParameters) -> int:
        """How many channels or units a layer has."""
        return int(hp.Choice(f"{self.name}_width", self.widths, default=self.widths[1]))

    def pool(self, hp: keras_tuner.HyperParameters, x: Any, mask: Any, first: str) -> Any:
        """From features of steps to features of the sequence, then drops some out.

        Args:
            hp: Where the choice comes from.
            x: (batch, time, channels).
            mask: (batch, time), 1 for real steps.
            first: The default: `"all"`, `"mean"`, `"max"` or `"last"`.
        """
        import keras

        ops = keras.ops

        def mean(x: Any) -> Any:
            share = mask / ops.maximum(ops.sum(mask, axis=1, keepdims=True), 1.0)
            return ops.sum(x * ops.expand_dims(share, -1), axis=1)

        def largest(x: Any) -> Any:
            return ops.max(x - FAR * ops.expand_dims(1.0 - mask, -1), axis=1)

        def last(x: Any) -> Any:
            after = ops.pad(mask[:, 1:], [[0, 0], [0, 1]])
            return ops.sum(x * ops.expand_dims(mask - after, -1), axis=1)

        ways: dict[str, Callable[[Any], Any]] = {
            "all": lambda x: keras.layers.Concatenate()([mean(x), largest(x), last(x)]),
            "mean": mean,
            "max": largest,
            "last": last,
        }
        ways = {first: ways[first], **ways}
        pooled = choose(hp, f"{self.name}_pool", ways, x)
        dropout = hp.Choice(f"{self.name}_dropout", [0.0, 0.1, 0.25, 0.5], default=0.25)
        return keras.layers.Dropout(dropout)(pooled) if dropout else pooled


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

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        width, depth = self.width(hp), hp.Choice("recurrent_depth", [1, 2], default=1)
        ways = hp.Choice("recurrent_directions", [1, 2], default=2)
        steps, stride = x["steps"], _stride(self.length, LOOPED)
        if stride > 1:  # features that stand being averaged
            steps = keras.layers.Conv1D(width, 5, padding="same")(steps)
            steps = keras.layers.Activation("relu")(keras.layers.LayerNormalization()(steps))
        steps, mask = _shortened(steps, x["mask"], stride)

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


class TemporalBlock(TimeBlock):
    """Residual convolutions whose dilation doubles from one to the next, until they see the whole sequence.

    Example:

    >>> features = TemporalBlock(128, 2_000).build(hp, {"steps": steps, "mask": mask})

    References:
    - Bai, Kolter & Koltun, 2018, https://arxiv.org/abs/1803.01271 (TCN; layer normalisation instead of that of weights)
    """

    name = "temporal"

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        width = self.width(hp)
        kernel = hp.Choice("temporal_kernel", [3, 5, 7], default=3)
        dropout = hp.Choice("temporal_inner_dropout", [0.0, 0.1, 0.2], default=0.1)
        padding = hp.Choice("temporal_padding", ["same", "causal"])
        steps, mask = x["steps"], keras.ops.expand_dims(x["mask"], -1)
        for level in range(_levels(self.length, kernel)):
            before = steps
            for _ in range(2):
                steps = keras.layers.Conv1D(width, kernel, dilation_rate=2**level, padding=padding)(steps * mask)
                steps = keras.layers.LayerNormalization()(steps)
                steps = keras.layers.Activation("relu")(steps)
                steps = keras.layers.SpatialDropout1D(dropout)(steps) if dropout else steps
            before = before if before.shape[-1] == width else keras.layers.Conv1D(width, 1)(before)
            steps = keras.layers.Add()([before, steps])
        return self.pool(hp, steps, x["mask"], "all")


class InceptionBlock(TimeBlock):
    """Convolutions of several lengths side by side, with a residual connection over each three.

    Example:

    >>> features = InceptionBlock(128, 2_000).build(hp, {"steps": steps, "mask": mask})

    References:
    - Fawaz et al., 2020, https://arxiv.org/abs/1909.04939 (InceptionTime)
    """

    name = "inception"

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        width = max(8, self.width(hp) // 2)  # of each of the four branches
        depth = hp.Choice("inception_depth", [3, 6], default=6)
        longest = hp.Choice("inception_kernel", self._kernels(), default=self._kernels()[-1])
        kernels = sorted({max(3, longest // part) | 1 for part in (1, 2, 4)})
        real, mask = keras.ops.cast(x["mask"], "bool"), keras.ops.expand_dims(x["mask"], -1)

        def normal(steps: Any) -> Any:
            # padding does not count in the statistics; the product keeps the mask from layers that do not know masks
            return keras.layers.BatchNormalization(momentum=MOMENTUM)(steps, mask=real) * mask

        def module(steps: Any) -> Any:
            narrow = keras.layers.Conv1D(width, 1, use_bias=False)(steps) * mask
            parts = [keras.layers.Conv1D(width, k, padding="same", use_bias=False)(narrow) for k in kernels]
            largest = keras.layers.MaxPooling1D(3, 1, padding="same")(steps - FAR * (1.0 - mask)) * mask
            parts.append(keras.layers.Conv1D(width, 1, use_bias=False)(largest))
            return keras.layers.Activation("relu")(normal(keras.layers.Concatenate()(parts)))

        steps = before = x["steps"] * mask
        for number in range(depth):
            steps = module(steps)
            if number % 3 == 2:
                short = normal(keras.layers.Conv1D(steps.shape[-1], 1, use_bias=False)(before))
                steps = before = keras.layers.Activation("relu")(keras.layers.Add()([steps, short]))
        return self.pool(hp, steps, x["mask"], "mean")

    def _kernels(self) -> list[int]:
        """The longest kernel: that of the paper where sequences are long enough for it."""
        return sorted({min(longest, max(3, self.length // 2)) for longest in (20, 40)})


class AttentionBlock(TimeBlock):
    """Layers in which each step attends to all: a Transformer's encoder, or with convolutions between, as a Conformer's.

    Example:

    >>> features = AttentionBlock(128, 2_000).build(hp, {"steps": steps, "mask": mask})

    References:
    - Vaswani et al., 2017, https://arxiv.org/abs/1706.03762 (the encoder)
    - Xiong et al., 2020, https://arxiv.org/abs/2002.04745 (normalisation before each part)
    - Gulati et al., 2020, https://arxiv.org/abs/2005.08100 (convolutions between)
    """

    name = "attention"

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        width, depth = self.width(hp), hp.Choice("attention_depth", [1, 2, 3], default=2)
        heads = hp.Choice("attention_heads", [2, 4], default=4)
        dropout = hp.Choice("attention_inner_dropout", [0.0, 0.1, 0.2], default=0.1)
        layers, ops = keras.layers, keras.ops
        column = ops.expand_dims(x["mask"], -1)

        def convolved(x: Any) -> Any:
            narrow = layers.Conv1D(width, 5, padding="same", use_bias=False)(x)
            return layers.Activation("swish")(layers.LayerNormalization()(narrow))

        stems = {"convolution": convolved, "linear": layers.Dense(width)}
        steps = choose(hp, "attention_stem", stems, x["steps"] * column)
        steps, mask = _shortened(steps, x["mask"], _stride(self.length, ATTENDED))
        column = ops.expand_dims(mask, -1)
        # counted from the end, for the latest steps matter most
        place = ops.sum(mask, axis=1, keepdims=True) - ops.cumsum(mask, axis=1)
        steps = steps + layers.Embedding(self.length + 1, width)(ops.maximum(place, 0.0))
        seen = ops.cast(ops.expand_dims(mask, 1), "bool")

        def dropped(x: Any) -> Any:
            return layers.Dropout(dropout)(x) if dropout else x

        def attend(steps: Any) -> Any:
            y = layers.LayerNormalization()(steps)
            y = layers.MultiHeadAttention(heads, max(4, width // heads))(y, y, attention_mask=seen)
            return steps + dropped(y)

        def forward(steps: Any) -> Any:
            y = layers.Dense(2 * width, activation="swish")(layers.LayerNormalization()(steps))
            return steps + dropped(layers.Dense(width)(y))

        def convolve(steps: Any) -> Any:
            y = layers.LayerNormalization()(steps)
            y = layers.Dense(width)(y) * layers.Dense(width, activation="sigmoid")(y)
            y = layers.DepthwiseConv1D(7, padding="same")(y * column)
            y = layers.Activation("swish")(layers.LayerNormalization()(y))
            return steps + dropped(layers.Dense(width)(y))

        kinds = {
            "transformer": lambda steps: forward(attend(steps)),
            "conformer": lambda steps: forward(convolve(attend(steps))),
        }
        for _ in range(depth):
            steps = choose(hp, "attention_layer", kinds, steps)
        return self.pool(hp, layers.LayerNormalization()(steps), mask, "all")

    def starting_points(self) -> list[dict[str, Any]]:
        return [{"attention_layer": "transformer"}, {"attention_layer": "conformer"}]


class PooledBlock(TimeBlock):
    """No order: what the steps are on average, and at most.

    Example:

    >>> features = PooledBlock(128, 2_000).build(hp, {"steps": steps, "mask": mask})
    """

    name = "pooled"

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        return self.pool(hp, x["steps"], x["mask"], "mean")


class ConvolutionBlock(TimeBlock):
    """Convolutions of several lengths side by side, and the largest response of each.

    Example:

    >>> features = ConvolutionBlock(128, 2_000).build(hp, {"steps": steps, "mask": mask})

    References:
    - Kim, 2014, https://arxiv.org/abs/1408.5882 (convolutional networks for sentences)
    """

    name = "convolution"

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        steps = x["steps"] * keras.ops.expand_dims(x["mask"], -1)
        kernels = [1, 2, 3] if hp.Choice("convolution_kernels", ["short", "long"]) == "short" else [3, 4, 5]
        width = self.width(hp)
        found = [keras.layers.Conv1D(width, kernel, padding="same", activation="relu")(steps) for kernel in kernels]
        return self.pool(hp, keras.layers.Concatenate()(found), x["mask"], "max")


class EvolvedBlock(TimeBlock):
    """The encoder cell that an evolutionary search found: a gated linear unit, wide and separable convolutions in branches,
    self-attention, and a wide dense layer.

    Example:

    >>> features = EvolvedBlock(128, 2_000).build(hp, {"steps": steps, "mask": mask})

    References:
    - So, Liang & Le, 2019, https://arxiv.org/abs/1901.11117 (Evolved Transformer, figure 3)
    """

    name = "evolved"

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        layers, ops = keras.layers, keras.ops
        width, heads = self.width(hp), hp.Choice("evolved_heads", [2, 4], default=4)
        dropout = hp.Choice("evolved_inner_dropout", [0.0, 0.1, 0.2], default=0.1)
        steps, mask = _shortened(x["steps"], x["mask"], _stride(self.length, ATTENDED))
        column = ops.expand_dims(mask, -1)
        seen = ops.cast(ops.expand_dims(mask, 1), "bool")
        place = ops.cumsum(mask, axis=1) * mask
        steps = layers.Dense(width)(steps) + layers.Embedding(self.length + 1, width)(place)

        def dropped(x: Any) -> Any:
            return layers.Dropout(dropout)(x) if dropout else x

        for _ in range(hp.Choice("evolved_depth", [1, 2], default=1)):
            y = layers.LayerNormalization()(steps)
            steps = steps + dropped(layers.Dense(width)(y) * layers.Dense(width, activation="sigmoid")(y))
            y = layers.LayerNormalization()(steps) * column
            left = layers.Dense(2 * width, activation="relu")(y)
            right = layers.Conv1D(width // 2, 3, padding="same", activation="relu")(y)
            right = layers.Dense(2 * width, use_bias=False)(right)  # as wide as the left; the paper pads with zeros
            y = layers.LayerNormalization()(dropped(left) + dropped(right)) * column
            steps = steps + layers.SeparableConv1D(width, 9, padding="same")(y)
            y = layers.LayerNormalization()(steps)
            y = layers.MultiHeadAttention(heads, max(4, width // heads))(y, y, attention_mask=seen)
            steps = steps + dropped(y)
            y = layers.Dense(2 * width, activation="swish")(layers.LayerNormalization()(steps))
            steps = steps + dropped(layers.Dense(width)(y))
        return self.pool(hp, layers.LayerNormalization()(steps), mask, "all")


class FlatBlock(TimeBlock):
    """All steps side by side, for short sequences, each number a column as in a table; dense layers come after it.

    Args:
        length: Steps of a preprocessed sequence.
        rows: How many training examples there are.
        edges: Of the bins of each number of a step; None leaves numbers as they are.

    Example:

    >>> features = FlatBlock(6, 20_000, sequences.edges["steps"]).build(hp, {"steps": steps, "numbers": steps, "mask": mask})

    References:
    - Gorishniy et al., 2022, https://arxiv.org/abs/2203.05556 (piecewise-linear encoding)
    """

    name = "flat"

    def __init__(self, length: int, rows: int, edges: list[list[float]] | None = None) -> None:
        super().__init__(length, rows)
        self.edges = edges if _vary(edges or []) else None
        self.units = 64 if rows < 5_000 else 256

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        dropout = hp.Choice("flat_dropout", [0.0, 0.1, 0.25, 0.5], default=0.0)
        column = keras.ops.expand_dims(x["mask"], -1)
        parts = [keras.layers.Flatten()(x["steps"] * column), x["mask"]]
        if self.edges is not None:
            edges = self.edges
            numbers = keras.layers.Flatten()(x["numbers"][:, :, : len(edges)])
            bins = scaling.piecewise(numbers, edges * self.length)
            real = keras.ops.repeat(column, len(edges), axis=1)

            def embedded(bins: Any) -> Any:
                size = hp.Choice("flat_embedded_size", [4, 8, 16], default=8)
                dense = keras.layers.EinsumDense(
                    "nkb,kbd->nkd", (bins.shape[1], size), activation="relu", bias_axes="kd"
                )
                return [keras.layers.Flatten()(dense(bins) * real)]

            ways = {
                "embedded": embedded,
                "piecewise": lambda bins: [keras.layers.Flatten()(bins * real)],
                "plain": lambda bins: [],
            }
            parts += choose(hp, "flat_numbers", ways, bins)
        features = keras.layers.Concatenate()(parts)
        return keras.layers.Dropout(dropout)(features) if dropout else features

    def starting_points(self) -> list[dict[str, Any]]:
        return [{"join_layers": 2, "join_units": self.units}]


def _vary(edges: list[list[float]]) -> bool:
    """Whether some number has a bin at all: one that never changes has a single edge."""
    return any(len(borders) > 1 for borders in edges)


def _drifted(steps: Any, spread: float, numbers: int) -> Any:
    """Steps of which each number has another level and another gain in training, each sequence its own.

    Args:
        steps: (batch, time, channels), standardised.
        spread: Standard deviation of the level, and of the gain around 1.
        numbers: How many channels are numbers; flags after them stay as they are.
    """
    import keras

    nothing = steps[:, :1, :numbers] * 0.0
    level = keras.layers.GaussianNoise(spread)(nothing)
    gain = keras.layers.GaussianDropout(spread**2 / (1 + spread**2))(nothing + 1.0)
    drifted = steps[:, :, :numbers] * gain + level
    return drifted if numbers == steps.shape[-1] else keras.ops.concatenate([drifted, steps[:, :, numbers:]], axis=-1)


def _binned(numbers: Any, edges: list[list[float]]) -> Any:
    """How far numbers have come through their bins, side by side in the last axis; flags after the numbers are left out."""
    import keras

    return keras.layers.Flatten()(scaling.piecewise(numbers[:, : len(edges)], edges))


def _stride(length: int, longest: int) -> int:
    return -(-length // longest)


def _levels(length: int, kernel: int) -> int:
    """How many dilations it takes, each with two convolutions, to see the whole sequence from each of its ends."""
    return max(1, min(7, math.ceil(math.log2(max(1.0, (length - 1) / (2 * (kernel - 1)) + 1)))))


def _shortened(x: Any, mask: Any, stride: int) -> tuple[Any, Any]:
    """The means of neighbouring real steps, and their mask."""
    import keras

    if stride == 1:
        return x, mask
    over = -x.shape[1] % stride
    column = keras.layers.ZeroPadding1D((0, over))(keras.ops.expand_dims(mask, -1))
    x = keras.layers.ZeroPadding1D((0, over))(x) * column
    pooled, real = (keras.layers.AveragePooling1D(stride)(part) for part in (x, column))
    real_any = keras.ops.squeeze(keras.layers.MaxPooling1D(stride)(column), -1)
    return pooled / keras.ops.maximum(real, 0.5 / stride), real_any


def _turned(x: Any, mask: Any) -> Any:
    """The real steps in the opposite order, padding at the end as before."""
    from keras import ops

    length = ops.sum(mask, axis=1, keepdims=True)
    place = ops.cumsum(ops.ones_like(mask), axis=1) - 1.0
    rows = ops.cast(ops.where(ops.less(place, length), length - 1.0 - place, place), "int32")
    return ops.take_along_axis(x, ops.expand_dims(rows, -1), axis=1)
