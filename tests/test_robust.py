"""One plan for several futures: against counting, against hand-worked cases, and as a plan."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from in_process import solve_here
from toys import problem

from optiterr import Scenario, read, verify
from optiterr.capped import Capped
from optiterr.certificate import lower_bound
from optiterr.engine import save
from optiterr.errors import DataError, SpecError
from optiterr.futures.sampling import futures_of
from optiterr.futures.spec import FuturesSpec
from optiterr.goals import aim
from optiterr.model import Block
from optiterr.pairs import Floats
from optiterr.problem import Problem
from optiterr.robust.asking import asked
from optiterr.robust.combining import Futures, freed, futures_models, has_limits
from optiterr.robust.planning import Robust, most_of, robust
from optiterr.robust.record import Aim
from optiterr.robust.recounting import over_futures
from optiterr.rowfunctions import Band, Piecewise, WorstShare
from optiterr.solution import Limits, Status
from optiterr.solvers import highs
from optiterr.spread import Spread

AIMS: tuple[Aim, ...] = ("mean", "cvar", "worst-cost", "worst-regret")


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Solve without child processes: the same solver, called where we are."""
    solve_here(monkeypatch)


def scenario(
    rules: Mapping[str, Any], accounts: list[dict[str, Any]], reps: list[dict[str, Any]]
) -> Scenario:
    """A scenario over rows given, solved to the end."""
    return Scenario.from_dict(
        {
            "schema": 1,
            "name": "tiny",
            "data": {
                "accounts": {"records": accounts, "owner": "owner"},
                "reps": {"records": reps},
            },
            "rules": dict(rules),
            "solve": {"seconds": 20, "solver": "highs", "gap": 0.0},
        }
    )


def measured(data: Problem, **columns: list[float]) -> Problem:
    """The same accounts with other measures."""
    return data.with_(accounts=data.accounts.assign(**columns))


EVEN = {"even": {"kind": "balance", "measure": "work", "price": 1, "per": "unit"}}


def three() -> Scenario:
    """Three accounts of 6, 3 and 3 hours, all of Kim's, and nothing that holds them there."""
    accounts = [
        {"account_id": name, "owner": "Kim", "work": work}
        for name, work in (("a", 6.0), ("b", 3.0), ("c", 3.0))
    ]
    return scenario(EVEN, accounts, [{"rep_id": "Kim"}, {"rep_id": "Lee"}])


def test_a_case_worked_by_hand(in_process: None) -> None:
    """Two futures: in one b has 3, in the other b has 9 hours. Cost is the sum of two misses.

    Loads of the rep who has a (the other has the rest), and both misses together:
    * a | bc: today 6 of 12: 0; later 6 of 18: 6      worst cost 6, regrets 0 and 6, mean 3
    * ab | c: today 9: 6; later 15: 12                worst cost 12
    * ac | b: today 9: 6; later 9: 0                  worst cost 6, regrets 6 and 0, mean 3
    * abc | -: 12 and 18
    """
    spec = three()
    data = read(spec)
    later = measured(data, work=[6.0, 9.0, 3.0])
    found = robust(spec, data, {"today": data, "later": later}, minimise="worst-regret").record
    assert found.value == pytest.approx(6.0)
    assert found.nominal_value == pytest.approx(6.0)
    assert [one.best for one in found.futures] == pytest.approx([0.0, 0.0])
    often = robust(
        spec,
        data,
        {"today": data, "later": later},
        minimise="mean",
        probability={"today": 1.0, "later": 3.0},
    ).record
    # With weights 1/4 and 3/4, ac | b costs 1.5 and a | bc 4.5.
    assert often.value == pytest.approx(1.5)
    assert often.nominal_value == pytest.approx(4.5)
    assert often.assignment["a"] == often.assignment["c"] != often.assignment["b"]
    assert often.differs in (1, 2)
    assert often.futures[0].regret is None


