"""Scenarios side by side, with today's books as one more column: every number a report may show.

Longer than other modules: the value, its filling and what may be said of costs belong together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from optiterr.comparison.accounts import AccountTable, Difference, RepLine, Team
from optiterr.comparison.case import TODAY, Book, Case, Flow, Move, RuleLine
from optiterr.comparison.figures import REGISTER, Figure, show
from optiterr.comparison.gathering import gather
from optiterr.comparison.narrative import Sentence, standing, story
from optiterr.comparison.summary import summarise, summarise_today
from optiterr.errors import AuditError, Fault, SpecError, meant
from optiterr.plan import read_file
from optiterr.rowfunctions import TOLERANCE

__all__ = [
    "AccountTable",
    "Book",
    "Case",
    "Cell",
    "Comparison",
    "Difference",
    "Flow",
    "Move",
    "RepLine",
    "Row",
    "RuleLine",
    "Team",
    "Verdict",
    "compare",
    "summarise",
    "summarise_today",
]

OF_PRICES = {"cost", "bound", "claimed", "today_cost", "saving", "saving_share", "reached"}
"""Figures in the currency of prices: compared only between cases with the same priced rules."""

OF_RULES = {
    *("term", "found", "amount", "earned", "fit"),
    *("off_target_most", "off_target_mean", "use_mean", "use_most", "over_limit"),
}
"""Figures of one rule: compared only between cases that write that rule alike."""

Basis = Literal["one problem", "same charges", "other data", "other prices"]

NOTES = (
    "Only differences of cost can be proved: a plan is proved cheaper when it costs less than the "
    "proved bound of the other case. All other figures describe the plans that were found; another "
    "plan of nearly the same cost may differ in them.",
    "Today's books are judged by the rules of each case, so that every saving compares like with "
    "like. Accounts whose owner leaves or left have no rep in today's books.",
    "Forced moves (the owner leaves or left) and accounts that nobody owns are counted apart: the "
    "share moved is of what staying reps own today.",
    "Balance is counted over the reps who stay, with empty books too.",
)
"""What a reader has to know to read the figures rightly."""


class _Value(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, ser_json_inf_nan="constants"
    )


class Cell(_Value):
    """A figure of one case, and how it differs from the baseline where that may be said."""

    value: float | None = Field(default=None, description="None: the figure does not apply")
    against: float | None = Field(default=None, description="the baseline's value")
    change: float | None = Field(default=None, description="value less the baseline's")
    relative: float | None = Field(default=None, description="change / size of the baseline's")
    verdict: Literal["better", "worse", "same", "none"] = Field(
        default="none", description="which way the change goes; none: no claim is made"
    )
    mark: Literal["", "by case", "proved", "not proved", "not comparable"] = Field(
        default="",
        description="what may be said of a difference in cost; by case: today's value depends on "
        "the rules of each case",
    )


class Row(_Value):
    """One figure over all columns; ``cells`` by the name of the case, today's first."""

    figure: Figure = Field(description="what the numbers are")
    cells: dict[str, Cell] = Field(description="a cell for each case, by its name")


class Verdict(_Value):
    """What may be said about the costs of two cases, ``first`` being the cheaper plan."""

    first: str = Field(description="name of the case with the cheaper plan")
    second: str = Field(description="name of the other")
    basis: Basis = Field(description="what the two cases have in common")
    difference: float | None = Field(description="cost of second less cost of first")
    proved: bool = Field(description="whether first costs less than any plan of second can")
    words: str = Field(description="the verdict in words")


