"""Goals: some of a model's terms minimised alone, others kept below a ceiling.

A goal is a set of rules; its value is what their terms add up to. From the model of a whole
scenario, :func:`aim` makes the model that minimises one goal while others stay below ceilings, and
all hard limits hold. Levels of priorities, the points of a frontier and plans near the best are
models of this kind; the row prices that solve one prove its bound as they do for any model.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optiterr.capped import Capped
from optiterr.model import Block, Model

Floats = NDArray[np.float64]
Value = TypeVar("Value")

CEILING = "ceiling"
"""The rule under which ceilings stand in a model; no rule of a scenario may be called so."""


@dataclass(frozen=True)
class Ceiling:
    """Most that the terms of ``rules`` may add up to; ``name`` tells ceilings apart."""

    name: str
    rules: tuple[str, ...]
    most: float


def goal_value(model: Model, x: Floats, rules: Collection[str]) -> float:
    """What the terms of ``rules`` add up to when ``x`` is picked; ``inf`` for a broken hard row."""
    charged = model.charge(x)
    return float(sum(charged.get(rule, 0.0) for rule in rules))


def aim(model: Model, rules: Collection[str], ceilings: Iterable[Ceiling] = ()) -> Model:
    """The model that charges the terms of ``rules`` only, with ``ceilings`` on others.

    Terms of other rules cost nothing; hard limits hold whatever they belong to. Blocks keep their
    names, so prices can be kept and read by name. Works on a model over further pairs alike.
    """
    blocks = [
        block if block.rule in rules else replace(block, function=block.function.scaled(0.0))
        for block in model.blocks
    ]
    blocks += [_ceiling(model, one) for one in ceilings]
    return replace(
        model,
        costs=_of(model.costs, rules),
        constants=_of(model.constants, rules),
        blocks=tuple(blocks),
    )


def _of(terms: Mapping[str, Value], rules: Collection[str]) -> Mapping[str, Value]:
    return MappingProxyType({name: one for name, one in terms.items() if name in rules})


def _ceiling(model: Model, ceiling: Ceiling) -> Block:
    """The rows of all blocks of the rules, and one more for what their pairs cost."""
    inside = [block for block in model.blocks if block.rule in ceiling.rules]
    cost = np.zeros(len(model.pairs))
    for rule in ceiling.rules:
        cost = cost + model.costs.get(rule, 0.0)
    constant = sum(model.constants.get(rule, 0.0) for rule in ceiling.rules)
    row = sparse.csr_array(cost[np.newaxis, :])
    matrix = sparse.vstack([*(block.matrix for block in inside), row]).tocsr()
    labels = [f"{block.name}: {label}" for block in inside for label in block.labels]
    return Block(
        f"{CEILING}/{ceiling.name}",
        CEILING,
        (*labels, "pairs"),
        matrix,
        Capped.of([block.function for block in inside], ceiling.most - constant),
    )
