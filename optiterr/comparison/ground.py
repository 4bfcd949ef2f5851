"""What a case was counted from, kept beside it for as long as cases are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from optiterr.comparison.counting import Count, text_of
from optiterr.pairs import Floats, Ints, Pairs

MANAGER = "manager"
"""Column of the roster that names each rep's manager."""


@dataclass(frozen=True)
class Ground:
    """The tables and rules behind a case, and who serves each account; -1 for nobody.

    No part of what a case says: two cases are equal whatever they were counted from. ``rep`` is
    None where the case has no plan.
    """

    view: Count = field(compare=False, repr=False)
    rep: Ints | None = field(compare=False, repr=False)

    @classmethod
    def of(cls, view: Count, rep: Ints | None) -> Ground:
        """The ground of a plan, without candidate pairs where every pair may be used."""
        data = view.data
        if data.candidates != "file":
            data = data.with_(pairs=Pairs.of([], [], len(data.accounts)))
        return cls(Count(data, view.rules), rep)

    def __reduce__(self) -> tuple[Callable[..., Ground], tuple[Any, ...]]:
        """Views of mappings cannot cross a process border: they go as dicts."""
        data = self.view.data
        views = {one.name: getattr(data, one.name) for one in fields(data)}
        plain = {name: dict(v) for name, v in views.items() if isinstance(v, MappingProxyType)}
        count = Count(data.with_(**plain), dict(self.view.rules))
        return Ground, (count, self.rep)

    @property
    def account_ids(self) -> pd.Index[str]:
        """Ids of the accounts in the data of the case."""
        return self.view.data.account_index

    @property
    def rep_ids(self) -> pd.Index[str]:
        """Ids of the reps in the roster of the case."""
        return self.view.data.rep_index

    @property
    def names(self) -> list[str]:
        """Names of the accounts, empty where they have none."""
        frame = self.view.data.accounts
        if "name" not in frame:
            return [""] * len(frame)
        return [text_of(one) for one in frame["name"]]

    @property
    def managers(self) -> list[str]:
        """The manager of each rep of the roster, empty where none is named."""
        frame = self.view.data.reps
        if MANAGER not in frame:
            return [""] * len(frame)
        return [text_of(one) for one in frame[MANAGER]]

    def points(self, table: str) -> tuple[Floats, Floats]:
        """Degrees north and east of each row of ``accounts`` or ``reps``; NaN where not told."""
        frame = self.view.data.accounts if table == "accounts" else self.view.data.reps
        north, east = (
            pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float)
            if name in frame
            else np.full(len(frame), np.nan)
            for name in self.view.point_names
        )
        told = (np.abs(north) <= 90) & (np.abs(east) <= 180)
        return np.where(told, north, np.nan), np.where(told, east, np.nan)
