"""Objectives: qualities that training shows, and costs that are read off a model. The registry of the costs."""

from __future__ import annotations

import difflib
import math
import numbers
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autonas.errors import InputError, TrialError
from autonas.objectives.base import BuiltModel, Cost, Objective, Recorded
from autonas.objectives.costs import Flops, LatencyMs, Macs, Memory, Parameters, Size, TrainingMemory
from autonas.objectives.energy import Energy, MeasuredEnergy
from autonas.objectives.precision import Arena, Float16Latency, Float16Size, Int8Arena, Int8Latency, Int8Size
from autonas.objectives.quality import DIRECTIONS, Quality
from autonas.objectives.tradeoff import Tradeoff
from autonas.qualities import owner_of

if TYPE_CHECKING:
    from autonas.devices.base import Device

COSTS: dict[str, type[Cost]] = {
    "params": Parameters,
    "flops": Flops,
    "memory_kb": Memory,
    "size_kb": Size,
    "latency_ms": LatencyMs,
    "macs": Macs,
    "arena_kb": Arena,
    "arena_int8_kb": Int8Arena,
    "energy_mj": Energy,
    "energy_measured_mj": MeasuredEnergy,
    "latency_float16_ms": Float16Latency,
    "latency_int8_ms": Int8Latency,
    "size_float16_kb": Float16Size,
    "size_int8_kb": Int8Size,
    "training_kb": TrainingMemory,
}


def get(identifier: Any, outputs: Iterable[str] = ()) -> Objective:
    """Returns the objective that a name or an instance means.

    Args:
        identifier: The name of a cost, `"val_"` and the name of a metric, a `keras_tuner.Objective`, or an
            `autonas.objectives.base.Objective`.
        outputs: Names of several outputs, which stand before the names of their metrics: `"val_price_mae"`.

    Raises:
        InputError: If it is none of these. The costs are listed, and near names suggested.

    Example:

    >>> get("val_auc").direction, get("latency_ms").direction
    ('max', 'min')
    """
    if isinstance(identifier, Objective):
        return identifier
    if isinstance(identifier, str) and identifier in COSTS:
        return COSTS[identifier]()
    if isinstance(identifier, str) and (identifier.startswith("val_") or identifier in DIRECTIONS):
        owner = owner_of(identifier.removeprefix("val_"), outputs)
        plain = "val_" + identifier.removeprefix(f"val_{owner}_")
        return Quality(identifier, None if owner is None else Quality(plain).direction)
    keras_tuner = sys.modules.get("keras_tuner")  # whoever holds an objective of Keras Tuner has it loaded
    if keras_tuner is not None and isinstance(identifier, keras_tuner.Objective):
        return _directed(identifier.name, identifier.direction)
    near = difflib.get_close_matches(str(identifier), [*COSTS, *(f"val_{name}" for name in DIRECTIONS)], n=1)
    raise InputError.of(
        "objective",
        f"one of the costs {sorted(COSTS)}, a metric of Keras such as 'val_accuracy', a keras_tuner.Objective, an "
        "autonas.Tradeoff, or a list of several of these",
        repr(identifier),
        f"Did you mean {near[0]!r}?" if near else "",
    )


def several(identifier: Any, outputs: Iterable[str] = ()) -> list[Objective]:
    """Returns all objectives that are meant: of one the only one, of a list or a dict each of them.

    Args:
        identifier: What `get` takes, a list of these, or a dict of name -> `"max"` or `"min"`.
        outputs: As `get` takes them.

    Raises:
        InputError: If one of them is none, two have the same name, or there is none.

    Example:

    >>> [objective.name for objective in several(["val_accuracy", "latency_ms"])]
    ['val_accuracy', 'latency_ms']
    """
    if not isinstance(identifier, Objective):
        identifier = getattr(identifier, "objectives", identifier)  # of a MultiObjective of Keras Tuner
    if isinstance(identifier, Mapping):
        found = [_directed(name, direction) for name, direction in identifier.items()]
    else:
        given = identifier if isinstance(identifier, (list, tuple)) else [identifier]
        found = [get(one, outputs) for one in given]
    names = [objective.name for objective in found]
    if not found or len(set(names)) < len(names):
        raise InputError.of("objective", "one or several, each of another name", repr(identifier))
    return found


def lead(found: Sequence[Objective]) -> Objective | None:
    """The metric of the trainings: the first that one of several objectives depends on; None where none depends on any."""
    return next((objective.quality for objective in found if objective.quality is not None), None)


