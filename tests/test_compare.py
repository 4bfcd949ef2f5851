"""Comparisons: every figure worked out by hand, and what may be said about two costs."""

from __future__ import annotations

import pickle
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from tiny_comparison import DEGREE, RULES, plan_of, summary, tiny

from optiterr.comparison.case import Case, RuleLine
from optiterr.comparison.figures import REGISTER, balance, figure, show
from optiterr.comparison.narrative import Sentence
from optiterr.comparison.side_by_side import (
    Cell,
    Comparison,
    Row,
    compare,
    summarise,
    summarise_today,
    verdict,
)
from optiterr.errors import AuditError, DataError, SpecError
from optiterr.findings import Finding, Weight
from optiterr.pairs import Pairs
from optiterr.problem import DEPARTED, NOBODY, Problem
from optiterr.rules.balance import Balance
from optiterr.rules.capacity import Capacity
from optiterr.rules.coverage import Coverage
from optiterr.rules.disruption import Disruption
from optiterr.rules.fairness import Fairness
from optiterr.rules.fit import Fit
from optiterr.rules.value import Value


def test_balance_of_three_books() -> None:
    """Loads 90, 100, 110: mean 100, two of them 10 away."""
    found = balance(np.array([110.0, 90.0, 100.0]))
    assert found["total"] == 300
    assert found["mean"] == 100
    assert (found["least"], found["most"]) == (90, 110)
    assert found["spread"] == pytest.approx(0.2)  # (110 - 90) / 100
    assert found["variation"] == pytest.approx((200 / 3) ** 0.5 / 100)
    # pairs differ by 10, 10, 20: mean over the 9 ordered pairs 80/9, over twice the mean: 80/1800
    assert found["gini"] == pytest.approx(80 / 1800)
    assert found["within_5"] == pytest.approx(1 / 3)  # only 100
    assert found["within_10"] == 1  # 90 and 110 are exactly at the edge
    assert found["within_15"] == 1


def test_the_index_of_an_average_book_is_a_thousand() -> None:
    """Loads 90, 100 and 110 of a mean of 100; 25 and 35 of a mean of 30; all alike are 1,000."""
    found = balance(np.array([110.0, 90.0, 100.0]))
    assert found["index_least"] == pytest.approx(900)
    assert found["index_most"] == pytest.approx(1100)
    case = summary()
    assert case.values["index_least:revenue"] == pytest.approx(25 / 30 * 1000)
    assert case.values["index_most:revenue"] == pytest.approx(35 / 30 * 1000)
    assert balance(np.array([7.0, 7.0]))["index_least"] == 1000


def test_ratios_to_a_mean_of_zero_or_less_are_left_out() -> None:
    """Nothing to share: no spread, no Gini; a book below 0 has no Gini but a spread."""
    assert set(balance(np.zeros(2))) == {"total", "mean", "least", "most"}
    below = balance(np.array([-1.0, 3.0]))
    assert "gini" not in below
    assert below["spread"] == 4  # (3 - -1) / 1
    assert balance(np.array([])) == {"total": 0.0}


def test_one_rep_with_everything_is_uneven() -> None:
    """Gini of 0 and 4 is (4 + 4) / 4 ordered pairs / twice the mean of 2: 0.5."""
    assert balance(np.array([0.0, 4.0]))["gini"] == 0.5


def test_balance_figures_of_a_plan_and_of_today() -> None:
    """Plan 25 and 35; today 30 and 15, as d is nobody's and the owner of e left."""
    case = summary()
    assert case.values["total:revenue"] == 60
    assert case.values["spread:revenue"] == pytest.approx(10 / 30)
    assert case.values["gini:revenue"] == pytest.approx(20 / (2 * 4 * 30))
    assert case.values["mean:accounts"] == 2.5
    assert case.today_values["total:revenue"] == 45
    assert case.today_values["spread:revenue"] == pytest.approx(15 / 22.5)
    assert case.values["unserved:accounts"] == 0
    assert case.today_values["unserved:accounts"] == 2  # d and e


def test_distance_from_target_counts_every_account() -> None:
    """Target 60 / 2 = 30 each. Plan: 5/30 off both. Today: r1 on target, r2 15/30 off."""
    case = summary()
    assert case.values["off_target_most:even"] == pytest.approx(1 / 6)
    assert case.values["off_target_mean:even"] == pytest.approx(1 / 6)
    assert case.today_values["off_target_most:even"] == pytest.approx(0.5)
    assert case.today_values["off_target_mean:even"] == pytest.approx(0.25)


