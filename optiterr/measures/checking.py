"""What can be said against measures before any table is read: names, circles, units, attributes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from optiterr.errors import meant
from optiterr.measures import Measure
from optiterr.measures.mixing import UnitOf, mixed
from optiterr.measures.needs import Measures, Objection, circles, misread, needs, order, read_as
from optiterr.problem import COUNT, Column
from optiterr.protected import is_protected, refusal
from optiterr.units import Quantity, Undeclared, Unit, alike

RESERVED = (
    "account_id", "owner_id", "rep_id", COUNT, "distance", "distance_km",
    "account", "rep", "pair", "and", "or", "not", "any", "all",
)  # fmt: skip
"""Names that mean something else in formulas, filters or rules."""


@dataclass(frozen=True)
class Around:
    """What a scenario says of the tables around its measures, by table: accounts, reps, pairs, or
    ``tables.<name>`` for a further one.

    ``units`` are the declared units of columns, ``written`` the file's names of renamed ones.
    """

    units: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    written: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tables: tuple[str, ...] = ()


def objections(
    measures: Measures, around: Around, rules: Mapping[str, object] | None = None
) -> Iterator[Objection]:
    """Everything that can be said against ``measures``, and against ``rules`` for what they read.

    Rules say what they read with ``asks()``, what they compare with ``compares()``, and by which
    columns they compare people with ``compared()``; those without such a method say nothing.
    """
    rules = rules or {}
    found = [*_names(measures), *circles(measures), *misread(measures), *_tables(measures, around)]
    for name, rule in rules.items():
        for one in _columns(rule):
            found += read_as(("rules", name), one, measures)
    found += _personal(measures, around, rules)
    yield from dict.fromkeys(found)
    if not any(one.place[0] == "measures" for one in found):
        yield from dict.fromkeys(_units(measures, around, rules))


def units_of(measures: Measures, units: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The unit of each account or pair column and each measure of which one is known, by name.

    ``units`` are declared by table. What is mixed is not told here: see :func:`objections`.
    """
    return _Units(measures, units).known()


def _names(measures: Measures) -> Iterator[Objection]:
    for name in measures:
        if name in RESERVED:
            what = f"the name {name!r} means something else in rules and formulas"
            yield Objection(("measures", name), what, "choose another name")


def _tables(measures: Measures, around: Around) -> Iterator[Objection]:
    """Measures that read a further table that is not declared."""
    for name, measure in measures.items():
        for table in dict.fromkeys(one.table for one in measure.reads()):
            short = str(table).removeprefix("tables.")
            if table != short and short not in around.tables:
                fix = meant(short, around.tables, f"add it under data: tables: {short}:")
                yield Objection(("measures", name), f"there is no table {short!r}", fix)


def _columns(rule: object) -> tuple[Column, ...]:
    says = getattr(rule, "asks", None)
    return tuple(says()) if callable(says) else ()


# ---------------------------------------------------------------------------- protected attributes


def _personal(
    measures: Measures, around: Around, rules: Mapping[str, object]
) -> Iterator[Objection]:
    """Columns by which people are compared, straight or through measures, that are protected."""
    compare: list[tuple[tuple[str, str], object]] = []
    compare += [(("measures", name), one) for name, one in measures.items()]
    compare += [(("rules", name), one) for name, one in rules.items()]
    for place, one in compare:
        says = getattr(one, "compared", None)
        if not callable(says):
            continue
        for table, name in _sources(says(), measures):
            shown = around.written.get(table, {}).get(name, name)
            word = is_protected(name) or is_protected(shown)
            if word is not None:
                yield Objection(place, *refusal(name, shown, word))


def _sources(columns: Iterable[tuple[str, str]], measures: Measures) -> Iterator[tuple[str, str]]:
    """The columns of files behind ``columns``, and those themselves."""
    open_, seen = list(columns), set[tuple[str, str]]()
    while open_:
        one = open_.pop(0)
        if one in seen:
            continue
        seen.add(one)
        yield one
        if one[0] in ("accounts", "pairs", "measure") and one[1] in measures:
            open_ += [(read.table, read.name) for read in measures[one[1]].reads()]


# -------------------------------------------------------------------------------------------- units


def _units(measures: Measures, around: Around, rules: Mapping[str, object]) -> Iterator[Objection]:
    known = _Units(measures, around.units)
    yield from known.objections
    reps = around.units.get("reps", {})
    for fault in mixed(rules, known.known(), reps):
        yield Objection(("rules", fault.where.removeprefix("rules.")), fault.what, fault.fix)


class _Units:
    """The units of measures, one after the other in the order of need."""

    def __init__(self, measures: Measures, units: Mapping[str, Mapping[str, str]]) -> None:
        self.measures = measures
        self.declared = units
        self.found: dict[str, Quantity] = {}
        self.objections: list[Objection] = []
        for name in order(measures) if needs(measures) else ():
            self.found[name] = self.of_measure(name, measures[name])

    def known(self) -> dict[str, str]:
        """Units by name, of account and pair columns and of measures."""
        columns = {**self.declared.get("accounts", {}), **self.declared.get("pairs", {})}
        made = {name: str(unit) for name, unit in self.found.items() if isinstance(unit, Unit)}
        return {**columns, **made}

    def of_measure(self, name: str, measure: Measure) -> Quantity:
        place = ("measures", name)

        def told(where: str, what: str, fix: str) -> None:
            self.objections.append(Objection(place, f"{where}: {what}", fix))

        of: UnitOf = self.of
        gives = measure.measured_in(of, told)
        if measure.unit is None:
            if gives is None:
                return Undeclared((name,), (f"measures.{name}.unit",))
            return gives
        stated = Unit.of(measure.unit)
        if isinstance(gives, Unit):
            try:
                alike(gives, stated)
            except ValueError:
                told("unit", f"the result is in {gives}, and unit says {stated}",
                     f"write unit: {gives}, or bring the result to {stated}")  # fmt: skip
        return stated

    def of(self, table: str, name: str) -> Quantity:
        """The unit of a column or a measure that a formula reads."""
        if table in ("accounts", "pairs") and name in self.measures:
            return self.found[name]
        text = self.declared.get(table, {}).get(name)
        if text is not None:
            return Unit.of(text)
        if table == "accounts" and name == COUNT:
            return Unit.of("count")
        return Undeclared((name,), (f"data.{table}.units.{name}",))
