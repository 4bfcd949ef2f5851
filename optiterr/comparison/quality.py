"""Figures beside balance: who is served, how well reps suit, what is earned, what rules find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from optiterr.findings import Finding, Weight
from optiterr.pairs import Ints
from optiterr.problem import Problem
from optiterr.rules import Rule
from optiterr.rules.fit import Fit
from optiterr.rules.selling import Selling


def covered(data: Problem, rep: Ints, measures: Iterable[str]) -> dict[str, float]:
    """The share of each measure that lies with accounts which a rep serves."""
    found = {}
    for name in measures:
        each = data.account_number(name)
        if each.sum() > 0:
            found[f"covered:{name}"] = float(each[rep >= 0].sum() / each.sum())
    return found


def suited(
    data: Problem, rules: Mapping[str, Rule], rep: Ints, terms: Mapping[str, float]
) -> dict[str, float]:
    """How well the reps suit the accounts they serve, 1 for the best, by rule of fit.

    Only priced rules that speak to all reps: what they charge is what is short of the best.
    """
    found = {}
    for name, rule in rules.items():
        if not isinstance(rule, Fit) or not rule.price or rule.where_rep is not None:
            continue
        spoken = rule.speaks_of(data) & (rep >= 0)
        weight = np.ones(len(rep)) if rule.weight is None else data.account_number(rule.weight)
        most = rule.best * float(weight[spoken].sum())
        if most > 0 and name in terms:
            found[f"fit:{name}"] = 1 - terms[name] / rule.price / most
    return found


def earned(rules: Mapping[str, Rule], findings: Iterable[Finding]) -> dict[str, float]:
    """What the books earn by each rule about a response of sales, as the rule itself notes it."""
    return {
        f"earned:{one.rule}": one.amount
        for one in findings
        if one.weight is Weight.NOTE
        and one.where == "all"
        and isinstance(rules.get(one.rule), Selling)
    }


def told(rules: Mapping[str, Rule], findings: Iterable[Finding]) -> dict[str, float]:
    """Findings of each rule: how many, how much, and how many break a hard rule."""
    count = dict.fromkeys(rules, 0.0)
    amount = dict.fromkeys(rules, 0.0)
    breaches = 0.0
    for one in findings:
        if one.weight is Weight.NOTE:
            continue
        count[one.rule] = count.get(one.rule, 0.0) + 1
        amount[one.rule] = amount.get(one.rule, 0.0) + one.amount
        breaches += one.weight is Weight.BREACH
    return {
        "breaches": breaches,
        **{f"found:{rule}": number for rule, number in count.items()},
        **{f"amount:{rule}": number for rule, number in amount.items()},
    }