def test_targets_in_proportion_and_inside_groups() -> None:
    """In proportion to 40 and 30 hours: 60 x 4/7 and 60 x 3/7. Alone in a group: the own load."""
    part = {"even": Balance(measure="revenue", price=1, proportional_to="hours")}
    case = summarise("x", plan_of(terms={"even": 1.0}), tiny(), part)
    assert [book.target["revenue"] for book in case.books[:2]] == pytest.approx([240 / 7, 180 / 7])
    problem = tiny()
    grouped = replace(problem, reps=problem.reps.assign(team=["north", "south"]))
    rule = {"even": Balance(measure="revenue", price=1, per="unit", groups="team")}
    case = summarise("x", plan_of(terms={"even": 0.0}), grouped, rule)
    assert [book.target["revenue"] for book in case.books[:2]] == [25, 35]
    assert case.values["off_target_most:even"] == 0


def test_a_fairness_rule_has_targets_too() -> None:
    """60 in proportion to 40 and 30 hours; with a filter it speaks of no whole book."""
    rule = Fairness(measure="revenue", price=1, proportional_to="hours")
    case = summarise("x", plan_of(terms={"even": 1.0}), tiny(), {"even": rule})
    assert [book.target["revenue"] for book in case.books[:2]] == pytest.approx([240 / 7, 180 / 7])
    # 25 and 35 against these: |25 x 7 / 240 - 1| and |35 x 7 / 180 - 1|
    assert case.values["off_target_most:even"] == pytest.approx(35 * 7 / 180 - 1)
    some = {"even": Fairness(measure="revenue", price=1, where={"revenue": {"more_than": 5}})}
    case = summarise("x", plan_of(terms={"even": 1.0}), tiny(), some)
    assert [book.target for book in case.books[:2]] == [{}, {}]


def test_a_rep_who_leaves_makes_no_group_for_targets() -> None:
    """r3 leaves, alone in its team: 60 is shared by two. r1 carries 30, r2 15: 15/30 off."""
    problem = tiny()
    third = problem.reps.iloc[:1].assign(rep_id="r3")
    reps = pd.concat([problem.reps, third], ignore_index=True)
    reps = reps.assign(team=["north", "north", "south"])
    serves = np.array([True, True, False])
    grouped = replace(problem, reps=reps, pairs=Pairs.full(5, 3), serves=serves)
    rule = {"even": Balance(measure="revenue", price=1, per="unit", groups="team")}
    case = summarise("x", plan_of(terms={"even": 10.0}), grouped, rule)
    assert [book.target.get("revenue") for book in case.books[:2]] == [30, 30]
    assert case.today_values["off_target_most:even"] == pytest.approx(0.5)


def test_use_of_capacity_is_counted_before_slack() -> None:
    """Loads 25 of 40 and 35 of 30: 35 is above the limit though slack lets it pass."""
    case = summary()
    assert case.values["use_most:hours"] == pytest.approx(35 / 30)
    assert case.values["use_mean:hours"] == pytest.approx((25 / 40 + 35 / 30) / 2)
    assert case.values["over_limit:hours"] == 1
    assert case.today_values["use_most:hours"] == pytest.approx(30 / 40)
    assert case.today_values["over_limit:hours"] == 0


def test_a_load_exactly_at_its_limit_is_not_above_it() -> None:
    """35 of 35 is full, not over."""
    rules = {"hours": Capacity(measure="revenue", limit=35.0)}
    case = summarise("x", plan_of(), tiny(), rules)
    assert case.values["over_limit:hours"] == 0
    assert case.values["use_most:hours"] == 1


def test_a_rep_without_capacity_has_no_use() -> None:
    """A limit of 0 leaves no share to speak of; a load there is above the limit."""
    problem = tiny()
    none = replace(problem, reps=problem.reps.assign(hours=[40.0, 0.0]))
    case = summarise("x", plan_of(), none, {"hours": Capacity(measure="revenue", limit="hours")})
    assert case.values["use_most:hours"] == 25 / 40
    assert case.values["over_limit:hours"] == 1
    assert "hours" not in case.books[1].use


