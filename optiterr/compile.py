"""Rules and data in, one model out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optiterr.contraction import contract, units
from optiterr.errors import DataError
from optiterr.model import Model, ModelBuilder
from optiterr.pairs import Mask
from optiterr.problem import Problem
from optiterr.rules import Rule
from optiterr.tighten import tightened

CHUNK_PAIRS = 2_000_000
"""Left-out pairs are priced in chunks of about this many."""
CHUNK_ENTRIES = 20_000_000
"""Fewer pairs go into a chunk where their rules would make more matrix entries than this."""


@dataclass(frozen=True, eq=False)
class Compiled:
    """A model and how it came to be.

    ``problem`` holds the pairs that every hard rule allows; ``forbids`` tells, per rule, which
    pairs of the problem as read it forbids (shape of the pairs as read). ``joined_by`` names the
    rules that keep accounts together, so that they are one account of the model.
    """

    model: Model
    problem: Problem
    forbids: Mapping[str, Mask]
    joined_by: tuple[str, ...] = ()


def eligibility(rules: Mapping[str, Rule], problem: Problem) -> tuple[NDArray[np.int64], Mask]:
    """Kinds of accounts, shape (accounts,), and the reps each kind may have, shape (kinds, reps).

    Two accounts are of one kind when every rule that can say so leaves them the same reps. Needs
    the tables of ``problem`` only, not its pairs.
    """
    kind = np.zeros(len(problem.accounts), dtype=np.int64)
    may = np.ones((1, len(problem.reps)), dtype=bool)
    for rule in rules.values():
        said = rule.eligibility(problem)
        if said is None:
            continue
        joint = kind * len(said.may) + said.kind
        used, kind = np.unique(joint, return_inverse=True)
        may = may[used // len(said.may)] & said.may[used % len(said.may)]
    return kind, may


def prune(rules: Mapping[str, Rule], problem: Problem) -> tuple[Problem, dict[str, Mask]]:
    """The problem with only allowed pairs, and what each rule forbids."""
    forbids: dict[str, Mask] = {}
    allowed = np.ones(len(problem.pairs), dtype=bool)
    for name, rule in rules.items():
        mask = rule.allowed(problem)
        if mask is not None and not mask.all():
            forbids[name] = ~mask
            allowed &= mask
    return (problem.keep(allowed) if forbids else problem), forbids


def with_optional(rules: Mapping[str, Rule], problem: Problem) -> Problem:
    """The problem that knows which accounts may stay open: where a rule lets them and none forbids.

    Needs the tables only, not the pairs.
    """
    optional = np.zeros(len(problem.accounts), dtype=bool)
    for rule in rules.values():
        said = rule.optional(problem)
        if said is not None:
            optional |= said
    if optional.any():
        for rule in rules.values():
            may = rule.may_open(problem)
            if may is not None:
                optional &= may
    same = np.array_equal(optional, problem.optional)
    return problem if same else problem.with_(optional=optional)


def joined(rules: Mapping[str, Rule], problem: Problem) -> dict[str, NDArray[np.int64]]:
    """Labels of the accounts that each rule keeps together, -1 for none."""
    found = {name: rule.joins(problem) for name, rule in rules.items()}
    return {name: labels for name, labels in found.items() if labels is not None}


def compile_model(rules: Mapping[str, Rule], problem: Problem) -> Compiled:
    """The model of ``rules`` over ``problem``: pruned pairs first, then each rule's costs and rows.

    Deterministic: the same rules in the same order over the same tables give the same digest. An
    account left without a pair stays in the model, which is then infeasible. Accounts that a rule
    keeps together become one account of the model.
    """
    problem = with_optional(rules, problem)
    together = joined(rules, problem)
    unit = units(list(together.values()), len(problem.accounts))
    pruned, forbids = prune(rules, problem)
    model = model_of(rules, pruned, unit, all_pairs=problem.candidates != "nearest")
    return Compiled(model, pruned, forbids, () if unit is None else tuple(together))


def model_of(
    rules: Mapping[str, Rule],
    pruned: Problem,
    unit: NDArray[np.int64] | None,
    *,
    all_pairs: bool = False,
) -> Model:
    """The model over the pairs of ``pruned``, its accounts contracted to units.

    ``all_pairs`` tells whether plans can use no other pairs.
    """
    # The base model holds the open accounts' pairs: one over further pairs need not repeat them.
    optional = pruned.optional if pruned.anchor is None else None
    builder = ModelBuilder(pruned.account_ids, pruned.rep_ids, pruned.pairs, optional)
    for name, rule in rules.items():
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                rule.compile(name, pruned, builder)
        except ValueError as error:
            raise DataError(
                f"rule {name!r}",
                str(error),
                "use smaller numbers: another unit for the measure, or a smaller price",
            ) from error
    model = builder.build()
    return tightened(model if unit is None else contract(model, unit), all_pairs=all_pairs)


def models_of_all_pairs(rules: Mapping[str, Rule], problem: Problem) -> Iterator[Model]:
    """Models of the same rows over *all* pairs that the rules allow, a chunk of accounts at a time.

    Their prices and blocks match those of the model compiled over candidates only, so that a bound
    proved with them holds for every plan. Accounts kept together stand in one chunk.
    """
    base = prune(rules, with_optional(rules, problem))[0]
    entries = sum(rule.entries_per_pair(problem) for rule in rules.values())
    pairs = min(CHUNK_PAIRS, int(CHUNK_ENTRIES / max(1.0, entries)))
    step = max(1, pairs // max(1, len(problem.reps)))
    unit = units(list(joined(rules, problem).values()), len(problem.accounts))
    order = np.arange(len(problem.accounts)) if unit is None else np.argsort(unit, kind="stable")
    first = 0
    while first < len(order):
        last = min(first + step, len(order))
        while unit is not None and last < len(order) and unit[order[last]] == unit[order[last - 1]]:
            last += 1
        chunk = prune(rules, base.full(np.sort(order[first:last])))[0]
        yield model_of(rules, chunk, unit)
        first = last
