"""A robust plan in words and rows, for people."""

from __future__ import annotations

from optiterr.robust.record import RobustPlan

HEADS = ("weight", "robust plan", "today's plan", "best", "regret", "today's regret")
"""Heads of the numbers in :func:`rows`."""

AIMS = {
    "mean": "expected cost",
    "cvar": "mean cost of the dearest {share}",
    "worst-cost": "cost of the dearest future",
    "worst-regret": "worst regret",
}


def rows(record: RobustPlan) -> list[tuple[str, list[str]]]:
    """Each future: its name, then numbers; empty where regrets were not asked for."""
    return [
        (
            one.name,
            [
                f"{one.probability:.3g}",
                *(
                    "" if number is None else f"{number:,.6g}"
                    for number in (
                        one.cost,
                        one.nominal_cost,
                        one.best,
                        one.regret,
                        # Nothing but rounding separates a plan from itself.
                        None if one.nominal_regret is None else round(one.nominal_regret, 9) + 0.0,
                    )
                ),
            ],
        )
        for one in record.futures
    ]


def aim_of(record: RobustPlan) -> str:
    """What was minimised, in words."""
    share = "" if record.share is None else f"{100 * record.share:g} %"
    return AIMS[record.minimise].format(share=share)


def sentences(record: RobustPlan) -> list[str]:
    """What the plan reaches, how well that is proved, and against what."""
    if record.value is None or record.bound_proved is None or record.nominal_value is None:
        return []
    told = [
        f"{aim_of(record)}: {record.value:,.6g} instead of {record.nominal_value:,.6g} of the plan "
        f"made for today; no plan has less than {record.bound_proved:,.6g} (proved{_gap(record)}).",
        f"{record.differs:,} accounts go to another rep than in the plan made for today.",
    ]
    if record.nominal_keeps is False:
        told.append("The plan made for today breaks a hard rule in one of the futures.")
    if record.minimise == "worst-regret":
        told.append(
            "Regret is what a plan costs more than the best plan found for that future alone."
        )
    if record.bound_claimed is not None:
        told.append(f"The solver says that no plan has less than {record.bound_claimed:,.6g}.")
    return [f"{one[0].upper()}{one[1:]}" for one in told]


def _gap(record: RobustPlan) -> str:
    """The gap, where it is one: a bound below 0 says little as a share."""
    if record.gap_proved is None or record.gap_proved > 1:
        return ""
    of_cost = "" if record.gap_of_cost is None else f", {record.gap_of_cost:.2%} of the cost"
    return f"; the gap is {record.gap_proved:.2%}{of_cost}"
