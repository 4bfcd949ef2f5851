"""Which unit a formula gives, and every place where it mixes units that do not go together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction

from optiterr.errors import Fault
from optiterr.measures.tree import Call, Chain, Distance, Formula, Name, Node, Number
from optiterr.units import PLAIN, Quantity, Undeclared, Unit, alike, product, raised

UnitOf = Callable[[str, str], Quantity]
"""The unit of a column or a measure, by the table (accounts, reps, pairs) and its name."""
Told = Callable[[str, str, str], None]
"""Takes note of a fault: where, what, fix."""


def unit_of(formula: Formula, of: UnitOf, told: Told) -> Quantity:
    """The unit of what ``formula`` gives; what cannot be mixed goes to ``told``."""
    return _Mixing(formula, of, told).unit(formula.tree)


class _Mixing:
    def __init__(self, formula: Formula, of: UnitOf, told: Told) -> None:
        self.formula = formula
        self.of = of
        self.told = told

    def unit(self, node: Node) -> Quantity:
        """The unit of ``node``; of a condition, none."""
        if isinstance(node, Number):
            return None
        if isinstance(node, Name):
            return self.of(node.table, node.name) if node.kind == "number" else None
        if isinstance(node, Distance):
            return Unit.of("km")
        if isinstance(node, Chain):
            return self.chain(node)
        assert isinstance(node, Call)
        units = [self.unit(part) for part in node.parts]
        match node.function:
            case "and" | "or" | "not" | "==" | "!=":
                return None
            case "if":
                return self.same(node, units[1:])
            case "min" | "max" | "coalesce":
                return self.same(node, units)
            case "**":
                exponent = Fraction(str(node.value)).limit_denominator(10**6)
                return raised(units[0], exponent)
            case "sqrt":
                return raised(units[0], Fraction(1, 2))
            case "log" | "exp":
                return self.plain(node, units[0])
            case "unit":
                return self.given(node, units[0])
        return units[0]

    def chain(self, node: Chain) -> Quantity:
        units = [self.unit(node.first), *(self.unit(part) for _, part in node.rest)]
        operators = [op for op, _ in node.rest]
        if operators[0] in ("*", "/"):
            total = units[0]
            for op, one in zip(operators, units[1:], strict=True):
                total = product(total, one, over=op == "/")
            return total
        found = self.same(node, units)
        return found if operators[0] in ("+", "-") else None

    def same(self, node: Node, units: list[Quantity]) -> Quantity:
        """The one unit of all parts of ``node``."""
        total = units[0]
        for one in units[1:]:
            try:
                total = alike(total, one)
            except ValueError as error:
                what, _, fix = str(error).partition("; ")
                self.told(self.formula.place(node), what, fix)
        return total

    def plain(self, node: Call, unit: Quantity) -> Quantity:
        """The unit of a function that takes plain numbers only."""
        if isinstance(unit, Unit) and unit != PLAIN:
            self.told(
                self.formula.place(node),
                f"{node.function} takes a plain number, and this is in {unit}",
                f"divide by one of its unit first: x / unit(1, '{unit}')",
            )
            return PLAIN
        return unit

    def given(self, node: Call, unit: Quantity) -> Quantity:
        """The unit that ``unit(x, '...')`` says a number without one is in."""
        assert isinstance(node.value, Unit)
        if isinstance(unit, Unit) and unit != node.value:
            self.told(
                self.formula.place(node),
                f"this is in {unit} already, not in {node.value}",
                f"convert it: multiply with unit(2, '{node.value.over(unit)}')",
            )
        return node.value


def mixed(
    rules: Mapping[str, object], accounts: Mapping[str, str], reps: Mapping[str, str]
) -> list[Fault]:
    """A fault for each rule that compares a measure with a rep column in another unit.

    ``accounts`` and ``reps`` are the units of measures and of rep columns by name. A rule says
    what it compares with a method ``compares()``, pairs of a measure and a rep column; rules
    without it, and names without a unit, are left alone.
    """
    return [
        Fault(f"rules.{name}", what, fix)
        for name, rule in rules.items()
        for what, fix in _unlike(_compared(rule), accounts, reps)
    ]


def _compared(rule: object) -> Iterable[tuple[str, str]]:
    says = getattr(rule, "compares", None)
    return says() if callable(says) else ()


def _unlike(
    compared: Iterable[tuple[str, str]], accounts: Mapping[str, str], reps: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for measure, column in compared:
        if measure not in accounts or column not in reps:
            continue
        left, right = Unit.of(accounts[measure]), Unit.of(reps[column])
        if left != right:
            yield (
                f"compares {measure!r} in {left} with the reps' {column!r} in {right}",
                f"name a measure in {right} or a rep column in {left}, or correct the units",
            )


def declared(unit: str | None, name: str, place: str) -> Quantity:
    """The unit that is written for a column, or that none is and where it would be."""
    return Undeclared((name,), (place,)) if unit is None else Unit.of(unit)
