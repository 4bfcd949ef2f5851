"""The shelf life of a plan in words and rows, for people."""

from __future__ import annotations

from optiterr.futures.shelf_life import Chance, Prospects, ShelfLife
from optiterr.futures.spec import FuturesSpec

HEADS = ("months", "all within", "95 % interval", "outside", "now", "worst off by", "9 in 10")
"""Heads of the numbers in :func:`rows`."""


def percent(share: float | None) -> str:
    """A share as a percentage, in as many digits as draws can tell."""
    return "" if share is None else f"{100 * share:.1f} %"


def between(one: Chance) -> str:
    """The interval of a chance."""
    return f"{100 * one.low:.1f} to {100 * one.high:.1f} %"


def rows(life: ShelfLife) -> list[tuple[str, list[str]]]:
    """Each rule at each month, for the plan and then for today's books: a name, then numbers."""
    found = []
    for books, prospects in (("plan", life.plan), ("today", life.today)):
        for one in prospects.outlooks:
            numbers = [
                f"{one.months}",
                percent(one.holds.share),
                between(one.holds),
                f"{one.outside:.1f}",
                f"{one.outside_now}",
                percent(one.worst_median),
                percent(one.worst_nine_in_ten),
            ]
            found.append((f"{books}: {one.rule}", numbers))
    return found


def sentences(life: ShelfLife) -> list[str]:
    """What the futures say of the plan and of today's books, and who leaves the bands."""
    told = [assumed(life.futures), *_now(life.plan), *_chances(life), *_gone(life)]
    return [*told, *_often(life.plan)]


def assumed(spec: FuturesSpec) -> str:
    """What the futures were drawn from, in one sentence."""
    parts = [f"growth {percent(spec.growth)} a year"]
    if spec.growth_sd:
        parts[0] += f" (standard deviation {percent(spec.growth_sd)})"
    parts += [f"churn {percent(spec.churn)}", f"attrition {percent(spec.attrition)}"]
    if spec.by_segment:
        parts.append(f"other rates for {', '.join(spec.by_segment)}")
    if spec.ramp_slip:
        parts.append(f"ramps {spec.ramp_slip:g} months late")
    return f"{spec.draws:,} futures, seed {spec.seed}: {', '.join(parts)}."


def _now(prospects: Prospects) -> list[str]:
    first = prospects.outlooks[0].months
    out = [one for one in prospects.outlooks if one.months == first and one.outside_now]
    if not out:
        return []
    named = ", ".join(f"{one.outside_now} of {one.rule}" for one in out)
    return [f"Before anything changes the plan has some outside their bands: {named}."]


def _chances(life: ShelfLife) -> list[str]:
    found = []
    for plan, today in zip(life.plan.horizons, life.today.horizons, strict=True):
        found.append(
            f"After {plan.months} months all reps are within all bands in "
            f"{percent(plan.holds.share)} of the futures ({between(plan.holds)}); with today's "
            f"books in {percent(today.holds.share)}."
        )
    return found


def _gone(life: ShelfLife) -> list[str]:
    last = life.plan.horizons[-1]
    if not last.accounts_left and not last.reps_left:
        return []
    return [
        f"By month {last.months}, on average {last.accounts_left:.1f} accounts and "
        f"{last.reps_left:.1f} reps have left, and {last.uncovered:.1f} accounts have lost their "
        "rep: nobody serves these, and fair parts are taken of what is left."
    ]


def _often(prospects: Prospects) -> list[str]:
    last = max(one.months for one in prospects.outlooks)
    return [
        f"{one.rule} ({one.band}): outside most often by month {last}: "
        + ", ".join(f"{name} {percent(share)}" for name, share in one.most_often.items())
        for one in prospects.outlooks
        if one.months == last and one.most_often
    ]