def test_a_compromise_that_no_future_would_choose(in_process: None) -> None:
    """Pair costs by hand: keeping an account costs its hours, so each future wants another one.

    One rep may have one of a and b; whoever has a is paid for in one future, b in the other, and c
    half in both. The worst regret is least with c, the mean too.
    """
    rules = {"stay": {"kind": "disruption", "of": "work", "price": 1}, "most": MOST}
    accounts = [{"account_id": name, "owner": "Kim", "work": 1.0} for name in "abc"]
    reps = [{"rep_id": "Kim", "room": 2}, {"rep_id": "Lee", "room": 1}]
    spec = scenario(rules, accounts, reps)
    data = read(spec)
    futures = {
        "one": measured(data, work=[0.0, 10.0, 4.0]),
        "two": measured(data, work=[10.0, 0.0, 4.0]),
    }
    # Lee gets exactly one: a costs 0 or 10, b 10 or 0, c 4 and 4. The best of each future is 0.
    found = robust(spec, data, futures, minimise="worst-regret").record
    assert found.value == pytest.approx(4.0)
    assert found.assignment == {"a": "Kim", "b": "Kim", "c": "Lee"}
    assert [one.regret for one in found.futures] == pytest.approx([4.0, 4.0])
    assert found.nominal_value == pytest.approx(10.0) or found.differs == 0
    assert found.bound_proved is not None
    assert found.bound_proved <= 4.0 + 1e-6


MOST = {"kind": "capacity", "measure": "accounts", "limit": "room"}


def drawn_case(rng: np.random.Generator) -> tuple[Scenario, Problem, dict[str, Problem]]:
    """Four accounts, three reps, hard and priced rules of several kinds, and two or three
    futures."""
    names = "abcd"
    accounts = [
        {
            "account_id": name,
            "owner": ["r1", "r2", None][int(rng.integers(3))],
            "work": float(rng.integers(1, 9)),
            "money": float(rng.integers(1, 9)),
            "family": ["f", "f", "g", "h"][at],
        }
        for at, name in enumerate(names)
    ]
    reps = [
        {"rep_id": f"r{at + 1}", "room": 3 + at, "hours": float(rng.integers(6, 20))}
        for at in range(3)
    ]
    rules: dict[str, Any] = {
        "room": {"kind": "capacity", "measure": "accounts", "limit": "room"},
        "even": {
            "kind": "balance",
            "measure": "work",
            "price": float(rng.integers(1, 4)),
            "per": "unit",
            "within": [0.0, 0.3][int(rng.integers(2))],
            "hard_within": [None, 1.4][int(rng.integers(2))],
        },
        "stay": {"kind": "disruption", "of": "money", "price": 1},
    }
    if rng.random() < 0.5:
        rules["hours"] = {
            "kind": "capacity", "measure": "work", "limit": "hours", "price": 2,
        }  # fmt: skip
    if rng.random() < 0.4:
        rules["family"] = {"kind": "together", "by": "family"}
    if rng.random() < 0.4:
        rules["open"] = {
            "kind": "pool",
            "price": float(rng.integers(1, 4)),
            "weight": "work",
            "max_share": 0.5,
        }
    raw: dict[str, Any] = {
        "schema": 1,
        "name": "drawn",
        "data": {
            "accounts": {"records": accounts, "owner": "owner"},
            "reps": {"records": reps},
        },
        "rules": rules,
        "solve": {"seconds": 20, "solver": "highs", "gap": 0.0},
    }
    spec = Scenario.from_dict(raw)
    data = read(spec)
    futures = {"today": data} if rng.random() < 0.5 else {}
    for place in range(2):
        futures[f"later-{place}"] = measured(
            data,
            work=rng.integers(1, 15, 4).astype(float).tolist(),
            money=rng.integers(0, 15, 4).astype(float).tolist(),
        )
    return spec, data, futures


def costs_by_hand(spec: Scenario, data: Problem) -> dict[tuple[int, ...], tuple[bool, float]]:
    """For every assignment (-1: stays open) whether hard rules hold, and what priced ones cost."""
    rules = {name: rule.model_dump() for name, rule in spec.rules.items()}
    work, money = data.account_number("work").tolist(), data.account_number("money").tolist()
    room, hours = data.reps["room"].tolist(), data.reps["hours"].tolist()
    family, owner = list(data.accounts["family"]), data.owner.tolist()
    target, even, account = sum(work) / 3, rules["even"], range(4)
    found = {}
    for rep in product(range(-1 if "open" in rules else 0, 3), repeat=4):
        load = [sum(work[i] for i in account if rep[i] == j) for j in range(3)]
        off = [abs(one - target) for one in load]
        holds = all(rep.count(j) <= room[j] for j in range(3))
        cost = even["price"] * sum(max(one - even["within"] * target, 0.0) for one in off)
        if even["hard_within"] is not None:
            holds &= all(one <= even["hard_within"] * target + 1e-6 for one in off)
        cost += sum(money[i] for i in account if owner[i] >= 0 and owner[i] != rep[i])
        if "hours" in rules:
            cost += 2 * sum(max(load[j] - hours[j], 0.0) for j in range(3))
        if "family" in rules:
            holds &= all(
                rep[i] == rep[j] for i in account for j in account if family[i] == family[j]
            )
        if "open" in rules:
            cost += rules["open"]["price"] * sum(work[i] for i in account if rep[i] < 0)
            holds &= rep.count(-1) <= 2
        found[rep] = (holds, cost)
    return found