def test_moves_are_a_share_of_what_staying_reps_own() -> None:
    """b (20) moves of a, b, c (45). e (10) is forced, d (5) was nobody's: both free."""
    case = summary()
    assert case.values["owned:revenue"] == 45
    assert case.values["moved:revenue"] == 20
    assert case.values["moved_share:revenue"] == pytest.approx(20 / 45)
    assert case.values["moved:accounts"] == 1
    assert case.values["forced:revenue"] == 10
    assert case.values["assigned:revenue"] == 5
    assert case.values["reps_changed"] == 2
    assert case.values["worst_loss"] == 0.5  # r1 loses b of a and b


def test_moves_are_listed_largest_first_with_their_kind() -> None:
    """b 20 moved, e 10 forced from the one who left, d 5 new from nobody."""
    told = [
        (m.account_id, m.name, m.from_rep, m.from_name, m.to_rep, m.to_name, m.kind)
        for m in summary().moves
    ]
    assert told == [
        ("b", "Bolt", "r1", "Lee", "r2", "Kim", "moved"),
        ("e", "Echo", "r3", "", "r1", "Lee", "forced"),
        ("d", "Dyne", None, "", "r1", "Lee", "new"),
    ]
    assert summary().moves[0].measures == {"accounts": 1.0, "revenue": 20.0}


def test_flows_add_up_moves_between_two_reps() -> None:
    """With a and b both going to r2, one flow of 30."""
    both = {"a": "r2", "b": "r2", "c": "r2", "d": "r1", "e": "r1"}
    flows = {(f.from_rep, f.to_rep): f.measures for f in summary(assignment=both).flows}
    assert flows == {
        ("r1", "r2"): {"accounts": 2.0, "revenue": 30.0},
        ("r3", "r1"): {"accounts": 1.0, "revenue": 10.0},
        (None, "r1"): {"accounts": 1.0, "revenue": 5.0},
    }


def test_books_before_and_after() -> None:
    """r1 keeps a (10), gains d and e (15), loses b (20); r3 left with e (10)."""
    lee, kim, left = summary().books
    assert (lee.before["revenue"], lee.after["revenue"]) == (30, 25)
    assert (lee.kept["revenue"], lee.gained["revenue"], lee.lost["revenue"]) == (10, 15, 20)
    assert (kim.before["accounts"], kim.after["accounts"], kim.gained["accounts"]) == (1, 2, 1)
    assert lee.target == {"revenue": 30}
    assert lee.limit == {"hours": 40}
    assert (lee.use_before["hours"], lee.use["hours"]) == (30 / 40, 25 / 40)
    assert (left.rep_id, left.leaves, left.before["revenue"]) == ("r3", True, 10)
    assert (left.lost["accounts"], left.after["accounts"]) == (1, 0)


def test_a_rep_who_leaves_is_no_part_of_balance() -> None:
    """r2 leaves: c is forced, and the mean is that of r1 alone."""
    gone = replace(
        tiny(),
        owner=np.array([0, 0, DEPARTED, NOBODY, DEPARTED], dtype=np.int32),
        serves=np.array([True, False]),
    )
    plan = plan_of(assignment=dict.fromkeys("abcde", "r1"))
    case = summarise("x", plan, gone, {"coverage": Coverage()})
    assert case.reps == 1
    assert case.values["mean:revenue"] == 60
    assert case.values["forced:revenue"] == 25  # c and e
    kim = case.books[1]
    assert (kim.leaves, kim.before["revenue"], kim.lost["revenue"]) == (True, 15, 15)


def test_distance_to_accounts() -> None:
    """Plan: b and e one degree each. Today: b only, over the three accounts that have a rep."""
    case = summary()
    assert case.values["travel"] == pytest.approx(2 * DEGREE)
    assert case.values["travel_mean"] == pytest.approx(2 * DEGREE / 5)
    assert case.today_values["travel"] == pytest.approx(DEGREE)
    assert case.today_values["travel_mean"] == pytest.approx(DEGREE / 3)


def test_no_distance_without_coordinates() -> None:
    """A figure that does not apply is absent, not 0."""
    problem = tiny()
    bare = replace(problem, accounts=problem.accounts.drop(columns="longitude"))
    case = summarise("x", plan_of(), bare, {"coverage": Coverage()})
    assert "travel" not in case.values


def test_today_is_judged_by_the_rules_of_the_case() -> None:
    """Today: r2 15/30 off target at 30 a share is 15; one degree of way; d and e uncovered."""
    case = summary()
    assert case.today_terms == pytest.approx({"even": 15.0, "travel": 0.1 * DEGREE})
    assert case.today_cost == pytest.approx(15 + 0.1 * DEGREE)
    assert case.today_values["breaches"] == 2
    assert {one.where for one in case.today_breaches} == {"d", "e"}


