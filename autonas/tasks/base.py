"""What the tasks with classes have in common."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from autonas.auto_model import AutoModel
from autonas.heads.classification import ClassificationHead


class Classifier(AutoModel):
    """A task whose answers are classes."""

    @property
    def classes(self) -> np.ndarray:
        """The classes in sorted order, which is that of the columns of `predict_proba`; known after `fit`."""
        return self._classification.classes

    @property
    def threshold(self) -> Any:
        """The `autonas.thresholds.Threshold` of the decision and what it means; None where it is the likeliest class."""
        return self._classification.threshold

    @property
    def _classification(self) -> ClassificationHead:
        return cast(ClassificationHead, self.head)
