"""YAML text in, a tree of settings out: YAML 1.2, read strictly, with limits."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from optiterr.errors import SpecError, nearest
from optiterr.scenario.tree import LIMIT_DEPTH, UNPRINTABLE, WORDS, Faults, Node, Origin, Scalar

LIMIT_BYTES = 512 * 2**10
"""A larger file is refused: tables belong in table files."""
LIMIT_VALUES = 100_000
"""A file that holds more values than this, aliases written out, is refused."""


def read_file(path: Path, shown: str, faults: Faults) -> Node:
    """The tree of the YAML file at ``path``, called ``shown`` in messages.

    SpecError when nothing can be read; lesser faults go to ``faults`` and reading goes on.
    """
    if not os.path.isfile(path):
        near = _near_file(path)
        raise SpecError(
            shown,
            "is a folder, not a file" if os.path.isdir(path) else "there is no such file",
            f"did you mean {near!r}?" if near else "name a YAML file that exists",
        )
    try:
        with path.open("rb") as file:
            data = file.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise SpecError(
            shown, f"cannot be read: {error.strerror}", "make the file readable"
        ) from error
    return parse(decode(data, shown), shown, faults)


def decode(data: bytes, shown: str) -> str:
    """The text of a file's bytes: UTF-8, with or without a byte order mark."""
    if len(data) > LIMIT_BYTES:
        raise SpecError(
            shown,
            f"is larger than {LIMIT_BYTES // 2**10} KiB",
            "keep tables in files of their own and name them under data",
        )
    for mark, name in ((b"\xff\xfe", "UTF-16 or UTF-32"), (b"\xfe\xff", "UTF-16"), (b"\0", "")):
        if data.startswith(mark) and name:
            raise SpecError(shown, f"is written in {name}", "save it as UTF-8")
    if (at := data.find(b"\0")) >= 0:
        raise SpecError(
            f"{shown}:{data.count(10, 0, at) + 1}",
            "has a NUL byte, so it is not text",
            "name a YAML text file saved as UTF-8",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecError(
            f"{shown}:{data.count(10, 0, error.start) + 1}",
            f"byte {data[error.start]:#04x} is not UTF-8 (often a file saved as Windows-1252)",
            "save the file as UTF-8",
        ) from error


def _near_file(path: Path) -> str | None:
    try:
        return nearest(path.name, sorted(one.name for one in path.parent.iterdir()))
    except (OSError, ValueError):
        return None


def parse(text: str, shown: str, faults: Faults) -> Node:
    """The tree of YAML 1.2 ``text`` (core schema), called ``shown`` in messages.

    ``no``, ``on``, ``1:30``, ``1_000`` and dates are text; ``0o17`` and ``0xF`` are numbers.
    Anchors may be used again with ``*name`` and a mapping may take in another with ``<<: *name``;
    tags, several documents, and keys that are not text are refused. Duplicate keys, tags and
    numbers that are not finite go to ``faults``; what cannot be parsed at all raises SpecError.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if found := UNPRINTABLE.search(text):
        line, column = _position(text, found.start())
        raise SpecError(
            f"{shown}:{line}:{column}",
            f"the character U+{ord(found.group()):04X} may not be written in a YAML file",
            "delete it, or write it as an escape in double quotes",
        )
    try:
        return _Builder(YAML(typ="safe", pure=True).parse(text), shown, faults).document()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{shown}:{mark.line + 1}:{mark.column + 1}" if mark else shown
        problem = str(error.problem or error.context)
        raise SpecError(where, _plainly(problem, error), _syntax_fix(problem)) from error
    except (YAMLError, ValueError, IndexError) as error:
        raise SpecError(shown, f"is not YAML: {error}", "correct the YAML") from error


def _position(text: str, at: int) -> tuple[int, int]:
    """Line and column, from 1, of the character at ``at``."""
    start = text.rfind("\n", 0, at) + 1
    return text.count("\n", 0, at) + 1, at - start + 1


_SYNTAX = {
    "\\t": "indent with spaces, never with tabs",
    "mapping values are not allowed": "put text that holds ': ' in quotes, or correct the indent",
    "could not find expected ':'": "write 'key: value', with a space after the colon",
    "expected <block end>": "start all keys of a mapping, and all its dashes, in one column",
    "undefined alias": "write the anchor (&name) before it is used",
    "end of stream": "close the bracket or the quote",
    "',' or": "close the bracket, or put a comma between entries",
    "cannot start any token": "put text that starts with this character in quotes",
    "document": "keep one document to a file: delete the line '---' or '...'",
}


def _syntax_fix(problem: str) -> str:
    return next((fix for sign, fix in _SYNTAX.items() if sign in problem), "correct the YAML here")


def _plainly(problem: str, error: Any) -> str:
    """The parser's words, with the place where the open construct began."""
    problem = problem.replace("'<stream end>'", "the end of the file")
    began = error.context_mark
    if error.context and began and error.problem and began != error.problem_mark:
        return f"{problem} ({error.context}, begun in line {began.line + 1})"
    return problem


_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_ENDLESS = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def scalar(text: str) -> Scalar:
    """The value of a plain YAML 1.2 scalar; numbers may come out infinite or not a number."""
    if text in WORDS:
        return WORDS[text]
    if _INT.fullmatch(text):
        if len(text) > 400:
            return math.inf
        value = int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        return value if abs(value) < 2**1023 else math.inf
    if _FLOAT.fullmatch(text):
        return float(text)
    if _ENDLESS.fullmatch(text):
        return float(text.lower().replace(".", ""))
    return text


class _Builder:
    """Turns the parser's events into one tree; anchors by name with their size and height."""

    def __init__(self, events: Iterator[Any], shown: str, faults: Faults) -> None:
        self.events = events
        self.shown = shown
        self.faults = faults
        self.anchors: dict[str, tuple[Node, int, int] | None] = {}
        self.values = 0

    def document(self) -> Node:
        next(self.events)
        event = next(self.events)
        if not hasattr(event, "version"):
            raise SpecError(
                self.shown, "the file is empty", "write at least 'schema: 1' and a name"
            )
        if event.version not in (None, (1, 2)):
            self._fatal(event, "asks for another YAML than 1.2", "delete the line '%YAML'")
        if event.tags:
            self._fatal(event, "declares tags, which are not used here", "delete the line '%TAG'")
        node, _ = self.node(next(self.events), 0, None)
        next(self.events)
        extra = next(self.events)
        if hasattr(extra, "version"):
            self._fatal(
                extra,
                "a second document starts here",
                "keep one document to a file: delete the line '---' or '...'",
            )
        return node

    def _origin(self, event: Any) -> Origin:
        return Origin(self.shown, event.start_mark.line + 1, event.start_mark.column + 1)

    def _fatal(self, event: Any, what: str, fix: str) -> None:
        raise SpecError(str(self._origin(event)), what, fix)

    def node(self, event: Any, depth: int, origin: Origin | None) -> tuple[Node, int]:
        """The value that starts with ``event``, set at ``origin``, and its height."""
        origin = origin or self._origin(event)
        if type(event).__name__ == "AliasEvent":
            return self._alias(event, depth, origin)
        before = self.values
        self._count(event, 1, depth)
        if event.tag is not None:
            self.faults.add(
                self._origin(event), f"the tag {event.tag} is not used here", "delete the tag"
            )
        anchor = event.anchor
        if anchor is not None:
            self.anchors[anchor] = None
        kind = type(event).__name__
        height = 0
        value: dict[str, Node] | list[Node] | Scalar
        if kind == "MappingStartEvent":
            value, height = self._mapping(depth + 1)
        elif kind == "SequenceStartEvent":
            value, height = self._list(depth + 1)
        else:
            value = self._scalar(event)
        node = Node(value, origin)
        if anchor is not None:
            self.anchors[anchor] = (node, self.values - before, height)
        return node, height

    def _alias(self, event: Any, depth: int, origin: Origin) -> tuple[Node, int]:
        if event.anchor not in self.anchors:
            self._fatal(
                event,
                f"nothing is anchored as &{event.anchor}",
                "write the anchor before it is used; put text that starts with * in quotes",
            )
        held = self.anchors[event.anchor]
        if held is None:
            self._fatal(event, f"&{event.anchor} holds itself", "write the value out")
            raise AssertionError
        node, size, height = held
        self._count(event, size, depth + height)
        return Node(node.value, origin), height

    def _count(self, event: Any, values: int, depth: int) -> None:
        self.values += values
        if self.values > LIMIT_VALUES:
            self._fatal(
                event,
                f"more than {LIMIT_VALUES:,} values, aliases written out",
                "keep tables in files of their own and name them under data",
            )
        if depth > LIMIT_DEPTH:
            self._fatal(event, f"nested deeper than {LIMIT_DEPTH}", "nest less")

    def _scalar(self, event: Any) -> Scalar:
        if event.style:
            return str(event.value)
        value = scalar(event.value)
        if isinstance(value, float) and not math.isfinite(value):
            self.faults.add(
                self._origin(event),
                f"{event.value[:40]} is not a finite number",
                "write a number, or put it in quotes if it is text",
            )
            return 0.0
        return value

    def _list(self, depth: int) -> tuple[list[Node], int]:
        found: list[Node] = []
        height = 0
        while type(event := next(self.events)).__name__ != "SequenceEndEvent":
            node, below = self.node(event, depth, None)
            found.append(node)
            height = max(height, below)
        return found, height + 1

    def _mapping(self, depth: int) -> tuple[dict[str, Node], int]:
        found: dict[str, Node] = {}
        merged: dict[str, Node] | None = None
        height = 0
        while type(event := next(self.events)).__name__ != "MappingEndEvent":
            origin = self._origin(event)
            key, _ = self.node(event, depth, origin)
            node, below = self.node(next(self.events), depth, origin)
            height = max(height, below)
            if key.value != "<<" or event.style:
                self._enter(found, key, node)
            elif isinstance(node.value, dict) and merged is None:
                merged = node.value
            else:
                fix = "write '<<: *name' once, for one mapping"
                self.faults.add(key.origin, "<< takes in one mapping", fix)
        rest = {key: node for key, node in (merged or {}).items() if key not in found}
        return found | rest, height + 1

    def _enter(self, found: dict[str, Node], key: Node, node: Node) -> None:
        name = key.value
        if not isinstance(name, str):
            said = "a list or mapping" if isinstance(name, dict | list) else f"{name!r}"
            self.faults.add(
                key.origin, f"the key is {said}, not text", "put the key in quotes, or name it"
            )
        elif name in found:
            self.faults.add(
                key.origin,
                f"{name!r} is set twice; first in line {found[name].origin.line}",
                "keep one of the two",
            )
        else:
            found[name] = node
