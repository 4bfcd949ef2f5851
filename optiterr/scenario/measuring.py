"""What is wrong with the measures of a scenario, told at the lines that write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiterr.measures.checking import Around, objections
from optiterr.scenario.tree import Faults, Node, Origin
from optiterr.tables.calendar import made_units
from optiterr.tables.spec import DataSpec, PairSource

if TYPE_CHECKING:
    from optiterr.scenario.loading import Scenario


def check_measures(scenario: Scenario, tree: Node, faults: Faults, case: str) -> None:
    """Notes circles, unknown tables, mixed units and protected attributes among measures and rules.

    Columns are looked up when the tables are read.
    """
    for one in objections(scenario.measures, around(scenario.data), scenario.rules):
        faults.add(_origin(tree, one.place), one.what, one.fix, one.place, case)


def around(data: DataSpec) -> Around:
    """What a scenario's description of its tables says that measures depend on."""
    sources = {"accounts": data.accounts, "reps": data.reps}
    sources |= {f"tables.{name}": source for name, source in data.tables.items()}
    pairs = {"pairs": data.pairs} if isinstance(data.pairs, PairSource) else {}
    units = {key: dict(source.units) for key, source in {**sources, **pairs}.items()}
    units["reps"] = {**made_units(data.reps.calendar), **units["reps"]}
    written = {key: dict(source.columns) for key, source in {**sources, **pairs}.items()}
    return Around(units, written, tuple(data.tables))


def _origin(tree: Node, place: tuple[str, str]) -> Origin:
    """The line of a measure or a rule, or of the nearest thing around it."""
    node = tree
    for key in place:
        below = node.value.get(key) if isinstance(node.value, dict) else None
        node = below or node
    return node.origin
