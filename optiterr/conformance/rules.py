"""What a rule compiles is what it says of a finished plan: tried on all plans of tiny problems."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optiterr.certificate import Bound, certify, lower_bound
from optiterr.compile import compile_model, joined, models_of_all_pairs, with_optional
from optiterr.conformance.counting import (
    Ints,
    as_series,
    assignments,
    least_cost,
    plans,
    promise,
)
from optiterr.conformance.toys import toys
from optiterr.contraction import contract, units
from optiterr.errors import AuditError, OptiterrError
from optiterr.findings import Finding, Weight
from optiterr.linear import activity
from optiterr.model import Block, Model, ModelBuilder
from optiterr.problem import COUNT, Problem
from optiterr.rowfunctions import Band, parameters
from optiterr.rules import Rule

AGREE = 1e-9
"""Compiled and recounted costs may differ by this much, times the larger of 1 and the cost."""

NAME = "rule-under-test"


def check_rule(rule: Rule, problem: Problem | None = None) -> None:
    """AssertionError unless ``rule`` compiles what it says, on every assignment of ``problem``.

    Without a problem, the toys are used that have the columns the rule reads and that it does not
    refuse with an error for the caller. Promised: a hard rule finds a breach exactly where the
    model forbids the plan; price times the amounts found is the model's term; same input, same
    bytes; rows are labelled; other candidates change no row; the spec survives being written and
    read; bounds from any prices hold.
    """
    _check_spec(rule)
    if problem is not None:
        _check_on("the problem given", rule, problem)
        return
    refusals = {name: _refusal(rule, toy) for name, toy in toys().items()}
    promise(None in refusals.values(), f"{rule!r} refuses every toy; pass a problem: {refusals}")
    for name, toy in toys().items():
        if refusals[name] is None:
            _check_on(f"toy {name!r}", rule, toy)


def _refusal(rule: Rule, problem: Problem) -> str | None:
    """Why the rule does not take the problem; None when it does."""
    held: dict[str, set[object]] = {
        "accounts": set(problem.accounts),
        "reps": set(problem.reps),
        "pairs": {*problem.pair_columns, *problem.pair_measures},
        "measure": {COUNT, *problem.accounts, *problem.pair_columns, *problem.pair_measures},
    }
    for column in rule.asks():
        if column.name not in held[column.table]:
            return f"no column {column.name!r} in {column.table}"
    try:
        compile_model({NAME: rule}, problem)
    except OptiterrError as error:
        return str(error)
    return None


def _check_spec(rule: Rule) -> None:
    again = type(rule).model_validate_json(rule.model_dump_json())
    promise(again == rule, f"{rule!r} is read back as {again!r}")
    promise(type(rule).__doc__, f"{type(rule).__name__} has no docstring: it is the law users read")
    promise(rule.algebra, f"{type(rule).__name__} has no algebra")
    for field, info in type(rule).model_fields.items():
        promise(field == "kind" or info.description, f"field {field!r} has no description")


def _check_on(where: str, rule: Rule, problem: Problem) -> None:
    problem = with_optional({NAME: rule}, problem)
    compiled = compile_model({NAME: rule}, problem)
    model = compiled.model
    again = compile_model({NAME: rule}, problem).model
    promise(model.digest() == again.digest(), f"{where}: compiled twice, two different models")
    _check_eligible(where, rule, problem)
    _check_blocks(where, model)
    _check_other_pairs(where, rule, problem, model)
    crowded = _behind_others(rule, compiled.problem)
    best = least_cost(model)
    rng = np.random.default_rng(5)
    scale = 1.0 + np.abs(model.cost).max(initial=0.0)
    bounds = [lower_bound(model, price * np.ones(model.rows)) for price in (0.0, -scale)]
    bounds += [lower_bound(model, rng.normal(size=model.rows) * scale) for _ in range(2)]
    for bound in bounds:
        promise(
            bound.value <= best + AGREE * max(1.0, abs(best)),
            f"{where}: a plan costs {best:g}, yet prices {bound.prices} prove {bound.value:g}",
        )
    for rep in assignments(problem):
        assignment = as_series(problem, rep)
        found = list(rule.check(NAME, problem, assignment))
        at = f"{where}, plan {assignment.to_dict()}"
        _check_findings(at, rule, found)
        kept, served = model.choose(rep), int((rep >= 0).sum())
        _check_plan(at, rule, found, model, None if (kept < 0).any() else kept, crowded, served)
        if (kept >= 0).all() and np.isfinite(model.value(model.picks(kept))):
            for bound in bounds[1:]:
                _certified(at, model, model.picks(kept), bound)
    _check_odd_books(where, rule, problem)


def _certified(at: str, model: Model, x: NDArray[np.float64], bound: Bound) -> None:
    try:
        certify(model, x, bound)
    except AuditError as error:
        raise AssertionError(f"{at}: {error}") from error


def _check_plan(
    at: str,
    rule: Rule,
    found: list[Finding],
    model: Model,
    kept: Ints | None,
    crowded: Model,
    served: int,
) -> None:
    """The model's word on one plan against the findings; ``served`` accounts have a rep."""
    breaches = [one.message for one in found if one.weight is Weight.BREACH]
    if kept is None:
        promise(breaches, f"{at}: a pair of it is forbidden, yet check finds no breach")
        return
    term = model.charge(model.picks(kept)).get(NAME, 0.0)
    if not np.isfinite(term):
        promise(breaches, f"{at}: the model forbids it, yet check finds no breach")
        return
    promise(not breaches, f"{at}: the model allows it at {term:g}, yet check says {breaches}")
    counted = (rule.price or 0.0) * sum(one.amount for one in found if one.weight is Weight.PRICED)
    close = abs(term - counted) <= AGREE * max(1.0, abs(term))
    promise(close, f"{at}: the model charges {term!r}, price times amounts found is {counted!r}")
    behind = crowded.charge(crowded.picks(kept))
    promise(
        abs(behind.get(NAME, 0.0) - term) <= AGREE * max(1.0, abs(term)),
        f"{at}: alone the rule costs {term!r}, behind other rules {behind.get(NAME, 0.0)!r}",
    )
    promise(behind["other"] == served, f"{at}: the rule changes another rule's cost")


