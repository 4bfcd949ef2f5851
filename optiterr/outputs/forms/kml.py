"""Territories as KML, for globes and maps: a file per case, a folder per rep, a colour per rep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from optiterr.comparison.accounts import NOBODY_THERE, NOT_THERE, AccountTable, RepLine
from optiterr.comparison.case import TODAY
from optiterr.comparison.side_by_side import Comparison
from optiterr.findings import counted
from optiterr.frontier.values import Frontier
from optiterr.outputs.forms.geojson import check_places
from optiterr.outputs.forms.made import File
from optiterr.outputs.forms.plain import FORBIDDEN, file_names, visible
from optiterr.outputs.maps import NOBODY, map_of
from optiterr.outputs.maps_colours import PALETTE

NAMESPACE = "http://www.opengis.net/kml/2.2"
HOME, DOT = "1.2", "0.7"
"""Sizes of the marks of homes and of accounts."""

UNSERVED = "nobody"
BREAKS = {"\r": "&#13;"}


def kml(comparison: Comparison, _: Sequence[Frontier] = ()) -> Iterator[File]:
    """``territories-<case>.kml`` for today's books and for every plan.

    Accounts without a place are in their folders without a point, and counted in the description
    and in the notes. Signs that XML forbids are shown as pictures (``␀`` for NUL), which is said
    too. Raises DataError for a place that is not on the globe.
    """
    table = comparison.accounts
    if table is None:
        return
    check_places(comparison, table)
    drawn = map_of(comparison)
    many = len(comparison.reps)
    colours = [PALETTE[at % len(PALETTE)] for at in range(many)] if drawn is None else drawn.colours
    titles = {case.name: case.title for case in comparison.columns}
    plans = {TODAY: table.today, **table.served}
    files = file_names((f"territories-{case}" for case in plans), ".kml")
    marks = _marks(comparison, table)
    for (case, served), file in zip(plans.items(), files, strict=True):
        notes = _notes(comparison, table, served)
        content = _document(comparison, marks, served, titles[case], [*colours, NOBODY], notes)
        yield File(file, content, tuple(f"{file}: {note}" for note in notes))


def _notes(comparison: Comparison, table: AccountTable, served: Sequence[int]) -> list[str]:
    there = [at for at, rep in enumerate(served) if rep != NOT_THERE]
    lost = sum(table.latitude[at] is None or table.longitude[at] is None for at in there)
    absent = len(served) - len(there)
    names = [(table.ids[at], table.names[at]) for at in there]
    ends = [(rep.rep_id, rep.name) for rep in comparison.reps]
    strange = sum(any(FORBIDDEN.search(one) for one in pair) for pair in (*names, *ends))
    notes = []
    if lost:
        said = f"{counted(lost, 'account')} of {len(there):,}"
        notes.append(f"{said} without a place: in the folders, without a point")
    if absent:
        notes.append(f"{counted(absent, 'account')} not in the data of this case")
    if strange:
        said = f"{counted(strange, 'account or rep')}" if strange == 1 else f"{strange:,} names"
        notes.append(f"{said} with signs that XML forbids: shown as pictures such as ␀")
    return notes


def _document(
    comparison: Comparison,
    marks: Sequence[tuple[str, str, str]],
    served: Sequence[int],
    title: str,
    colours: Sequence[str],
    notes: Sequence[str],
) -> bytes:
    parts = [
        f'<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="{NAMESPACE}">\n<Document>\n',
        _put("name", f"{comparison.title}: {title}"),
        _put("description", "\n".join(["A folder for each rep.", *notes])),
    ]
    for at, colour in enumerate(colours):
        own = f"ff{colour[5:7]}{colour[3:5]}{colour[1:3]}"
        for kind, size, label in (("rep", DOT, "0"), ("home", HOME, "0.8")):
            parts.append(
                f'\n<Style id="{kind}{at}"><IconStyle>{_put("color", own)}{_put("scale", size)}'
                f"</IconStyle><LabelStyle>{_put('scale', label)}</LabelStyle></Style>"
            )
    ends = [*comparison.reps, RepLine(rep_id="", name=UNSERVED)]
    books: list[list[int]] = [[] for _ in ends]
    for account, rep in enumerate(served):
        if rep >= NOBODY_THERE:
            books[rep].append(account)  # nobody is the last of the ends
    for at, (line, book) in enumerate(zip(ends, books, strict=True)):
        home = _point(line.latitude, line.longitude)
        if not book and not home:
            continue
        called, who = line.name or line.rep_id, _data("rep", line.rep_id)
        folder = _put("name", f"{called} ({counted(len(book), 'account')})")
        parts.append(f"\n<Folder>{folder}")
        if home:
            more = who + _data("manager", line.manager)
            parts.append(_mark(_put("name", called), f"home{at}", more, home))
        for account in book:
            name, data, point = marks[account]
            parts.append(_mark(name, f"rep{at}", data + who, point))
        parts.append("\n</Folder>")
    parts.append("\n</Document>\n</kml>\n")
    return "".join(parts).encode()


def _marks(comparison: Comparison, table: AccountTable) -> list[tuple[str, str, str]]:
    """Name, data and point of each account, the same in every case."""
    lead = comparison.lead
    amounts = table.measures.get(lead, (None,) * len(table.ids))
    each = zip(table.ids, table.names, amounts, table.latitude, table.longitude, strict=True)
    return [
        (
            _put("name", name or one),
            _data("id", one) + ("" if amount is None else _data(lead, repr(amount))),
            _point(north, east),
        )
        for one, name, amount, north, east in each
    ]


def _mark(name: str, style: str, data: str, point: str) -> str:
    return (
        f"\n<Placemark>{name}<styleUrl>#{style}</styleUrl>"
        f"<ExtendedData>{data}</ExtendedData>{point}</Placemark>"
    )


def _put(tag: str, text: str) -> str:
    """An element with text; a bare carriage return would be read as a line feed."""
    return f"<{tag}>{escape(visible(text), BREAKS)}</{tag}>"


def _data(key: str, value: str) -> str:
    return f"<Data name={quoteattr(visible(key), BREAKS)}>{_put('value', value)}</Data>"


def _point(north: float | None, east: float | None) -> str:
    if north is None or east is None:
        return ""
    return f"<Point><coordinates>{east!r},{north!r}</coordinates></Point>"
