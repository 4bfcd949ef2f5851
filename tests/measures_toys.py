"""Measures by kind and small problems for their tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from toys import problem

from optiterr.errors import OptiterrError
from optiterr.measures import Measure, measure_class
from optiterr.measures.checking import Around, objections
from optiterr.measures.deriving import derive
from optiterr.problem import Problem


def measure(kind: str, **settings: Any) -> Measure:
    """The measure of a kind with these settings."""
    return measure_class(kind).model_validate(settings)


def formula(text: str, **settings: Any) -> Measure:
    """A formula as a measure."""
    return measure("formula", formula=text, **settings)


def values(one: Measure, data: Problem) -> list[float]:
    """The derived measure of each account."""
    return [float(value) for value in derive({"m": one}, data).account_number("m")]


def pair_values(one: Measure, data: Problem, others: Mapping[str, Measure] | None = None) -> Any:
    """The derived measure of each candidate pair."""
    return derive({**(others or {}), "m": one}, data).pair_number("m")


def refusal(one: Measure, data: Problem) -> str:
    """The error that deriving raises, as text."""
    try:
        made = derive({"m": one}, data)
        if one.is_of_pairs:
            made.pair_number("m")
    except OptiterrError as error:
        return str(error)
    raise AssertionError("derived without an error")


def objected(
    measures: Mapping[str, Measure],
    units: Mapping[str, Mapping[str, str]] | None = None,
    **around: Any,
) -> list[tuple[str, str]]:
    """What is said against measures before tables are read, and how to mend it."""
    found = objections(measures, Around(units or {}, **around))
    return [(one.what, one.fix) for one in found]


def shop() -> Problem:
    """Three accounts and two reps on the equator: one degree is 111.195 km."""
    return problem(
        {
            "visits": [1.0, 2.0, 0.0],
            "revenue": [10.0, 20.0, 60.0],
            "segment": ["A", "B", "A"],
            "key": np.array([True, False, True]),
            "latitude": [0.0, 0.0, 0.0],
            "longitude": [0.0, 1.0, 2.0],
        },
        {"quota": [5.0, 10.0], "latitude": [0.0, 0.0], "longitude": [0.0, 1.0]},
    )