def _check_findings(at: str, rule: Rule, found: list[Finding]) -> None:
    for one in found:
        promise(one.rule == NAME, f"{at}: a finding is booked under {one.rule!r}, not {NAME!r}")
        promise(one.message and one.where, f"{at}: a finding says nothing: {one!r}")
        promise(np.isfinite(one.amount), f"{at}: the amount of a finding is {one.amount}")
        priced = one.weight is Weight.PRICED
        promise(not priced or rule.price is not None, f"{at}: {one!r} is priced without a price")


def _check_odd_books(where: str, rule: Rule, problem: Problem) -> None:
    """Books that no model makes are judged as well: today's, nobody's, strangers'."""
    ids = problem.account_ids
    odd = {
        "today's books": problem.today,
        "books of nobody": pd.Series([None] * len(ids), ids, dtype=object),
        "no books": pd.Series([], dtype=object),
        "books of a stranger": pd.Series(["a stranger"] * len(ids), ids, dtype=object),
    }
    for rep in problem.rep_ids:
        odd[f"books all of {rep!r}"] = pd.Series([rep] * len(ids), ids, dtype=object)
    for name, assignment in odd.items():
        try:
            found = list(rule.check(NAME, problem, assignment))
        except Exception as error:
            raise AssertionError(f"{where}, {name}: check fails with {error!r}") from error
        _check_findings(f"{where}, {name}", rule, found)


def _check_eligible(where: str, rule: Rule, problem: Problem) -> None:
    said, allowed = rule.eligibility(problem), rule.allowed(problem)
    if said is None:
        return
    eligible = said.may[said.kind[problem.pairs.account], problem.pairs.rep]
    same = eligible.all() if allowed is None else (eligible == allowed).all()
    promise(same, f"{where}: eligible() and allows() do not agree")


def _check_blocks(where: str, model: Model) -> None:
    promise(
        set(model.terms) <= {NAME}, f"{where}: terms {model.terms} are not booked under the rule"
    )
    for block in model.blocks:
        rows = {block.rows, block.matrix.shape[0], block.function.rows}
        promise(len(rows) == 1, f"{where}, block {block.name!r}: {rows} rows and labels")
        unique = len(set(block.labels)) == block.rows
        promise(unique, f"{where}, block {block.name!r}: two rows share a label")
        promise(
            block.name.split("/")[0] == NAME, f"{where}: block {block.name!r} has another's name"
        )
        _check_expansion(where, model, block)


