"""Figures of a plan, counted with pandas alone: nothing of the rules is used."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from cookbook_books import Books

# ---------------------------------------------------------------------------------- change


def moved(books: Books, of: str = "accounts", where: str | None = None) -> float:
    """Share that changes hands of what stayers own and the query matches."""
    owned = books.among(where)[lambda table: table["stays"]]
    return float(owned.loc[owned["moves"], of].sum() / owned[of].sum())


def count(books: Books, where: str) -> float:
    """Accounts of which the query holds."""
    return float(len(books.among(where)))


def part(books: Books, where: str, among: str) -> float:
    """The share of accounts among those of one query of which another holds too."""
    return float(len(books.among(where)) / len(books.among(among)))


def worst_loss(
    books: Books, by: str = "owner", of: str = "accounts", across: bool = False
) -> float:
    """Largest share that the owners of one value of ``by``, or one segment, lose of their own.

    ``across``: to owners of another value.
    """
    owned = books.accounts[books.accounts["stays"]]
    gone = owned["moves"]
    if across:
        gone = gone & (owned[by] != owned[by.replace("owner_", "rep_")])
    return float((owned[of].where(gone, 0).groupby(owned[by]).sum() / _sum(owned, by, of)).max())


def worst_gain(books: Books, of: str = "accounts") -> float:
    """Most that a rep gains from others, as a share of today's average book."""
    owned = books.accounts[books.accounts["stays"]]
    average = owned[of].sum() / len(books.reps)
    return float(_sum(owned[owned["moves"]], "rep", of).max() / average)


def top_lost(books: Books, top: int, by: str, of_all: bool = False) -> float:
    """Of the largest accounts by ``by``, how many move: of all, or of the rep who loses most."""
    owned = books.accounts[books.accounts["stays"]]
    order = owned.sort_values(by, ascending=False, kind="stable")
    if of_all:
        return float(order.head(top)["moves"].sum())
    best = order.groupby("owner").head(top)
    return float(best.groupby("owner")["moves"].sum().max())


def moved_of_large(books: Books, of: str, least: float, below: float = float("inf")) -> float:
    """Moves of accounts of families that have so much in all."""
    top = _top(books.accounts)
    whole = books.accounts[of].groupby(top).transform("sum")
    family = top.duplicated(keep=False) & (whole >= least) & (whole < below)
    return float((books.accounts["moves"] & family).sum())


def road(books: Books) -> float:
    """The cost of the road in thousands: 0.40 a km, there and back, 2, 4 or 12 times a year."""
    visits = books.accounts["size"].map({"small": 2, "middle": 4, "large": 12})
    return float((visits * 2 * books.accounts["km"] * 0.4).sum() / 1000)


def worth_lost(books: Books) -> float:
    """What relationships lose: half of it where the manager stays the same."""
    gone = books.accounts[books.accounts["moves"]]
    half = gone["owner_manager"] == gone["rep_manager"]
    return float((gone["worth"] * half.map({True: 0.5, False: 1.0})).sum())


# ---------------------------------------------------------------------------------- groups


def split(books: Books, by: str, most: int = 1, where: str | None = None) -> float:
    """How many groups are served by more reps than allowed."""
    return float((_reps_of(books, by, where) > most).sum())


def split_most(books: Books, by: str, where: str | None = None) -> float:
    """The reps of the group that has most."""
    return float(_reps_of(books, by, where).max())


def second_reps(books: Books, by: str) -> float:
    """How many reps groups have beside their first."""
    return float((_reps_of(books, by, None) - 1).sum())


def shared(books: Books, by: str) -> float:
    """How many groups have two accounts with one rep."""
    among = books.accounts.dropna(subset=[by, "rep"])
    return float((among.groupby([by, "rep"]).size() > 1).groupby(level=0).any().sum())


def _reps_of(books: Books, by: str, where: str | None) -> pd.Series[int]:
    among = books.among(where)
    label = {"family": _top, "division": _division}.get(by, lambda table: table[by])(among)
    several = label[label.duplicated(keep=False) & label.notna()]
    return among["rep"].groupby(several).nunique()


