"""Groups of accounts: families by parent account, what cells share, and lists in a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag

from optiterr.errors import DataError, Fault, nearest
from optiterr.findings import counted
from optiterr.membership import shared, texts
from optiterr.pairs import Mask
from optiterr.problem import Column, Groups, Problem

Positions = NDArray[np.int64]
Say = Callable[[int], tuple[str, str]]
"""What is wrong with the account or row at a position, and how to mend it."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]

MOST_NAMED = 20
"""Faults of one kind that are told one by one; the rest is counted."""

MOST_COMPARED = 20_000
"""A misspelt id is compared with known ones only in tables of up to this many."""


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FamilyGroups(_Spec):
    """Families of any depth: an account and all accounts below it."""

    parent: Name = Field(
        description="account column with the id of the parent account, empty at the top of a family"
    )
    outside: Literal["fault", "group"] = Field(
        "fault",
        description="what a parent id means that no account has: a fault, or with 'group' that "
        "the accounts below it are one family headed by nobody",
    )


class SharedGroups(_Spec):
    """Accounts that share a text, such as an investor; an empty cell is in no group."""

    column: Name = Field(description="account column with the names of an account's groups")
    separator: Name | None = Field(
        ";", description="what parts several names in a cell; null: a cell is one name"
    )


class ListedGroups(_Spec):
    """Accounts that a table lists with the names of their groups."""

    table: Name = Field(description="name of the table under data.tables")
    account: Name = Field("account", description="column of the table with the account's id")
    group: Name = Field("group", description="column of the table with the name of the group")


FORMS: dict[str, type[_Spec]] = {
    "parent": FamilyGroups,
    "column": SharedGroups,
    "table": ListedGroups,
}
"""The key that tells one form of a group from the others."""


def _form(value: Any) -> str | None:
    """The name of the form that ``value`` has; None where it has none or several."""
    if isinstance(value, _Spec):
        return type(value).__name__
    said = value if isinstance(value, Mapping) else {}
    given = [form.__name__ for key, form in FORMS.items() if said.get(key) is not None]
    return given[0] if len(given) == 1 else None


GroupSpec = Annotated[
    Annotated[FamilyGroups, Tag("FamilyGroups")]
    | Annotated[SharedGroups, Tag("SharedGroups")]
    | Annotated[ListedGroups, Tag("ListedGroups")],
    Discriminator(
        _form,
        custom_error_type="group",
        custom_error_message="it does not say in one way who belongs together; give exactly one of "
        "parent (families), column (a shared text) and table (a list)",
    ),
]
"""Groups as a scenario describes them."""


def needed_columns(specs: Mapping[str, GroupSpec]) -> tuple[Column, ...]:
    """The columns that the tables must hold, all of them as text."""
    found: list[Column] = []
    for spec in specs.values():
        if isinstance(spec, ListedGroups):
            found += [
                Column(f"tables.{spec.table}", one, "text") for one in (spec.account, spec.group)
            ]
        else:
            name = spec.parent if isinstance(spec, FamilyGroups) else spec.column
            found.append(Column("accounts", name, "text"))
    return tuple(dict.fromkeys(found))


def resolve(specs: Mapping[str, GroupSpec], problem: Problem) -> dict[str, Groups]:
    """The groups of each name. Labels are sorted, memberships sorted by account, then by group.

    The columns of :func:`needed_columns` must be there and hold text. DataError with every fault of
    every group: unknown parents, circles, unknown accounts, empty cells and repeats in lists.
    """
    faults: list[Fault] = []
    found: dict[str, Groups] = {}
    for name, spec in specs.items():
        if isinstance(spec, FamilyGroups):
            found[name] = _families(f"groups.{name}", spec, problem, faults)
        elif isinstance(spec, SharedGroups):
            cells = problem.accounts[spec.column]
            found[name] = shared(cells, _splitter(spec.separator))
        else:
            found[name] = _listed(f"groups.{name}", spec, problem, faults)
    if faults:
        raise DataError.of(faults)
    return found


# ---------------------------------------------------------------------------------------- families


def _families(where: str, spec: FamilyGroups, problem: Problem, faults: list[Fault]) -> Groups:
    """The families that parent ids make; depth counts from the top, also where nobody is there."""
    ids, cells = problem.account_ids, texts(problem.accounts[spec.parent])
    place = np.arange(len(ids))
    parent = problem.account_index.get_indexer(pd.Index(cells, dtype=object)).astype(np.int64)
    parent[cells == ""] = -1
    outside, own = (cells != "") & (parent < 0), parent == place
    parent[own] = -1
    root, depth = _climbed(parent)
    circles = _one_of_each(parent, root[parent[root] >= 0])
    fix = "leave the cell empty at the top of a family, or name another account"
    told: list[tuple[Mask, Say]] = [(own, lambda at: ("it names itself as its parent", fix))]
    if spec.outside == "fault":
        told.append((outside, lambda at: _unknown_parent(str(cells[at]), problem)))
    for wrong, say in told:
        faults += _told(where, np.flatnonzero(wrong), lambda at: f"account {ids[at]!r}", say)
    say = partial(_circle, parent, ids)
    faults += _told(where, circles, lambda at: f"account {ids[at]!r}", say)
    head = np.where(outside, cells, ids)[root]
    labels, group = np.unique(head.astype(object), return_inverse=True)
    return Groups(tuple(labels), place, group.astype(np.int64), parent, depth + outside[root])


