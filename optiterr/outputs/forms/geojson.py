"""Accounts and homes of reps as GeoJSON (RFC 7946), for maps and geographic databases."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from optiterr.comparison.accounts import NOT_THERE, AccountTable
from optiterr.comparison.case import TODAY
from optiterr.comparison.side_by_side import Comparison
from optiterr.errors import DataError, Fault
from optiterr.findings import counted
from optiterr.frontier.values import Frontier
from optiterr.outputs.forms.made import File

READ = (
    "'rep <case>' is who serves the account in the case; null: nobody; absent: the account is not "
    "in the data of the case. Features without geometry have no place."
)
"""What a reader of the files has to know; stands in them."""


def geojson(comparison: Comparison, _: Sequence[Frontier] = ()) -> Iterator[File]:
    """``accounts.geojson`` and ``reps.geojson``: a feature for every account and for every rep.

    Who has no place is a feature without geometry, and is counted in ``about`` and in the notes.
    A property ``rep <case>`` is null where nobody serves the account and absent where the data of
    the case does not have it. Raises DataError for a place that is not on the globe.
    """
    table = comparison.accounts
    if table is None:
        return
    check_places(comparison, table)
    yield _collection("accounts", comparison, _accounts(comparison, table))
    yield _collection("reps", comparison, _reps(comparison))


def check_places(comparison: Comparison, table: AccountTable) -> None:
    """DataError that names every place that is not on the globe."""
    places = [
        *zip(table.ids, table.latitude, table.longitude, strict=True),
        *((rep.rep_id, rep.latitude, rep.longitude) for rep in comparison.reps),
    ]
    faults = [
        Fault(
            f"place of {one!r}",
            f"latitude {north:g}, longitude {east:g} is not on the globe",
            "write degrees: latitude from -90 to 90, longitude from -180 to 180",
        )
        for one, north, east in places
        if north is not None and east is not None and not (abs(north) <= 90 and abs(east) <= 180)
    ]
    if faults:
        raise DataError.of(faults)


def _accounts(comparison: Comparison, table: AccountTable) -> Iterator[dict[str, Any]]:
    ids = [rep.rep_id for rep in comparison.reps]
    names = [rep.name for rep in comparison.reps]
    plans = {TODAY: table.today, **table.served}
    keys = {case: (f"rep {case}", f"rep name {case}") for case in plans}
    lead = comparison.lead
    amounts = table.measures.get(lead)
    for at, account_id in enumerate(table.ids):
        told: dict[str, Any] = {"id": account_id, "name": table.names[at]}
        if amounts is not None:
            told[f"measure {lead}"] = amounts[at]
        for case, served in plans.items():
            rep = served[at]
            if rep != NOT_THERE:
                told[keys[case][0]] = ids[rep] if rep >= 0 else None
                told[keys[case][1]] = names[rep] if rep >= 0 else None
        yield _feature(account_id, table.latitude[at], table.longitude[at], told)


def _reps(comparison: Comparison) -> Iterator[dict[str, Any]]:
    for rep in comparison.reps:
        told = {
            "id": rep.rep_id,
            "name": rep.name,
            "manager": rep.manager,
            "leaves": rep.leaves,
        }
        yield _feature(rep.rep_id, rep.latitude, rep.longitude, told)


def _feature(
    one: str, north: float | None, east: float | None, told: Mapping[str, Any]
) -> dict[str, Any]:
    known = north is not None and east is not None
    point = {"type": "Point", "coordinates": [east, north]} if known else None
    return {"type": "Feature", "id": one, "geometry": point, "properties": told}


def _collection(what: str, comparison: Comparison, features: Iterable[dict[str, Any]]) -> File:
    """The file, a feature on each line."""
    lines, lost = [], 0
    for feature in features:
        lost += feature["geometry"] is None
        lines.append(_text(feature))
    about = {
        "comparison": comparison.name,
        "title": comparison.title,
        "cases": [case.name for case in comparison.columns],
        "lead": comparison.lead,
        "read": READ,
        what: len(lines),
        "without_place": lost,
    }
    head = f'{{"type": "FeatureCollection", "about": {_text(about)}, "features": [\n'
    notes: tuple[str, ...] = ()
    if lost:
        said = f"{counted(lost, what.removesuffix('s'))} of {len(lines):,} without a place"
        notes = (f"{what}.geojson: {said}: features without geometry, not on any map",)
    return File(f"{what}.geojson", (head + ",\n".join(lines) + "\n]}\n").encode(), notes)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
