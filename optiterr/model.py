"""The separable assignment model: pairs to pick, what they cost, and rows whose loads are charged.

    minimise   sum_p cost_p x_p + sum_b f_b(A_b x)    one pair per account,    x binary

Every scenario compiles to this one object. It holds arrays and labels only, so it can be handed to
any solver, searched, and bounded from below without a solver.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from optiterr.pairs import Pairs
from optiterr.rowfunctions import TOLERANCE, RowFunction, parameters

Floats = NDArray[np.float64]

__all__ = ["OPEN", "TOLERANCE", "Block", "Model", "ModelBuilder"]

OPEN = "(open)"
"""Stands for the rep of an account that stays open; the last rep of a model that allows it."""


@dataclass(frozen=True, eq=False)
class Block:
    """A named family of rows: one load per label, charged by one row function.

    ``matrix`` has shape (rows, pairs). ``rule`` is the term that the charge is booked under.
    """

    name: str
    rule: str
    labels: tuple[str, ...]
    matrix: sparse.csr_array
    function: RowFunction

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Model:
    """What may be picked and what it costs; deterministic, finite, free of any solver's types.

    ``costs`` and ``constants`` are kept per term (rule name). Exactly one pair of each account is
    picked. Row order is block order, then label order; ``row_start`` gives each block's first row.

    Accounts that rules keep together are one account of the model: ``unit`` then holds, for each
    account of the scenario, its position here, and ``every_id`` the scenario's ids. ``open_rep`` is
    the position of the rep that stands for nobody where accounts may stay open, else -1.
    """

    account_ids: NDArray[np.object_]
    rep_ids: NDArray[np.object_]
    pairs: Pairs
    costs: Mapping[str, Floats]
    constants: Mapping[str, float]
    blocks: tuple[Block, ...]
    open_rep: int = -1
    unit: NDArray[np.int64] | None = None
    every_id: NDArray[np.object_] | None = None

    @cached_property
    def cost(self) -> Floats:
        """Cost of picking each pair, all terms together, shape (P,)."""
        total = np.zeros(len(self.pairs))
        for term in self.costs.values():
            total += term
        return total

    @cached_property
    def constant(self) -> float:
        """Cost that every plan pays."""
        return float(sum(self.constants.values()))

    @cached_property
    def row_start(self) -> NDArray[np.int64]:
        """First row of each block, and the number of all rows as the last entry."""
        return np.concatenate([[0], np.cumsum([block.rows for block in self.blocks])]).astype(
            np.int64
        )

    @property
    def rows(self) -> int:
        """Number of rows in all blocks."""
        return int(self.row_start[-1])

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the terms, in the order of the rules."""
        names = [*self.costs, *self.constants, *(block.rule for block in self.blocks)]
        return tuple(dict.fromkeys(names))

    def by_block(self, prices: Floats) -> dict[str, tuple[float, ...]]:
        """Row prices by block name, as files keep them."""
        return {
            block.name: tuple(float(price) for price in prices[start : start + block.rows])
            for start, block in zip(self.row_start, self.blocks, strict=False)
        }

    def from_blocks(self, stored: Mapping[str, Sequence[float]]) -> Floats:
        """Row prices in row order from :meth:`by_block`; ValueError when they do not fit."""
        wanted = {block.name: block.rows for block in self.blocks}
        given = {name: len(values) for name, values in stored.items()}
        if wanted != given:
            raise ValueError(f"prices for blocks {given}, but the model has {wanted}")
        return np.concatenate([np.zeros(0), *(np.asarray(stored[name], float) for name in wanted)])

    def loads(self, x: Floats) -> list[Floats]:
        """Loads of each block when pair ``p`` is picked ``x[p]`` times."""
        return [block.matrix @ x for block in self.blocks]

    def charge(self, x: Floats) -> dict[str, float]:
        """Cost of ``x`` by term; ``inf`` where a hard row is broken."""
        total = dict.fromkeys(self.terms, 0.0)
        for name, cost in self.costs.items():
            total[name] += float(cost @ x)
        for name, constant in self.constants.items():
            total[name] += constant
        for block, load in zip(self.blocks, self.loads(x), strict=True):
            total[block.rule] += float(block.function.value(load).sum())
        return total

    def value(self, x: Floats) -> float:
        """Cost of ``x``, all terms; ``inf`` where a hard row is broken."""
        return float(sum(self.charge(x).values()))

    def choice(self, x: Floats) -> NDArray[np.int64]:
        """The pair picked for each account, shape (accounts,); -1 where none or several are."""
        picked = np.flatnonzero(x > 0.5)
        found = np.full(self.pairs.accounts, -1, dtype=np.int64)
        found[self.pairs.account[picked]] = picked
        count = np.bincount(self.pairs.account[picked], minlength=self.pairs.accounts)
        found[count != 1] = -1
        return found

    def choose(self, rep: ArrayLike) -> NDArray[np.int64]:
        """The pair of each account here when account ``i`` of the scenario goes to ``rep[i]``.

        ``rep`` holds positions, negative where nobody serves. -1 where there is no such pair, and
        where accounts that are one here go to different reps.
        """
        to = np.asarray(rep, dtype=np.int64)
        to = np.where(to < 0, self.open_rep, to)
        if self.unit is None:
            return self.pairs.find(np.arange(len(to)), to)
        first = np.full(self.pairs.accounts, -1, dtype=np.int64)
        first[self.unit[::-1]] = to[::-1]
        found = self.pairs.find(np.arange(len(first)), first)
        found[self.unit[first[self.unit] != to]] = -1
        return found

    def served_by(self, choice: NDArray[np.int64]) -> NDArray[np.object_]:
        """The rep id that serves each account of the scenario when the pairs ``choice`` are picked.

        None for accounts that stay open, and where ``choice`` is negative.
        """
        ids = np.full(len(choice), None, dtype=object)
        known = np.flatnonzero(choice >= 0)
        rep = self.pairs.rep[choice[known]]
        ids[known] = self.rep_ids[rep]
        ids[known[rep == self.open_rep]] = None
        return ids if self.unit is None else ids[self.unit]

    def only(self, keep: NDArray[np.bool_]) -> Model:
        """The model over the pairs where ``keep`` is true."""
        place = np.flatnonzero(keep)
        return replace(
            self,
            pairs=self.pairs.keep(keep),
            costs={name: cost[keep] for name, cost in self.costs.items()},
            blocks=tuple(
                replace(block, matrix=block.matrix[:, place].tocsr()) for block in self.blocks
            ),
        )

    @property
    def served_pairs(self) -> int:
        """Number of pairs that have a rep: all but those of accounts that stay open."""
        return int((self.pairs.rep != self.open_rep).sum())

    @property
    def scenario_ids(self) -> NDArray[np.object_]:
        """Ids of all accounts of the scenario, those kept together one by one."""
        return self.account_ids if self.every_id is None else self.every_id

    def picks(self, choice: NDArray[np.int64]) -> Floats:
        """The 0/1 vector that picks the pairs ``choice``, shape (P,)."""
        x = np.zeros(len(self.pairs))
        x[choice] = 1.0
        return x

    def digest(self) -> str:
        """SHA-256 of everything the model says: same input, same bytes."""
        digest = hashlib.sha256()

        def feed(*items: object) -> None:
            for item in items:
                if isinstance(item, np.ndarray) and item.dtype != object:
                    raw = np.ascontiguousarray(item)
                    digest.update(f"{raw.dtype.str}{raw.shape}".encode())
                    digest.update(raw.tobytes())
                else:
                    text = (
                        "\x1f".join(map(str, item)) if isinstance(item, np.ndarray) else str(item)
                    )
                    digest.update(f"{len(text)}:".encode() + text.encode())

        feed(self.account_ids, self.rep_ids, self.pairs.account, self.pairs.rep, self.pairs.start)
        if self.unit is not None:
            feed("together", self.unit, self.scenario_ids)
        for name, cost in self.costs.items():
            feed("cost", name, cost)
        for name, constant in self.constants.items():
            feed("constant", name, constant)
        for block in self.blocks:
            feed("block", block.name, block.rule, "\x1f".join(block.labels))
            matrix = block.matrix
            feed(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data)
            feed(type(block.function).__name__)
            for name, values in sorted(parameters(block.function).items()):
                feed(name, values)
        return digest.hexdigest()


