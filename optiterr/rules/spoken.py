"""Lines of plain-text algebra for rules that have many of them: budgets, fair parts, locks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Protocol

from optiterr.findings import listed
from optiterr.notation import Notation, number, of_rep, symbol

Caps = tuple[float | None, float | None]
"""A limit as a share of a book, and as an amount."""


class Lock(Protocol):
    """An account and the rep that it stays with, or never goes to."""

    @property
    def account(self) -> str: ...
    @property
    def rep(self) -> str | None: ...
    @property
    def reason(self) -> str: ...
    @property
    def until(self) -> dt.date | None: ...


def lock_words(locks: Iterable[Lock]) -> str:
    """The first few of ``locks``, each with its end and its reason."""
    told = []
    for one in locks:
        until = "" if one.until is None else f" until {one.until}"
        reason = f": {one.reason}" if one.reason else ""
        told.append(f"({one.account}, {one.rep or 'its owner'}{until}{reason})")
    return listed(told)


def fair_part(
    say: Notation,
    measure: str,
    by: str | None,
    proportional_to: str | None,
    groups: str | None,
    *,
    fixed: bool = False,
) -> str:
    """The target of rep j, or of all reps of value m: its part of what all of them carry.

    A ``fixed`` one is a part of what the accounts add up to, whoever carries them.
    """
    at = "j" if by is None else "m"
    mates = (
        say.reps if groups is None else f"{say.reps}: {symbol(groups)}_k = {symbol(groups)}_{at}"
    )
    whole = say.whole(measure, f"i ∈ {say.accounts}")
    if not fixed and (groups is not None or say.reps != "J" or measure in say.of_pairs):
        each = f"{symbol(measure)}_ik " if measure in say.of_pairs else say.times(measure)
        whole = f"Σ_{{k ∈ {mates}}} Σ_{{i ∈ {say.accounts}}} {each}x_ik"
    if proportional_to is not None:
        every = f"Σ_{{k ∈ {mates}}} {symbol(proportional_to)}_k"
        return f"t_{at} = ({say.added(of_rep(proportional_to), by)} / {every}) × {whole}"
    size = f"|{say.reps}|" if groups is None else f"|{{k ∈ {mates}}}|"
    if by is not None:
        size = f"|{{{symbol(by)}_k: k ∈ {mates}}}|"
    return f"t_{at} = {whole} / {size}"


def budget_lines(
    say: Notation,
    caps: Mapping[str, Caps],
    of: str,
    by: str,
    leaves: bool,
    segments: str,
    over: str,
) -> list[str]:
    """A row for each limit on change: what moves in all, by rep, by team, by segment.

    ``B`` are the accounts that count and ``B_j`` those of rep j; ``over`` is what a price is paid
    for, if any. Losses are judged of owners that the rule speaks of, gains of such reps.
    """
    value, team, segment = say.times(of), symbol(by), symbol(segments)
    ours = "i ∈ B" if say.reps == "J" else "i ∈ B, s(i) ∈ S"
    mine, mates = f"{ours}, {team}_s(i) = m", f"j ∈ {say.reps}: {team}_j = m"
    away = f"(1 − Σ_{{j: {team}_j = m}} x_ij)" if leaves else "(1 − x_i,s(i))"
    come = f"i ∈ B, {team}_s(i) ≠ m" if leaves else "i ∈ B, s(i) ≠ j"
    average = f"{say.whole(of, 'i ∈ B')} / |J|"
    told = {
        "moved": ("", f"Σ_{{{ours}}} {value}(1 − x_i,s(i))", say.whole(of, ours)),
        "out": (
            f"{say.each()}: ",
            f"Σ_{{i ∈ B_j}} {value}(1 − x_ij)",
            say.whole(of, "i ∈ B_j"),
        ),
        "in": (f"{say.each()}: ", f"Σ_{{i ∈ B, s(i) ≠ j}} {value}x_ij", average),
        "by-out": (f"{say.each(by)}: ", f"Σ_{{{mine}}} {value}{away}", say.whole(of, mine)),
        "by-in": (
            f"{say.each(by)}: ",
            f"Σ_{{{mates}}} Σ_{{{come}}} {value}x_ij",
            f"|{{{mates}}}| × {average}",
        ),
        "segment": (
            f"∀ g ∈ {segment}(B): ",
            f"Σ_{{{ours}, {segment}_i = g}} {value}(1 − x_i,s(i))",
            say.whole(of, f"{ours}, {segment}_i = g"),
        ),
    }
    return [
        f"{told[part][0]}{told[part][1]} ≤ {limit}{over}"
        for part, (share, most) in caps.items()
        for limit in (
            *([] if share is None else [f"{number(share)} × {told[part][2]}"]),
            *([] if most is None else [number(most)]),
        )
    ]
