"""What a call of `fit` amounts to: the budget of a full training, and all that its trials depend on as plain data."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autonas import data
from autonas.project import fingerprint
from autonas.proxies.base import Proxy
from autonas.screens.base import Screen
from autonas.strategies.base import Strategy

if TYPE_CHECKING:
    from autonas.estimators.base import Budget
    from autonas.inputs.base import Input
    from autonas.objectives.base import Objective
    from autonas.preparation import Given

LONGER = 2  # times these epochs, where augmentation keeps a network learning and there is time
_PLAIN = (str, int, float, bool, type(None))
_OURS = (Strategy, Screen, Proxy)  # what is made of parts that count


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
        epochs = min(input.most_epochs, max(input.least_epochs, input.full_steps // math.ceil(rows / batch_size)))
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
    """A strategy, a screen or a device as plain data, which is the same in another process: its class, and its attributes.

    What an attribute holds that is neither plain nor a part of ours (or several) stands there as its class and what is plain
    of it; a function as its name. Attributes whose names begin with an underscore are a part's own affair.

    Example:

    >>> described(ZeroCost("nwot"))
    ['ZeroCost', {'pool': 20, 'warm': 5, 'proposals': 3, 'proxies': {'nwot': ['Nwot', {}]}}]
    """
    if isinstance(part, _PLAIN):
        return part
    if isinstance(part, Mapping):
        return {str(name): described(one) for name, one in part.items()}
    if isinstance(part, (list, tuple)):
        return [described(one) for one in part]
    if hasattr(part, "__name__"):  # a class or a function
        return [part.__name__, {}]
    public = {name: one for name, one in getattr(part, "__dict__", {}).items() if not name.startswith("_")}
    if not isinstance(part, _OURS):
        return [type(part).__name__, {name: one for name, one in public.items() if isinstance(one, _PLAIN)}]
    return [type(part).__name__, {name: described(one) for name, one in public.items()}]


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
