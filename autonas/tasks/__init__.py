"""Tasks: what the user holds. One file a kind of data: its input, its head and its default space."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from autonas import registry
from autonas.auto_model import AutoModel
from autonas.errors import InputError, ProjectError
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


def load(path: str | Path, custom_objects: Mapping[str, type] | None = None) -> AutoModel:
    """Opens a project: the fitted task without fitting, or the trials so far of a search that was stopped.

    Args:
        path: The project's folder, `directory/project_name`.
        custom_objects: name -> class, for a task, an input or a head of your own that cannot be imported, as those of a
            notebook. Others are imported: open projects of those whom you trust.

    Returns:
        The task. `predict`, `evaluate` and `export` answer as they did after `fit`.

    Raises:
        ProjectError: If there is no project, or its file is damaged.
        InputError: If a class of your own is not found (a ProjectError, if it is that of the task).

    Example:

    >>> clf = autonas.load("runs/digits")
    >>> clf.predict(x_new)
    """
    content = (project := Project(Path(path))).read()
    with registry.custom_objects(custom_objects):
        try:
            kind = registry.find("task", TASKS, AutoModel, content["task"])
        except InputError as error:
            own = repr(content["task"].rpartition(":")[2])
            raise ProjectError(
                f"The project in {path} was made by {own}, a task of your own that cannot be imported: pass its class, "
                f"custom_objects={{{own}: ...}}. {project.model_file} opens with Keras, too."
            ) from error
        return kind.restore(project, content)
