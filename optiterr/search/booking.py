"""Payments for accounts by column generation, and plans by taking one book after another.

Each rep answers payments with its best book; the mix of all books found answers with new payments,
kept near the best so far (a box around it: Marsten, Hogan and Blankenship, 1975). Then books are
taken whole, one after another, and reps without one answer again (diving with generation of
columns: Sadykov, Vanderbeck, Pessoa, Tahiri and Uchoa, *Primal heuristics for branch-and-price*,
2019). For models with few accounts a rep, where each rep's best book can be found.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optiterr.certificate import lower_bound
from optiterr.model import Model
from optiterr.search.books import Mixed, Shelf
from optiterr.search.core import Core, Floats, Ints
from optiterr.undivided import Left, Sets, Undivided, serving

FEW_EACH, MOST_PAIRS = 8, 40_000
"""With more accounts a rep, or more pairs, a rep's best book takes too long to find."""

EACH, MORE, MOST_EACH = 4_000, 4, 256_000
"""Sets that are looked at for one book: at first, so many times as many whenever that brings
nothing new, and at most."""

SETS_A_NODE = 40
"""For so many sets one node of branch and bound is looked at, too."""

BOX, CHANGE = 0.5, 1.5
"""The box is so many usual stakes wide at first; it grows by that factor with success and shrinks
without."""

TIRED = 4
"""Rounds without success before the box shrinks."""

ENOUGH = 0.1
"""A round is a success when it gains this part of what the mix promised."""

ROUNDS, ROUNDS_TAKEN, ROUNDS_TRIED = 200, 15, 3
"""Rounds of generation at most: at first, after a book is taken, and while one is tried."""

CLOSE = 1e-7
"""Generation ends when bound and mix differ by no more, relative to the cost."""

NEAR = 2e-3
"""Nearly all is proved when bound and mix differ by no more, relative to the cost."""

WHOLE, NONE = 0.999, 1e-6
"""Books with that much of them in the mix are taken without trying others, or not at all."""

TRIED = 3
"""So many books are tried before one is taken."""

STEEP = 3
"""Later dives draw books in proportion to this power of how much of them the mix takes."""

DEAR = 10.0
"""Leaving an account out costs so many times what is paid or charged for any account."""

Over = Callable[[], bool]


def bookable(model: Model) -> bool:
    """Whether reps have so few accounts that their best books can be found."""
    few = 0 < len(model.pairs) <= MOST_PAIRS
    return few and model.pairs.accounts <= FEW_EACH * serving(model)


