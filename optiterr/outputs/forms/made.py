"""What a form of a comparison gives: files, and what their reader has to be told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from optiterr.comparison.side_by_side import Comparison
from optiterr.frontier.values import Frontier


@dataclass(frozen=True)
class File:
    """A file of a form: its way below the folder of the report, and all its bytes.

    ``notes`` say what it leaves out or writes in another way than the data has it.
    """

    name: str
    content: bytes
    notes: tuple[str, ...] = ()


Form = Callable[[Comparison, Sequence[Frontier]], Iterator[File]]
"""The files of a comparison and of frontiers beside it, one after the other."""
