"""A portfolio in words: what each plan costs more, and how far it differs."""

from __future__ import annotations

import math
from collections.abc import Iterator

from optiterr.findings import counted, written
from optiterr.portfolio.records import Member, Portfolio
from optiterr.problem import COUNT


def words_of(made: Portfolio, asked: int) -> Iterator[str]:
    """What to know of a portfolio of which ``asked`` plans were wanted, a sentence each."""
    if not made.members:
        yield "There is no plan to start from."
        return
    near = f"within {100 * made.within:g} %"
    for place, one in enumerate(made.members[1:], start=1):
        earlier = "plan-1 in" if place == 1 else "every plan before it in at least"
        proved = ""
        if one.difference_proved is not None:
            most = _amount(made, one.difference_proved)
            proved = f"; no plan {near} differs in more than {most} (proved)"
        yield (
            f"{one.name} costs {_above(one)} the best and differs from {earlier} "
            f"{_amount(made, one.difference or 0.0)} of {_amount(made, made.whole)} "
            f"{_what(made)}{proved}."
        )
    if len(made.members) < asked:
        yield (
            f"There are {counted(len(made.members), 'plan')}, not {asked}: no further one that "
            f"differs was found {near} of the best cost."
        )


def _above(one: Member) -> str:
    """How much more than the best plan one costs."""
    share = one.above_best or 0.0
    if abs(share) < 5e-5:
        return "as much as"
    return f"{100 * abs(share):.2f} % {'more' if share > 0 else 'less'} than"


def _what(made: Portfolio) -> str:
    return "accounts" if made.by == COUNT else f"{made.by} of accounts"


def _amount(made: Portfolio, amount: float) -> str:
    """An amount; accounts that may differ are whole, so a bound on them is rounded down."""
    return written(math.floor(amount + 1e-6) if made.by == COUNT else amount)
