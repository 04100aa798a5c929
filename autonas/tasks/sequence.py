"""Sequences: the tasks on them."""

from __future__ import annotations

from typing import Any

from autonas.auto_model import AutoModel
from autonas.heads.classification import ClassificationHead
from autonas.heads.regression import RegressionHead
from autonas.inputs.sequence import SequenceInput
from autonas.tasks.base import Classifier


class SequenceClassifier(Classifier):
    """Searches a classifier of sequences, retrains it, and answers with it.

    Args:
        sequence_id, order_by, static, types: See `autonas.inputs.sequence.SequenceInput`; for a frame of events.
        loss, metrics, multi_label, threshold: See `autonas.ImageClassifier`.
        **options: What `autonas.AutoModel` takes.

    Example:

    >>> clf = autonas.SequenceClassifier(sequence_id="card", order_by="time", threshold={"max_fpr": 0.01})
    >>> model = clf.fit(events, target="compromised")
    """

    def __init__(
        self,
        *,
        sequence_id: str | None = None,
        order_by: str | None = None,
        static: Any = None,
        types: Any = None,
        loss: Any = None,
        metrics: Any = None,
        multi_label: bool = False,
        threshold: Any = None,
        **options: Any,
    ) -> None:
        sequence = SequenceInput(sequence_id, order_by, static, types)
        super().__init__(sequence, ClassificationHead(loss, metrics, multi_label, threshold), **options)


class SequenceRegressor(AutoModel):
    """As `SequenceClassifier`, for numbers, in the units of the target.

    Example:

    >>> model = autonas.SequenceRegressor(max_time="5m").fit(windows, loads)
    """

    def __init__(self, *, loss: Any = None, metrics: Any = None, **options: Any) -> None:
        layout = {name: options.pop(name, None) for name in ("sequence_id", "order_by", "static", "types")}
        super().__init__(SequenceInput(**layout), RegressionHead(loss, metrics), **options)
