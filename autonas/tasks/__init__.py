"""Tasks: what the user holds. One file a kind of data: its input, its head and its default space."""

from __future__ import annotations

from pathlib import Path

from autonas.auto_model import AutoModel
from autonas.errors import ProjectError
from autonas.project import Project
from autonas.tasks.image import ImageClassifier, ImageRegressor
from autonas.tasks.sequence import SequenceClassifier, SequenceRegressor
from autonas.tasks.tabular import TabularClassifier, TabularRegressor
from autonas.tasks.text import TextClassifier, TextRegressor

TASKS: dict[str, type[AutoModel]] = {
    "AutoModel": AutoModel,
    "ImageClassifier": ImageClassifier,
    "ImageRegressor": ImageRegressor,
    "SequenceClassifier": SequenceClassifier,
    "SequenceRegressor": SequenceRegressor,
    "TabularClassifier": TabularClassifier,
    "TabularRegressor": TabularRegressor,
    "TextClassifier": TextClassifier,
    "TextRegressor": TextRegressor,
}


def load(path: str | Path) -> AutoModel:
    """Opens a project: the fitted task without fitting, or the trials so far of a search that was stopped.

    Args:
        path: The project's folder, `directory/project_name`.

    Returns:
        The task. `predict`, `evaluate` and `export` answer as they did after `fit`.

    Raises:
        ProjectError: If there is no project, or its file is damaged.

    Example:

    >>> clf = autonas.load("runs/digits")
    >>> clf.predict(x_new)
    """
    project = Project(Path(path))
    content = project.read()
    if content["task"] not in TASKS:
        raise ProjectError(
            f"The project in {path} was made by {content['task']!r}, a task of your own: the same call of its `fit` goes on "
            f"with it, and {project.model_file} opens with Keras."
        )
    return TASKS[content["task"]].restore(project, content)
