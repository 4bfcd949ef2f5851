"""Plain-text algebra: how rules write sums, sets and numbers on a line that any terminal shows."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from optiterr.problem import COUNT

BARE = re.compile(r"[^\W\d][\w-]*")
"""Names that stand in a formula as they are; others are put between brackets."""


@dataclass(frozen=True)
class Notation:
    """Symbols for one rule: accounts ``i``, reps ``j``, values ``m`` of a rep column.

    ``accounts`` and ``reps`` are the sets that the rule speaks of: ``I`` and ``J``, or ``W`` and
    ``S`` where it has a filter. ``of_pairs`` names the measures that depend on the rep too.
    """

    accounts: str = "I"
    reps: str = "J"
    of_pairs: Collection[str] = field(default_factory=frozenset)

    def of_account(self, name: str) -> str:
        """A measure of account i, or of i and rep j: ``workload_i``; 1 for counting accounts."""
        if name == COUNT and name not in self.of_pairs:
            return "1"
        return f"{symbol(name)}_{'ij' if name in self.of_pairs else 'i'}"

    def times(self, name: str) -> str:
        """That measure before another factor: ``workload_i ``, nothing for the count."""
        factor = self.of_account(name)
        return "" if factor == "1" else f"{factor} "

    def each(self, by: str | None = None) -> str:
        """For all reps that the rule speaks of, or all values of a rep column among them."""
        return f"∀ j ∈ {self.reps}" if by is None else f"∀ m ∈ {symbol(by)}({self.reps})"

    def whole(self, name: str, inside: str) -> str:
        """All that the accounts ``inside`` amount to; how many they are where those count."""
        amount = self.of_account(name)
        if amount != "1":
            return f"Σ_{{{inside}}} {amount}"
        bare = inside.removeprefix("i ∈ ")
        return f"|{bare}|" if BARE.fullmatch(bare) else f"|{{{inside}}}|"

    def pairs(self, text: str) -> str:
        """``text`` added up over all accounts and reps that the rule speaks of."""
        return f"Σ_{{i ∈ {self.accounts}, j ∈ {self.reps}}} {text}"

    @property
    def every_pair(self) -> str:
        """For all accounts and reps that the rule speaks of."""
        return f"∀ i ∈ {self.accounts}, j ∈ {self.reps}"

    def total(self, text: str, by: str | None = None) -> str:
        """``text`` about rep j, or about value m of a rep column, added up over all of them."""
        if by is None:
            return f"Σ_{{j ∈ {self.reps}}} {text}"
        return f"Σ_{{m ∈ {symbol(by)}({self.reps})}} {text}"

    def added(self, text: str, by: str | None = None) -> str:
        """``text`` about rep j, added up over the reps of value m where there is a ``by``."""
        return text if by is None else f"Σ_{{j ∈ {self.reps}: {symbol(by)}_j = m}} {text}"

    def load(self, name: str, by: str | None = None) -> str:
        """What rep j, or all reps of value m, carry of a measure of the accounts spoken of."""
        return self.added(f"Σ_{{i ∈ {self.accounts}}} {self.times(name)}x_ij", by)

    def bound(self, given: str | float, by: str | None = None) -> str:
        """A number, or a rep column added up over the reps of value m where there is a ``by``."""
        return number(given) if not isinstance(given, str) else self.added(of_rep(given), by)


def symbol(name: str) -> str:
    """A name as a symbol of a formula."""
    flat = " ".join(name.split())
    return flat if BARE.fullmatch(flat) else f"[{flat}]"


def of_rep(name: str) -> str:
    """A column of rep j: ``hours_j``."""
    return f"{symbol(name)}_j"


def number(value: float) -> str:
    """A number as it was written: no thousands apart, nothing rounded that a person wrote."""
    return f"{value:.12g}"


def grown(share: float, text: str) -> str:
    """``text`` times 1 + ``share``: ``1.05 × hours_j``; the text alone when there is no share."""
    return text if share == 0 else f"{number(1 + share)} × {text}"


def band(share: float, load: str, target: str, at: str = "") -> str:
    """``load`` within a share of ``target`` either way; by more for under and over at ``at``."""
    low, high = (f"{number(1 - share)} {target}", f"{number(1 + share)} {target}")
    if share == 0:
        low = high = target
    if not at:
        return f"{low} ≤ {load} ≤ {high}"
    return f"{low} − under_{at} ≤ {load} ≤ {high} + over_{at}"