@dataclass
class ModelBuilder:
    """Collects costs and rows from the rules, then freezes them into a :class:`Model`."""

    account_ids: NDArray[np.object_]
    rep_ids: NDArray[np.object_]
    pairs: Pairs
    optional: NDArray[np.bool_] | None = None
    _costs: dict[str, Floats] = field(default_factory=dict)
    _constants: dict[str, float] = field(default_factory=dict)
    _blocks: list[Block] = field(default_factory=list)
    _place: NDArray[np.int64] | None = None
    _open_place: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        """Room for one more pair of each account that may stay open, behind its other pairs."""
        self._all_pairs = self.pairs
        if self.optional is None or not self.optional.any():
            return
        nobody = np.int32(len(self.rep_ids))
        opened = np.flatnonzero(self.optional)
        ahead = np.concatenate([[0], np.cumsum(self.optional)])
        self._place = np.arange(len(self.pairs)) + ahead[self.pairs.account]
        self._open_place = np.full(self.pairs.accounts, -1, dtype=np.int64)
        self._open_place[opened] = self.pairs.start[opened + 1] + ahead[opened]
        account = np.empty(len(self.pairs) + len(opened), dtype=np.int32)
        rep = np.empty_like(account)
        account[self._place], rep[self._place] = self.pairs.account, self.pairs.rep
        at = self._open_place[opened]
        account[at], rep[at] = opened, nobody
        self._all_pairs = Pairs(account, rep, self.pairs.start + ahead)

    def charge_open(self, rule: str, cost: ArrayLike) -> None:
        """Charge ``cost[i]`` (shape (accounts,)) for leaving account ``i`` open, under ``rule``.

        Nothing for accounts that cannot stay open.
        """
        each = np.broadcast_to(np.asarray(cost, dtype=float), (self.pairs.accounts,))
        values = np.zeros(len(self._all_pairs))
        if self._open_place is not None:
            opened = np.flatnonzero(self._open_place >= 0)
            values[self._open_place[opened]] = each[opened]
        self._charge(rule, _finite(rule, values))

    def add_open_rows(
        self,
        rule: str,
        function: RowFunction,
        labels: Sequence[str] | NDArray[np.object_],
        row: ArrayLike,
        account: ArrayLike,
        value: ArrayLike,
        part: str = "",
    ) -> None:
        """Add one row per label; entry ``k`` adds ``value[k]`` when ``account[k]`` stays open."""
        rows, place = np.asarray(row, dtype=np.int64), np.asarray(account, dtype=np.int64)
        amount = np.broadcast_to(np.asarray(value, dtype=float), rows.shape)
        place = np.full_like(place, -1) if self._open_place is None else self._open_place[place]
        may = place >= 0
        self._add_block(rule, function, labels, rows[may], place[may], amount[may], part)

    def add_cost(self, rule: str, cost: ArrayLike) -> None:
        """Charge ``cost[p]`` (shape (P,)) for picking pair ``p``, booked under ``rule``."""
        values = _finite(rule, np.broadcast_to(np.asarray(cost, dtype=float), (len(self.pairs),)))
        if self._place is not None:
            every = np.zeros(len(self._all_pairs))
            every[self._place] = values
            values = every
        self._charge(rule, values)

    def _charge(self, rule: str, values: Floats) -> None:
        self._costs[rule] = self._costs[rule] + values if rule in self._costs else values

    def add_constant(self, rule: str, constant: float) -> None:
        """Charge ``constant`` to every plan, booked under ``rule``."""
        _finite(rule, np.atleast_1d(constant))
        self._constants[rule] = self._constants.get(rule, 0.0) + float(constant)

    def add_rows(
        self,
        rule: str,
        function: RowFunction,
        labels: Sequence[str] | NDArray[np.object_],
        row: ArrayLike,
        pair: ArrayLike,
        value: ArrayLike,
        part: str = "",
    ) -> None:
        """Add one row per label; entry ``k`` adds ``value[k]`` for ``pair[k]`` to row ``row[k]``.

        ``part`` names the block when a rule adds several (``rule/part``). Entries at the same place
        add up; zeros are dropped.
        """
        rows, place = np.asarray(row, dtype=np.int64), np.asarray(pair, dtype=np.int64)
        if self._place is not None:
            place = self._place[place]
        amount = np.broadcast_to(np.asarray(value, dtype=float), rows.shape)
        self._add_block(rule, function, labels, rows, place, amount, part)

    def _add_block(
        self,
        rule: str,
        function: RowFunction,
        labels: Sequence[str] | NDArray[np.object_],
        row: NDArray[np.int64],
        place: NDArray[np.int64],
        value: Floats,
        part: str,
    ) -> None:
        name = f"{rule}/{part}" if part else rule
        if any(block.name == name for block in self._blocks):
            raise ValueError(f"block {name!r} exists already")
        if function.rows != len(labels):
            raise ValueError(f"block {name!r}: {function.rows} charges for {len(labels)} labels")
        data = _finite(name, value)
        shape = (len(labels), len(self._all_pairs))
        matrix = sparse.coo_array(
            (data, (row.astype(np.int32), place.astype(np.int32))), shape=shape
        ).tocsr()
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        self._blocks.append(Block(name, rule, tuple(map(str, labels)), matrix, function))

    def add_rep_rows(
        self, rule: str, function: RowFunction, value: ArrayLike, part: str = ""
    ) -> None:
        """Add one row per rep, loaded with ``value[p]`` (shape (P,)) of the pairs given to it."""
        pair = np.arange(len(self.pairs))
        amount = np.broadcast_to(np.asarray(value, dtype=float), pair.shape)
        self.add_rows(rule, function, self.rep_ids, self.pairs.rep, pair, amount, part)

    def build(self) -> Model:
        """The frozen model."""
        nobody = self._place is not None
        return Model(
            self.account_ids,
            np.append(self.rep_ids, OPEN) if nobody else self.rep_ids,
            self._all_pairs,
            MappingProxyType(dict(self._costs)),
            MappingProxyType(dict(self._constants)),
            tuple(self._blocks),
            open_rep=len(self.rep_ids) if nobody else -1,
        )


def _finite(where: str, values: Floats) -> Floats:
    if not np.isfinite(values).all():
        raise ValueError(f"{where}: a coefficient is not finite")
    return np.ascontiguousarray(values)
