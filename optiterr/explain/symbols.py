"""Every column that the rules read: its symbol, its unit, where it comes from, who reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from optiterr.explain.markdown import code, law, plain, table, value
from optiterr.findings import counted, listed, written
from optiterr.groups import needed_columns
from optiterr.measures import Measure
from optiterr.measures.formula import Arithmetic
from optiterr.notation import symbol
from optiterr.problem import COUNT, Column, Problem
from optiterr.rules import Rule
from optiterr.scenario.formulation import ModelSpec
from optiterr.scenario.loading import Scenario
from optiterr.scenario.measuring import around
from optiterr.tables.spec import PairSource, TableSource, place_of

SHOWN = 6
"""So many values of a text column are shown."""


@dataclass(frozen=True)
class Symbol:
    """A column that is read: ``table`` is accounts, reps, pairs or tables.<name>.

    ``adds_up``: some reader adds it up, so that its sum means something. ``readers`` are
    rules, measures and groups, as they are shown.
    """

    table: str
    name: str
    kind: str
    adds_up: bool
    readers: tuple[str, ...]

    @property
    def text(self) -> str:
        """How formulas write it."""
        index = {"accounts": "i", "reps": "j", "pairs": "ij"}.get(self.table)
        return symbol(self.name) if index is None else f"{symbol(self.name)}_{index}"


def of_pairs(
    rules: Mapping[str, Rule], measures: Mapping[str, Measure], problem: Problem | None
) -> frozenset[str]:
    """Names of the measures that depend on the rep: as rules ask, as derived, as in the data."""
    asked = [one for rule in rules.values() for one in rule.asks() if one.table == "pairs"]
    derived = [name for name, measure in measures.items() if measure.is_of_pairs]
    given = () if problem is None else (*problem.pair_columns, *problem.pair_measures)
    return frozenset([*(one.name for one in asked), *derived, *given])


def symbols(spec: ModelSpec, problem: Problem | None) -> tuple[Symbol, ...]:
    """What rules read, then measures, then groups: each once and in the order of reading."""
    pairs = of_pairs(spec.rules, spec.measures, problem)
    asked: list[tuple[str, Column]] = []
    for name, rule in spec.rules.items():
        asked += [(code(name), one) for one in rule.asks()]
    for name, measure in spec.measures.items():
        asked += [(f"measure {code(name)}", one) for one in measure.reads()]
    for name, groups in spec.groups.items():
        asked += [(f"groups {code(name)}", one) for one in needed_columns({name: groups})]
    found: dict[tuple[str, str], list[tuple[str, Column]]] = {}
    for reader, one in asked:
        home = one.table
        if home in ("measure", "accounts"):
            home = "pairs" if one.name in pairs else "accounts"
        if home != "accounts" or one.name != COUNT or _has(problem, COUNT):
            found.setdefault((home, one.name), []).append((reader, one))
    return tuple(
        Symbol(
            home,
            name,
            next((one.kind for _, one in reads if one.kind != "any"), "any"),
            any(one.additive and one.minimum == 0.0 for _, one in reads),
            tuple(dict.fromkeys(reader for reader, _ in reads)),
        )
        for (home, name), reads in found.items()
    )


def _has(problem: Problem | None, name: str) -> bool:
    return problem is not None and name in problem.accounts


def data_section(spec: ModelSpec, units: Mapping[str, str], problem: Problem | None) -> list[str]:
    """The symbols as a table, then each derived measure with its own formula.

    ``units`` are those of account and pair columns and of measures.
    """
    scenario = spec if isinstance(spec, Scenario) else None
    head = ["symbol", "unit", "what it is", "where it comes from", "read by"]
    rows = [
        [
            code(one.text),
            plain(_unit(one, units, scenario)),
            _meaning(one),
            _origin(one, scenario, spec.measures),
            ", ".join(one.readers),
            *([] if problem is None else [plain(_values(one, problem))]),
        ]
        for one in symbols(spec, problem)
    ]
    if problem is not None:
        head.append("values")
    lines = table(head, rows) or ["The rules read no column.", ""]
    for name, measure in spec.measures.items():
        lines += _measure(name, measure, units.get(name, ""))
    return lines


def _unit(one: Symbol, units: Mapping[str, str], scenario: Scenario | None) -> str:
    """The unit that is declared or follows, where there is one."""
    if one.table in ("accounts", "pairs"):
        return units.get(one.name, "")
    if scenario is None:
        return ""
    return around(scenario.data).units.get(one.table, {}).get(one.name, "")


def _source(home: str, scenario: Scenario) -> TableSource | PairSource | None:
    data = scenario.data
    if home.startswith("tables."):
        return data.tables.get(home.removeprefix("tables."))
    if home == "pairs":
        return data.pairs if isinstance(data.pairs, PairSource) else None
    return data.accounts if home == "accounts" else data.reps


def _meaning(one: Symbol) -> str:
    whose = {"accounts": "account", "reps": "rep", "pairs": "account and rep"}.get(one.table)
    of = f"table {code(one.table.removeprefix('tables.'))}" if whose is None else f"each {whose}"
    return f"{'value' if one.kind == 'any' else one.kind} of {of}"


def _origin(one: Symbol, scenario: Scenario | None, measures: Mapping[str, Measure]) -> str:
    if one.table in ("accounts", "pairs") and one.name in measures:
        return f"derived below, *{measures[one.name].kind}*"
    if scenario is None:
        return "to be given"
    if one.table == "reps" and one.name in scenario.data.reps.calendar:
        calendar = scenario.data.reps.calendar[one.name]
        first = calendar.first_day or scenario.planning_date or "the planning date"
        return f"calendar of the reps, {first} to {calendar.last_day}"
    source = _source(one.table, scenario)
    if source is None:
        return "not in the scenario"
    written_as = source.columns.get(one.name, one.name)
    return f"{plain(place_of(source, f'data.{one.table}').name)}, column {code(written_as)}"


def _values(one: Symbol, problem: Problem) -> str:
    """The range and the sum of numbers, the commonest texts."""
    cells = _cells(one, problem)
    if cells is None:
        return ""
    if one.kind == "number" and one.table in ("accounts", "reps", "pairs"):
        numbers = pd.to_numeric(cells, errors="coerce").dropna()
        if numbers.empty:
            return "all empty"
        low, high = written(float(numbers.min())), written(float(numbers.max()))
        ends = f"{low} to {high}" if low != high else f"{low} each"
        total = f", {written(float(numbers.sum()))} in all"
        return ends + total if one.adds_up and one.table != "pairs" else ends
    told = cells[cells.notna() & (cells.astype(str) != "")]
    count = told.astype(str).value_counts(sort=True)
    names = sorted(count.index, key=lambda name: (-int(count[name]), name))
    return f"{counted(len(names), 'value')}: {listed(names, SHOWN)}" if names else "all empty"


def _cells(one: Symbol, problem: Problem) -> pd.Series[Any] | None:
    if one.table == "pairs":
        if one.name in problem.pair_columns:
            return pd.Series(np.asarray(problem.pair_columns[one.name]))
        return None
    home = one.table.removeprefix("tables.")
    frame = {"accounts": problem.accounts, "reps": problem.reps}.get(one.table)
    frame = problem.tables.get(home) if frame is None else frame
    return None if frame is None or one.name not in frame else frame[one.name]


def _measure(name: str, measure: Measure, unit: str) -> list[str]:
    """A derived measure: its law, its own formula and its settings."""
    told = f"{symbol(name)}_{'ij' if measure.is_of_pairs else 'i'}"
    head = f"*{measure.kind}*{f' in {plain(unit)}' if unit else ''}"
    about = [plain(measure.description), ""] if measure.description else []
    if isinstance(measure, Arithmetic):
        return [f"{code(f'{told} = {measure.formula}')}, {head}.", "", *about]
    lines = [f"{code(told)}, {head}: {law(type(measure))}", "", *about]
    if measure.algebra:
        lines += ["$$", measure.algebra.strip(), "$$", ""]
    return [*lines, *table(["setting", "value"], _settings(measure))]


def _settings(measure: Measure) -> Iterator[list[str]]:
    fields = type(measure).model_fields
    kept = measure.model_dump(mode="json", by_alias=True, exclude={"kind", "unit", "description"})
    for key, given in kept.items():
        field = next((one for name, one in fields.items() if key in (name, one.alias)), None)
        if field is None or given != field.get_default(call_default_factory=True):
            yield [code(key), value(given)]
