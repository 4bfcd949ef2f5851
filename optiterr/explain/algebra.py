"""One rule as algebra: its law, its lines with names and numbers put in, its rows, its settings."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from optiterr.explain.markdown import code, fenced, law, plain, table, value
from optiterr.explain.reading import Reading
from optiterr.findings import counted, listed
from optiterr.notation import Notation, number
from optiterr.rules import Rule

SHOWN = 4
"""So many labels of a block of rows are shown."""


def notation(rule: Rule, of_pairs: Collection[str] = ()) -> Notation:
    """How the lines of ``rule`` write the sets that it speaks of."""
    return Notation(
        "I" if rule.where is None else "W",
        "J" if rule.where_rep is None else "S",
        frozenset(of_pairs),
    )


def lines_of(rule: Rule, of_pairs: Collection[str] = ()) -> list[str]:
    """The rule in plain text, its filters in words as index sets below."""
    say = notation(rule, of_pairs)
    lines = list(rule.formula(say))
    if rule.price is not None:
        lines.append(f"cost: {number(rule.price)} × {rule.term(say) or 'amount'}")
    if rule.where is not None:
        lines.append(f"W = {{i ∈ I: {' '.join(rule.where.words().split())}}}")
    if rule.where_rep is not None:
        lines.append(f"S = {{j ∈ J: {' '.join(rule.where_rep.words().split())}}}")
    return lines


def rule_section(
    name: str, rule: Rule, of_pairs: Collection[str] = (), reading: Reading | None = None
) -> list[str]:
    """What one rule asks for: in words, in lines of text, in LaTeX, as rows, as settings."""
    kind = "hard" if rule.price is None else f"priced at {number(rule.price)} a unit"
    lines = [f"### {plain(name)}", "", f"*{rule.kind}*, {kind}. {law(type(rule))}", ""]
    told = lines_of(rule, of_pairs)
    lines += fenced(told) if told else []
    if rule.algebra:
        lines += ["$$", rule.algebra.strip(), "$$", ""]
    if reading is not None:
        lines += _rows(name, reading)
    return [*lines, *table(["setting", "value", "meaning"], changed(rule))]


def changed(rule: Rule) -> Iterator[list[str]]:
    """The settings that differ from their defaults, with what they mean."""
    settings = rule.model_dump(mode="json", exclude={"kind", "where", "where_rep"})
    for key, given in settings.items():
        field = type(rule).model_fields[key]
        if given != field.get_default(call_default_factory=True):
            yield [code(key), value(given), field.description or ""]


def _rows(name: str, reading: Reading) -> list[str]:
    """The blocks of rows that the rule made, and the pairs that it forbids."""
    compiled = reading.compiled
    blocks = [block for block in compiled.model.blocks if block.rule == name]
    lines = table(
        ["block", "rows", "entries", "labels"],
        (
            [
                code(block.name),
                f"{block.rows:,}",
                f"{block.matrix.nnz:,}",
                plain(listed(block.labels, SHOWN)),
            ]
            for block in blocks
        ),
    )
    forbids = compiled.forbids.get(name)
    if forbids is not None:
        told = counted(int(forbids.sum()), "pair")
        lines += [f"Forbids {told} of {len(forbids):,}.", ""]
    if name in compiled.joined_by:
        lines += ["Makes one account of each set of accounts that it keeps together.", ""]
    return lines
