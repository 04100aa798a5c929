"""Images: the tasks on them."""

from __future__ import annotations

from typing import Any

from autonas.auto_model import AutoModel
from autonas.heads.classification import ClassificationHead
from autonas.heads.regression import RegressionHead
from autonas.inputs.image import ImageInput
from autonas.tasks.base import Classifier


class ImageClassifier(Classifier):
    """Searches an image classifier, retrains it, and answers with it.

    Args:
        loss: A loss of Keras (name, instance or function); None means the one that fits the labels.
        metrics: Metrics of Keras (names or instances); None means accuracy.
        multi_label: Whether an image can have several classes at once; `y` then is a matrix of 0 and 1.
        threshold: With two classes, what the decision is aimed at: `"f1"`, `{"max_fpr": 0.01}`, `{"min_precision": 0.9}`,
            `{"min_recall": 0.8}`, or the probability itself. None means 0.5, and `"f1"` where the positive class is rare.
        **options: What `autonas.AutoModel` takes: `max_trials`, `max_time`, `objective`, `limits`, `strategy`, `screen`,
            `estimator`, `device`, `top_k`, `seed`, `directory`, `project_name`, `overwrite`, `verbose`.

    Example:

    >>> clf = autonas.ImageClassifier(max_time="10m", limits={"latency_ms": 2.0})
    >>> model = clf.fit(x, y)
    >>> clf.predict(x_new)
    """

    def __init__(
        self, *, loss: Any = None, metrics: Any = None, multi_label: bool = False, threshold: Any = None, **options: Any
    ) -> None:
        super().__init__(ImageInput(), ClassificationHead(loss, metrics, multi_label, threshold), **options)


class ImageRegressor(AutoModel):
    """Searches a regression on images, retrains it, and answers with it, in the units of the target.

    Args:
        loss: A loss of Keras; None means the mean squared error.
        metrics: Metrics of Keras; None means the mean squared and the mean absolute error.
        **options: What `autonas.AutoModel` takes.

    Example:

    >>> model = autonas.ImageRegressor(max_time="10m").fit(images, counts)
    """

    def __init__(self, *, loss: Any = None, metrics: Any = None, **options: Any) -> None:
        super().__init__(ImageInput(), RegressionHead(loss, metrics), **options)