class Comparison(_Value):
    """All that any report may show. Renderers write it down and compute nothing."""

    schema_version: Literal[1] = Field(
        default=1, alias="schema", description="version of this format"
    )
    name: str = Field(description="name of the study")
    title: str = Field(description="its title")
    baseline: str = Field(description="'today' or the name of a case")
    lead: str = Field(description="the measure that a short report speaks of")
    summary: tuple[Sentence, ...] = Field(description="the comparison in words")
    notes: tuple[str, ...] = Field(default=NOTES, description="what a reader has to know")
    standings: dict[str, str] = Field(description="how good each plan is known to be, in words")
    rows: tuple[Row, ...] = Field(description="every figure over all cases")
    verdicts: tuple[Verdict, ...] = Field(description="what is proved of every two costs")
    today: Case = Field(description="today's books")
    cases: tuple[Case, ...] = Field(description="the cases in the order of the study")
    reps: tuple[RepLine, ...] = Field(
        default=(), description="every rep of any case; empty without the tables"
    )
    accounts: AccountTable | None = Field(
        default=None, description="every account of any case; None without the tables"
    )
    differences: tuple[Difference, ...] = Field(
        default=(), description="every two plans, account by account"
    )
    teams: tuple[Team, ...] = Field(
        default=(), description="books by manager, where the roster names managers"
    )

    @property
    def columns(self) -> tuple[Case, ...]:
        """Today's books, then the cases."""
        return (self.today, *self.cases)

    def to_json(self) -> str:
        """The comparison as JSON text; numbers round-trip exactly."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=1, ensure_ascii=False)

    @classmethod
    def read(cls, path: Path) -> Comparison:
        """The comparison in file ``path``; DataError when it is not one."""
        return read_file(cls, path, "comparison.json")


def compare(
    study_name: str, title: str, cases: Sequence[Case], today: Case, baseline: str = TODAY
) -> Comparison:
    """The comparison of ``cases`` with each other and with today's books.

    Every difference is taken from ``baseline``: today's books under the rules of the case at hand,
    or another case. Raises SpecError when names clash or the baseline is unknown, and AuditError
    when a plan costs less than the proved bound of the same problem: one of the two is a lie.
    """
    _check_names(cases, baseline)
    verdicts = tuple(verdict(a, b) for a, b in combinations(cases, 2) if _costs(a, b))
    by_pair = {frozenset((one.first, one.second)): one for one in verdicts}
    rows = []
    for form in _figures((*cases, today)):
        cells = {TODAY: _today_cell(form.key, cases, today)}
        for case in cases:
            cells[case.name] = _cell(form, case, cases, baseline, by_pair)
        rows.append(Row(figure=form, cells=cells))
    told = gather(cases, today, today.lead)
    return Comparison(
        name=study_name,
        title=title or study_name,
        baseline=baseline,
        lead=today.lead,
        summary=story(cases, today),
        standings={case.name: standing(case) for case in (today, *cases)},
        rows=tuple(rows),
        verdicts=verdicts,
        today=today.on(None),
        cases=tuple(case.on(None) for case in cases),
        reps=told.reps,
        accounts=told.accounts,
        differences=told.differences,
        teams=told.teams,
    )


def _check_names(cases: Sequence[Case], baseline: str) -> None:
    names = [case.name for case in cases]
    taken = {name for name in names if names.count(name) > 1 or name == TODAY}
    if taken:
        raise SpecError.of(
            Fault(f"case {name!r}", "the name is taken", "give every case a name of its own")
            for name in sorted(taken)
        )
    if baseline not in (TODAY, *names):
        raise SpecError(
            "baseline",
            f"{baseline!r} is no case of the study",
            meant(baseline, (TODAY, *names), f"write one of: {', '.join((TODAY, *names))}"),
        )


def _figures(cases: Iterable[Case]) -> list[Figure]:
    """Every figure that some case has, by section; there by measure or rule where that helps."""
    found: dict[str, Figure] = {}
    subjects: dict[str, int] = {}
    for case in cases:
        for subject in (*case.measures, *(rule.name for rule in case.rules)):
            subjects.setdefault(subject, len(subjects))
        for form in case.figures:
            found.setdefault(form.key, form)
    sections = list(dict.fromkeys(form.section for form in REGISTER.values()))
    families = list(REGISTER)

    def place(form: Figure) -> tuple[int, int, int]:
        family, subject = families.index(form.family), subjects.get(form.subject, -1)
        by_subject = form.section in ("balance", "capacity", "findings")
        order = (subject, family) if by_subject else (family, subject)
        return (sections.index(form.section), *order)

    return sorted(found.values(), key=place)


def _today_cell(key: str, cases: Sequence[Case], today: Case) -> Cell:
    """Today's value where every case that has the figure agrees on it."""
    told = [case.today_values[key] for case in cases if key in case.today_values]
    if not told and key in today.values:
        told = [today.values[key]]
    if not told:
        return Cell()
    if any(not _same(value, told[0]) for value in told):
        return Cell(mark="by case")
    return Cell(value=told[0])


