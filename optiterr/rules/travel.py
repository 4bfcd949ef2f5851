"""Travel: how far reps are from the accounts they serve."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from optiterr.errors import DataError, Fault
from optiterr.findings import Finding, Weight, counted, written
from optiterr.model import ModelBuilder
from optiterr.notation import Notation, number, of_rep
from optiterr.pairs import EARTH_RADIUS_KM, Floats, Mask, great_circle_km
from optiterr.problem import Column, Problem
from optiterr.rowfunctions import TOLERANCE
from optiterr.rules import Rule

DISTANCE = "distance"


class Travel(Rule):
    """Serving an account costs the way to it, and no way is longer than the longest allowed."""

    algebra: ClassVar[str] = (
        r"p \sum_{i,j} n_i\, d_{ij}\, x_{ij}, \qquad x_{ij} = 0 \text{ where } d_{ij} > d_{\max}"
    )

    kind: Literal["travel"] = "travel"
    price: float | None = Field(
        None, ge=0, description="cost of one unit of way; without it only max counts"
    )
    measure: str = Field(
        DISTANCE,
        min_length=1,
        description="a pair measure, or 'distance': great-circle km from coordinates",
    )
    latitude: str = Field(
        "latitude", min_length=1, description="account and rep column, in degrees north"
    )
    longitude: str = Field(
        "longitude", min_length=1, description="account and rep column, in degrees east"
    )
    visits: str | None = Field(
        None, description="account measure that the way is multiplied with; without it each is one"
    )
    max: float | None = Field(
        None, ge=0, description="longest way of any pair that may be picked, in km or the measure"
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.price is None and self.max is None:
            raise ValueError("travel needs a price for each unit of way, a max, or both")
        if self.price is None and self.visits is not None:
            raise ValueError("visits multiply what is priced: set a price or drop visits")
        return self

    def reads(self) -> tuple[Column, ...]:
        visits = () if self.visits is None else (Column("accounts", self.visits),)
        if self.measure != DISTANCE:
            return (Column("pairs", self.measure), *visits)
        return (
            Column("accounts", self.latitude, minimum=-90.0),
            Column("accounts", self.longitude, minimum=-180.0),
            Column("reps", self.latitude, minimum=-90.0),
            Column("reps", self.longitude, minimum=-180.0),
            *visits,
        )

    def allows(self, problem: Problem) -> Mask | None:
        if self.max is None:
            return None
        return self._way(problem) <= self.max + TOLERANCE * max(1.0, self.max)

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        if self.price is None:
            return
        cost = self.price * self._way(problem)
        if self.visits is not None:
            cost *= problem.account_number(self.visits)[problem.pairs.account]
        model.add_cost(name, np.where(self.under(problem), cost, 0.0))

    def _way(self, problem: Problem) -> Floats:
        """Way of each candidate pair, shape (P,)."""
        if self.measure != DISTANCE:
            return problem.pair_number(self.measure)
        account, rep = problem.pairs.account, problem.pairs.rep
        north, east = problem.account_number(self.latitude), problem.account_number(self.longitude)
        base_north, base_east = (
            problem.rep_number(self.latitude),
            problem.rep_number(self.longitude),
        )
        faults = [
            Fault(
                f"{table}, column {column!r}",
                f"{written(most)} is beyond {edge} degrees",
                "give coordinates in degrees",
            )
            for table, column, most, edge in (
                ("accounts", self.latitude, north.max(initial=0.0), 90),
                ("accounts", self.longitude, east.max(initial=0.0), 180),
                ("reps", self.latitude, base_north.max(initial=0.0), 90),
                ("reps", self.longitude, base_east.max(initial=0.0), 180),
            )
            if most > edge
        ]
        if faults:
            raise DataError.of(faults)
        return great_circle_km(north[account], east[account], base_north[rep], base_east[rep])

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        books = self.books(problem, assignment)
        books = books[books["rep_id"].isin(problem.reps["rep_id"])]
        way = self._ways(problem, books)
        known = ~np.isnan(way)
        books, way = books[known], way[known]
        place, reps = pd.factorize(books["rep_id"], sort=True)
        unit = "km" if self.measure == DISTANCE else self.measure
        if self.price is not None:
            often = 1.0 if self.visits is None else books[self.visits].to_numpy(dtype=float)
            total, count = np.bincount(place, way * often), np.bincount(place)
            times = "" if self.visits is None else f", each way times its {self.visits}"
            for at in np.flatnonzero(total > 0).tolist():
                yield Finding(
                    rule=name,
                    weight=Weight.PRICED,
                    where=str(reps[at]),
                    amount=float(total[at]),
                    unit=unit,
                    message=f"rep {reps[at]} travels {written(float(total[at]))} {unit} to "
                    f"{counted(int(count[at]), 'account')}{times}",
                )
        if self.max is None:
            return
        far = way > self.max + TOLERANCE * max(1.0, self.max)
        for at in np.unique(place[far]).tolist():
            beyond = far & (place == at)
            ids, ways = books["account_id"].to_numpy(dtype=object)[beyond], way[beyond]
            yield Finding(
                rule=name,
                weight=Weight.BREACH,
                where=str(reps[at]),
                amount=float((ways - self.max).sum()),
                unit=unit,
                message=f"rep {reps[at]} serves {counted(len(ids), 'account')} beyond "
                f"{written(self.max)} {unit}; the farthest, {ids[ways.argmax()]}, is "
                f"{written(float(ways.max()))} {unit} away",
            )

    def _ways(self, problem: Problem, books: pd.DataFrame) -> Floats:
        """Way of each account to its rep, by chords between points on the sphere."""
        if self.measure != DISTANCE:
            return books[self.measure].to_numpy(dtype=float)
        row = pd.Index(problem.reps["rep_id"]).get_indexer(pd.Index(books["rep_id"]))
        homes = problem.reps[[self.latitude, self.longitude]].to_numpy(dtype=float)[row]
        ends = []
        for degrees in (books[[self.latitude, self.longitude]].to_numpy(dtype=float), homes):
            north, east = np.deg2rad(degrees[:, 0]), np.deg2rad(degrees[:, 1])
            flat = np.cos(north)
            ends.append(np.column_stack([flat * np.cos(east), flat * np.sin(east), np.sin(north)]))
        apart = np.linalg.norm(ends[0] - ends[1], axis=1)
        across = np.linalg.norm(ends[0] + ends[1], axis=1)
        return np.asarray(2 * EARTH_RADIUS_KM * np.arctan2(apart, across))

    def formula(self, say: Notation) -> tuple[str, ...]:
        way = f"{say.of_account(self.measure)}"
        if self.measure == DISTANCE:
            account = f"({say.of_account(self.latitude)}, {say.of_account(self.longitude)})"
            rep = f"({of_rep(self.latitude)}, {of_rep(self.longitude)})"
            way = f"great-circle km from {account} to {rep}"
        lines = [f"d_ij = {way}"]
        if self.max is not None:
            lines.append(f"{say.every_pair}: x_ij = 0 where d_ij > {number(self.max)}")
        return tuple(lines)

    def term(self, say: Notation) -> str:
        if self.price is None:
            return ""
        return say.pairs(f"{'' if self.visits is None else say.times(self.visits)}d_ij x_ij")
