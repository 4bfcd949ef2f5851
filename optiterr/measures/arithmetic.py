"""The arithmetic of formulas over whole columns, only where a value is needed."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from optiterr.errors import DataError
from optiterr.measures.functions import BINARY, TOO_LARGE, UNARY, WRONG
from optiterr.measures.tree import Call, Chain, Distance, Formula, Name, Node, Number, is_condition
from optiterr.pairs import Floats, Mask

Positions = NDArray[np.int64]
Part = Positions | None
"""Rows by position; None: all of them."""


class Rows(Protocol):
    """The rows that a formula is worked out for: accounts, or pairs of accounts and reps."""

    def __len__(self) -> int: ...

    def cells(self, name: Name) -> NDArray[Any]:
        """The column that ``name`` means, one cell for each row."""
        ...

    def distance(self) -> Floats:
        """Great-circle km from account to rep, for each row."""
        ...

    def told(self, at: Positions) -> str:
        """The rows at these positions, named for people."""
        ...


def evaluate(formula: Formula, rows: Rows) -> Floats:
    """The number of each row, shape (rows,), always finite or missing.

    ``if``, ``and`` and ``or`` look only where they have to: ``if(x > 0, 1 / x, 0)`` divides by no
    zero. DataError, with the rows, where a result is no finite number: nothing infinite is
    carried on to be hidden by a later operation. Missing cells stay missing outside ``coalesce``.
    """
    with np.errstate(all="ignore"):
        found = _Evaluation(formula, rows).numbers(formula.tree, None)
    return np.array(np.broadcast_to(found, len(rows)), dtype=float)


class _Evaluation:
    """One formula over one set of rows."""

    def __init__(self, formula: Formula, rows: Rows) -> None:
        self.formula = formula
        self.rows = rows

    def numbers(self, node: Node, at: Part) -> Any:
        """The numbers of ``node`` in the rows ``at``; a number written out stands for all rows."""
        if isinstance(node, Number):
            return np.float64(node.value)
        if isinstance(node, Name):
            return self.filled(node, at)
        if isinstance(node, Distance):
            return _some(self.rows.distance(), at)
        if isinstance(node, Chain):
            total = self.numbers(node.first, at)
            for op, part in node.rest:
                total = self.binary(op, total, self.numbers(part, at), node, part, at)
            return total
        assert isinstance(node, Call)
        if node.function == "if":
            return self.choice(node, at)
        if node.function == "coalesce":
            return self.coalesced(node, at)
        first, *rest = node.parts
        value = self.numbers(first, at)
        for part in rest:
            value = self.binary(node.function, value, self.numbers(part, at), node, part, at)
        if node.function in UNARY:
            return self.sound(UNARY[node.function](value), node.function, (value,), node, first, at)
        if node.function == "**":
            found = np.power(value, np.float64(node.value))  # type: ignore[arg-type]
            return self.sound(found, "**", (value,), node, first, at)
        if node.function == "round":
            return np.round(value, int(node.value or 0))  # type: ignore[arg-type]
        return value

    def filled(self, name: Name, at: Part) -> Floats:
        """A column of numbers, of which none is missing unless that is allowed."""
        found = _some(self.rows.cells(name), at).astype(float, copy=False)
        if not name.missing and np.isnan(found).any():
            raise self.error(
                name, at, np.isnan(found), "is empty",
                f"fill the cells, or write coalesce({self.formula.said(name)}, 0)",
            )  # fmt: skip
        return np.asarray(found)

    def choice(self, node: Call, at: Part) -> Floats:
        condition, yes, no = node.parts
        holds = self.holds(condition, at)
        found = np.empty(len(holds))
        for part, where in ((yes, holds), (no, ~holds)):
            if where.any():
                here = np.flatnonzero(where)
                found[here] = self.numbers(part, _within(at, here))
        return found

    def coalesced(self, node: Call, at: Part) -> Floats:
        first, *rest = node.parts
        count = len(self.rows) if at is None else len(at)
        found = np.array(np.broadcast_to(self.numbers(first, at), count))
        for part in rest:
            here = np.flatnonzero(np.isnan(found))
            if len(here):
                found[here] = self.numbers(part, _within(at, here))
        return found

    def holds(self, node: Node, at: Part) -> Mask:
        """Where a condition holds among the rows ``at``."""
        count = len(self.rows) if at is None else len(at)
        if isinstance(node, Name):
            return np.asarray(_some(self.rows.cells(node), at), dtype=bool)
        if isinstance(node, Chain):
            return np.asarray(np.broadcast_to(self.compared(node, at), count), dtype=bool)
        assert isinstance(node, Call)
        assert is_condition(node)
        if node.function == "not":
            return ~self.holds(node.parts[0], at)
        if node.function in ("==", "!="):
            (name,) = node.parts
            assert isinstance(name, Name)
            same = np.asarray(_some(self.rows.cells(name), at) == node.value, dtype=bool)
            return same if node.function == "==" else ~same
        stop = node.function == "or"
        found = np.full(count, not stop)
        for part in node.parts:
            here = np.flatnonzero(found != stop)
            if len(here):
                found[here] = self.holds(part, _within(at, here))
        return found

    def compared(self, node: Chain, at: Part) -> Any:
        left = self.numbers(node.first, at)
        found: Any = np.True_
        for op, part in node.rest:
            right = self.numbers(part, at)
            found = found & BINARY[op](left, right)
            left = right
        return found

    def binary(self, op: str, left: Any, right: Any, node: Node, part: Node, at: Part) -> Any:
        return self.sound(BINARY[op](left, right), op, (left, right), node, part, at)

    def sound(
        self, found: Any, op: str, given: tuple[Any, ...], node: Node, part: Node, at: Part
    ) -> Any:
        """``found``, finite wherever everything ``given`` is."""
        if np.isfinite(found).all():
            return found
        bad = ~np.isfinite(found)
        for one in given:
            bad = bad & ~np.isnan(one)
        if not bad.any():
            return found
        what, fix = _wrong(op, np.broadcast_to(given[-1], np.shape(bad))[bad])
        raise self.error(node, at, bad, what, fix.format(self.formula.said(part)))

    def error(self, node: Node, at: Part, bad: Any, what: str, fix: str) -> DataError:
        count = len(self.rows) if at is None else len(at)
        here = np.flatnonzero(np.broadcast_to(bad, count))
        rows = here if at is None else at[here]
        return DataError(self.formula.place(node), f"{what} for {self.rows.told(rows)}", fix)


def _some(column: NDArray[Any], at: Part) -> NDArray[Any]:
    return column if at is None else column[at]


def _within(at: Part, here: Positions) -> Positions:
    return here if at is None else at[here]


def _wrong(op: str, given: Floats) -> tuple[str, str]:
    """Why an operation gives no finite number, and how to mend it."""
    large = (given > 0).all() or (op == "/" and given.all()) or op not in WRONG
    return TOO_LARGE if large else WRONG[op]
