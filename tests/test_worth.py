"""What an account alone is worth: the same as the whole model says, for every rule."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from rulebook import CASES
from tiny_comparison import DEGREE, RULES, plan_of, tiny

from optiterr.comparison import worth as judging
from optiterr.comparison.figures import show
from optiterr.comparison.side_by_side import summarise
from optiterr.comparison.worth import NOT_JUDGED, NOT_LISTED, worth
from optiterr.compile import compile_model
from optiterr.conformance.toys import toys
from optiterr.errors import OptiterrError
from optiterr.model import Model
from optiterr.problem import Problem
from optiterr.rules import Rule, rule_class
from optiterr.rules.capacity import Capacity
from optiterr.rules.coverage import Coverage

PLANS = 3
"""Plans of each toy that are tried with each setting of each rule."""


def whole(rule: Rule, problem: Problem) -> Model | None:
    """The whole model, None where the toy does not have what the rule reads."""
    try:
        return compile_model({"rule": rule}, problem).model
    except (OptiterrError, KeyError):
        return None


def value(model: Model, rep: np.ndarray) -> float:
    choice = model.choose(rep)
    return np.inf if (choice < 0).any() else model.value(model.picks(choice))


@pytest.mark.parametrize("kind", sorted(CASES))
def test_every_change_costs_what_it_costs_in_the_whole_model(kind: str) -> None:
    """Every account of every toy to every rep and to nobody, under every setting of the rule: the
    change of cost, and where a hard rule forbids it no number but the rule's name."""
    rng = np.random.default_rng(7)
    tried = 0
    for fields, toy in product(CASES[kind], toys().values()):
        rule = rule_class(kind)(**fields)
        model = whole(rule, toy)
        if model is None or not len(toy.accounts):
            continue
        accounts, reps = len(toy.accounts), len(toy.reps)
        every = np.array(list(product(range(-1, reps), repeat=accounts)), dtype=np.int32)
        good = [rep for rep in rng.permutation(every) if np.isfinite(value(model, rep))]
        for rep in good[:PLANS]:
            account = np.repeat(np.arange(accounts), reps + 1)
            to = np.tile(np.arange(-1, reps), accounts)
            found = worth({"rule": rule}, toy, rep, account, to)
            for k, (one, there) in enumerate(zip(account, to, strict=True)):
                far = toy.candidates == "nearest" and there >= 0
                if far and toy.pairs.find([one], [there])[0] < 0:
                    continue  # the whole model of candidates lacks the pair
                changed = rep.copy()
                changed[one] = there
                expected = value(model, changed) - value(model, rep)
                tried += 1
                if np.isinf(expected):
                    assert np.isnan(found.change[k])
                    assert found.broken[k] in ("rule", NOT_LISTED)
                else:
                    assert found.change[k] == pytest.approx(expected, abs=1e-9)
                    assert found.broken[k] == ""
                    total = sum(values[k] for values in found.terms.values())
                    assert total == pytest.approx(expected, abs=1e-9)
    assert tried > 100


def test_pairs_that_are_no_candidates_are_judged_too() -> None:
    """Candidates are for the solver: d could go to ann, whom the nearest pairs leave out."""
    near = toys()["near"]
    assert near.pairs.find([3], [0])[0] < 0
    rep = np.array([0, 1, 0, 1], dtype=np.int32)
    room = Capacity(measure="workload", limit=3, price=1.0, per="unit")
    found = worth({"room": room}, near, rep, np.array([3]), np.array([0]))
    # ann: 2 + 0 of 3, then 3.5: 0.5 above. bob: 3 + 1.5 of 3, then 3: 1.5 less.
    assert found.change[0] == pytest.approx(-1.0)


def test_a_pair_that_the_file_does_not_list_has_no_worth() -> None:
    """A pairs file names all there are: a with bob is none of them."""
    listed = toys()["listed"]
    rep = np.array([0, 0, 1, 0], dtype=np.int32)
    found = worth({"coverage": Coverage()}, listed, rep, np.array([0]), np.array([1]))
    assert np.isnan(found.change[0])
    assert found.broken == (NOT_LISTED,)


def test_too_many_changes_are_said_not_to_be_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three changes the first two are judged, and the third says that it was not."""
    monkeypatch.setattr(judging, "MOST_JUDGED", 2)
    near = toys()["near"]
    rep = np.array([0, 1, 0, 1], dtype=np.int32)
    room = Capacity(measure="workload", limit=3, price=1.0, per="unit")
    account, to = np.array([0, 1, 3]), np.array([1, 0, 0])
    found = worth({"room": room}, near, rep, account, to)
    assert np.isfinite(found.change[:2]).all()
    assert found.broken == ("", "", NOT_JUDGED)
    assert np.isnan(found.change[2])


def test_a_plan_that_breaks_a_hard_rule_is_not_judged() -> None:
    """bob carries 4.5 of 3 in a plan that must not be: no change of it has a worth."""
    near = toys()["near"]
    rep = np.array([0, 1, 0, 1], dtype=np.int32)
    found = worth(
        {"room": Capacity(measure="workload", limit=3)}, near, rep, np.array([3]), np.array([2])
    )
    assert found.broken == (NOT_JUDGED,)
    assert found.reason(0) == ("", 0.0)


def test_a_move_that_costs_more_than_it_buys_is_called_so() -> None:
    """a goes from r1 beside it to r2, two degrees away, and takes 10 of revenue along.

    Loads are 35 and 25 with a at r2, 45 and 15 with a at r1, the target is 30: 5/30 + 5/30 at 30 a
    share is 10, then 15/30 + 15/30 is 30. Undoing the move costs 20 of balance and saves 0.1 x 2
    degrees of way, 22.24: that it balances revenue is true, and no reason.
    """
    taken = {"a": "r2", "b": "r1", "c": "r2", "d": "r1", "e": "r1"}
    case = summarise("x", plan_of(assignment=taken), tiny(), RULES)
    (move,) = (move for move in case.moves if move.account_id == "a")
    saved = 0.2 * DEGREE - 20
    assert move.worth == pytest.approx(-saved)
    assert move.why == f"undoing it alone would save {show(saved)}: not the cheapest plan"


def test_a_move_that_is_worth_nothing_either_way_is_no_waste() -> None:
    """With the way as the only charge and both reps in one place, a costs the same with either."""
    taken = {"a": "r2", "b": "r1", "c": "r2", "d": "r1", "e": "r1"}
    base = tiny()
    beside = replace(base, reps=base.reps.assign(longitude=[1.0, 1.0]))
    case = summarise("x", plan_of(assignment=taken), beside, {"travel": RULES["travel"]})
    (move,) = (move for move in case.moves if move.account_id == "a")
    assert move.worth == pytest.approx(0.0)
    assert move.why == "no gain of its own: it makes room for other moves"
