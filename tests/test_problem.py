"""Problem: measures, owners, books, and other pairs over the same tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from optiterr.pairs import Pairs
from optiterr.problem import DEPARTED, NOBODY, Problem


@pytest.fixture
def problem() -> Problem:
    """Three accounts and three reps; a belongs to r1, b to nobody, c to someone who left."""
    return Problem(
        accounts=pd.DataFrame(
            {
                "account_id": ["a", "b", "c"],
                "owner_id": ["r1", None, "r9"],
                "revenue": [10.0, 20.0, 30.0],
            }
        ),
        reps=pd.DataFrame({"rep_id": ["r1", "r2", "r3"], "hours": [5.0, 6.0, 7.0]}),
        owner=np.array([0, NOBODY, DEPARTED], dtype=np.int32),
        pairs=Pairs.of([0, 0, 1, 2], [0, 2, 1, 2], 3),
        possible=4,
        candidates="file",
        pair_columns={"score": np.array([1.0, 2.0, 3.0, 4.0])},
    )


def test_measures_come_from_pairs_first_and_else_from_accounts(problem: Problem):
    """score is per pair; revenue is the account's for each of its pairs; accounts counts one."""
    assert problem.pair_number("score").tolist() == [1, 2, 3, 4]
    assert problem.pair_number("revenue").tolist() == [10, 10, 20, 30]
    assert problem.pair_number("accounts").tolist() == [1, 1, 1, 1]
    assert (problem.is_pair_column("score"), problem.is_pair_column("revenue")) == (True, False)
    assert problem.rep_number("hours").tolist() == [5, 6, 7]


def test_a_column_called_accounts_counts_what_it_says(problem: Problem):
    """A table with its own numbers under that name is believed."""
    tables = problem.accounts.assign(accounts=[2.0, 3.0, 4.0])
    assert replace(problem, accounts=tables).account_number("accounts").tolist() == [2, 3, 4]


def test_today_has_owners_who_are_in_the_roster(problem: Problem):
    """Nobody for an account without owner and for one whose owner left."""
    assert problem.today.to_dict() == {"a": "r1", "b": None, "c": None}


def test_owned_pairs_are_found(problem: Problem):
    """The pair (a, r1) is the first; nobody and departed have none."""
    assert problem.owned_pair.tolist() == [0, -1, -1]


def test_keep_takes_the_numbers_of_pairs_along(problem: Problem):
    """What is left of pairs and of their columns stays aligned; the original is as it was."""
    kept = problem.keep(np.array([False, True, True, False]))
    assert kept.pairs.rep.tolist() == [2, 1]
    assert kept.pair_columns["score"].tolist() == [2, 3]
    assert kept.possible == 4
    assert len(problem.pairs) == 4


def test_full_has_every_rep_who_serves(problem: Problem):
    """Accounts b and c with r1 and r3, as r2 leaves; a file of pairs has no further pairs."""
    with pytest.raises(ValueError, match="a pairs file names all pairs there are"):
        problem.full(np.arange(3))
    every = replace(problem, candidates="all", pair_columns={})
    assert every.full(np.arange(1)).pairs.rep.tolist() == [0, 1, 2]
    some = replace(every, serves=np.array([True, False, True])).full(np.arange(1, 3))
    assert some.pairs.account.tolist() == [1, 1, 2, 2]
    assert some.pairs.rep.tolist() == [0, 2, 0, 2]
    assert some.pairs.start.tolist() == [0, 0, 2, 4]


def test_who_serves_is_kept_over_other_pairs(problem: Problem):
    """By default every rep serves; what was said stays said in copies."""
    assert problem.serves.tolist() == [True, True, True]
    some = replace(problem, serves=np.array([True, True, False]))
    assert some.keep(np.ones(4, dtype=bool)).serves.tolist() == [True, True, False]
    everyone = replace(some, candidates="all", pair_columns={})
    assert everyone.full(np.arange(3)).serves.tolist() == [True, True, False]


def test_books_join_the_plan_by_id(problem: Problem):
    """a goes to r3 and c to nobody: the score is that of the listed pair, else missing."""
    plan = pd.Series({"c": None, "a": "r3", "b": "r2"}, dtype=object)
    books = problem.books(plan)
    assert books["account_id"].tolist() == ["a", "b", "c"]
    assert books["rep_id"].tolist()[:2] == ["r3", "r2"]
    assert books["rep_id"].isna().tolist() == [False, False, True]
    assert books["score"].tolist()[:2] == [2, 3]
    assert np.isnan(books["score"].tolist()[2])
    assert "rep_id" not in problem.accounts
