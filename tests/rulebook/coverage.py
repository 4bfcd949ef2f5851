"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng

CASES: list[dict[str, Any]] = [{}]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = ("leaver", {"every-account": {}})


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    return {}


WORKED_BY_HAND = ("price", "where", "where_rep")