@cache
def case(place: int) -> tuple[Scenario, Problem, dict[str, Problem], Floats]:
    """A drawn case, and the cost in each future, (plans, futures), of all plans that keep hard
    rules: in every future where ``place`` is even, in today's data where it is odd."""
    spec, data, futures = drawn_case(np.random.default_rng(place))
    today = costs_by_hand(spec, data)
    each = [costs_by_hand(spec, one) for one in futures.values()]
    limits = [today, *(each if place % 2 == 0 else [])]
    kept = [rep for rep in today if all(one[rep][0] for one in limits)]
    costs = np.array([[one[rep][1] for one in each] for rep in kept])
    return spec, data, futures, costs.reshape(len(kept), len(each))


WEIGHTS = (1.0, 2.0, 3.0)
"""Of the futures of drawn cases, before they are brought to add up to 1."""


@pytest.mark.parametrize("minimise", AIMS)
def test_the_model_s_optimum_is_that_of_counting(minimise: Aim) -> None:
    """On 60 tiny cases: the best of all assignments, and a bound that does not cross it."""
    solved = 0
    for place in range(60):
        spec, data, futures, every = case(place)
        share, weight = [0.4, 0.8][place % 4 // 2], np.array(WEIGHTS[: len(futures)])
        weight = weight / weight.sum()
        limits = {"today": data, **({} if place % 2 else futures)}
        seen = futures_models(spec.rules, futures, limits, weight)
        best = every.min(axis=0) if len(every) else np.zeros(len(weight))
        counted_from = best if minimise == "worst-regret" else np.zeros(len(weight))
        most = most_of(minimise, share, weight)
        rules = futures if most is None else ("worst",)
        model = aim(seen.together(most, counted_from), tuple(rules))
        answer = highs.solve(model, Limits(gap=0.0))
        if not len(every):
            assert answer.status is Status.INFEASIBLE
            continue
        solved += 1
        least = min(over_futures(minimise, share, weight, costs, best) for costs in every)
        assert answer.objective == pytest.approx(least, abs=1e-5)
        relaxed = highs.relax(model, Limits())
        assert relaxed.prices is not None
        bound = lower_bound(model, relaxed.prices).value
        assert bound == pytest.approx(relaxed.objective, abs=1e-5)
        assert bound <= least + 1e-6
    assert solved > 40


@pytest.mark.parametrize("minimise", AIMS)
def test_the_robust_plan_is_that_of_counting(minimise: Aim, in_process: None) -> None:
    """From scenario to record on 15 of them: value, bound, regrets, and the mean among equals.

    In half of them hard rules hold in all futures, in the others in today's data.
    """
    solved = better = 0
    for place in range(15):
        spec, data, futures, every = case(place)
        share, weight = [0.4, 0.8][place % 4 // 2], np.array(WEIGHTS[: len(futures)])
        found = robust(
            spec,
            data,
            futures,
            minimise=minimise,
            share=share,
            probability=dict(zip(futures, WEIGHTS, strict=False)),
            hard_in="today" if place % 2 else "all",
        ).record
        if not len(every):
            assert found.status is Status.INFEASIBLE
            assert not found.assignment
            continue
        solved += 1
        weight, best = weight / weight.sum(), every.min(axis=0)
        values = [over_futures(minimise, share, weight, costs, best) for costs in every]
        assert found.value == pytest.approx(min(values), abs=1e-5)
        assert found.bound_proved is not None
        assert found.bound_proved <= min(values) + 1e-6
        if minimise == "worst-regret":
            assert [one.best for one in found.futures] == pytest.approx(best.tolist(), abs=1e-5)
            proved = np.array([one.best_proved for one in found.futures], dtype=float)
            assert (proved <= best + 1e-6).all()
        if found.nominal_keeps and found.nominal_value is not None:
            better += found.nominal_value > min(values) + 1e-4
        # Nobody that is as good costs less on average.
        mean = every @ weight
        costs = np.array([one.cost for one in found.futures], dtype=float)
        assert weight @ costs <= mean[np.array(values) <= min(values)].min() + 1e-4
    assert solved > 10
    assert better > 1


@pytest.mark.parametrize("minimise", AIMS)
def test_today_alone_is_the_plan_made_for_today(minimise: Aim, in_process: None) -> None:
    """One future, today: same value, no regret, nothing moved for nothing."""
    spec = three()
    data = read(spec)
    found = robust(spec, data, {"today": data}, minimise=minimise)
    assert found.record.value == pytest.approx(found.record.nominal_value)
    assert found.record.futures[0].cost == pytest.approx(found.nominal.cost)
    assert found.plan is not None
    assert found.plan.cost == pytest.approx(found.nominal.cost)


@pytest.fixture(scope="module")
def answer() -> tuple[Scenario, Problem, Robust]:
    """A robust plan for three sampled futures, solved as users do."""
    rng = np.random.default_rng(3)
    accounts = [
        {"account_id": f"a{at}", "owner": f"r{at % 3}", "work": float(rng.integers(1, 20))}
        for at in range(12)
    ]
    spec = scenario(
        {**EVEN, "stay": {"kind": "disruption", "of": "accounts", "price": 1}},
        accounts,
        [{"rep_id": f"r{at}"} for at in range(3)],
    )
    data = read(spec)
    sampled = FuturesSpec(growth_sd=0.5, churn=0.1)
    futures = {"today": data, **futures_of(data, sampled, ["work"], 12, 2)}
    return spec, data, robust(spec, data, futures, sampled=sampled)


def test_the_robust_plan_is_a_plan_that_verifies(
    answer: tuple[Scenario, Problem, Robust], tmp_path: Path
) -> None:
    """As a plan of today's scenario, it is recounted and proved like any other."""
    spec, _, found = answer
    assert found.plan is not None
    save(found.plan, spec, tmp_path / "plan.json")
    result = verify(tmp_path / "plan.json")
    assert result.holds, [one for one in result.checks if not one.holds]
    assert found.plan.cost >= found.nominal.cost - 1e-9  # type: ignore[operator]


def test_prices_prove_the_value_again(answer: tuple[Scenario, Problem, Robust]) -> None:
    """From the record's prices and the tables alone: the same bound, without a solver."""
    spec, data, found = answer
    record = found.record
    assert record.sampled is not None
    futures = {"today": data, **futures_of(data, record.sampled, ["work"], 12, 2)}
    seen = futures_models(spec.rules, futures, {"today": data}, np.full(3, 1 / 3))
    best = np.array([one.best for one in record.futures], dtype=float)
    model = seen.together(np.ones(3), best)
    kept = dict.fromkeys(model.by_block(np.zeros(model.rows)), ()) | dict(record.prices)
    worst = aim(model, ("worst",))
    bound = lower_bound(worst, worst.from_blocks(kept))
    assert bound.value == pytest.approx(record.bound_proved)
    assert record.value is not None
    assert bound.value <= record.value + 1e-9


def test_a_record_survives_its_file(answer: tuple[Scenario, Problem, Robust]) -> None:
    """Written and read again: the same."""
    record = answer[2].record
    assert type(record).model_validate_json(record.to_json()) == record


def test_the_worst_share_of_costs_given() -> None:
    """Even thirds, costs 9, 6, 3: the dearest half is (9 * 1/3 + 6 * 1/6) / (1/2) = 8."""
    costs, third = np.array([3.0, 9.0, 6.0]), np.full(3, 1 / 3)
    assert over_futures("cvar", 0.5, third, costs, costs) == pytest.approx(8.0)
    assert over_futures("cvar", 1.0, third, costs, costs) == pytest.approx(6.0)
    assert over_futures("mean", 1.0, third, costs, costs) == pytest.approx(6.0)
    assert over_futures("worst-cost", 1.0, third, costs, costs) == 9.0
    assert over_futures("worst-regret", 1.0, third, costs, costs - 2.0) == 2.0


def block(function: Any) -> Block:
    """A block of that function over no pairs."""
    from scipy import sparse

    labels = tuple(str(one) for one in range(function.rows))
    return Block("rule", "rule", labels, sparse.csr_array((function.rows, 0)), function)


def test_limits_are_parted_from_charges() -> None:
    """Beyond its limit of 5 a band goes on at 2 a unit above 3, and so does a count above 1."""
    band = Band.of(1, lower=1.0, low=1.0, high=3.0, upper=5.0, price_above=2.0)
    assert has_limits(band)
    assert freed(block(band)).value(np.array([9.0])).tolist() == [12.0]
    assert freed(block(band)).value(np.array([0.0])).tolist() == [0.0]
    spread = Spread.of([0, 1, 2], [0, 0, 0], 1, high=1.0, upper=2.0, price=3.0)
    assert freed(block(spread)).value(np.ones(3)).tolist() == [6.0]
    hard = Band.of(1, upper=5.0)
    assert freed(block(hard)).value(np.array([9.0])).tolist() == [0.0]
    worst = WorstShare.of([0, 0], 1.0, 1.0)
    assert not has_limits(worst)
    assert freed(block(worst)) is worst
    points = Piecewise.of([[0.0, 1.0]], [[0.0, 1.0]], -5.0, np.inf)
    assert has_limits(points)
    assert freed(block(points)) is points
    with pytest.raises(SpecError, match="cannot be told apart"):
        freed(block(Capped.of([band], 3.0)))


def test_futures_of_other_accounts_are_refused() -> None:
    """The same accounts in another order are others."""
    one = problem({"work": [1.0, 2.0]}, 2)
    other = one.with_(accounts=one.accounts.iloc[::-1].reset_index(drop=True))
    other.__dict__["account_ids"] = one.account_ids[::-1]
    with pytest.raises(DataError, match="other accounts"):
        futures_models({}, {"later": other}, {"today": one}, np.ones(1))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"futures": {}}, "there is none"),
        ({"futures": {"worst": 1}}, "cannot be called 'worst'"),
        ({"futures": {"next year": 1}}, "cannot be called 'next year'"),
        ({"futures": {"today": 1}}, "the scenario's own data"),
        ({"share": 0.0}, "no share of futures"),
        ({"probability": {"other": 1.0}}, "every future a number"),
    ],
)
def test_what_cannot_be_meant_is_refused(change: dict[str, Any], words: str) -> None:
    """Before anything is solved."""
    spec = three()
    data = read(spec)
    other = measured(data, work=[1.0, 1.0, 1.0])
    futures = dict.fromkeys(change.pop("futures", {"later": 1}), other)
    with pytest.raises(SpecError, match=words):
        robust(spec, data, futures, **change)