def test_saving_compares_like_with_like() -> None:
    """Saving is today's cost under the same rules less the plan's, here below 0."""
    case = summary()
    today, cost = 15 + 0.1 * DEGREE, 10 + 0.2 * DEGREE
    assert case.values["cost"] == pytest.approx(cost)
    assert case.values["today_cost"] == pytest.approx(today)
    assert case.values["saving"] == pytest.approx(today - cost)
    assert case.values["saving_share"] == pytest.approx((today - cost) / today)
    assert case.values["gap"] == pytest.approx((cost - 20) / cost)
    assert case.values["bound"] == 20
    assert case.values["claimed"] == 21
    assert "reached" not in case.values  # the plan costs more than today: 32.2 against 26.1


def test_share_of_the_possible_saving_reached() -> None:
    """Today 26.12 cannot fall below 20; a plan of 21 has reached 5.12 of 6.12."""
    case = summarise("x", plan_of(cost=21.0, bound=20.0), tiny(), RULES)
    today = 15 + 0.1 * DEGREE
    assert case.values["reached"] == pytest.approx((today - 21) / (today - 20))


def test_findings_are_counted_by_rule_without_notes() -> None:
    """Two findings of 0.5 and 0.25 and a note: two, 0.75; one of them a breach."""
    told = tuple(
        Finding(rule="even", weight=weight, where="r1", amount=amount, unit="shares", message="m")
        for weight, amount in ((Weight.PRICED, 0.5), (Weight.BREACH, 0.25), (Weight.NOTE, 9.0))
    )
    case = summary(findings=told)
    assert (case.values["found:even"], case.values["amount:even"]) == (2, 0.75)
    assert case.values["breaches"] == 1
    assert case.values["found:travel"] == 0
    assert next(f for f in case.figures if f.key == "amount:even").unit == "shares"


def test_effort_adds_up_phases() -> None:
    """1.5 s to solve and 0.25 s to audit; 8 of 10 pairs considered."""
    values = summary().values
    assert (values["seconds"], values["pairs"], values["pairs_possible"]) == (1.75, 8, 10)


def test_measures_that_depend_on_the_rep_are_no_part_of_moves() -> None:
    """Pair hours: account i with r1 takes 1 + i, with r2 10: r1 has a, d, e: 1 + 4 + 5."""
    problem = tiny()
    hours = np.where(problem.pairs.rep == 0, problem.pairs.account + 1.0, 10.0)
    with_pairs = replace(problem, pair_columns=MappingProxyType({"h": hours}))
    case = summarise(
        "x", plan_of(), with_pairs, {"cap": Capacity(measure="h", limit=20.0, price=1)}
    )
    assert [book.after["h"] for book in case.books[:2]] == [10, 20]
    assert case.move_measures == ("accounts", "revenue")
    assert case.measures == ("accounts", "revenue", "h")


def test_a_case_without_a_plan_keeps_its_reason() -> None:
    """Infeasible: no cost, no books, but today's figures and what blocks the plan."""
    why = Finding(rule="calm", weight=Weight.BREACH, where="all", amount=1, message="Too calm.")
    plan = plan_of(status="infeasible", terms={}, assignment={}, blocking=(why,))
    case = summarise("tight", plan, tiny(), RULES, scenario_title="Tight")
    assert not case.has_plan
    assert "cost" not in case.values
    assert case.blocking == (why,)
    shown = compare("s", "", [case], summarise_today(tiny(), RULES))
    assert shown.summary[0].text == (
        "Tight has no plan: no assignment keeps all of its hard rules. Too calm."
    )
    assert shown.standings["tight"] == "no plan is possible"


def test_a_plan_of_other_data_is_refused() -> None:
    """A plan that names an account the data lacks cannot be counted."""
    with pytest.raises(DataError, match="'zz' is in the plan but not in the data"):
        summarise("x", plan_of(assignment={"zz": "r1"}), tiny(), RULES)


def test_today_as_a_case() -> None:
    """Today's books are a column like any other, with no bound and no moves."""
    today = summarise_today(tiny(), RULES)
    assert today.is_today
    assert today.values == today.today_values
    assert today.values["cost"] == pytest.approx(15 + 0.1 * DEGREE)
    assert not {"bound", "gap", "moved:accounts"} & set(today.values)
    assert [book.after for book in today.books[:2]] == [book.before for book in today.books[:2]]


