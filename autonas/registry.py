"""How members of a plural folder are looked up: by name, by class or by instance, with one error that lists what is known.

What is written to files names a member by its name, and a class of the user's own by its module and its name in there.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import importlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar

from autonas.errors import InputError

T = TypeVar("T")
_met: dict[str, type] = {}  # classes of the user's own that this process wrote or found, for those without a module
_given: ContextVar[Mapping[str, type]] = ContextVar("custom_objects", default={})  # noqa: B039 (nothing writes to it)


def resolve(kind: str, members: Mapping[str, type[T]], base: type[T], identifier: Any) -> T:
    """Returns the member that `identifier` means.

    Args:
        kind: What is looked up, for the error: `"strategy"`.
        members: The registry: name -> class.
        base: The class that every member derives from.
        identifier: A name of `members`, a subclass of `base` (made without arguments), or an instance of `base`.

    Returns:
        An instance of `base`.

    Raises:
        InputError: If it is none of these. The known names are listed, and a near one is suggested.
    """
    if isinstance(identifier, base):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, base):
        return identifier()
    if isinstance(identifier, str) and identifier in members:
        return members[identifier]()
    near = difflib.get_close_matches(str(identifier), members, n=1)
    raise InputError.of(
        kind,
        f"one of {sorted(members)} or a {base.__name__}",
        repr(identifier),
        f"Did you mean {near[0]!r}?" if near else "",
    )


def name_of(members: Mapping[str, type[T]], part: T) -> str:
    """Returns the name of the member that a part is; that of its class where it is none, such as a user's own."""
    return next((name for name, kind in members.items() if kind is type(part)), type(part).__name__)


def is_plain(name: Any) -> bool:
    """Whether this can be the name of a tensor, and of an argument of a signature."""
    return isinstance(name, str) and re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) is not None


def check_part_names(what: str, parts: Iterable[Any]) -> None:
    """Makes sure that the names of several inputs or outputs can be those of tensors, as they are in every format.

    Raises:
        InputError: If one cannot.
    """
    for name in parts:
        if not is_plain(name):
            raise InputError.of(
                f"The name of {what}", "of letters, digits and '_', a letter first", repr(name), "Rename it."
            )


def names(members: Mapping[str, type[T]], parts: Sequence[T]) -> list[str]:
    """Names for several parts, no two alike: of their kinds, with a number from the second of a kind on."""
    kinds = [name_of(members, part) for part in parts]
    return [
        kind if kind not in kinds[:place] else f"{kind}_{kinds[:place].count(kind) + 1}"
        for place, kind in enumerate(kinds)
    ]


def address(members: Mapping[str, type[T]], kind: type) -> str:
    """Returns what a file calls a class: the name of a member, or `module:name` of a class of the user's own."""
    for name, member in members.items():
        if member is kind:
            return name
    written = f"{kind.__module__}:{kind.__qualname__}"
    _met[written] = kind
    return written


def find(kind: str, members: Mapping[str, type[T]], base: type[T], written: str) -> type[T]:
    """Returns the class that `address` wrote; the module of one of the user's own is imported.

    Args:
        kind: What is looked up, for the error: `"input"`.
        members: The registry: name -> class.
        base: The class that every member derives from.
        written: What `address` returned.

    Raises:
        InputError: If it is not found, neither there nor among `custom_objects`.
    """
    module, _, name = written.rpartition(":")
    found = members.get(written) or _given.get().get(name) or _imported(module, name) or _met.get(written)
    if isinstance(found, type) and issubclass(found, base):
        if written not in members:
            _met[written] = found
        return found
    hint = f"Pass the class: custom_objects={{{name!r}: ...}}."
    raise InputError.of(kind, f"one of {sorted(members)}, or a class that can be imported", repr(written), hint)


def _imported(module: str, name: str) -> Any:
    """What has that name in a module, None if there is no such thing."""
    try:
        return functools.reduce(getattr, name.split("."), importlib.import_module(module)) if module else None
    except (ImportError, AttributeError, TypeError, ValueError):
        return None


@contextlib.contextmanager
def custom_objects(given: Mapping[str, type] | None) -> Iterator[None]:
    """While it is open, `find` takes classes of the user's own from here: name -> class, as Keras has it."""
    token = _given.set(given or {})
    try:
        yield
    finally:
        _given.reset(token)
