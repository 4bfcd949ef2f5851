"""Formula: arithmetic over columns and other measures, as a measure and as a setting of others."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from optiterr.measures import Measure
from optiterr.measures.arithmetic import evaluate
from optiterr.measures.grammar import parse
from optiterr.measures.mixing import Told, UnitOf, unit_of
from optiterr.measures.rows import COORDINATES, AccountRows, PairRows
from optiterr.measures.tree import Formula
from optiterr.pairs import Floats
from optiterr.problem import Column, Problem
from optiterr.units import Quantity


def _checked(text: str) -> str:
    parse(text)
    return text


FormulaText = Annotated[str, StringConstraints(min_length=1), AfterValidator(_checked)]
"""A formula as written; it was parsed once when it was checked."""


class Arithmetic(Measure):
    """The result of a formula, for each account or for each account and rep.

    A name is a column or another measure of the account; ``rep.quota`` is the rep's,
    ``pair.score`` the pair's, ``distance_km`` the great-circle distance of the two. A formula that
    reads any of these three gives a number for each account and rep. A division by zero, a
    missing cell or any other result that is no finite number is an error, never repaired.
    """

    kind: Literal["formula"] = "formula"
    formula: FormulaText = Field(
        description="arithmetic over columns and measures, such as visits * hours_per_visit"
    )

    @property
    def parsed(self) -> Formula:
        """The formula as a tree."""
        return parse(self.formula)

    @property
    def is_of_pairs(self) -> bool:
        return self.parsed.is_of_pairs

    def reads(self) -> tuple[Column, ...]:
        return columns_of(self.parsed)

    def compared(self) -> tuple[tuple[str, str], ...]:
        if not self.is_of_pairs:
            return ()
        return tuple((name.table, name.name) for name in self.parsed.names)

    def measured_in(self, of: UnitOf, told: Told) -> Quantity:
        return unit_of(self.parsed, of, told)

    def values(self, problem: Problem) -> Floats:
        return evaluate(self.parsed, AccountRows(problem))

    def at(self, problem: Problem, account: Any, rep: Any) -> Floats:
        return evaluate(self.parsed, PairRows(problem, account, rep))


def columns_of(formula: Formula) -> tuple[Column, ...]:
    """The columns and measures that ``formula`` reads, each once."""
    found = [
        Column(name.table, name.name, name.kind, minimum=None, missing=name.missing, additive=False)
        for name in formula.names
    ]
    return tuple(dict.fromkeys([*found, *(COORDINATES if formula.has_distance else ())]))
