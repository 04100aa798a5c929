"""Qualities: metrics of Keras on the validation part. What is better is a fact about each metric, so it stands in a table."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import ClassVar

from autonas import qualities
from autonas.errors import InputError
from autonas.objectives.base import Cost, Objective

_MAXIMISED = """accuracy acc auc binary_accuracy binary_io_u categorical_accuracy concordance_correlation cosine_similarity
f1_score fbeta_score f_beta_score io_u mean_io_u one_hot_io_u one_hot_mean_io_u pearson_correlation precision
precision_at_recall r2_score recall recall_at_precision sensitivity_at_specificity sparse_categorical_accuracy
sparse_top_k_categorical_accuracy specificity_at_sensitivity top_k_categorical_accuracy true_negatives true_positives"""

_MINIMISED = """bce binary_crossentropy binary_focal_crossentropy categorical_crossentropy
categorical_focal_crossentropy categorical_hinge ce crossentropy false_negatives false_positives hinge huber kl_divergence
kld log_cosh log_cosh_error logcosh loss mae mape mean_absolute_error mean_absolute_percentage_error mean_squared_error
mean_squared_logarithmic_error mse msle poisson root_mean_squared_error rmse sparse_categorical_crossentropy
squared_hinge"""

DIRECTIONS = dict.fromkeys(_MAXIMISED.split(), "max") | dict.fromkeys(_MINIMISED.split(), "min")


class Quality(Objective):
    """A metric on the validation part.

    Args:
        name: `"val_"` and the name of a metric of Keras, or `"val_loss"`.
        direction: `"max"` or `"min"`. None looks it up, which only metrics of Keras allow.

    Attributes:
        metric: The name without `val_`.

    Raises:
        InputError: If the name is not of that form, or nothing says which direction is better.

    Example:

    >>> Quality("val_f1_score").direction
    'max'
    """

    cheap: ClassVar[bool] = False

    def __init__(self, name: str, direction: str | None = None) -> None:
        if not name.startswith("val_"):
            raise InputError.of("objective", f"a metric on the validation part, {'val_' + name!r}", repr(name))
        self.name = name
        self.metric = name.removeprefix("val_")
        self.direction = _direction(self.metric) if direction is None else direction

    @property
    def quality(self) -> Quality:
        """Itself."""
        return self

    @property
    def costs(self) -> Mapping[str, Cost]:
        """None: it is the same on every device."""
        return {}

    def value(self, metrics: Mapping[str, float], costs: Mapping[str, float]) -> float:
        """The metric of its name."""
        return metrics[self.name]


def _direction(metric: str) -> str:
    snake = re.sub(
        r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", metric)
    ).lower()  # as Keras does
    if qualities.is_known(metric):
        return qualities.parse(metric)[0].direction
    known = DIRECTIONS.get(metric) or DIRECTIONS.get(re.sub(r"_\d+$", "", snake))
    if known is None:
        near = difflib.get_close_matches(snake, DIRECTIONS, n=1)
        hint = f"Did you mean {'val_' + near[0]!r}? " if near else ""
        raise InputError.of(
            "objective",
            "a metric of Keras with 'val_' before it, or a keras_tuner.Objective that says the direction of another",
            repr(f"val_{metric}"),
            f"{hint}For a metric of your own: keras_tuner.Objective('val_{metric}', 'max').",
        )
    return known
