"""What measures need: columns of files, and each other in an order without circles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from optiterr.errors import Fault, SpecError
from optiterr.measures import Measure
from optiterr.problem import Column

Measures = Mapping[str, Measure]


@dataclass(frozen=True)
class Objection:
    """What is wrong with a measure, or with a rule that reads one, as a scenario writes it.

    ``place`` is ``("measures", name)`` or ``("rules", name)``.
    """

    place: tuple[str, str]
    what: str
    fix: str

    @property
    def fault(self) -> Fault:
        """The same, for an error."""
        return Fault(".".join(self.place), self.what, self.fix)


def is_measure(asked: Column, measures: Measures) -> bool:
    """Whether a column that is read is a measure rather than in a file."""
    return asked.name in measures and asked.table in ("accounts", "pairs", "measure")


def needs(measures: Measures) -> dict[str, tuple[str, ...]]:
    """The other measures that each measure reads."""
    return {
        name: tuple(dict.fromkeys(one.name for one in measure.reads() if is_measure(one, measures)))
        for name, measure in measures.items()
    }


def order(measures: Measures) -> tuple[str, ...]:
    """Names of measures, each after those that it reads, else as written.

    SpecError when some need each other in a circle.
    """
    faults = [one.fault for one in circles(measures)]
    if faults:
        raise SpecError.of(faults)
    return tuple(_ordered(needs(measures)))


def _ordered(needed: Mapping[str, tuple[str, ...]]) -> dict[str, None]:
    """Every measure that stands in no circle and needs none that does, in the order of need."""
    done: dict[str, None] = {}
    ready = True
    while ready:
        ready = False
        for name, others in needed.items():
            if name not in done and all(one in done for one in others):
                done[name] = None
                ready = True
    return done


def circles(measures: Measures) -> Iterator[Objection]:
    """An objection for each circle of measures that need each other."""
    needed = needs(measures)
    left = [name for name in needed if name not in _ordered(needed)]
    told: set[str] = set()
    for name in left:
        walk = [name]
        while walk[-1] not in walk[:-1]:
            walk.append(next(one for one in needed[walk[-1]] if one in left))
        circle = walk[walk.index(walk[-1]) :]
        if told.isdisjoint(circle):
            told |= set(circle)
            path = " needs ".join(circle)
            fix = "work one of them out without the others"
            if len(circle) == 2:
                path = f"{circle[0]} needs itself"
                fix = "read a column of another name, or call the measure otherwise"
            yield Objection(("measures", circle[0]), f"it cannot be worked out: {path}", fix)


def misread(measures: Measures) -> Iterator[Objection]:
    """An objection for each measure that reads another as what it is not."""
    for name, measure in measures.items():
        for one in measure.reads():
            yield from read_as(("measures", name), one, measures)


def read_as(reader: tuple[str, str], one: Column, measures: Measures) -> Iterator[Objection]:
    """An objection when ``one`` names a measure that is not of that table or kind."""
    if not is_measure(one, measures):
        return
    of_pairs = measures[one.name].is_of_pairs
    if one.kind not in ("number", "any"):
        what = f"reads the measure {one.name!r} as {one.kind}, and a measure is a number"
        yield Objection(reader, what, "read a column of the accounts, or compare the number")
    elif of_pairs and one.table == "accounts":
        what = f"reads {one.name!r} of accounts, and it is a measure of pairs of account and rep"
        fix = f"in a formula write pair.{one.name}; else name a measure of accounts"
        yield Objection(reader, what, fix)
    elif not of_pairs and one.table == "pairs":
        what = f"reads {one.name!r} of pairs, and it is a measure of accounts"
        fix = f"in a formula write {one.name}; else name a measure of pairs"
        yield Objection(reader, what, fix)
    elif one.additive and not measures[one.name].adds_up:
        what = f"adds up {one.name!r}, which counts subsidiaries twice when added up"
        fix = "use gives: own, or use it where nothing is added up: in filters and formulas"
        yield Objection(reader, what, fix)