def _parents(accounts: pd.DataFrame) -> dict[str, str]:
    return dict(accounts.dropna(subset=["parent"])[["account", "parent"]].to_numpy().tolist())


def _top(accounts: pd.DataFrame) -> pd.Series[str]:
    """The account at the top of each account's family."""
    parent = _parents(accounts)

    def climb(account: str) -> str:
        return climb(parent[account]) if account in parent else account

    return accounts["account"].map(climb)


def _division(accounts: pd.DataFrame) -> pd.Series[str]:
    """The child of the top account that each account is, or is below; none for the top itself."""
    parent = _parents(accounts)

    def climb(account: str) -> str | None:
        if account not in parent:
            return None
        return climb(parent[account]) or account

    return accounts["account"].map(climb)


# ---------------------------------------------------------------------------------- books


def load(
    books: Books,
    of: str = "accounts",
    how: str = "max",
    where: str | None = None,
    reps: list[str] | None = None,
    share: bool = False,
) -> float:
    """The largest or smallest load of any rep, or of those named; as a share of the own book."""
    served = books.among(where)
    each = _sum(served, "rep", of).reindex(books.reps.index if reps is None else reps).fillna(0)
    if share:
        each = each / _sum(books.accounts, "rep", of)
    return float(each.agg(how))


def uneven(books: Books, of: str = "accounts", by: str = "rep") -> float:
    """How far any book, or team, is from an equal part, as a share of it."""
    column = books.accounts[by]
    each = books.accounts[of].groupby(column).sum()
    values = books.reps[by.removeprefix("rep_")].unique() if by != "rep" else books.reps.index
    each = each.reindex(values).fillna(0)
    return float((each / each.mean() - 1).abs().max())


def uneven_inside(books: Books, of: str, by: str, group: str) -> float:
    """How far any team is from an equal part of its group, as a share of that part."""
    teams = books.reps.rename(columns=lambda name: f"rep_{name}").groupby(by)[group].first()
    each = _sum(books.accounts, by, of).reindex(teams.index).fillna(0)
    return float((each / each.groupby(teams).transform("mean") - 1).abs().max())


def share_most(books: Books, of: str, by: str) -> float:
    """The part of everything that the heaviest team carries."""
    return float(_sum(books.accounts, by, of).max() / books.accounts[of].sum())


def kinds(books: Books, column: str) -> float:
    """Most different values of a column in any book."""
    return float(books.accounts.groupby("rep")[column].nunique().max())


def longest(books: Books, of: str) -> float:
    """The largest number of any account."""
    return float(books.accounts[of].max())


def chance(books: Books, strength: float) -> float:
    """Mean chance to win by the past, sector counted twice and series once, smoothed."""
    past = pd.read_csv(books.folder / "past.csv")
    total = np.zeros(len(books.accounts))
    for column, part in (("sector", 2 / 3), ("series", 1 / 3)):
        overall = past.groupby(column)["won"].mean()
        won = past.groupby(["rep", column])["won"].agg(["sum", "size"])
        at = pd.MultiIndex.from_frame(books.accounts[["rep", column]])
        own = won.reindex(at).fillna(0).to_numpy()
        base = books.accounts[column].map(overall).to_numpy()
        total += part * (own[:, 0] + strength * base) / (own[:, 1] + strength)
    return float(total.mean())


def _sum(accounts: pd.DataFrame, by: str, of: str) -> pd.Series[float]:
    return accounts[of].groupby(accounts[by]).sum()


FIGURES: dict[str, Callable[..., float]] = {
    one.__name__: one
    for one in (
        moved, count, part, worst_loss, worst_gain, top_lost, worth_lost, split, split_most,
        second_reps, moved_of_large, road, shared, load, uneven, uneven_inside, share_most, kinds,
        longest, chance,
    )
}  # fmt: skip
