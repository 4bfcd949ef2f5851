"""Names as they can stand in other formats: signs that XML forbids shown, file names made safe."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 cannot hold, not even escaped."""

ESCAPE = re.compile("_(x[0-9a-fA-F]{4}_)")
"""A sign written by its number, as workbooks do."""

LONGEST_NAME = 60
"""Signs that are kept of an id in the name of its file."""

RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that some systems give to devices, whatever stands behind a dot."""


def visible(text: str) -> str:
    """The text with a picture in the place of each sign that XML forbids: ``␀`` for NUL.

    Signs without such a picture become ``�``.
    """
    return FORBIDDEN.sub(_picture, text)


def _picture(found: re.Match[str]) -> str:
    code = ord(found.group())
    return chr(0x2400 + code) if code < 0x20 else "\ufffd"


def file_names(ids: Iterable[str], ending: str = "") -> list[str]:
    """A file name for each id, safe on every system; no two alike, not even in another case.

    Letters, digits, minus and underscore of the id stay; all else, and what is too long, is left
    out, so an id can only be read from a list of the names.
    """
    taken: set[str] = set()
    names = []
    for one in ids:
        stem = _stem(one)
        name, count = stem, 1
        while f"{name}{ending}".casefold() in taken:
            count += 1
            name = f"{stem}-{count}"
        taken.add(f"{name}{ending}".casefold())
        names.append(f"{name}{ending}")
    return names


def _stem(text: str) -> str:
    flat = unicodedata.normalize("NFC", text)
    kept = "".join(one if one.isalnum() or one in "-_" else "_" for one in flat[:LONGEST_NAME])
    # A name that is counted in bytes must stay below 255 of them.
    while len(kept.encode()) > 2 * LONGEST_NAME:
        kept = kept[:-1]
    kept = kept.strip("-")
    return f"_{kept}" if RESERVED.fullmatch(kept) or not kept.strip("_") else kept


def headings(names: Sequence[str], longest: int = 120) -> list[str]:
    """The names as headings of columns: on one line, not too long, no two alike in any case.

    What a workbook would read as a sign by its number (``_x0041_``) loses its first line.
    """
    taken: set[str] = set()
    found = []
    for name in names:
        flat = " ".join(visible(ESCAPE.sub(r"-\1", name)).split()) or "-"
        flat = flat if len(flat) <= longest else f"{flat[: longest - 1]}…"
        told, count = flat, 1
        while told.lower() in taken or told.casefold() in taken:
            count += 1
            told = f"{flat} ({count})"
        taken |= {told.lower(), told.casefold()}
        found.append(told)
    return found
