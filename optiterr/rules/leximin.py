"""Leximin: fairness rules whose levels bring the worst rep nearest, then the next, to the last."""

from __future__ import annotations

from optiterr.rules.fairness import Fairness


def leximin(name: str, rule: Fairness, count: int) -> dict[str, Fairness]:
    """Rules that make the leximin plan of ``count`` reps, each as a level of ``priorities``.

    The first level minimises how far the worst is off, the next the mean of the two worst among
    the plans that are left, and so on: of all plans, the one whose deviations, the largest first,
    are the least in the order of a dictionary. Each rule is ``rule`` as ``worst_share`` of 1, 2,
    ... ``count`` reps without the small charge. It takes a solve for each, so it is for small
    teams. ``count`` is the number of reps who serve and whom the rule speaks of, or with ``by`` the
    number of their values.
    """
    fields = {field: getattr(rule, field) for field in type(rule).model_fields}
    return {
        f"{name}-{place}": Fairness.model_validate(
            fields | {"how": "worst_share", "share": place / count, "small": 0.0}
        )
        for place in range(1, count + 1)
    }
