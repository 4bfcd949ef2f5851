"""The tidy tables of a comparison: figures, books, moves, rules, findings and the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from optiterr.comparison.case import Case
from optiterr.comparison.figures import AVERAGE
from optiterr.comparison.side_by_side import Comparison
from optiterr.findings import Finding
from optiterr.outputs.forms.people import people
from optiterr.outputs.forms.tidy import Cell, Column, Tidy, measure_columns, of_rows

CASE = Column("case", "name of the case")
REP = Column("rep_id", "rep")
OF_MEASURE = "that of the measure"

FIGURES = (
    Column("case", "name of the case; 'today' is today's books"),
    Column("figure", "key of the figure: family, or family:measure, or family:rule"),
    Column("title", "the figure in words"),
    Column("unit", "what one unit is; empty: the unit of prices, or a share (1 is all)"),
    Column("value", "the value, exact", "number", "that in the column unit"),
    Column(
        "today",
        "the same figure of today's books, judged by the rules of this case",
        "number",
        "that in the column unit",
    ),
    Column("change", "value less that of the baseline", "number", "that in the column unit"),
    Column("verdict", "which way the change goes: better, worse, same; none: no claim is made"),
    Column("mark", "what may be said of the change: proved, not proved, not comparable, by case"),
)
BOOKS = (
    CASE,
    REP,
    Column("rep_name", "name of the rep, where the roster has one"),
    Column("leaves", "1 when the rep leaves or has left", "whole"),
    Column("measure", "what is added up"),
    Column("before", "load today", "number", OF_MEASURE),
    Column("after", "load in the plan", "number", OF_MEASURE),
    Column(
        "index",
        "load in the plan over the mean of reps who stay, times 1000; empty for who leaves",
        "number",
        "points",
    ),
    Column(
        "target",
        "load that a balance or fairness rule aims at; empty without one",
        "number",
        OF_MEASURE,
    ),
    Column("kept", "load of accounts that stay with the rep", "number", OF_MEASURE),
    Column("gained", "load of accounts that come to the rep", "number", OF_MEASURE),
    Column("lost", "load of accounts that leave the rep", "number", OF_MEASURE),
)
USE = (
    CASE,
    REP,
    Column("rule", "capacity rule"),
    Column("limit", "limit of the rep", "number", "that of the rule's measure"),
    Column("use_before", "load / limit today", "number", "share"),
    Column("use", "load / limit in the plan", "number", "share"),
)
MOVES = (
    CASE,
    Column("account_id", "account"),
    Column("account_name", "name of the account, where the data has one"),
    Column("from_rep", "owner today, as written; empty: nobody"),
    Column("from_name", "name of that rep"),
    Column("to_rep", "rep in the plan; empty: nobody"),
    Column("to_name", "name of that rep"),
    Column("kind", "moved: the owner stays; forced: the owner leaves or left; new: nobody's today"),
    Column(
        "worth",
        "change of the plan's cost if this account alone stayed as it is today; empty: not "
        "allowed, or not judged",
        "number",
        "unit of prices",
    ),
    Column("why", "what speaks for the move, in words"),
)
FLOWS = (
    CASE,
    *MOVES[3:8],
    Column("measure", "what is added up"),
    Column("amount", "what goes from one rep to the other", "number", OF_MEASURE),
)
RULES = (
    CASE,
    Column("rule", "name of the rule in the scenario"),
    Column("kind", "kind of rule"),
    Column("price", "cost of a unit broken; empty: hard, never broken", "number", "unit of prices"),
    Column("law", "what the rule demands, in words"),
    Column("settings", "its other settings, where they are not the default"),
)
FINDINGS = (
    CASE,
    Column(
        "of", "plan, today (today's books break a hard rule), or blocking (why there is no plan)"
    ),
    Column("rule", "rule that says it"),
    Column("weight", "breach, priced, or note"),
    Column("where", "account, rep or group it is about"),
    Column("amount", "how much, in the unit of the rule's price", "number", "that in unit"),
    Column("unit", "unit of the amount"),
    Column("message", "the finding in words"),
)
LOG = (
    CASE,
    Column("seconds", "seconds since the solver began", "number", "s"),
    Column("incumbent", "cost of the best plan so far", "number", "unit of prices"),
    Column("bound", "the solver's bound so far", "number", "unit of prices"),
    Column("phase", "what the solver worked on, where it says so"),
)


def tables_of(comparison: Comparison) -> dict[str, Tidy]:
    """Every tidy table by its name; those without rows too."""
    measures = [name for case in comparison.cases for name in case.move_measures]
    named = measure_columns(
        (name for name in measures if name != "accounts"), MOVES, "{} of the account"
    )
    found = (
        of_rows("figures", "key figures of every case", FIGURES, _figures(comparison)),
        of_rows("books", "what each rep carries", BOOKS, _books(comparison)),
        of_rows("capacity", "how full each rep is", USE, _use(comparison)),
        of_rows(
            "moves",
            "accounts whose rep changes",
            (*MOVES, *named.values()),
            _moves(comparison, list(named)),
        ),
        of_rows("flows", "what goes from rep to rep", FLOWS, _flows(comparison)),
        *people(comparison),
        of_rows("rules", "what each case asks for", RULES, _rules(comparison)),
        of_rows("findings", "what rules found in plans and books", FINDINGS, _findings(comparison)),
        of_rows("log", "how each solve went", LOG, _log(comparison)),
    )
    return {table.name: table for table in found}


def _figures(comparison: Comparison) -> Iterator[Sequence[Cell]]:
    for row in comparison.rows:
        form = row.figure
        for case in comparison.columns:
            value = case.values.get(form.key)
            if value is not None:
                today, cell = case.today_values.get(form.key), row.cells[case.name]
                said = (cell.change, cell.verdict, cell.mark)
                yield case.name, form.key, form.title, form.unit, value, today, *said


def _books(comparison: Comparison) -> Iterator[Sequence[Cell]]:
    for case in comparison.cases:
        for book in case.books:
            who = (case.name, book.rep_id, book.name, float(book.leaves))
            for measure in case.measures:
                mean = 0.0 if book.leaves else case.values.get(f"mean:{measure}", 0.0)
                index = {measure: AVERAGE * book.after[measure] / mean} if mean > 0 else {}
                loads = (book.before, book.after, index, book.target)
                parts = (*loads, book.kept, book.gained, book.lost)
                yield *who, measure, *(part.get(measure) for part in parts)


def _use(comparison: Comparison) -> Iterator[Sequence[Cell]]:
    for case in comparison.cases:
        for book in case.books:
            for rule, limit in book.limit.items():
                used = book.use_before.get(rule), book.use.get(rule)
                yield case.name, book.rep_id, rule, limit, *used


def _moves(comparison: Comparison, measures: Sequence[str]) -> Iterator[Sequence[Cell]]:
    for case in comparison.cases:
        for move in case.moves:
            yield (
                *(case.name, move.account_id, move.name, move.from_rep, move.from_name),
                *(move.to_rep, move.to_name, move.kind, move.worth, move.why),
                *(move.measures.get(name) for name in measures),
            )


def _flows(comparison: Comparison) -> Iterator[Sequence[Cell]]:
    for case in comparison.cases:
        for flow in case.flows:
            ends = (flow.from_rep, flow.from_name, flow.to_rep, flow.to_name)
            for measure, amount in flow.measures.items():
                yield case.name, *ends, flow.kind, measure, amount


def _rules(comparison: Comparison) -> Iterator[Sequence[Cell]]:
    for case in comparison.cases:
        for rule in case.rules:
            settings = "; ".join(f"{key}: {value}" for key, value in rule.settings.items())
            yield case.name, rule.name, rule.kind, rule.price, rule.law, settings


def _findings(comparison: Comparison) -> Iterator[Sequence[Cell]]:
    def lines(case: Case, of: str, findings: Iterable[Finding]) -> Iterator[Sequence[Cell]]:
        for one in findings:
            yield (
                *(case.name, of, one.rule, str(one.weight), one.where, float(one.amount)),
                *(one.unit, one.message),
            )

    for case in comparison.cases:
        yield from lines(case, "plan", case.findings)
        yield from lines(case, "today", case.today_breaches)
        yield from lines(case, "blocking", case.blocking)


def _log(comparison: Comparison) -> Iterator[Sequence[Cell]]:
    for case in comparison.cases:
        for step in case.log:
            yield case.name, step.seconds, step.incumbent, step.bound, step.phase
