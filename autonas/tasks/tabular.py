"""Tables: the tasks on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autonas.auto_model import AutoModel
from autonas.heads.classification import ClassificationHead
from autonas.heads.regression import RegressionHead
from autonas.inputs.table import TableInput
from autonas.tasks.base import Classifier


class TabularClassifier(Classifier):
    """Searches a classifier of rows, retrains it, and answers with it.

    Args:
        types: column -> `"numeric"`, `"categorical"`, `"boolean"` or `"date"`, where the inferred type is wrong.
        loss, metrics, multi_label, threshold: See `autonas.ImageClassifier`.
        **options: What `autonas.AutoModel` takes.

    Example:

    >>> model = autonas.TabularClassifier(max_time="5m").fit("customers.csv", target="left")
    """

    def __init__(
        self,
        *,
        types: Mapping[str, str] | None = None,
        loss: Any = None,
        metrics: Any = None,
        multi_label: bool = False,
        threshold: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(TableInput(types), ClassificationHead(loss, metrics, multi_label, threshold), **options)


class TabularRegressor(AutoModel):
    """Searches a regression on rows, retrains it, and answers with it, in the units of the target.

    Args:
        types: See `TabularClassifier`.
        loss: See `autonas.ImageRegressor`, and so the next one.
        metrics: See there.
        **options: What `autonas.AutoModel` takes.

    Example:

    >>> model = autonas.TabularRegressor(max_time="5m").fit(frame, prices)
    """

    def __init__(
        self, *, types: Mapping[str, str] | None = None, loss: Any = None, metrics: Any = None, **options: Any
    ) -> None:
        super().__init__(TableInput(types), RegressionHead(loss, metrics), **options)
