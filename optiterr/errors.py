"""What went wrong, where, and how to fix it: the words every floor uses for bad news."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, order=True)
class Fault:
    """One thing the caller must mend.

    ``where`` names the file, line, row or key; ``what`` says what is wrong there;
    ``fix`` says what to write instead.
    """

    where: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}\n    fix: {self.fix}"


class OptiterrError(Exception):
    """Base of every error raised on purpose. Carries all faults found, never only the first."""

    def __init__(self, where: str, what: str, fix: str) -> None:
        self.faults: tuple[Fault, ...] = (Fault(where, what, fix),)
        super().__init__(where, what, fix)

    @classmethod
    def of(cls, faults: Iterable[Fault]) -> Self:
        """The one error that reports all ``faults``; order is kept, repeats are dropped."""
        unique = tuple(dict.fromkeys(faults))
        if not unique:
            raise ValueError("an error needs at least one fault")
        error = cls(unique[0].where, unique[0].what, unique[0].fix)
        error.faults = unique
        return error

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class SpecError(OptiterrError):
    """The scenario, study or a command-line setting cannot be read as written."""


class DataError(OptiterrError):
    """A table does not hold what the scenario says it holds."""


class SolverError(OptiterrError):
    """A solver is missing, unknown, or asked for something it cannot do."""


class AuditError(OptiterrError):
    """A lie was caught: what a solver or a file claims is not what a recount gives."""


class OptiterrWarning(UserWarning):
    """Something looks odd but can be used as written. Turn it into an error with ``warnings``."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like ``word``, or None when none is close."""
    found = difflib.get_close_matches(str(word), [str(one) for one in known], n=1, cutoff=0.6)
    return found[0] if found else None


def meant(word: str, known: Iterable[str], otherwise: str) -> str:
    """How to mend a word that is not ``known``: the nearest one, or what ``otherwise`` says."""
    near = nearest(word, known)
    return f"did you mean {near!r}?" if near else otherwise