def test_every_figure_is_registered_and_explained() -> None:
    """Every value of a case has a figure with a title, a formula in words and its own key."""
    case = summary()
    keys = [one.key for one in case.figures]
    assert sorted(keys) == sorted({*case.values, *case.today_values})
    assert all(one.title and one.meaning.endswith(".") for one in case.figures)
    assert not any("{" in one.title + one.meaning + one.unit for one in case.figures)
    assert {one.family for one in case.figures} >= set(REGISTER) - {
        *("reached", "earned", "fit")  # have cases of their own
    }


def test_coverage_is_a_share_of_all_accounts() -> None:
    """Today d (5) and e (10) have no rep: 3 of 5 accounts, 45 of 60 of revenue; then all."""
    case = summary()
    assert case.today_values["covered:accounts"] == pytest.approx(3 / 5)
    assert case.today_values["covered:revenue"] == pytest.approx(45 / 60)
    assert case.values["covered:revenue"] == 1.0
    nothing = replace(tiny(), accounts=tiny().accounts.assign(revenue=0.0))
    bare = summarise("x", plan_of(terms={}), nothing, {"coverage": Coverage()})
    assert "covered:revenue" not in bare.values


def test_fit_is_a_share_of_the_best_there_is() -> None:
    """Scores of 10, weighted by revenue: b (20) scores 5 with r1 and 10 with r2, all others 10.

    Today b is with r1: of a, b and c (45) it is 20 x 5 short of 450. In the plan nothing is short.
    """
    scores = np.full(10, 10.0)
    scores[2] = 5.0
    listed = replace(tiny(), candidates="file", pair_columns={"score": scores})
    rules = {"suits": Fit(score="score", best=10, weight="revenue", price=2)}
    case = summarise("x", plan_of(terms={"suits": 0.0}, cost=0.0), listed, rules)
    assert case.values["fit:suits"] == 1.0
    assert case.today_values["fit:suits"] == pytest.approx(1 - 100 / 450)


def test_what_books_earn_is_told() -> None:
    """Elasticity 0.5, ten hours each: a book of one account of 40 sold at 10 hours earns 40.

    Two equal accounts share the hours: each 40 x (5/10)^0.5, together 56.57.
    """
    accounts = pd.DataFrame(
        {"account_id": ["a", "b"], "owner_id": ["r1", "r2"], "sales": 40.0, "visits": 10.0}
    )
    reps = pd.DataFrame({"rep_id": ["r1", "r2"], "hours": [10.0, 10.0]})
    problem = Problem(accounts, reps, np.array([0, 1], dtype=np.int32), Pairs.full(2, 2), 4)
    rule = Value(sales="sales", hours="hours", reference="visits", elasticity=0.5, price=1)
    together = plan_of(assignment={"a": "r1", "b": "r1"}, terms={}, cost=1.0)
    found = tuple(rule.check("worth", problem, pd.Series({"a": "r1", "b": "r1"})))
    case = summarise("x", together.model_copy(update={"findings": found}), problem, {"worth": rule})
    assert case.today_values["earned:worth"] == pytest.approx(80.0)
    assert case.values["earned:worth"] == pytest.approx(2 * 40 * 0.5**0.5)


def like(name: str, cost: float, bound: float | None, **changes: object) -> Case:
    """A case of one problem with that cost and bound."""
    values = {"cost": cost} | ({} if bound is None else {"bound": bound})
    base = summary().model_copy(
        update={"name": name, "title": name.upper(), "values": summary().values | values}
    )
    if bound is None:
        base.values.pop("bound")
    return base.model_copy(update={"charges": "c", "problem": name, **changes})


def test_cheaper_than_any_plan_of_the_other_rules_is_proved() -> None:
    """10 is below the bound of 12 under the rules of the dearer case."""
    said = verdict(like("a", 10, 9), like("b", 13, 12))
    assert (said.first, said.second, said.basis, said.proved) == ("a", "b", "same charges", True)
    assert said.difference == 3
    assert said.words == "Proved: A costs 10, and no plan under the rules of B costs less than 12."


def test_a_difference_inside_the_gap_is_not_proved() -> None:
    """11 costs less than 13, but plans of 10.5 are not ruled out there."""
    said = verdict(like("b", 13, 10.5), like("a", 11, 9))
    assert not said.proved
    assert said.words == (
        "Not proved: A costs 2 less than B, but its plans are only proved to cost 10.5 or more."
    )


def test_a_cost_exactly_at_the_bound_is_not_proved() -> None:
    """12 against a bound of 12: the other may cost the same."""
    assert not verdict(like("a", 12, 9), like("b", 13, 12)).proved


