"""The sets of a scenario: accounts, reps, pairs, groups, and what each filter matches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from optiterr.explain.markdown import code, plain, table
from optiterr.explain.matches import matches
from optiterr.explain.reading import Reading
from optiterr.findings import counted, written
from optiterr.groups import FamilyGroups, GroupSpec, SharedGroups
from optiterr.problem import NOBODY
from optiterr.rules import Rule
from optiterr.rules.ownership import stays
from optiterr.scenario.formulation import ModelSpec

SYMBOLIC = (
    ("$I$", "accounts, $i$"),
    ("$J$", "reps who serve, $j$"),
    ("$P$", "pairs $(i, j)$ that may be picked; $J_i$ are the reps of account $i$ in them"),
    ("$B$", "accounts whose owner of today, $s(i)$, stays; $B_j$ those of rep $j$"),
)


def sets_section(spec: ModelSpec, reading: Reading | None, units: Mapping[str, str]) -> list[str]:
    """The sets as a table: with their sizes where the data could be read."""
    rules = spec.rules
    if reading is None:
        grouped = ((f"$G$ of {code(name)}", _grouped(one)) for name, one in spec.groups.items())
        rows = [[name, what] for name, what in (*SYMBOLIC, *grouped, *_filters(rules))]
        return table(["set", "what it holds"], rows)
    sized = [[name, f"{size:,}", what] for name, size, what in _sized(reading)]
    sized += [list(row) for row in _groups(spec.groups, reading)]
    sized += [list(row) for row in _matched(rules, reading, units)]
    return table(["set", "size", "what it holds"], sized)


def _grouped(spec: GroupSpec) -> str:
    """Who belongs together, in words."""
    if isinstance(spec, FamilyGroups):
        return f"families: accounts with all below them, by parent account {code(spec.parent)}"
    if isinstance(spec, SharedGroups):
        split = "" if spec.separator is None else f", split at {code(spec.separator)}"
        return f"accounts that share a text of {code(spec.column)}{split}"
    return f"accounts that table {code(spec.table)} lists under one name"


def _groups(specs: Mapping[str, GroupSpec], reading: Reading) -> Iterator[tuple[str, str, str]]:
    for name, spec in specs.items():
        groups = reading.problem.groups.get(name)
        told = _grouped(spec)
        if groups is None:
            yield f"$G$ of {code(name)}", "", told
            continue
        inside = counted(len(np.unique(groups.account)), "account")
        deep = int(groups.depth.max(initial=0)) + 1
        levels = f", {counted(deep, 'level')} deep" if groups.is_hierarchy else ""
        yield f"$G$ of {code(name)}", f"{len(groups.labels):,}", f"{told}; {inside} in all{levels}"


def _filters(rules: Mapping[str, Rule]) -> Iterator[tuple[str, str]]:
    """The sets that filters make, in words."""
    for name, rule in rules.items():
        for letter, noun, given in (
            ("W", "accounts", rule.where),
            ("S", "reps", rule.where_rep),
        ):
            if given is not None:
                yield f"${letter}$ of {code(name)}", f"{noun}: {plain(given.words())}"


def _sized(reading: Reading) -> Iterator[tuple[str, int, str]]:
    problem, compiled = reading.problem, reading.compiled
    accounts, serve = len(problem.accounts), int(problem.serves.sum())
    gone = len(problem.reps) - serve
    yield "$I$", accounts, "accounts, $i$"
    others = f"; {counted(gone, 'more rep')} may not" if gone else ""
    yield "$J$", serve, f"reps who serve, $j${others}"
    left = len(compiled.problem.pairs)
    told = f"pairs $(i, j)$ that may be picked, of {problem.possible:,} there are"
    if len(problem.pairs) > left:
        told += f"; hard rules forbid {len(problem.pairs) - left:,} of {len(problem.pairs):,}"
    yield "$P$", left, told
    stay = stays(problem)
    forced = int((~stay & (problem.owner != NOBODY)).sum())
    nobody = int((problem.owner == NOBODY).sum())
    told = "accounts whose owner of today, $s(i)$, stays; $B_j$ those of rep $j$"
    told += f"; {counted(forced, 'more account')} must move" if forced else ""
    yield "$B$", int(stay.sum()), told + (f"; nobody owns {nobody:,}" if nobody else "")
    if compiled.problem.optional.any():
        yield "$O$", int(compiled.problem.optional.sum()), "accounts that may stay open"
    if compiled.joined_by:
        units, by = compiled.model.pairs.accounts, ", ".join(map(code, compiled.joined_by))
        yield "$U$", units, f"units of accounts kept together by {by}; each is one account below"


def _matched(
    rules: Mapping[str, Rule], reading: Reading, units: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """The sets that filters make, with what they match."""
    found = {one.rule: one for one in matches(rules, reading.problem, units)}
    for name, rule in rules.items():
        if rule.where is not None:
            one = found[name]
            worth = "" if one.money is None else f"; {written(one.money)} {one.of}"
            yield (
                f"$W$ of {code(name)}",
                f"{one.accounts:,}",
                f"accounts: {plain(rule.where.words())}{worth}",
            )
        if rule.where_rep is not None:
            yield (
                f"$S$ of {code(name)}",
                f"{found[name].reps:,}",
                f"reps: {plain(rule.where_rep.words())}",
            )