def restore(name: str, direction: str, made_with: Mapping[str, Any] | None = None) -> Objective:
    """Returns the objective that `Objective.plain` told.

    Args:
        name: Its name.
        direction: `"max"` or `"min"`.
        made_with: The arguments of a `Tradeoff`; None for all others.

    Returns:
        The objective; of one of the user's own, whose class is not known here, what trials have recorded of it.
    """
    if made_with is not None:
        parts = {part: restore(*made_with[part]) for part in ("quality", "cost")}
        return Tradeoff(**{**made_with, **parts})
    known = name in COSTS or name.startswith("val_")
    return _directed(name, direction) if known else Recorded(name, direction)


def _directed(name: str, direction: str) -> Objective:
    """The metric or the cost of a name, in a direction.

    Raises:
        InputError: If a cost is to be maximised, or the direction is neither `"max"` nor `"min"`.
    """
    if direction not in ("max", "min") or (name in COSTS and direction == "max"):
        raise InputError.of(f"The direction of {name!r}", "'max' or 'min', and 'min' for a cost", repr(direction))
    return COSTS[name]() if name in COSTS else Quality(name, direction)


def plain(found: Sequence[Objective]) -> list[Any]:
    """Objectives as plain data, of which a single one stands there by itself."""
    each = [objective.plain() for objective in found]
    return each if len(each) > 1 else each[0]


def restored(told: Sequence[Any]) -> list[Objective]:
    """Returns the objectives that `plain` told."""
    return [restore(*each) for each in ([told] if isinstance(told[0], str) else told)]


def measure(costs: Mapping[str, Cost], built: BuiltModel) -> dict[str, float]:
    """Reads costs off a built model.

    Args:
        costs: name -> cost.
        built: The model.

    Returns:
        name -> value; a measured cost has the ends of its 95 % confidence interval beside it, as `name_low` and `name_high`.
    """
    values = {}
    for name, cost in costs.items():
        values[name] = float(cost.measure(built))
        interval = cost.interval(built)
        if interval is not None:
            values[f"{name}_low"], values[f"{name}_high"] = map(float, interval)
    return values


def limits(mapping: Mapping[str, Any]) -> dict[str, tuple[Cost, float]]:
    """Reads limits on costs.

    Args:
        mapping: The name of a cost -> the most that it may be, in the unit that its name says.

    Returns:
        name -> (cost, limit).

    Raises:
        InputError: If a name is not that of a cost, or a limit is no positive finite number.

    Example:

    >>> limits({"latency_ms": 2.0})
    {'latency_ms': (<autonas.objectives.costs.LatencyMs object at ...>, 2.0)}
    """
    if not isinstance(mapping, Mapping):
        raise InputError.of("limits", "a dict of cost -> number", repr(mapping), "For example {'latency_ms': 2.0}.")
    read = {}
    for name, limit in mapping.items():
        if name not in COSTS:
            near = difflib.get_close_matches(str(name), COSTS, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else ""
            raise InputError.of("A limit", f"on one of the costs {sorted(COSTS)}", repr(name), hint)
        if isinstance(limit, bool) or not isinstance(limit, numbers.Real) or not 0 < float(limit) < math.inf:
            raise InputError.of(f"limits[{name!r}]", "a positive number", repr(limit))
        read[name] = (COSTS[name](), float(limit))
    return read


def broken(limited: Mapping[str, tuple[Cost, float]], built: BuiltModel) -> str | None:
    """Says which limit a finished model breaks, and by how much; None when it keeps them all.

    It was chosen for costs that were within the limits. So of what is measured again the lower end of the interval counts, or
    else chance would throw away a model that is near a limit; and what a device does not say now breaks nothing.

    Args:
        limited: name -> (cost, limit), as `limits` reads them.
        built: The model.
    """
    for name, (cost, limit) in limited.items():
        try:
            least = cost.surely(built) if cost.possible(built.device) else 0.0
        except TrialError:
            continue
        if least > limit:
            return f"{name} is {least:.6g}, over the limit of {limit:.6g}"
    return None


def asked(found: Sequence[Objective], limited: Mapping[str, tuple[Cost, float]]) -> dict[str, Cost]:
    """The costs that objectives and limits (as `limits` reads them) are about, by name."""
    costs = {name: cost for objective in found for name, cost in objective.costs.items()}
    return costs | {name: cost for name, (cost, _) in limited.items()}


def check_possible(costs: Mapping[str, Cost], device: Device) -> None:
    """Says which cost a device could not tell.

    Args:
        costs: name -> cost, of objectives and limits.
        device: Where models would be measured.

    Raises:
        InputError: If there is one.

    Example:

    >>> check_possible({"latency_ms": LatencyMs()}, devices.get("host"))
    """
    for name, cost in costs.items():
        if not cost.possible(device):
            if not device.present:
                device.latency(b"")  # says which one is missing
            raise InputError.of(f"The device of {name}", cost.expected, type(device).__name__, cost.instead)