def test_priorities_are_refused() -> None:
    """Levels of their own would not be minimised."""
    spec = Scenario.from_dict({**three().to_dict(), "priorities": [{"rules": ["even"]}]})
    data = read(spec)
    with pytest.raises(SpecError) as caught:
        robust(spec, data, {"today": data})
    (fault,) = caught.value.faults
    assert fault.where == "priorities"
    assert "do not add up to one cost" in fault.what
    assert fault.fix == "drop priorities for a robust plan, and give each rule a price"


def test_costs_of_futures_are_those_of_the_tables() -> None:
    """Two accounts of 2 and 4 hours with one rep: misses 3 and 3; later 1 and 1: 1 and 1.

    The team is one rep short of three, which costs every plan 5: 11 today, 7 later.
    """
    spec = scenario(
        {**EVEN, "team": {"kind": "span", "by": "boss", "at_least": 3, "price": 5}},
        [{"account_id": one, "owner": "r1", "work": work} for one, work in (("a", 2), ("b", 4))],
        [{"rep_id": "r1", "boss": "m"}, {"rep_id": "r2", "boss": "m"}],
    )
    data = read(spec)
    later = measured(data, work=[1.0, 1.0])
    seen: Futures = futures_models(
        spec.rules, {"today": data, "later": later}, {"today": data}, np.array([0.25, 0.75])
    )
    x = seen.base.picks(seen.base.choose(np.array([0, 0])))
    assert seen.costs(x).tolist() == [11.0, 7.0]
    assert seen.keeps(x)
    assert seen.together().value(x) == pytest.approx(0.25 * 11 + 0.75 * 7)
    assert seen.alone("later").value(x) == pytest.approx(7.0)
    both = seen.together(np.ones(2), np.array([1.0, 0.0]))
    assert both.charge(x)["worst"] == pytest.approx(10.0)


def test_futures_in_which_nothing_happens_are_refused() -> None:
    """Without rates every draw is today: a plan for five of them would be no robust one."""
    spec = three()
    data = read(spec)
    with pytest.raises(SpecError, match="each of them is today"):
        asked(spec, data, {}, None, 12, 5, "mean", "today")
    made = asked(spec, data, {}, None, 12, 0, "mean", "today")
    assert list(made["futures"]) == ["today"]