def _climbed(parent: Positions) -> tuple[Positions, Positions]:
    """The root of each account and its distance; an account of the circle where there is no root.

    Each round doubles the length of a step up, so deep families take no longer than flat ones.
    """
    up = np.where(parent < 0, np.arange(len(parent)), parent)
    depth = (parent >= 0).astype(np.int64)
    for _ in range(len(parent).bit_length()):
        depth = depth + depth[up]
        up = up[up]
    return up, depth


def _one_of_each(parent: Positions, circling: Positions) -> Positions:
    """The first account of each circle that ``circling`` accounts stand on."""
    told: set[int] = set()
    first: list[int] = []
    for at in np.unique(circling).tolist():
        if at not in told:
            first.append(at)
            while at not in told:
                told.add(at)
                at = int(parent[at])
    return np.array(first, dtype=np.int64)


def _circle(parent: Positions, ids: NDArray[np.object_], first: int) -> tuple[str, str]:
    """What to say of the circle that goes through the account ``first``."""
    chain, at = [first], int(parent[first])
    while at != first:
        chain.append(at)
        at = int(parent[at])
    names = [str(ids[one]) for one in chain]
    shown = " is below ".join(names[:5])
    more = f" and so on through {counted(len(names) - 5, 'more account')}" if len(names) > 5 else ""
    return (
        f"its parents go in a circle: {shown}{more} is below {names[0]}",
        "one of them is the top of the family: leave its parent empty",
    )


def _unknown_parent(parent: str, problem: Problem) -> tuple[str, str]:
    return (
        f"its parent {parent!r} is not among the accounts",
        f"{_near(parent, problem)}write outside: group if the parent is no account of this table; "
        "the accounts below it are then one family",
    )


# ------------------------------------------------------------------------------- texts and tables


def _splitter(separator: str | None) -> Callable[[str], list[str]]:
    """What takes a cell apart into names, each once."""

    def split(text: str) -> list[str]:
        words = [text] if separator is None else text.split(separator)
        return list(dict.fromkeys(word.strip() for word in words if word.strip()))

    return split


def _listed(where: str, spec: ListedGroups, problem: Problem, faults: list[Fault]) -> Groups:
    """The groups that a table lists; rows that say nothing, or the same again, are faults."""
    table = problem.tables[spec.table]
    ids, names = texts(table[spec.account]), texts(table[spec.group])
    account = problem.account_index.get_indexer(pd.Index(ids, dtype=object)).astype(np.int64)
    known = (account >= 0) & (names != "")
    repeats = pd.DataFrame({"account": ids, "group": names}).duplicated().to_numpy(dtype=bool)
    again = known & repeats
    empty = "write one, or delete the row"
    said: list[tuple[Mask, Say]] = [
        (ids == "", lambda at: ("it names no account", empty)),
        (names == "", lambda at: ("it names no group", empty)),
        ((ids != "") & (account < 0), lambda at: _unknown_account(str(ids[at]), problem)),
        (again, lambda at: (f"it says again that {ids[at]!r} is in {names[at]!r}", "delete it")),
    ]
    for wrong, say in said:
        faults += _told(
            where, np.flatnonzero(wrong), lambda at: f"table {spec.table!r}, record {at + 1}", say
        )
    used = np.flatnonzero(known & ~again)
    labels, group = np.unique(names[used], return_inverse=True)
    order = np.lexsort((group, account[used]))
    return Groups(tuple(labels), account[used][order], group[order].astype(np.int64))


def _unknown_account(account: str, problem: Problem) -> tuple[str, str]:
    fix = "write the id of an account, or select the rows of the table with where"
    return f"there is no account {account!r}", _near(account, problem) + fix


def _near(account: str, problem: Problem) -> str:
    known = problem.account_ids if len(problem.account_ids) <= MOST_COMPARED else ()
    near = nearest(account, known)
    return f"did you mean {near!r}? or " if near else ""


def _told(
    where: str,
    at: Positions,
    name: Callable[[int], str],
    say: Say,
) -> list[Fault]:
    """A fault for each position as ``say`` has it (what, fix); after twenty, the count of more."""
    told = [Fault(f"{where}, {name(one)}", *say(one)) for one in at[:MOST_NAMED].tolist()]
    rest = [name(one) for one in at[MOST_NAMED : MOST_NAMED + 3].tolist()]
    if rest:
        what = f"{len(at) - MOST_NAMED:,} more of the kind above: {', '.join(rest)}"
        told.append(Fault(where, what, "mend them in the same way"))
    return told
