"""Where a cell stands, in the words of its file, and faults of many rows told in few lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from optiterr.errors import Fault

MOST_LINES = 20
"""Faults of one kind that are told one by one; the rest is counted."""


@dataclass(frozen=True)
class Place:
    """A table by the name its reader knows, and how its rows are counted.

    Files with a header count it as row 1, so their first record is row 2, as spreadsheets show it;
    a cell that holds line breaks is still one row. Everything else counts records from 1. Where a
    selection keeps some rows only, ``kept`` holds their positions in the file.
    """

    name: str
    word: str = "row"
    first: int = 2
    kept: NDArray[Any] | None = field(default=None, compare=False)

    def number(self, position: int) -> int:
        """The number in the file of the row at ``position`` (counted from 0)."""
        at = int(position) if self.kept is None else int(self.kept[int(position)])
        return at + self.first

    def row(self, position: int) -> str:
        """The row at ``position`` (counted from 0)."""
        return f"{self.name}, {self.word} {self.number(position)}"

    def cell(self, position: int, column: str) -> str:
        """The cell of ``column`` in the row at ``position``."""
        return f"{self.row(position)}, column {column!r}"

    def column(self, column: str) -> str:
        """The whole of ``column``."""
        return f"{self.name}, column {column!r}"

    def rows(self, positions: Sequence[int] | NDArray[Any], most: int = 5) -> str:
        """The rows at ``positions`` in words: at most ``most`` of them by number."""
        numbers = [str(self.number(position)) for position in positions[:most]]
        more = len(positions) - len(numbers)
        if more:
            return f"{self.word}s {', '.join(numbers)} and {more} more"
        if len(numbers) == 1:
            return f"{self.word} {numbers[0]}"
        return f"{self.word}s {', '.join(numbers[:-1])} and {numbers[-1]}"

    def faults(
        self,
        column: str | None,
        positions: Sequence[int] | NDArray[Any],
        say: Callable[[int], tuple[str, str]],
    ) -> list[Fault]:
        """One fault per row as ``say`` has it (what, fix); after twenty, the count of the rest.

        ``say`` is asked with an index into ``positions``.
        """
        told = [
            Fault(
                self.row(position) if column is None else self.cell(position, column),
                *say(at),
            )
            for at, position in enumerate(positions[:MOST_LINES])
        ]
        rest = positions[MOST_LINES:]
        if len(rest):
            told.append(
                Fault(
                    self.name if column is None else self.column(column),
                    f"{len(rest)} more of the kind above, down to {self.rows(rest[-1:])}",
                    "mend them in the same way",
                )
            )
        return told
