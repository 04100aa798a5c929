"""Several targets at once, by name: a price and a category, two opinions on one text."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autonas import data
from autonas.errors import InputError
from autonas.heads.base import Head
from autonas.qualities import owner_of

if TYPE_CHECKING:
    import keras_tuner


class SeveralHeads(Head):
    """Heads side by side on the same features.

    Targets are a dict of what each head takes (a frame of columns too), or a list of these in the order of the heads;
    answers are a dict. The loss is the sum of the heads' losses. Metrics have the name of the head before them, as Keras
    has it: `"val_price_mae"`.

    Args:
        heads: name -> head.

    Example:

    >>> both = SeveralHeads({"price": RegressionHead(), "kind": ClassificationHead()})
    >>> both.check({"price": prices, "kind": kinds})
    """

    default_objective: ClassVar[str] = "val_loss"

    def __init__(self, heads: Mapping[str, Head]) -> None:
        self.heads = dict(heads)
        for name, head in self.heads.items():
            head.name = name

    def check(self, y: Any, name: str = "y") -> Any:
        given = _by_name(y, name, list(self.heads))
        checked = {part: head.check(given[part], f"{name}[{part!r}]") for part, head in self.heads.items()}
        lengths = {part: len(rows) for part, rows in checked.items()}
        if len(set(lengths.values())) > 1:
            raise InputError.of(name, "parts with as many examples each", str(lengths))
        return checked

    def fit(self, y: Any) -> None:
        for name, head in self.heads.items():
            head.fit(y[name])

    @property
    def calibrates(self) -> bool:
        return any(head.calibrates for head in self.heads.values())

    def calibrate(self, outputs: Any, targets: Any, weights: np.ndarray | None) -> None:
        for name, head in self.heads.items():
            if head.calibrates:
                head.calibrate(outputs[name], targets[name], weights)

    def summary(self) -> str:
        """Those of each head, its name before theirs."""
        lines = [(name, line) for name, head in self.heads.items() for line in head.summary().splitlines()]
        return "\n".join(f"{name}: {line}" for name, line in lines)

    def strata(self, y: Any) -> np.ndarray | None:
        """Those of the first head that has any."""
        found = (head.strata(y[name]) for name, head in self.heads.items())
        return next((strata for strata in found if strata is not None), None)

    def encode(self, y: Any) -> Any:
        return {name: head.encode(y[name]) for name, head in self.heads.items()}

    def weights(self, y: Any, class_weight: Any, sample_weight: Any) -> np.ndarray | None:
        if class_weight is not None:
            raise InputError.of(
                "class_weight", "left out with several outputs", repr(class_weight), "Use sample_weight."
            )
        return None if sample_weight is None else data.read_weights(sample_weight, data.length(y))

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        outputs = {}
        for name, head in self.heads.items():
            with hp.name_scope(name):
                outputs[name] = head.build(hp, x)
        return outputs

    def loss(self, hp: keras_tuner.HyperParameters | None = None) -> Any:
        """The plain loss of each head, whatever `hp` says: another one would weigh its head differently in their sum."""
        return {name: head.loss() for name, head in self.heads.items()}

    def metrics(self, objective: str | None = None) -> Any:
        wanted = (objective or "").removeprefix("val_")
        owner = owner_of(wanted, self.heads)
        alone = len(self.heads) == 1
        if wanted not in ("", "loss") and alone == (owner is not None):
            hint = f"Put the output's name before the metric's: one of {[f'val_{name}_...' for name in self.heads]}."
            if alone:
                hint = f"Of a single output it has no name before it: 'val_{wanted.removeprefix(f'{owner}_')}'."
            raise InputError.of("objective", "'val_loss' or a metric of one output", repr(objective), hint)
        asked = {name: wanted.removeprefix(f"{name}_") if alone or name == owner else "" for name in self.heads}
        return {name: head.metrics(asked[name] or None) for name, head in self.heads.items()}

    def finish(self, outputs: Any) -> Any:
        return {name: head.finish(outputs[name]) for name, head in self.heads.items()}

    def arrange(self, answers: Mapping[str, np.ndarray]) -> Any:
        return dict(answers) if len(self.heads) > 1 else dict(zip(self.heads, answers.values(), strict=True))

    def finished_targets(self, y: Any) -> Any:
        return {name: head.finished_targets(y[name]) for name, head in self.heads.items()}

    def in_units(self, metrics: Mapping[str, float]) -> dict[str, float]:
        """Those of each head. Keras puts the name of an output before those of several, not of a single one."""
        if len(self.heads) == 1:
            return next(iter(self.heads.values())).in_units(metrics)
        turned = dict(metrics)
        for name, head in self.heads.items():
            for before in ("", "val_"):
                own = self._of(name, metrics, before)
                turned |= _with_prefix(head.in_units(own), f"{before}{name}_")
        return turned

    def exact(
        self, metrics: Mapping[str, float], y: Any, outputs: Callable[[], Any], weights: np.ndarray | None
    ) -> dict[str, float]:
        """Those of each head; the loss is their sum."""
        if len(self.heads) == 1:
            ((name, head),) = self.heads.items()
            return head.exact(metrics, y[name], lambda: outputs()[name], weights)
        turned = dict(metrics)
        for name, head in self.heads.items():
            own = self._of(name, metrics)
            mine = functools.partial(lambda name: outputs()[name], name)
            turned |= _with_prefix(head.exact(own, y[name], mine, weights), f"{name}_")
        losses = [f"{name}_loss" for name in self.heads]
        return {**turned, "loss": sum(turned[loss] for loss in losses)} if {*losses} <= {*turned} else turned

    def _of(self, name: str, metrics: Mapping[str, float], before: str = "") -> dict[str, float]:
        """The metrics of one output, by the names that its head knows."""
        found = {key.removeprefix(before): value for key, value in metrics.items() if key.startswith(before)}
        return {key.removeprefix(f"{name}_"): found[key] for key in found if owner_of(key, self.heads) == name}

    def decode(self, outputs: Any) -> Any:
        return {name: head.decode(outputs[name]) for name, head in self.heads.items()}

    @property
    def probabilities(self) -> Callable[[Any], dict[str, Any]] | None:
        """Those of the heads that have classes, by name; None if no head has."""
        known = {name: head for name, head in self.heads.items() if getattr(head, "probabilities", None)}
        return (lambda outputs: {n: head.probabilities(outputs[n]) for n, head in known.items()}) if known else None  # type: ignore[attr-defined]

    def files(self) -> dict[str, list[list[Any]]]:
        """Those of each head, its name before theirs: `kind.labels.txt`."""
        return {
            f"{name}.{file}": [[name, 1, *path] for path in paths]
            for name, head in self.heads.items()
            for file, paths in head.files().items()
        }

    def get_config(self) -> dict[str, Any]:
        from autonas.heads import plain

        return {name: plain(head) for name, head in self.heads.items()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeveralHeads:
        from autonas.heads import restore

        return cls({name: restore(kept) for name, kept in config.items()})


def _with_prefix(metrics: Mapping[str, float], prefix: str) -> dict[str, float]:
    return {f"{prefix}{key}": value for key, value in metrics.items()}


def _by_name(y: Any, name: str, names: Sequence[str]) -> Mapping[str, Any]:
    if hasattr(y, "columns") and hasattr(y, "iloc"):
        y = {column: y[column] for column in y.columns}
    return data.by_name(y, name, names)