def test_a_bound_over_candidates_proves_nothing_about_the_rest() -> None:
    """The bound of 12 leaves out pairs, so plans with those may be cheaper."""
    said = verdict(like("a", 10, 9), like("b", 13, 12, proved="considered"))
    assert not said.proved
    assert said.words.endswith("but its bound of 12 covers only the pairs considered.")


def test_no_bound_proves_nothing() -> None:
    """Without a bound of the dearer case nothing can be said about its best plan."""
    said = verdict(like("a", 10, 9), like("b", 13, None))
    assert said.words == "Not proved: A costs 3 less than B, but no bound is proved there."


def test_different_prices_are_not_compared() -> None:
    """Another price is another currency: no difference is given, and the rules are named."""
    lines = {
        price: (RuleLine(name="even", kind="balance", law="", price=price, written=str(price)),)
        for price in (1.0, 2.0)
    }
    said = verdict(
        like("a", 10, 9, prices="x", rules=lines[1.0]),
        like("b", 13, 12, prices="y", rules=lines[2.0]),
    )
    assert (said.basis, said.difference, said.proved) == ("other prices", None, False)
    assert said.words == "The costs of A and B cannot be compared: their prices differ (even)."


def test_other_data_is_said() -> None:
    """Same prices over other data may be compared, and the words say so."""
    said = verdict(like("a", 10, 9), like("b", 13, 12, charges="other"))
    assert (said.basis, said.proved) == ("other data", True)
    assert said.words.endswith("costs less than 12, each on its own data.")


def test_two_plans_of_one_problem_share_the_better_bound() -> None:
    """One problem: the cheaper plan is cheaper as a fact, and the larger bound holds for both."""
    said = verdict(like("a", 10, 8, problem="p"), like("b", 13, 9, problem="p"))
    assert said.words == (
        "A and B are two plans of one problem and differ by 3: A is the cheaper plan. "
        "No plan of this problem costs less than 9."
    )
    even = verdict(like("a", 10, 8, problem="p"), like("b", 10, 9, problem="p"))
    assert "and cost the same. No plan" in even.words


def test_a_plan_below_the_bound_of_its_own_problem_is_a_lie() -> None:
    """A plan of 10 and a proved bound of 12 for the same problem cannot both be true."""
    with pytest.raises(AuditError, match="b is said to prove that no plan of the same"):
        verdict(like("a", 10, 9, problem="p"), like("b", 13, 12, problem="p"))


def test_digests_tell_prices_limits_and_data_apart() -> None:
    """A hard limit changes the problem only; a price all; data that is read, the charges."""
    base = summary()
    looser = summarise("x", plan_of(), tiny(), RULES | {"calm": Disruption(max_share=0.9)})
    assert looser.charges == base.charges
    assert looser.problem != base.problem
    dearer = summarise(
        "x", plan_of(), tiny(), RULES | {"even": Balance(measure="revenue", price=9)}
    )
    assert dearer.prices != base.prices
    problem = tiny()
    richer = replace(problem, accounts=problem.accounts.assign(revenue=7.0))
    other = summarise("x", plan_of(), richer, RULES)
    assert other.prices == base.prices
    assert other.charges != base.charges
    unread = replace(problem, accounts=problem.accounts.assign(fax=1.0))
    assert summarise("x", plan_of(), unread, RULES).problem == base.problem


def row(comparison: Comparison, key: str) -> Row:
    return next(one for one in comparison.rows if one.figure.key == key)


def test_differences_from_today_go_by_direction() -> None:
    """Spread falls from 2/3 to 1/3: better. Way rises: worse. A total has no better side."""
    shown = compare("s", "S", [summary()], summarise_today(tiny(), RULES))
    spread = row(shown, "spread:revenue").cells["tiny"]
    assert (spread.against, spread.change) == (pytest.approx(2 / 3), pytest.approx(-1 / 3))
    assert (spread.verdict, spread.relative) == ("better", pytest.approx(-0.5))
    assert row(shown, "travel").cells["tiny"].verdict == "worse"
    assert row(shown, "total:revenue").cells["tiny"].verdict == "none"
    assert row(shown, "over_limit:hours").cells["today"] == Cell(value=0.0)
    assert row(shown, "gap").cells["today"] == Cell()


