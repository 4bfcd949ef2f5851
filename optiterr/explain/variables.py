"""The variables of a scenario: what is picked, who stays open, and what rows bring along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from optiterr.explain.markdown import code, table
from optiterr.explain.reading import Reading
from optiterr.linear import activity
from optiterr.model import Block
from optiterr.rowfunctions import Band
from optiterr.rules import Rule
from optiterr.spread import Spread

PICK = "rep $j$ serves account $i$"
OPEN = "account $i$ stays open: nobody serves it"


def variables_section(rules: Mapping[str, Rule], reading: Reading | None) -> list[str]:
    """The variables as a table, and what every plan keeps."""
    if reading is None:
        pooled = any(type(rule).optional is not Rule.optional for rule in rules.values())
        rows = [[r"$x_{ij} \in \{0, 1\}$", PICK]]
        rows += [[r"$o_i \in \{0, 1\}$", OPEN]] if pooled else []
        rows.append(
            [r"over, under $\ge 0$", "how far a row of a priced rule is missed, one for each row"]
        )
        lines = table(["variable", "what it says"], rows)
    else:
        pooled = bool(reading.compiled.problem.optional.any())
        lines = table(["variable", "how many", "what it says"], _counted(reading))
    every = r"\sum_{j \in J_i} x_{ij}" + (" + o_i" if pooled else "") + " = 1"
    return [*lines, f"**Every plan.** $\\displaystyle {every} \\quad \\forall i \\in I$", ""]


def _counted(reading: Reading) -> Iterator[list[str]]:
    model = reading.compiled.model
    opened = int((model.pairs.rep == model.open_rep).sum()) if model.open_rep >= 0 else 0
    yield [r"$x_{ij} \in \{0, 1\}$", f"{len(model.pairs) - opened:,}", PICK]
    if opened:
        yield [r"$o_i \in \{0, 1\}$", f"{opened:,}", OPEN]
    for block in model.blocks:
        columns = len(block.function.expand(*activity(block, model.pairs)).col_cost)
        if columns:
            name, what = _called(block)
            yield [f"{name} of {code(block.name)}", f"{columns:,}", what]


def _called(block: Block) -> tuple[str, str]:
    """What the columns of a row function are called, and what they say."""
    if isinstance(block.function, Band):
        return r"over, under $\ge 0$", "how far a row is above or below what is free"
    if isinstance(block.function, Spread):
        return (
            r"level, over $\ge 0$",
            "level of each cell, 1 when it is in use; and how many cells are too many",
        )
    return r"columns $\ge 0$", f"columns of the row function {type(block.function).__name__}"
