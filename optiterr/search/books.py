"""Whole books as columns: a program that gives each rep one book and each account one rep.

A book is a set of accounts for one rep, charged with its pairs and with all that the rep's own rows
charge for it, so that a mix of books cannot hide what whole accounts cost (Dantzig and Wolfe, 1960;
Savelsbergh, *A branch-and-price algorithm for the generalized assignment problem*, 1997). Rows that
several reps load stay rows of the program.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from optiterr.linear import linearise
from optiterr.model import Block, Model
from optiterr.rowfunctions import RowFunction
from optiterr.search.core import Core, Floats, Ints, Mask
from optiterr.search.part import loosened, taken

FAR = 1e9
"""Stands for no limit on how much of a book may be taken."""


@dataclass(frozen=True, eq=False)
class Mixed:
    """The relaxed choice of books: its cost, what it pays for each account, the price of each row
    that several reps load (others are left out), and how much of each book it takes."""

    cost: float
    paid: Floats
    prices: Floats
    share: Floats


class Shelf:
    """Books found so far and the program over them, held by HiGHS.

    ``own`` are the rows that are charged within books, ``owner`` their reps; all other rows are
    shared, and missing their hard limits costs ``hard`` a unit (one entry per row of the model).
    """

    def __init__(self, model: Model, core: Core, own: Ints, owner: Ints, hard: Floats) -> None:
        self._model, self._core = model, core
        self._reps = int(model.pairs.rep.max(initial=-1)) + 1
        self._own = [own[owner == rep] for rep in range(self._reps)]
        self._charges: dict[int, list[tuple[Ints, RowFunction]]] = {}
        self._pairs: list[Ints] = []
        self._rep: list[int] = []
        self._cost: list[float] = []
        self._load: list[Floats] = []
        self._known: set[tuple[int, bytes]] = set()
        self._shared(own, hard)
        self._begin()

    def __len__(self) -> int:
        return len(self._rep)

    @property
    def reps(self) -> Ints:
        """The rep of each book."""
        return np.array(self._rep, dtype=np.int64)

    @property
    def shared(self) -> Ints:
        """The rows of the model that several reps load."""
        return self._shared_row

    def _shared(self, own: Ints, hard: Floats) -> None:
        """The program of the rows that several reps load, over no pairs."""
        model = self._model
        mine = np.zeros(model.rows, dtype=bool)
        mine[own] = True
        blocks: list[Block] = []
        rows: list[Ints] = []
        for start, block in zip(model.row_start, model.blocks, strict=False):
            kept = np.flatnonzero(~mine[start : start + block.rows])
            if not len(kept):
                continue
            function = block.function
            if len(kept) < block.rows:
                function = taken(function, kept)
            for part in loosened(function, hard[start + kept]):
                if part is not None:
                    blocks.append(
                        Block(str(len(blocks)), "", ("",) * len(kept), block.matrix[kept], part)
                    )
                    rows.append(start + kept)
        self._place = np.concatenate([np.zeros(0, dtype=np.int64), *rows])
        self._shared_row = np.unique(self._place)
        self._mip = linearise(replace(model, blocks=tuple(blocks)))

    def _begin(self) -> None:
        """The program without books: what is not served, or twice, costs what ``pay`` says."""
        import highspy

        from optiterr.solvers.highs import pass_model

        mip, accounts, reps = self._mip, self._model.pairs.accounts, self._reps
        extra = mip.matrix[accounts:, mip.pairs :]
        eye, none = sparse.eye_array(accounts), sparse.csr_array
        rows = accounts + reps + extra.shape[0]
        matrix = sparse.block_array(
            [
                [eye, -eye, none((accounts, reps)), none((accounts, extra.shape[1]))],
                [None, None, sparse.eye_array(reps), None],
                [None, None, None, extra],
            ],
            format="csr",
        )
        slack = np.zeros(2 * accounts + reps)
        ones = np.ones(accounts + reps)
        self._first = len(slack) + extra.shape[1]
        begun = replace(
            mip,
            cost=np.concatenate([slack, mip.cost[mip.pairs :]]),
            lower=np.concatenate([slack, mip.lower[mip.pairs :]]),
            upper=np.concatenate([slack + FAR, mip.upper[mip.pairs :]]),
            matrix=sparse.csr_array(matrix, shape=(rows, self._first)),
            row_lower=np.concatenate([ones, mip.row_lower[accounts:]]),
            row_upper=np.concatenate([ones, mip.row_upper[accounts:]]),
        )
        self._highs = highspy.Highs()
        self._highs.setOptionValue("output_flag", False)
        self._highs.setOptionValue("threads", 1)
        pass_model(self._highs, begun, relaxed=True)
        # From a load on each shared row to what it adds to each row of the program.
        block_rows = extra.shape[0]
        self._lift = sparse.csr_array(
            (mip.scale, (np.arange(block_rows), mip.source)), shape=(block_rows, len(self._place))
        )

    def cost(self, rep: int, pair: Ints) -> float:
        """What the book costs: its pairs, and the rows of its rep; ``inf`` where it breaks one."""
        return self._worth(rep, pair, self._core.loads(pair))

    def _worth(self, rep: int, pair: Ints, load: Floats) -> float:
        """What the book costs that loads ``load`` on the rows of the model."""
        total = float(self._core.cost[pair].sum())
        for rows, function in self._charges_of(rep):
            total += float(function.value(load[rows]).sum())
        return total

    def _charges_of(self, rep: int) -> list[tuple[Ints, RowFunction]]:
        """The rep's own rows, block by block, and what they charge."""
        if rep not in self._charges:
            own, model = self._own[rep], self._model
            self._charges[rep] = []
            for start, block in zip(model.row_start, model.blocks, strict=False):
                rows = own[(own >= start) & (own < start + block.rows)]
                if len(rows):
                    self._charges[rep].append((rows, taken(block.function, rows - start)))
        return self._charges[rep]

    def add(self, chosen: Mask, reps: Ints) -> int:
        """Put the books that ``chosen`` (one entry per pair) gives ``reps`` on the shelf.

        Returns how many are new; those that break a hard row of their rep are left out.
        """
        pair = np.flatnonzero(chosen)
        rep = self._model.pairs.rep[pair]
        order = np.argsort(rep, kind="stable")
        first = np.searchsorted(rep[order], np.arange(self._reps + 1))
        return sum(
            self._put(one, pair[order[first[one] : first[one + 1]]]) for one in reps.tolist()
        )

    def _put(self, rep: int, pair: Ints) -> bool:
        key = (rep, pair.tobytes())
        if key in self._known:
            return False
        self._known.add(key)
        load = self._core.loads(pair)
        cost = self._worth(rep, pair, load)
        if not np.isfinite(cost):
            return False
        accounts = self._model.pairs.accounts
        lifted = self._lift @ load[self._place]
        far = np.flatnonzero(lifted)
        index = np.concatenate(
            [self._model.pairs.account[pair], [accounts + rep], accounts + self._reps + far]
        )
        filled = np.concatenate([np.ones(len(pair) + 1), lifted[far]])
        self._highs.addCol(cost, 0.0, FAR, len(index), index.astype(np.int32), filled)
        self._pairs.append(pair)
        self._rep.append(rep)
        self._cost.append(cost)
        self._load.append(load[self._shared_row])
        return True

    def pay(self, paid: Floats, apart: float, without: float) -> None:
        """Keep what is paid for each account within ``apart`` of ``paid``.

        A rep without a book costs ``without``.
        """
        count = 2 * len(paid) + self._reps
        cost = np.concatenate([paid + apart, apart - paid, np.full(self._reps, without)])
        self._highs.changeColsCost(count, np.arange(count, dtype=np.int32), cost)

    def mixed(self) -> Mixed | None:
        """The cheapest mix; None where HiGHS finds none."""
        self._highs.run()
        if self._highs.getModelStatus().name != "kOptimal":
            return None
        answer = self._highs.getSolution()
        dual = np.array(answer.row_dual, dtype=float)
        accounts = self._model.pairs.accounts
        duals = np.concatenate([np.zeros(accounts), dual[accounts + self._reps :]])
        price = self._mip.prices(duals, len(self._place))
        prices = np.bincount(self._place, price, minlength=self._model.rows).astype(float)
        return Mixed(
            float(self._highs.getInfo().objective_function_value),
            dual[:accounts],
            prices,
            np.array(answer.col_value[self._first :], dtype=float),
        )

    def hold(self, books: Ints) -> None:
        """Keep these books, and none beside them of their reps or with one of their accounts."""
        served, busy = self.taken(books)
        of = np.repeat(np.arange(len(self)), [len(pair) for pair in self._pairs])
        every = np.concatenate([np.zeros(0, dtype=np.int64), *self._pairs])
        meets = np.zeros(len(self), dtype=bool)
        meets[of[served[self._model.pairs.account[every]]]] = True
        meets |= busy[self.reps]
        upper = np.where(meets, 0.0, FAR)
        lower = np.zeros(len(self))
        lower[books] = upper[books] = 1.0
        self._bounds(lower, upper)

    def release(self) -> None:
        """Let every book be taken or left."""
        self._bounds(np.zeros(len(self)), np.full(len(self), FAR))

    def _bounds(self, lower: Floats, upper: Floats) -> None:
        index = np.arange(self._first, self._first + len(self), dtype=np.int32)
        self._highs.changeColsBounds(len(index), index, lower, upper)

    def taken(self, books: Ints) -> tuple[Mask, Mask]:
        """Which accounts these books hold, and which reps have one of them."""
        served = np.zeros(self._model.pairs.accounts, dtype=bool)
        busy = np.zeros(self._reps, dtype=bool)
        for book in books.tolist():
            served[self._model.pairs.account[self._pairs[book]]] = True
            busy[self._rep[book]] = True
        return served, busy

    def charged(self, books: Ints, prices: Floats) -> float:
        """What these books cost, with what they load on shared rows at ``prices``."""
        paid = prices[self._shared_row]
        return float(sum(self._cost[one] + paid @ self._load[one] for one in books.tolist()))

    def choice(self, books: Ints) -> Ints:
        """The pair of each account in these books; -1 for accounts in none."""
        found = np.full(self._model.pairs.accounts, -1, dtype=np.int64)
        for book in books.tolist():
            found[self._model.pairs.account[self._pairs[book]]] = self._pairs[book]
        return found