def test_today_differs_by_case_when_rules_do() -> None:
    """Twice the price makes today dearer in that case: no one figure of today's cost is right."""
    rules = RULES | {"even": Balance(measure="revenue", price=60)}
    dear = summarise("dear", plan_of(), tiny(), rules)
    shown = compare("s", "S", [summary(), dear], summarise_today(tiny(), RULES))
    cells = row(shown, "cost").cells
    assert cells["today"] == Cell(mark="by case")
    assert cells["dear"].against == pytest.approx(30 + 0.1 * DEGREE)
    assert row(shown, "spread:revenue").cells["today"].value == pytest.approx(2 / 3)


def test_a_case_as_baseline() -> None:
    """Costs get the honest mark; rules written differently and other prices are not compared."""
    a, b = like("a", 10, 9), like("b", 13, 12)
    today = summarise_today(tiny(), RULES)
    proved = row(compare("s", "S", [a, b], today, "b"), "cost").cells
    assert (proved["a"].mark, proved["a"].verdict, proved["a"].change) == ("proved", "better", -3)
    assert proved["b"] == Cell(value=13.0)
    near = row(compare("s", "S", [a, like("b", 11, 9)], today, "b"), "cost").cells["a"]
    assert (near.mark, near.verdict, near.change) == ("not proved", "none", -1)
    other = compare("s", "S", [a, like("b", 13, 12, prices="other", rules=())], today, "b")
    assert row(other, "cost").cells["a"] == Cell(value=10.0, mark="not comparable")
    assert row(other, "use_most:hours").cells["a"].mark == "not comparable"
    assert row(other, "spread:revenue").cells["a"].change == 0


def test_names_that_clash_and_unknown_baselines_are_refused() -> None:
    """Every column needs a name of its own; the baseline must be one of them."""
    today = summarise_today(tiny(), RULES)
    with pytest.raises(SpecError, match="case 'today': the name is taken"):
        compare("s", "S", [like("today", 1, 1)], today)
    with pytest.raises(SpecError, match="case 'a': the name is taken"):
        compare("s", "S", [like("a", 1, 1), like("a", 1, 1)], today)
    with pytest.raises(SpecError, match=r"'tinny' is no case of the study\n.*did you mean 'tiny'"):
        compare("s", "S", [summary()], today, "tinny")


def test_the_story_in_words() -> None:
    """The numbers of the sentence are those of the case, and each quotes its figure."""
    shown = compare("s", "S", [summary()], summarise_today(tiny(), RULES))
    text = shown.summary[0].text.replace("\u00a0", " ")
    assert text == (
        "Tiny moves 1 account (44.4 % of revenue), places 1 account whose rep leaves, places "
        "1 account that nobody owned, brings the spread of revenue from 66.7 % to 33.3 % and "
        "raises the distance to accounts from 111.2 to 222.4 km. By its own rules it costs "
        "23.4 % more than today's books; at most 38 % better is possible. Today's books break its "
        "hard rules in 2 places."
    )
    assert shown.summary[1].aside
    assert shown.summary[1].text == (
        "Today 2 accounts have no rep of the roster: what today's books are said to cost and to "
        "travel is without them."
    )
    quoted = [part for part in shown.summary[0].parts if part.figure]
    assert [(part.figure, part.today) for part in quoted[:2]] == [
        ("moved:accounts", False),
        ("moved_share:revenue", False),
    ]


def test_the_story_says_when_nothing_is_proved_or_left() -> None:
    """No bound: said so. Bound over candidates: said so. Gap 0: nothing better is possible."""
    today = summarise_today(tiny(), RULES)

    def told(case: Case) -> str:
        return compare("s", "S", [case], today).summary[0].text

    bare = summarise("x", plan_of(), tiny(), RULES)
    assert "; how much better is possible is not proved." in told(bare)
    best = summary().model_copy(update={"values": summary().values | {"gap": 0.0}})
    assert "; nothing better is possible." in told(best)
    few = best.model_copy(update={"proved": "considered"})
    assert "; nothing better is possible among the pairs considered." in told(few)
    assert compare("s", "S", [few], today).standings["tiny"] == (
        "proved best of the pairs considered"
    )


