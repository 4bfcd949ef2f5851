"""A tree of settings whose every value knows the file, line and column that set it."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from optiterr.errors import Fault, SpecError

LIMIT_DEPTH = 40
"""Mappings and lists may be nested this deep, aliases written out."""

Scalar: TypeAlias = str | int | float | bool | None


UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""Characters that YAML text may not hold."""
WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
"""Plain scalars of YAML 1.2 that are not text or numbers."""


@dataclass(frozen=True, order=True)
class Origin:
    """Where a value was set: a file's line and column (from 1), or a setting given by hand."""

    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True)
class Node:
    """A value and where it was set: at its key in a mapping, at itself in a list.

    ``dead`` marks a null with nothing beneath it to remove, and holds the words of the fix.
    """

    value: dict[str, Node] | list[Node] | Scalar
    origin: Origin
    dead: str | None = None

    def plain(self) -> Any:
        """The value without origins: dicts, lists, text, numbers, true, false and None."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value


class Faults:
    """All that was found wrong so far, to be raised once, in order of files and lines."""

    def __init__(self) -> None:
        self._found: list[tuple[Origin, Fault]] = []
        self._places: set[tuple[str, tuple[str | int, ...]]] = set()

    def __len__(self) -> int:
        return len(self._found)

    def has(self, place: Sequence[str | int], case: str = "") -> bool:
        """Whether something is wrong at exactly that place already."""
        return (case, tuple(place)) in self._places

    def add(
        self, origin: Origin, what: str, fix: str, place: Sequence[str | int] = (), case: str = ""
    ) -> None:
        """Notes a fault at ``place``, the keys from the top of the file down to it."""
        parts = (str(origin), case, ".".join(map(str, place)))
        where = ", ".join(part for part in parts if part) or "top level"
        self._found.append((origin, Fault(where, what, fix)))
        self._places.add((case, tuple(place)))

    def check(self) -> None:
        """Raises SpecError with every fault found, if there is one."""
        if self._found:
            found = sorted(self._found, key=lambda one: one[0])
            raise SpecError.of(fault for _, fault in found)


def from_python(value: Any, faults: Faults, place: tuple[str | int, ...] = ()) -> Node:
    """The tree of plain Python values; what has no place in a file goes to ``faults``."""
    origin = Origin()
    if len(place) > LIMIT_DEPTH:
        faults.add(origin, f"nested deeper than {LIMIT_DEPTH}", "nest less", place[:3])
        return Node(None, origin)
    if isinstance(value, Mapping):
        found: dict[str, Node] = {}
        for key, child in value.items():
            if isinstance(key, str):
                found[key] = from_python(child, faults, (*place, key))
            else:
                faults.add(origin, f"the key {key!r} is not text", "use text keys", place)
        return Node(found, origin)
    if isinstance(value, list | tuple):
        return Node(
            [from_python(one, faults, (*place, at)) for at, one in enumerate(value)], origin
        )
    if isinstance(value, dt.date):
        return Node(value.isoformat(), origin)
    if isinstance(value, int | float) and not abs(value) < 2**1023:
        faults.add(
            origin, "the number is not finite or far too large", "use a finite number", place
        )
        return Node(0.0, origin)
    if isinstance(value, str | int | float | None):
        return Node(value, origin)
    faults.add(
        origin,
        f"a {type(value).__name__} cannot be written in a file",
        "use text, numbers, true, false, None, lists and dicts",
        place,
    )
    return Node(None, origin)


_SAFE = re.compile(r"[A-Za-z][A-Za-z0-9_ -]*(?<! )")


def write(value: Any, indent: int = 0) -> str:
    """YAML text that reads back as ``value``: blocks for mappings, one line for each list entry."""
    pad = "  " * indent
    if isinstance(value, dict) and value:
        lines = []
        for key, child in value.items():
            block = isinstance(child, dict) and child
            rows = isinstance(child, list) and any(isinstance(one, dict | list) for one in child)
            text = write(child, indent + 1) if block or rows else _flow(child)
            lines.append(f"{pad}{_flow(key)}:" + (f"\n{text}" if block or rows else f" {text}"))
        return "\n".join(lines)
    if isinstance(value, list):
        return "\n".join(f"{pad}- {_flow(one)}" for one in value)
    return pad + _flow(value)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(one) for one in value) + "]"
    if isinstance(value, str):
        if _SAFE.fullmatch(value) and value not in WORDS:
            return value
        text = json.dumps(value, ensure_ascii=False)
        return re.sub(
            f"{UNPRINTABLE.pattern}|[\x85\u2028\u2029]", lambda one: f"\\u{ord(one[0]):04x}", text
        )
    return json.dumps(value, allow_nan=False)