def _check_expansion(where: str, model: Model, block: Block) -> None:
    """Every load stays within its activity, and the plain columns of a solver can carry it."""
    least, most = activity(block, model.pairs)
    plain = block.function.expand(least, most)
    simple = len(np.unique(plain.entry_col)) == len(plain.entry_col)
    separate = simple and isinstance(block.function, Band)
    for choice in plans(model.pairs):
        load = block.matrix @ model.picks(choice)
        inside = (load >= least - 1e-9).all() and (load <= most + 1e-9).all()
        promise(inside, f"{where}, block {block.name!r}: loads {load} are beyond {least} to {most}")
        value = float(block.function.value(load).sum())
        if not separate or not np.isfinite(value):
            continue
        # A slack column enters one row, so the cheapest filling is what the row is short of.
        reach = plain.row_scale * load[plain.row_source]
        over = np.maximum(reach - plain.row_upper, 0.0)
        under = np.maximum(plain.row_lower - reach, 0.0)
        need = np.where(plain.entry_value < 0, over[plain.entry_row], under[plain.entry_row])
        cost = float(plain.col_cost[plain.entry_col] @ need)
        fits = (need <= plain.col_upper[plain.entry_col] * (1 + 1e-9) + 1e-9).all()
        promise(
            fits and abs(cost - value) <= 1e-6 * max(1.0, value),
            f"{where}, block {block.name!r}: loads {load} cost {value:g}, expanded {cost:g}",
        )


def _check_other_pairs(where: str, rule: Rule, problem: Problem, model: Model) -> None:
    """Rows, labels, limits and constants are the same over fewer and over further candidates."""
    anchored = problem.with_(anchor=compile_model({NAME: rule}, problem).problem.pairs)
    if problem.candidates == "file":
        others = []
    else:
        others = list(models_of_all_pairs({NAME: rule}, problem))
        others += [
            compile_model({NAME: rule}, anchored.full(np.array([account]))).model
            for account in range(len(problem.accounts))
        ]
    thin = np.arange(len(problem.pairs)) % 2 == 0
    others.append(compile_model({NAME: rule}, anchored.keep(thin)).model)
    for other in others:
        names = [block.name for block in other.blocks], [block.name for block in model.blocks]
        promise(names[0] == names[1], f"{where}: over other pairs the blocks are {names[0]}")
        promise(
            dict(other.constants) == dict(model.constants), f"{where}: constants follow the pairs"
        )
        at = model.pairs.find(other.pairs.account, other.pairs.rep)
        here, there = at[at >= 0], np.flatnonzero(at >= 0)
        promise(
            np.array_equal(model.cost[here], other.cost[there]),
            f"{where}: the cost of a pair follows the other pairs",
        )
        for mine, its in zip(model.blocks, other.blocks, strict=True):
            say = f"{where}, block {mine.name!r}"
            promise(mine.labels == its.labels, f"{say}: labels follow the pairs")
            said, meant = parameters(its.function), parameters(mine.function)
            alike = all(np.array_equal(said[key], meant[key]) for key in meant)
            promise(
                type(its.function) is type(mine.function) and alike,
                f"{say}: limits or prices follow the pairs",
            )
            apart = abs(mine.matrix[:, here] - its.matrix[:, there])
            promise(apart.nnz == 0 or apart.max() == 0, f"{say}: entries follow the pairs")


def _behind_others(rule: Rule, problem: Problem) -> Model:
    """The rule compiled behind another rule's costs and rows; ``problem`` is pruned already."""
    builder = ModelBuilder(problem.account_ids, problem.rep_ids, problem.pairs, problem.optional)
    count = len(problem.pairs)
    builder.add_cost("other", np.ones(count))
    free = Band.of(len(problem.reps))
    builder.add_rows("other", free, problem.rep_ids, problem.pairs.rep, np.arange(count), 1.0)
    rule.compile(NAME, problem, builder)
    unit = units(list(joined({NAME: rule}, problem).values()), len(problem.accounts))
    return builder.build() if unit is None else contract(builder.build(), unit)
