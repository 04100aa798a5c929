"""Texts: the tasks on them."""

from __future__ import annotations

from typing import Any

from autonas.auto_model import AutoModel
from autonas.heads.classification import ClassificationHead
from autonas.heads.regression import RegressionHead
from autonas.inputs.text import TextInput
from autonas.tasks.base import Classifier


class TextClassifier(Classifier):
    """Searches a classifier of texts, retrains it, and answers with it.

    Args:
        loss, metrics, multi_label, threshold: See `autonas.ImageClassifier`.
        **options: What `autonas.AutoModel` takes.

    Example:

    >>> clf = autonas.TextClassifier(max_time="5m")
    >>> model = clf.fit(["a film to remember", "two hours of rain"], ["good", "bad"])
    """

    def __init__(
        self, *, loss: Any = None, metrics: Any = None, multi_label: bool = False, threshold: Any = None, **options: Any
    ) -> None:
        super().__init__(TextInput(), ClassificationHead(loss, metrics, multi_label, threshold), **options)


class TextRegressor(AutoModel):
    """As `TextClassifier`, for numbers, in the units of the target.

    Example:

    >>> model = autonas.TextRegressor(max_time="5m").fit(texts, ease_of_reading)
    """

    def __init__(self, *, loss: Any = None, metrics: Any = None, **options: Any) -> None:
        super().__init__(TextInput(), RegressionHead(loss, metrics), **options)