class Booking:
    """Column generation for one model, from the ``prices`` of its relaxation.

    Missing a hard limit on a row that several reps load costs ``hard`` a unit. For one book no more
    than ``most`` sets are looked at.
    """

    def __init__(
        self,
        model: Model,
        core: Core,
        prices: Floats,
        hard: Floats,
        threads: int = 1,
        most: int = MOST_EACH,
    ) -> None:
        self._model, self._prices, self._threads = model, prices, threads
        self._most = min(max(most, 1), MOST_EACH)
        self.sets = Sets(model, lower_bound(model, prices))
        self._every = np.unique(model.pairs.rep).astype(np.int64)
        self.shelf = Shelf(model, core, self.sets.rows, self.sets.owner, hard)
        start = self.sets.halfway()
        self._usual = float(np.median(start)) or 1.0
        self.paid = self.sets.cheapest + start
        self.proved: Undivided | None = None
        self._each = min(EACH, self._most)
        size = float(np.abs(self.paid).max() + np.abs(model.cost).max())
        self._dear = DEAR * (size or 1.0)

    def put(self, choice: Ints) -> None:
        """Put the books of a plan on the shelf."""
        self.shelf.add(self._model.picks(choice) > 0.5, self._every)

    def generate(self, over: Over) -> bool:
        """Find what to pay for accounts, in ``paid``, or come as near as is done until ``over()``.

        ``proved`` is then what whole books prove. Tells whether that is nearly all: then dives have
        payments to go by.
        """
        none = np.zeros(0, dtype=np.int64)
        self.proved, self.paid = self._generated(
            self.paid, self._prices, none, ROUNDS, lambda proved: over()
        )
        self._box(self.paid, self._dear)
        mixed = self.shelf.mixed()
        return mixed is not None and mixed.cost - self.proved.value <= NEAR * abs(mixed.cost)

    def dive(self, rng: np.random.Generator | None, over: Over, worth: float) -> Ints | None:
        """A plan by taking books one after another; -1 for accounts that none of them holds.

        The fullest first, or drawn by ``rng``. None when ``over()``, when a rep has no book, or
        when no plan with the books taken costs less than ``worth``.
        """
        books, paid, prices = np.zeros(0, dtype=np.int64), self.paid, self._prices

        def idle(proved: float) -> bool:
            return proved >= worth or over()

        try:
            while len(self._left(books).reps):
                found, paid = self._generated(paid, prices, books, ROUNDS_TAKEN, idle)
                if idle(self._proved(found, books)):
                    return None
                self._box(paid, self._dear)
                mixed = self.shelf.mixed()
                if mixed is None:
                    return None
                prices = mixed.prices
                more = self._next(books, mixed, paid, rng, idle)
                if len(more) == len(books):
                    return None
                books = more
                self.shelf.hold(books)
            return self.shelf.choice(books)
        finally:
            self.shelf.release()

    def _left(self, books: Ints) -> Left:
        """The accounts and reps without one of the ``books``."""
        served, busy = self.shelf.taken(books)
        return Left(~served, self._every[~busy[self._every]])

    def _proved(self, found: Undivided, books: Ints) -> float:
        """What a plan with the ``books`` costs at least."""
        return found.value + self.shelf.charged(books, found.prices)

    def _answer(self, paid: Floats, prices: Floats, left: Left) -> Undivided:
        """The best book of each rep that is left at these payments and prices; what they prove."""
        sets = self.sets
        if len(self.shelf.shared):
            moved = self._prices.copy()
            moved[self.shelf.shared] = prices[self.shelf.shared]
            sets = Sets(self._model, lower_bound(self._model, moved))
        stakes = paid - sets.cheapest
        while True:
            each = self._each
            found = sets.bound(stakes, each, self._threads, each // SETS_A_NODE, left)
            fresh = self.shelf.add(found.chosen, left.reps)
            if fresh or found.looked < each or each == self._most:
                return found
            self._each = min(MORE * each, self._most)

    def _generated(
        self,
        paid: Floats,
        prices: Floats,
        books: Ints,
        rounds: int,
        idle: Callable[[float], bool],
    ) -> tuple[Undivided, Floats]:
        """What is proved of the reps that have none of the ``books``, and payments that prove it.

        Begins with the payments ``paid``; ends when ``idle`` says so of what is proved.
        """
        left = self._left(books)
        best = self._answer(paid, prices, left)
        box, tired = BOX * self._usual, 0
        for _ in range(rounds):
            self._box(paid, box)
            mixed = self.shelf.mixed()
            proved = self._proved(best, books)
            if mixed is None or idle(proved):
                break
            promised = mixed.cost - proved
            if promised <= CLOSE * max(1.0, abs(mixed.cost)):
                break
            found = self._answer(mixed.paid, mixed.prices, left)
            gain = self._proved(found, books) - proved
            if gain > 0.0:
                best, paid = found, mixed.paid
            tired = 0 if gain > ENOUGH * promised else tired + 1
            if tired == 0:
                box *= CHANGE
            elif tired % TIRED == 0:
                box /= CHANGE
        return best, paid

    def _box(self, paid: Floats, wide: float) -> None:
        self.shelf.pay(paid, wide, self._dear * len(paid))

    def _next(
        self,
        books: Ints,
        mixed: Mixed,
        paid: Floats,
        rng: np.random.Generator | None,
        idle: Callable[[float], bool],
    ) -> Ints:
        """The ``books`` and those taken next: all that the mix has whole, else the best of a few.

        The few are the fullest, or drawn by ``rng``; the best leaves the least to pay for the rest.
        None more where the mix has no book for a rep that is left.
        """
        _, busy = self.shelf.taken(books)
        share = np.where(busy[self.shelf.reps] | (mixed.share < NONE), 0.0, mixed.share)
        whole = np.flatnonzero(share >= WHOLE)
        if len(whole):
            return np.append(books, whole)
        tried = [np.append(books, one) for one in _few(share, rng)]
        if len(tried) < 2:
            return tried[0] if tried else books
        cost = []
        for some in tried:
            self.shelf.hold(some)
            found, _ = self._generated(paid, mixed.prices, some, ROUNDS_TRIED, idle)
            cost.append(self._proved(found, some))
        return tried[int(np.argmin(cost))]


def _few(share: Floats, rng: np.random.Generator | None) -> Ints:
    """The books to try: the fullest, or some drawn."""
    weight = share**STEEP
    some = np.flatnonzero(weight)
    if rng is None or len(some) <= TRIED:
        return some[np.argsort(-share[some], kind="stable")][:TRIED]
    drawn = weight[some] / weight[some].sum()
    return np.asarray(rng.choice(some, TRIED, replace=False, p=drawn), dtype=np.int64)
