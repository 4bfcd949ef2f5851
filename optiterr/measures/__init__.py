"""Measures: numbers that a scenario derives for each account, or for each account and rep."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from optiterr.errors import SpecError, meant
from optiterr.measures.mixing import Told, UnitOf
from optiterr.pairs import Floats
from optiterr.problem import Column, Problem
from optiterr.units import Quantity, UnitText


class Measure(BaseModel):
    """Base of all measures: a number of each account, or of each account and rep.

    A subclass declares ``kind: Literal["..."] = "..."`` and implements :meth:`reads` and
    :meth:`values`, or :meth:`at` where :attr:`is_of_pairs`. Its docstring is shown to users as law.
    Errors name places inside the measure; who derives it puts its name before them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    algebra: ClassVar[str] = ""
    """The measure in LaTeX, over accounts i and reps j."""

    kind: str
    unit: UnitText | None = Field(
        None, description="the unit of the result, such as hours, currency or hours/count"
    )
    description: str = Field(
        "", max_length=10_000, description="what it means, in words; shown with it"
    )

    @property
    def is_of_pairs(self) -> bool:
        """Whether it depends on the rep as well as on the account."""
        return False

    @property
    def adds_up(self) -> bool:
        """Whether adding it up over accounts counts nothing twice."""
        return True

    def reads(self) -> tuple[Column, ...]:
        """The columns and other measures that must be known before this one.

        A column of a further table has ``tables.<name>`` as its table.
        """
        return ()

    def compared(self) -> tuple[tuple[str, str], ...]:
        """Table and name of each column by which people are compared with accounts."""
        return ()

    def measured_in(self, of: UnitOf, told: Told) -> Quantity:
        """The unit that the result has, whatever ``unit`` says; what is mixed goes to ``told``."""
        return None

    def values(self, problem: Problem) -> Floats:
        """The measure of each account, shape (accounts,)."""
        raise NotImplementedError

    def at(self, problem: Problem, account: Any, rep: Any) -> Floats:
        """The measure of each pair given by positions, shape (len(account),)."""
        raise NotImplementedError

    def notes(self, problem: Problem) -> tuple[str, ...]:
        """What looks odd but can be used as written."""
        return ()


@cache
def registry() -> dict[str, type[Measure]]:
    """Every measure by its kind: the files of this package, then entry points."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    for entry in entry_points(group="optiterr.measures"):
        entry.load()
    found: dict[str, type[Measure]] = {}
    for measure in _subclasses(Measure):
        kind = measure.model_fields["kind"].default
        if isinstance(kind, str):
            if kind in found and found[kind] is not measure:
                raise SpecError(
                    f"measure kind {kind!r}",
                    f"{found[kind].__module__} and {measure.__module__} both define it",
                    "rename one of the two kinds",
                )
            found[kind] = measure
    return dict(sorted(found.items()))


def _subclasses(base: type[Any]) -> list[type[Any]]:
    return [one for child in base.__subclasses__() for one in (child, *_subclasses(child))]


def measure_class(kind: str) -> type[Measure]:
    """The measure of that kind; SpecError with the nearest known kind when there is none."""
    known = registry()
    if kind in known:
        return known[kind]
    raise SpecError(
        "measures",
        f"unknown kind {kind!r}",
        meant(kind, known, f"known kinds: {', '.join(known)}"),
    )
