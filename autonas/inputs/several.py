"""Several inputs at once, by name: an image with a table, a text with a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from autonas import data, reading
from autonas.errors import InputError
from autonas.inputs.base import Input
from autonas.quiet import odd_names_allowed

if TYPE_CHECKING:
    import keras
    import numpy as np


class SeveralInputs(Input):
    """Inputs side by side.

    Examples are a dict of what each input takes, or a list of these in the order of the inputs; the path of a table or of a
    folder of images stands for what is in it.

    Args:
        inputs: name -> input.

    Example:

    >>> both = SeveralInputs({"image": ImageInput(), "table": TableInput()})
    >>> both.check({"image": images, "table": frame})
    """

    def __init__(self, inputs: Mapping[str, Input]) -> None:
        self.inputs = dict(inputs)
        self.light = all(part.light for part in self.inputs.values())
        self.most_epochs = min(part.most_epochs for part in self.inputs.values())
        self.least_epochs = max(part.least_epochs for part in self.inputs.values())
        self.full_steps = max(part.full_steps for part in self.inputs.values())

    @property
    def shape(self) -> dict[str, Any]:
        return {name: part.shape for name, part in self.inputs.items()}

    def batch_size(self, rows: int) -> int:
        return min(part.batch_size(rows) for part in self.inputs.values())

    def check(self, x: Any, name: str = "x") -> dict[str, Any]:
        """Checks each part, and that all have as many examples."""
        given = data.by_name(x, name, list(self.inputs))
        checked = {
            part: each.check(reading.examples(each, given[part]), f"{name}[{part!r}]")
            for part, each in self.inputs.items()
        }
        lengths = {part: data.length(rows) for part, rows in checked.items()}
        if len(set(lengths.values())) > 1:
            raise InputError.of(name, "parts with as many examples each", str(lengths))
        self._check_order(name)
        return checked

    def _check_order(self, name: str) -> None:
        """Examples of parts that name them have to be the same ones, in the same order."""
        named = [(part, each.ids.tolist()) for part, each in self.inputs.items() if each.ids is not None]
        for part, ids in named[1:]:
            first, expected = named[0]
            if ids != expected:
                at = next(at for at, pair in enumerate(zip(ids, expected, strict=True)) if pair[0] != pair[1])
                hint = "Examples are in the order in which their ids first appear: sort the rows alike."
                got = f"{ids[at]!r} instead of {expected[at]!r} as example {at}"
                raise InputError.of(f"{name}[{part!r}]", f"of the same sequences as {name}[{first!r}]", got, hint)

    def fit(self, x: Any) -> None:
        """Lets each input learn from its part.

        Raises:
            InputError: If tensors of two inputs would have one name: those of an input have its name and `_` before theirs.
        """
        for name, part in self.inputs.items():
            part.fit(x[name])
        for tensors in (x, self.shape):
            names = [name for part in tensors for name in data.flattened({part: tensors[part]})]
            if twice := sorted({name for name in names if names.count(name) > 1}):
                expected = "such that, with '_' and a column of theirs behind them, no two are alike"
                raise InputError.of("The names of inputs", expected, f"{twice[:10]} twice", "Rename one of the inputs.")

    def targets(self, x: Any, y: Any, name: str = "y") -> Any:
        """As the first input reads them that knows them in another form."""
        if not isinstance(x, (Mapping, list, tuple)):  # a stream has one for each example
            return y
        given = data.by_name(x, "x", list(self.inputs))
        read = (part.targets(given[each], y, name) for each, part in self.inputs.items())
        return next((targets for targets in read if targets is not y), y)

    def times(self, x: Any) -> np.ndarray | None:
        """Those of the first input that knows any."""
        found = (part.times(x[name]) for name, part in self.inputs.items())
        return next((times for times in found if times is not None), None)

    def preprocessor(self) -> keras.Model:
        """Returns one model of all preprocessors, from a dict to a dict."""
        return _side_by_side({name: part.preprocessor() for name, part in self.inputs.items()}, self.shape)

    def on_device(self) -> keras.Model | None:
        models = {name: part.on_device() for name, part in self.inputs.items()}
        return None if not any(models.values()) else _side_by_side(models, self.shape)

    def numbers(self, x: Any) -> dict[str, Any]:
        return {name: part.numbers(x[name]) for name, part in self.inputs.items()}

    def reduce(self, x: Any, factor: float) -> dict[str, Any]:
        if factor == 1:
            return dict(x)
        return {name: part.reduce(x[name], factor) for name, part in self.inputs.items()}

    def summary(self) -> str:
        """Those of each input, its name before theirs."""
        lines = [(name, line) for name, part in self.inputs.items() for line in part.summary().splitlines()]
        return "\n".join(f"{name}: {line}" for name, line in lines)

    def files(self) -> dict[str, list[list[Any]]]:
        """Those of each input, its name before theirs: `facts.columns.json`."""
        return {
            f"{name}.{file}": [[name, 1, *path] for path in paths]
            for name, part in self.inputs.items()
            for file, paths in part.files().items()
        }

    def get_config(self) -> dict[str, Any]:
        from autonas.inputs import plain

        return {name: plain(part) for name, part in self.inputs.items()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeveralInputs:
        from autonas.inputs import restore

        return cls({name: restore(kept) for name, kept in config.items()})


def _side_by_side(models: Mapping[str, Any], shapes: Mapping[str, Any]) -> keras.Model:
    import keras

    def symbolic(tensor: Any, name: str) -> Any:
        if isinstance(tensor, Mapping):
            return {key: symbolic(inner, f"{name}_{inner.name}") for key, inner in tensor.items()}
        return keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=name)

    def plain(shape: Any, name: str) -> Any:
        if isinstance(shape, Mapping):
            return {key: plain(inner, f"{name}_{key}") for key, inner in shape.items()}
        return keras.Input(tuple(shape), name=name)

    inputs = {
        name: plain(shapes[name], name) if model is None else symbolic(model.input, name)
        for name, model in models.items()
    }
    outputs = {
        name: inputs[name] if model is None else _named(model, name)(inputs[name]) for name, model in models.items()
    }
    with odd_names_allowed():
        return keras.Model(inputs, outputs, name="preprocessor")


def _named(model: Any, name: str) -> Any:
    model.name = f"{name}_{model.name}"
    return model
