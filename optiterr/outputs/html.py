"""A comparison as one HTML page: opens offline, loads nothing, escapes every name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from optiterr.comparison.case import Case
from optiterr.comparison.figures import MISSING, figure, show
from optiterr.comparison.side_by_side import Comparison, Row, RuleLine
from optiterr.findings import Finding
from optiterr.outputs import charts
from optiterr.outputs.charts import DRAWN
from optiterr.outputs.charts_flows import flows
from optiterr.outputs.charts_shares import shares
from optiterr.outputs.drawing import Picture
from optiterr.outputs.embedded import embedded
from optiterr.outputs.maps import Map, drawings, map_of
from optiterr.outputs.words import baseline_title, changed, judged, unit_of

MOST_MOVES = 300
"""Rows of moves that stand in the page without its script, over all cases."""

MOST_BOOKS = 480
"""Rows of books that stand in the page without its script, over all cases."""

SCRIPT = ("core", "grid", "map", "books", "sections")
"""Files of the page's script, in their order."""

MOST_FINDINGS = 8
"""Findings shown of one rule in one case; further ones are in findings.csv only."""

MOST_MEASURES = 4
"""Measures with columns of their own in the table of books and in the table of moves."""


@dataclass(frozen=True)
class Drawings:
    """The pictures of the page, by section."""

    overview: tuple[Picture, ...]
    balance: tuple[tuple[str, tuple[Picture, ...]], ...]
    capacity: tuple[Picture, ...]
    shares: tuple[Picture, ...]
    flows: tuple[Picture, ...]
    matrices: tuple[Picture, ...]
    solve: tuple[Picture, ...]


def page(comparison: Comparison, further: Sequence[Picture] = ()) -> str:
    """The page as text; the same comparison gives the same page.

    ``further`` pictures stand behind those of the trade-off.
    """
    loader = Environment(
        loader=PackageLoader("optiterr.outputs"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    loader.filters |= {"exact": repr, "svg": _svg}
    loader.globals |= {
        "MISSING": MISSING,
        "changed": changed,
        "judged": judged,
        "unit_of": unit_of,
        "show": show,
        "figure": figure,
        "colour": partial(charts.colour_of, comparison),
        "quoted": partial(_quoted, comparison),
    }
    solved = [case for case in comparison.cases if case.has_plan]
    measures, drawn = _measures(comparison), map_of(comparison)
    coloured = {case.name: charts.colour_of(comparison, case.name) for case in comparison.columns}
    return loader.get_template("report.html").render(
        c=comparison,
        solved=solved,
        pictures=pictures_of(comparison, solved[:DRAWN], further, drawn),
        maps=drawings(comparison, drawn, solved[:DRAWN]),
        data=Markup(embedded(comparison, drawn, coloured, measures)),
        script=Markup(_script()),
        differing=_differing(comparison),
        ranked=any(case.reps > charts.NAMED for case in solved),
        left_out=max(0, len(solved) - DRAWN),
        baseline=baseline_title(comparison),
        headline=[row for row in comparison.rows if row.figure.headline],
        sections=_sections(comparison.rows),
        measures=measures,
        most_moves=max(10, MOST_MOVES // max(1, len(solved))),
        most_books=max(40, MOST_BOOKS // max(1, len(solved))),
        most_findings=MOST_FINDINGS,
        rules=_rules(comparison.cases or (comparison.today,)),
        silent=_silent(comparison),
        by_rule=_by_rule,
    )


def _svg(picture: Picture) -> Markup:
    """The drawing as markup: :func:`drawing.inline` let known elements through only."""
    return Markup(picture.svg)


def _script() -> str:
    """The page's script: its parts in one scope."""
    folder = files("optiterr.outputs") / "templates" / "script"
    parts = [(folder / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPT]
    return "\n".join(['"use strict";', "(() => {", *parts, "})();"])


def _differing(comparison: Comparison) -> dict[tuple[str, str], int]:
    """How many accounts each two plans give to different reps, either way round."""
    found = {(one.first, one.second): one.accounts for one in comparison.differences}
    return found | {(second, first): count for (first, second), count in found.items()}


def pictures_of(
    comparison: Comparison,
    solved: Sequence[Case],
    further: Sequence[Picture],
    drawn: Map | None,
) -> Drawings:
    """The pictures of the page but for the maps, by section."""

    def of_cases(picture: Iterable[Picture | None]) -> tuple[Picture, ...]:
        return tuple(one for one in picture if one is not None)

    measures = [comparison.lead]
    rules = []
    reps: dict[str | None, str] = {}
    if drawn is not None:
        reps = {
            rep.rep_id: colour for rep, colour in zip(comparison.reps, drawn.colours, strict=True)
        }
    for case in solved:
        for book in case.books:
            measures += [name for name in book.target if name not in measures]
            rules += [rule for rule in book.limit if rule not in rules]
    loads = (
        (name, of_cases(charts.loads(comparison, case, name) for case in solved))
        for name in measures[:MOST_MEASURES]
    )
    return Drawings(
        overview=(
            *of_cases([charts.trade_off(comparison)]),
            *further,
            *charts.costs(comparison),
        ),
        balance=tuple((name, drawn) for name, drawn in loads if drawn),
        capacity=of_cases(charts.use(comparison, rule) for rule in rules),
        shares=of_cases(shares(comparison, solved, name) for name in measures[:MOST_MEASURES]),
        flows=of_cases(flows(case, reps) for case in solved),
        matrices=of_cases(charts.matrix(comparison, case) for case in solved),
        solve=of_cases(charts.convergence(comparison, case) for case in solved),
    )


def _sections(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.figure.section, []).append(row)
    return found


def _measures(comparison: Comparison) -> list[str]:
    """The measures that tables show, the lead first."""
    names = [name for case in comparison.cases for name in case.move_measures]
    order = dict.fromkeys([comparison.lead, *names])
    return [name for name in order if name != "accounts"][:MOST_MEASURES]


def _rules(cases: Iterable[Case]) -> list[tuple[RuleLine, dict[str, RuleLine]]]:
    """Every rule with its line in each case that has it."""
    found: dict[str, dict[str, RuleLine]] = {}
    for case in cases:
        for line in case.rules:
            found.setdefault(line.name, {})[case.name] = line
    return [(next(iter(lines.values())), lines) for lines in found.values()]


def _silent(comparison: Comparison) -> set[str]:
    """Keys of findings figures that are 0 or absent everywhere: not worth a line."""
    return {
        row.figure.key
        for row in comparison.rows
        if row.figure.section == "findings" and not any(cell.value for cell in row.cells.values())
    }


def _by_rule(findings: Iterable[Finding]) -> dict[tuple[str, str], list[Finding]]:
    """Findings by weight and rule: what is broken first, then what is paid for, then notes."""
    order = ["breach", "priced", "note"]
    found: dict[tuple[str, str], list[Finding]] = {}
    for one in sorted(findings, key=lambda one: (order.index(one.weight), one.rule, -one.amount)):
        found.setdefault((str(one.weight), one.rule), []).append(one)
    return found


def _quoted(comparison: Comparison, case: str, key: str, today: bool) -> float:
    """The value that a sentence quotes."""
    column = next(one for one in comparison.columns if one.name == case)
    return (column.today_values if today else column.values)[key]
