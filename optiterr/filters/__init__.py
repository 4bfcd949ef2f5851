"""Filters: which rows of a table a rule or a selection speaks of, as data and without any code."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Any

import pandas as pd
from pydantic import ConfigDict, RootModel, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from optiterr.filters.conditions import Condition, Joined, Mask, conditions_of
from optiterr.filters.days import day_of
from optiterr.filters.parsing import DEEPEST, parse
from optiterr.problem import Column, Kind, Table

__all__ = ["DEEPEST", "Condition", "Filter", "day_of"]


class Filter(RootModel[dict[str, Any]]):
    """Conditions on columns that all have to hold; ``any``, ``all`` and ``not`` combine filters.

    An empty cell meets no condition but ``is_null: true``; ``not`` turns that around.
    """

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _can_be_read(self) -> Filter:
        faults: list[tuple[tuple[str | int, ...], str]] = []
        parse(self.root, (), faults, 0)
        if faults:
            raise ValidationError.from_exception_data(
                "Filter",
                [
                    InitErrorDetails(
                        type=PydanticCustomError("filter", "{words}", {"words": text}),
                        loc=loc,
                        input=self.root,
                    )
                    for loc, text in faults
                ],
            )
        return self

    @cached_property
    def _tree(self) -> Joined:
        return parse(self.root, (), [], 0)

    @cached_property
    def tests(self) -> tuple[Condition, ...]:
        """Every condition, wherever it stands."""
        return tuple(conditions_of(self._tree))

    def columns(self, table: Table) -> tuple[Column, ...]:
        """The columns of ``table`` that are read; empty cells are allowed in all of them."""
        found: dict[str, Kind] = {}
        for test in self.tests:
            if test.kind != "any" or test.column not in found:
                found[test.column] = test.kind
        return tuple(
            Column(table, name, kind, minimum=None, missing=True, additive=False)
            for name, kind in found.items()
        )

    def mask(self, frame: pd.DataFrame, planning_date: dt.date | None = None) -> Mask:
        """Which rows of ``frame`` pass, shape (rows,).

        DataError when a day is told from the planning date and there is none.
        """
        return self._tree.mask(frame, planning_date)

    def words(self) -> str:
        """The filter in words, for people."""
        return self._tree.words()