def test_the_story_begins_with_what_all_plans_do() -> None:
    """From the least to the most; the same is said once; a plan dearer than today is not said to
    save."""
    today = summarise_today(tiny(), RULES)

    def said(*shares: tuple[float, float]) -> str:
        cases = [
            like(f"c{k}", 10, 9).model_copy(
                update={
                    "values": summary().values
                    | {"moved_share:revenue": moved, "saving_share": saved}
                }
            )
            for k, (moved, saved) in enumerate(shares)
        ]
        story = compare("s", "S", cases, today).summary
        return next(
            one.text.replace("\u00a0", " ") for one in story if not one.case and not one.aside
        )

    assert said((0.1, 0.5), (0.3, 0.2), (0.2, 0.4)) == (
        "The 3 plans move 10 % to 30 % of revenue and cost 20 % to 50 % less than today's books, "
        "each by its own rules."
    )
    assert said((0.1, 0.5), (0.1, -0.2)) == "The 2 plans move 10 % of revenue."


def test_the_story_says_how_sure_all_plans_are() -> None:
    """Gaps of 10 % and 38 %: the larger speaks for both and is quoted; one without a bound is
    counted; without any gap left, all are called best."""
    near, far = (
        like(name, 10, 9).model_copy(update={"values": summary().values | {"gap": gap}})
        for name, gap in (("near", 0.1), ("far", 0.38))
    )
    bare = summarise("bare", plan_of(), tiny(), RULES)
    today = summarise_today(tiny(), RULES)

    def sure(*cases: Case) -> Sentence:
        said = compare("s", "S", cases, today).summary
        return next(one for one in said if not one.case and "proved" in one.text)

    both = sure(near, far)
    assert both.text.replace("\u00a0", " ") == (
        "It is proved that neither plan could cost more than 38 % less under its own rules."
    )
    assert [(part.case, part.figure) for part in both.parts if part.figure] == [("far", "gap")]
    assert sure(near, far, bare).text.replace("\u00a0", " ") == (
        "It is proved that 2 of the 3 plans could not cost more than 38 % less under their own "
        "rules."
    )
    best = [one.model_copy(update={"values": one.values | {"gap": 0.0}}) for one in (near, far)]
    assert sure(*best).text == (
        "Both plans are proved to be the best possible under their own rules."
    )


def test_extremes_are_named_only_when_one_plan_stands_out() -> None:
    """Two plans that move alike but differ in spread: only the spread is spoken of."""
    other = summary().model_copy(
        update={
            "name": "other",
            "title": "Other",
            "values": summary().values | {"spread:revenue": 0.1},
        }
    )

    def stands_out(second: Case) -> str:
        shown = compare("s", "S", [summary(), second], summarise_today(tiny(), RULES))
        return next(one.text for one in shown.summary if one.text.startswith("Of these"))

    assert stands_out(other) == "Of these plans Other spreads revenue most evenly."
    further = other.model_copy(update={"values": other.values | {"travel": 500.0}})
    assert stands_out(further) == (
        "Of these plans Other spreads revenue most evenly; Tiny is nearest to its accounts."
    )


def test_numbers_as_people_read_them() -> None:
    """Four digits of an amount, three of a share; what is nearly all is never called all."""
    told = [show(v).replace("\u00a0", " ") for v in (0, 5, -5.25, 1234.5678, 79.35e6, 1.1109e9)]
    assert told == ["0", "5", "−5.25", "1,235", "79.35 M", "1.111 bn"]
    share = [show(v, "share").replace("\u00a0", " ") for v in (0, 0.0612, 0.99981, 1, 1.58)]
    assert share == ["0 %", "6.12 %", "99.98 %", "100 %", "158 %"]
    assert show(701, "count") == "701"
    assert figure("spread", "revenue").show_change(-0.29).replace("\u00a0", " ") == "−29 pts"
    assert figure("cost").show_change(0.0) == "±0"


def test_a_gap_is_rounded_up_and_a_bound_down() -> None:
    """At most 0.1234 % is told as 0.124, not 0.123; at least 99.97 % reached as 99.9."""
    assert figure("gap").show(0.001234) == "0.124\u00a0%"
    assert figure("gap").show(0.003) == "0.3\u00a0%"
    assert figure("gap").show(1e-10) == "0\u00a0%"
    assert figure("reached").show(0.99971) == "99.9\u00a0%"
    assert figure("bound").show(1234.9) == "1,234"


def test_a_comparison_survives_json_and_pickle() -> None:
    """Every number comes back exactly; cases cross a process border."""
    shown = compare("s", "S", [summary()], summarise_today(tiny(), RULES))
    assert Comparison.model_validate_json(shown.to_json()) == shown
    assert pickle.loads(pickle.dumps(summary())) == summary()
    again = compare("s", "S", [summary()], summarise_today(tiny(), RULES))
    assert shown.to_json() == again.to_json()
