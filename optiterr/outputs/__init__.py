"""A comparison as files: JSON, tidy CSV tables, Markdown, and one HTML page that opens anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import entry_points
from pathlib import Path

from optiterr.comparison.side_by_side import Comparison
from optiterr.frontier.values import Frontier
from optiterr.outputs.csvs import tables
from optiterr.outputs.forms.writing import FORMS, write_forms
from optiterr.outputs.frontier import curve
from optiterr.outputs.html import page
from optiterr.outputs.markdown import report

__all__ = ["FORMS", "Writer", "render", "write_forms", "writers"]

Writer = Callable[[Comparison], Mapping[str, str]]
"""Text of each file by its name."""


def _json(comparison: Comparison) -> Mapping[str, str]:
    return {"comparison.json": comparison.to_json() + "\n"}


def writers() -> dict[str, Writer]:
    """Every kind of output: ours, then entry points ``optiterr.outputs``."""
    found: dict[str, Writer] = {
        "json": _json,
        "csv": tables,
        "markdown": lambda comparison: {"report.md": report(comparison)},
        "html": lambda comparison: {"report.html": page(comparison)},
    }
    for entry in entry_points(group="optiterr.outputs"):
        found[entry.name] = entry.load()
    return found


def render(
    comparison: Comparison, folder: str | Path, curves: Iterable[Frontier] = ()
) -> list[Path]:
    """Writes every output of ``comparison`` into ``folder`` and returns the files written.

    The same comparison gives the same bytes. Files of the same names are replaced. ``curves`` are
    frontiers of two to four goals that the page shows beside its own drawings.
    """
    drawn = [picture for picture in map(curve, curves) if picture is not None]
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for writer in writers().values():
        for name, text in writer(comparison).items():
            if name == "report.html" and drawn:
                text = page(comparison, drawn)
            path = folder / name
            path.write_text(text, encoding="utf-8", newline="")
            paths.append(path)
    return paths
