"""The tree of a formula: numbers, columns and operations, and where each stands in the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias

from optiterr.units import Unit

Span: TypeAlias = tuple[int, int]
Operator: TypeAlias = str

DISTANCE = "distance_km"
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


@dataclass(frozen=True)
class Number:
    """A number as written."""

    value: float
    at: Span


@dataclass(frozen=True)
class Text:
    """Text in quotes: what a column is compared with, or a unit."""

    value: str
    at: Span


@dataclass(frozen=True)
class Name:
    """A column or another measure. Inside coalesce its cells may be ``missing``."""

    table: Literal["accounts", "reps", "pairs"]
    name: str
    at: Span
    kind: Literal["number", "text", "flag"] = "number"
    missing: bool = False


@dataclass(frozen=True)
class Distance:
    """Great-circle km between account and rep."""

    at: Span


@dataclass(frozen=True)
class Chain:
    """Operations of one rank from left to right: a sum, a product, or comparisons."""

    first: Node
    rest: tuple[tuple[Operator, Node], ...]
    at: Span


@dataclass(frozen=True)
class Call:
    """A function, a sign, a power, a join of conditions, or a comparison with text.

    ``value`` is what it is called with besides numbers: an exponent, digits, a unit, a text.
    """

    function: str
    parts: tuple[Node, ...]
    at: Span
    value: float | str | Unit | None = None


Node: TypeAlias = Number | Text | Name | Distance | Chain | Call


@dataclass(frozen=True)
class Formula:
    """A formula as written and the tree that it means."""

    text: str
    tree: Node

    def place(self, node: Node) -> str:
        """Where ``node`` stands, for messages."""
        return f"formula, character {node.at[0] + 1}, {self.said(node)!r}"

    def said(self, node: Node, most: int = 60) -> str:
        """``node`` as written, shortened."""
        text = " ".join(self.text[slice(*node.at)].split())
        return text if len(text) <= most else f"{text[: most - 3]}..."

    @cached_property
    def names(self) -> tuple[Name, ...]:
        """Every column or measure that is read."""
        return tuple(node for node in walk(self.tree) if isinstance(node, Name))

    @cached_property
    def has_distance(self) -> bool:
        """Whether the way between account and rep is asked for, which needs coordinates."""
        return any(isinstance(node, Distance) for node in walk(self.tree))

    @property
    def is_of_pairs(self) -> bool:
        """Whether the result depends on the rep."""
        return self.has_distance or any(name.table != "accounts" for name in self.names)


def walk(node: Node) -> Iterator[Node]:
    """``node`` and everything in it, in the order written."""
    yield node
    if isinstance(node, Chain):
        yield from walk(node.first)
        for _, part in node.rest:
            yield from walk(part)
    elif isinstance(node, Call):
        for part in node.parts:
            yield from walk(part)


def is_condition(node: Node) -> bool:
    """Whether ``node`` holds or does not, rather than being a number."""
    if isinstance(node, Name):
        return node.kind == "flag"
    if isinstance(node, Chain):
        return node.rest[0][0] in COMPARISONS
    return isinstance(node, Call) and node.function in ("and", "or", "not", *COMPARISONS)


def maybe_missing(node: Node) -> Node:
    """``node`` with the numbers it is made of allowed to be missing, those of conditions not."""
    if isinstance(node, Name) and node.kind == "number":
        return replace(node, missing=True)
    if isinstance(node, Chain) and not is_condition(node):
        rest = tuple((op, maybe_missing(part)) for op, part in node.rest)
        return replace(node, first=maybe_missing(node.first), rest=rest)
    if isinstance(node, Call) and not is_condition(node):
        return replace(node, parts=tuple(maybe_missing(part) for part in node.parts))
    return node
