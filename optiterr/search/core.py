"""A model laid out for a fast search: what each pair costs and which rows it loads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optiterr.model import Block, Model
from optiterr.pairs import Pairs
from optiterr.rowfunctions import RowFunction

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Core:
    """The pairs of a model with the entries of all its rows, pair by pair.

    Entries ``first[p]:first[p + 1]`` of ``row`` and ``value`` say what pair ``p`` adds to the rows
    of all blocks, which are counted through. ``blocks`` and ``row_start`` are the model's.
    """

    pairs: Pairs
    cost: Floats
    first: Ints
    row: NDArray[np.int32]
    value: Floats
    rows: int
    row_start: Ints
    blocks: tuple[Block, ...]
    constant: float

    @classmethod
    def of(cls, model: Model) -> Core:
        """The layout of ``model``; needs room for one copy of its matrices."""
        from optiterr.search.kernels import count_entries, fill_entries

        pairs = len(model.pairs)
        count = np.zeros(pairs + 1, dtype=np.int64)
        for block in model.blocks:
            count_entries(block.matrix.indices, count)
        first = np.cumsum(count)
        row = np.empty(first[-1], dtype=np.int32)
        value = np.empty(first[-1])
        place = first[:-1].copy()
        for start, block in zip(model.row_start, model.blocks, strict=False):
            matrix = block.matrix
            fill_entries(
                matrix.indptr, matrix.indices, matrix.data, np.int64(start), place, row, value
            )
        return cls(
            model.pairs,
            model.cost,
            first,
            row,
            value,
            model.rows,
            model.row_start,
            model.blocks,
            model.constant,
        )

    @property
    def accounts(self) -> int:
        """Number of accounts."""
        return self.pairs.accounts

    @cached_property
    def reps(self) -> int:
        """Number of reps up to the last one that has a pair."""
        return int(self.pairs.rep.max(initial=0)) + 1

    @cached_property
    def columns(self) -> sparse.csc_array:
        """The entries as a matrix of shape (rows, pairs)."""
        return sparse.csc_array(
            (self.value, self.row, self.first), shape=(self.rows, len(self.pairs))
        )

    def loads(self, choice: Ints) -> Floats:
        """Loads of all rows when the pairs ``choice`` are picked."""
        from optiterr.search.kernels import add_loads

        load = np.zeros(self.rows)
        add_loads(self.first, self.row, self.value, choice, load)
        return load

    def charge(self, load: Floats) -> float:
        """What all row functions charge for ``load``; ``inf`` where a hard row is broken."""
        total = 0.0
        for start, block in zip(self.row_start, self.blocks, strict=False):
            total += float(block.function.value(load[start : start + block.rows]).sum())
        return total

    def worth(self, choice: Ints) -> float:
        """Cost of the plan ``choice``; ``inf`` where a hard row is broken."""
        return self.constant + float(self.cost[choice].sum()) + self.charge(self.loads(choice))

    def conjugate(self, price: Floats) -> float:
        """Sum of the conjugates of all blocks at ``price``."""
        return sum(
            float(block.function.conjugate(price[start : start + block.rows]).sum())
            for start, block in zip(self.row_start, self.blocks, strict=False)
        )

    def inside(self, price: Floats) -> Floats:
        """``price`` moved into the domain of every block's conjugate."""
        parts = [
            block.function.project(price[start : start + block.rows])
            for start, block in zip(self.row_start, self.blocks, strict=False)
        ]
        return np.concatenate([np.zeros(0), *parts])


def charges_alone(function: RowFunction) -> bool:
    """Whether each row is a part of its own, and there is no part without a row."""
    parts = len(function.conjugate(np.zeros(function.rows)))
    return np.array_equal(function.part, np.arange(parts))
