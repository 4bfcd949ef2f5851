"""Which forms of a comparison there are, and how they are written beside the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from optiterr.comparison.side_by_side import Comparison
from optiterr.errors import Fault, SpecError, meant
from optiterr.frontier.values import Frontier
from optiterr.outputs.forms.excel import excel
from optiterr.outputs.forms.geojson import geojson
from optiterr.outputs.forms.kml import kml
from optiterr.outputs.forms.made import Form
from optiterr.outputs.forms.parquet import parquet
from optiterr.outputs.forms.pictures import pictures
from optiterr.outputs.forms.routes import routes

ALL = "all"
"""Stands for every form."""

FORMS: dict[str, Form] = {
    "excel": excel,
    "parquet": parquet,
    "geojson": geojson,
    "kml": kml,
    "routes": routes,
    "pictures": pictures,
}
"""Every form by its name; each is a function from a comparison to files."""

OF_TABLES = ("geojson", "kml", "routes")
"""Forms of single accounts: nothing to write when the comparison does not tell them."""


@dataclass(frozen=True)
class Written:
    """The files of a form, and what their reader has to be told."""

    form: str
    paths: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def forms_asked(asked: Iterable[str]) -> tuple[str, ...]:
    """The forms that ``asked`` names, in our order; commas part names, ``all`` stands for all.

    Raises SpecError that names every word that is no form.
    """
    words = [word.strip() for one in asked for word in one.split(",") if word.strip()]
    known = (*FORMS, ALL)
    faults = [
        Fault(
            "forms",
            f"there is no form {word!r}",
            meant(word, known, f"write some of: {', '.join(known)}"),
        )
        for word in words
        if word not in known
    ]
    if faults:
        raise SpecError.of(faults)
    return tuple(name for name in FORMS if name in words or ALL in words)


def write_forms(
    comparison: Comparison,
    folder: str | Path,
    forms: Iterable[str] = (ALL,),
    curves: Sequence[Frontier] = (),
    *,
    tell: Callable[[Written], None] | None = None,
) -> list[Written]:
    """Writes ``forms`` of a comparison into ``folder``; returns the files and notes of each.

    The same comparison gives the same bytes. Files of the same names are replaced, others stay.
    ``curves`` are frontiers for the workbook and the pictures. ``tell`` hears of each form as soon
    as it is written.
    """
    folder = Path(folder)
    found = []
    for name in forms_asked(forms):
        paths: list[Path] = []
        notes: list[str] = []
        for file in FORMS[name](comparison, curves):
            path = folder / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
            paths.append(path)
            notes += file.notes
        if not paths and name in OF_TABLES:
            notes.append(f"{name}: nothing written: the comparison does not tell single accounts")
        found.append(Written(name, tuple(paths), tuple(notes)))
        if tell is not None:
            tell(found[-1])
    return found