def _cell(
    form: Figure,
    case: Case,
    cases: Sequence[Case],
    baseline: str,
    verdicts: Mapping[frozenset[str], Verdict],
) -> Cell:
    value = case.values.get(form.key)
    if value is None or baseline == case.name:
        return Cell(value=value)
    if baseline == TODAY:
        return _difference(form, value, case.today_values.get(form.key))
    base = next(other for other in cases if other.name == baseline)
    against = base.values.get(form.key)
    if form.family in OF_PRICES and case.prices != base.prices:
        return Cell(value=value, mark="not comparable" if against is not None else "")
    if form.family in OF_RULES and _written(form.subject, case) != _written(form.subject, base):
        return Cell(value=value, mark="not comparable" if against is not None else "")
    cell = _difference(form, value, against)
    judged = verdicts.get(frozenset((case.name, baseline)))
    if form.family == "cost" and judged is not None and judged.basis != "one problem":
        if judged.proved:
            return cell.model_copy(update={"mark": "proved"})
        return cell.model_copy(update={"mark": "not proved", "verdict": "none"})
    return cell


def _difference(form: Figure, value: float, against: float | None) -> Cell:
    if against is None:
        return Cell(value=value)
    change = 0.0 if _same(value, against) else value - against
    if change == 0:
        way: Literal["better", "worse", "same", "none"] = "same"
    elif form.better == "none":
        way = "none"
    else:
        way = "better" if (change > 0) == (form.better == "up") else "worse"
    return Cell(
        value=value,
        against=against,
        change=change,
        relative=change / abs(against) if against else None,
        verdict=way,
    )


def _same(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b))


def _written(rule: str, case: Case) -> str:
    return next((one.written for one in case.rules if one.name == rule), "")


def _costs(a: Case, b: Case) -> bool:
    return "cost" in a.values and "cost" in b.values


def verdict(a: Case, b: Case) -> Verdict:
    """What may be said about the costs of two plans; see :data:`NOTES`."""
    if a.prices != b.prices:
        differ = sorted(_prices(a) ^ _prices(b))
        return Verdict(
            first=a.name,
            second=b.name,
            basis="other prices",
            difference=None,
            proved=False,
            words=f"The costs of {a.title} and {b.title} cannot be compared: their prices differ "
            f"({', '.join(dict.fromkeys(name for name, _ in differ))}).",
        )
    low, high = (a, b) if a.values["cost"] <= b.values["cost"] else (b, a)
    cost, bound = low.values["cost"], high.values.get("bound")
    slack = TOLERANCE * max(1.0, abs(cost))
    below = bound is not None and cost < bound - slack
    basis: Basis = (
        "one problem"
        if a.problem == b.problem
        else "same charges"
        if a.charges == b.charges
        else "other data"
    )
    whole = high.proved == "all"
    if basis == "one problem" and below and whole:
        raise AuditError(
            f"cases {low.name!r} and {high.name!r}",
            f"{low.name} costs {cost!r}, but {high.name} is said to prove that no plan of the same "
            f"problem costs less than {bound!r}",
            "run 'optiterr verify' on both plans and report the one that fails",
        )
    difference = high.values["cost"] - cost
    proved = below and whole and basis != "one problem"
    return Verdict(
        first=low.name,
        second=high.name,
        basis=basis,
        difference=difference,
        proved=proved,
        words=_words(low, high, basis, difference <= slack, proved, below),
    )


def _prices(case: Case) -> set[tuple[str, str]]:
    return {(rule.name, rule.written) for rule in case.rules if rule.price is not None}


def _words(low: Case, high: Case, basis: Basis, even: bool, proved: bool, below: bool) -> str:
    cost, bound = low.values["cost"], high.values.get("bound")
    less = show(high.values["cost"] - cost)
    data = ", each on its own data" if basis == "other data" else ""
    if basis == "one problem":
        known = [case.values["bound"] for case in (low, high) if "bound" in case.values]
        floor = f" No plan of this problem costs less than {show(max(known))}." if known else ""
        said = "cost the same" if even else f"differ by {less}: {low.title} is the cheaper plan"
        return f"{low.title} and {high.title} are two plans of one problem and {said}.{floor}"
    if even:
        return f"{low.title} and {high.title} cost the same{data}."
    if proved and bound is not None:
        return (
            f"Proved: {low.title} costs {show(cost)}, and no plan under the rules of {high.title} "
            f"costs less than {show(bound)}{data}."
        )
    why = (
        "no bound is proved there"
        if bound is None
        else f"its bound of {show(bound)} covers only the pairs considered"
        if below
        else f"its plans are only proved to cost {show(bound)} or more"
    )
    return f"Not proved: {low.title} costs {less} less than {high.title}{data}, but {why}."
