"""Markdown by hand: names shown as text, tables, and lines that stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any


def code(text: str) -> str:
    """``text`` on one line between backticks, whatever it holds."""
    flat = " ".join(text.split())
    longest = max((len(run) for run in re.findall("`+", flat)), default=0)
    if not longest:
        return f"`{flat}`" if flat else "`''`"
    marks = "`" * (longest + 1)
    return f"{marks} {flat} {marks}"


def plain(text: str) -> str:
    """``text`` on one line, with what Markdown or HTML could act on escaped."""
    flat = " ".join(text.split())
    flat = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*\[\]|#~]|(?<!\w)_|_(?!\w))", r"\\\1", flat)


def fenced(lines: Iterable[str], language: str = "text") -> list[str]:
    """``lines`` as they are, between fences longer than any run of backticks in them."""
    kept = list(lines)
    runs = [len(run) for line in kept for run in re.findall("`{3,}", line)]
    marks = "`" * (max(runs, default=2) + 1)
    return [f"{marks}{language}", *kept, marks, ""]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table; empty when there are no rows. Bars inside cells are escaped here."""
    body = [f"| {' | '.join(_cell(one) for one in row)} |" for row in rows]
    if not body:
        return []
    return [f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |", *body, ""]


def value(given: Any) -> str:
    """A setting's value as people would write it."""
    if isinstance(given, dict):
        return ", ".join(f"{code(str(key))}: {value(one)}" for key, one in given.items()) or "none"
    if isinstance(given, list | tuple):
        return f"{len(given)} entries" if len(given) > 5 else ", ".join(map(value, given)) or "none"
    if isinstance(given, str):
        return code(given)
    if given is None:
        return "none"
    return str(given).lower() if isinstance(given, bool) else str(given)


def law(spec: type[Any]) -> str:
    """The first paragraph of a docstring, which is the law of a rule or a measure."""
    return paragraphs(spec)[0]


def paragraphs(spec: type[Any]) -> list[str]:
    """All paragraphs of a docstring, each on one line, as Markdown."""
    told = [" ".join(one.split()) for one in (spec.__doc__ or "").strip().split("\n\n")]
    return [one.replace("``", "`") for one in told]


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)
