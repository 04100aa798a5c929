"""How members of a plural folder are looked up: by name, by class or by instance, with one error that lists what is known."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from autonas.errors import InputError

T = TypeVar("T")


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


def names(members: Mapping[str, type[T]], parts: Sequence[T]) -> list[str]:
    """Names for several parts, no two alike: of their kinds, with a number from the second of a kind on."""
    kinds = [name_of(members, part) for part in parts]
    return [
        kind if kind not in kinds[:place] else f"{kind}_{kinds[:place].count(kind) + 1}"
        for place, kind in enumerate(kinds)
    ]
