"""What a call of `fit` amounts to: the budget of a full training, and all that its trials depend on as plain data."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autonas import data
from autonas.project import fingerprint
from autonas.strategies.base import Strategy

if TYPE_CHECKING:
    from autonas.estimators.base import Budget
    from autonas.inputs.base import Input
    from autonas.objectives.base import Objective
    from autonas.preparation import Given

FULL_STEPS, FEWEST_EPOCHS = 5_000, 15
LONGER = 2  # times these epochs, where augmentation keeps a network learning and there is time


def training_budget(
    input: Input,
    objective: Objective | None,
    rows: int,
    epochs: int | None,
    batch_size: int | None,
    callbacks: Sequence[Any],
) -> Budget:
    """The budget of a full training.

    Args:
        input: Its examples; batch size and epochs follow it.
        objective: Its quality decides which epoch was best; without one the loss does.
        rows: How many examples there are; epochs and the batch size follow it.
        epochs: As the user says; None chooses.
        batch_size: As the user says; None chooses.
        callbacks: The user's.
    """
    from autonas.estimators.base import Budget

    batch_size = batch_size or input.batch_size(rows)
    longest = None
    if epochs is None:
        epochs = min(input.most_epochs, max(FEWEST_EPOCHS, FULL_STEPS // math.ceil(rows / batch_size)))
        longest = LONGER * epochs
    quality = None if objective is None else objective.quality
    return Budget(
        epochs=epochs,
        batch_size=batch_size,
        longest=longest,
        patience=max(5, epochs // 3),
        monitor="val_loss" if quality is None else quality.name,
        mode="min" if quality is None else quality.direction,
        callbacks=callbacks,
    )


def schedules(callbacks: Sequence[Any]) -> tuple[str, ...]:
    """The learning rate schedules to choose from: a callback that sets the rate needs it constant."""
    import keras

    setters = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
    return ("constant",) if any(isinstance(callback, setters) for callback in callbacks) else ("cosine", "constant")


def described_fit(
    given: Given, epochs: int | None, batch_size: int | None, callbacks: Sequence[Any], class_weight: Any
) -> dict[str, Any]:
    """The arguments of `fit` as plain data."""
    plain = isinstance(class_weight, (str, type(None)))
    return {
        "data": data.fingerprint(*given.train.arrays(), *given.validation.arrays()),
        "validation_split": given.split,
        "split": given.how,
        "epochs": epochs,
        "batch_size": batch_size,
        "callbacks": [type(callback).__name__ for callback in callbacks],
        "class_weight": class_weight if plain else sorted((str(k), float(v)) for k, v in class_weight.items()),
    }


def described(part: Any) -> Any:
    """A strategy or a device as plain data: its class, and what it was made with."""
    if isinstance(part, type):
        return [part.__name__, {}]
    plain = {n: v for n, v in vars(part).items() if isinstance(v, (str, int, float, bool, type(None)))}
    plain |= {n: described(v) for n, v in vars(part).items() if isinstance(v, Strategy)}
    return [type(part).__name__, plain]


def default_name(task: str, settings: Mapping[str, Any]) -> str:
    """A project's name that is equal for equal settings."""
    return f"{snake(task)}-{fingerprint(settings)[:8]}"


def snake(name: str) -> str:
    """A class's name in small letters: `"ImageClassifier"` is `"image_classifier"`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def name_of(target: Any) -> str | list[str] | None:
    """The target as a project can keep it; None if it has other names than texts."""
    if target is None or isinstance(target, str):
        return target
    names = list(target) if isinstance(target, Iterable) else [target]
    return names if all(isinstance(name, str) for name in names) else None
