"""Small random choices of which random settings of rules are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Rng = np.random.Generator


def pick(rng: Rng, *choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def quarter(rng: Rng, most: float) -> float:
    return float(rng.integers(0, int(most * 4) + 1)) / 4


def price(rng: Rng) -> dict[str, float]:
    """No price in half of the cases."""
    return {} if rng.random() < 0.5 else {"price": quarter(rng, 3)}


def some(rng: Rng, **fields: Callable[[], Any]) -> dict[str, Any]:
    """Each field with a chance of a half."""
    return {name: draw() for name, draw in fields.items() if rng.random() < 0.5}


ACCOUNTS: tuple[dict[str, Any], ...] = (
    {"segment": "gold"},
    {"segment": {"not": ["gold", "silver"]}},
    {"tier": {"between": [1, 2]}},
    {"revenue": {"more_than": 3}, "at_risk": False},
    {"renewal": {"after": "today", "before": "90 days"}},
    {"any": [{"renewal": {"is_null": True}}, {"stage": {"at_least": 3}}]},
)
REPS: tuple[dict[str, Any], ...] = (
    {"team": "east"},
    {"not": {"role": "specialist"}},
    {"level": {"at_least": 1}},
)


def scope(rng: Rng, *fields: str) -> dict[str, Any]:
    """Filters for ``where`` and ``where_rep``, or for the ``fields`` named, each in a third."""
    kinds = {"where": ACCOUNTS, "where_rep": REPS}
    asked = fields or tuple(kinds)
    return {name: pick(rng, *kinds[name]) for name in asked if rng.random() < 1 / 3}
