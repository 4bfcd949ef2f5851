"""Cases that cover all plans: by hand, against every plan, how they are found, and against lies."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from search_toys import every_choice, every_value, middle, tiny, tiny_ones

from optiterr import engine, solving
from optiterr.cases import Case, Decision, allowed, covering
from optiterr.certificate import lower_bound
from optiterr.compile import compile_model
from optiterr.engine import read, save
from optiterr.engine import solve as solve_scenario
from optiterr.model import Model, ModelBuilder
from optiterr.pairs import Pairs
from optiterr.plan import Plan
from optiterr.rowfunctions import Band, worst
from optiterr.scenario.loading import load
from optiterr.search import decompose, splitting
from optiterr.search.ascent import Passes, ascend
from optiterr.search.core import Core
from optiterr.search.relaxation import Relaxed, relaxed
from optiterr.search.splitting import Splitting
from optiterr.solution import Limits, Status
from optiterr.solving import case_told, proof_of
from optiterr.undivided import Sets, Undivided
from optiterr.verification import verify

QUICKSTART = Path(__file__).resolve().parents[1] / "scenarios" / "quickstart" / "quickstart.yaml"

MANY = 1_000_000


def decisions(*told: str) -> tuple[Decision, ...]:
    """``"0@1"``: account 0 is with rep 1; ``"0-1"``: it is not."""
    return tuple(Decision(int(one[0]), int(one[2]), one[1] == "@") for one in told)


@pytest.mark.parametrize(
    ("cases", "covers"),
    [
        ([()], True),
        ([], False),
        ([("0@1",), ("0-1",)], True),
        ([("0@1",)], False),
        ([("0-1",)], False),
        ([("0@1",), ("0-1",), ("0-1",)], False),
        ([("0@1",), ("0-2",)], False),
        ([("0@1",), ("1-1",)], False),
        ([("0@1",), ()], False),
        ([("0@1",), ("0-1", "2@0"), ("0-1", "2-0")], True),
        ([("0@1",), ("0-1", "2@0"), ("0-1", "3-0")], False),
        ([("0@1",), ("0-1", "0@2"), ("0-1", "0-2")], True),
    ],
)
def test_whether_cases_cover_all_plans_by_hand(cases: list[Any], covers: bool) -> None:
    assert covering([decisions(*one) for one in cases]) is covers


def a_tree(rng: np.random.Generator, pairs: Pairs, cases: int) -> list[tuple[Decision, ...]]:
    """Random cases that cover all plans."""
    leaves: list[tuple[Decision, ...]] = [()]
    while len(leaves) < cases:
        leaf = leaves.pop(int(rng.integers(len(leaves))))
        pair = int(rng.integers(len(pairs)))
        told = int(pairs.account[pair]), int(pairs.rep[pair])
        leaves += [(*leaf, Decision(*told, way)) for way in (True, False)]
    return leaves


@pytest.mark.parametrize("seed", range(20))
def test_every_plan_is_in_one_case(seed: int) -> None:
    rng = np.random.default_rng([71, seed])
    model = tiny([71, seed])
    cases = a_tree(rng, model.pairs, int(rng.integers(2, 9)))
    assert covering(cases)
    assert not covering(cases[1:])
    assert not covering([*cases, cases[0]])
    choices = every_choice(model.pairs)
    within = [allowed(model, case)[choices].all(axis=1) for case in cases]
    assert (np.sum(within, axis=0) == 1).all()


def heavy() -> Model:
    """One account of size 3 and two reps with a part of 1.5, who are charged for the worse."""
    made = ModelBuilder(
        np.array(["a"], dtype=object), np.array(["r0", "r1"], dtype=object), Pairs.full(1, 2)
    )
    made.add_rep_rows("worst", worst([0, 0], [1.5, 1.5], [1.0]), 3.0)
    return made.build()


def test_an_account_that_bends_the_worst_row_by_hand() -> None:
    """Whoever has the account is 1.5 over. Prices have to suit both places, and prove nothing.

    With the account at r0, a price of 1 in r0's row proves 3 - 1.5.
    """
    model = heavy()
    divided = lower_bound(model, np.array([0.5, 0.5]))
    assert divided.value == pytest.approx(0.0, abs=1e-9)
    assert Sets(model, divided).bound(np.zeros(1), MANY).value == pytest.approx(0.0, abs=1e-6)
    for way, prices in ((True, [1.0, 0.0]), (False, [0.0, 1.0])):
        case = Case((Decision(0, 0, way),), np.array(prices))
        for x in np.eye(2):
            told = case_told(model, case, x)
            assert told.bound == pytest.approx(1.5)
            assert told.whole is None
        assert [place.model_dump() for place in told.where] == [
            {"account": "a", "rep": "r0", "served": way}
        ]
        assert model.value(x) == pytest.approx(1.5)


def test_no_case_proves_more_than_its_best_plan_costs() -> None:
    """60 random models, random cases, prices and stakes, against every plan."""
    lifted = 0
    for seed in range(60):
        rng = np.random.default_rng([72, seed])
        model = tiny([72, seed])
        choices = every_choice(model.pairs)
        values = every_value(model, choices)
        x = model.picks(choices[int(np.argmin(values))])
        for where in a_tree(rng, model.pairs, 4):
            within = allowed(model, where)[choices].all(axis=1)
            if not within.any():
                continue
            prices = rng.normal(size=model.rows)
            stakes = rng.normal(size=model.pairs.accounts)
            for case in (Case(where, prices), Case(where, prices, stakes)):
                told = case_told(model, case, x)
                least = float(values[within].min())
                assert told.bound <= least + 1e-6 * max(1.0, abs(told.bound))
            lifted += told.whole is not None
    assert lifted > 20


def test_a_plan_is_held_against_its_own_case_only(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[Any] = []
    true = solving.whole_bound

    def told(model: Model, bound: Any, x: Any, *more: Any) -> Any:
        held.append(None if x is None else x.tolist())
        return true(model, bound, x, *more)

    monkeypatch.setattr(solving, "whole_bound", told)
    for way in (True, False):
        case_told(heavy(), Case((Decision(0, 0, way),), np.zeros(2), np.zeros(1)), np.eye(2)[0])
    assert held == [[1.0], None]


# ------------------------------------------------------------------------------ how they are found


def relaxation(model: Model) -> tuple[Core, Relaxed, np.ndarray, Undivided]:
    """The relaxation, its regrets, and what whole accounts prove at its prices."""
    core = Core.of(model)
    passes = Passes(core, 1)
    climb = ascend(core, passes, 50, lambda: False)
    found = relaxed(core, passes, core.inside(climb.price), np.inf, lambda _: None)
    _, regret, _, _ = passes.regrets(found.price)
    sets = Sets(model, lower_bound(model, found.price))
    return core, found, regret, sets.bound(sets.halfway(), 1000)


def split(
    model: Model, cost: float, seconds: float = 60.0
) -> tuple[float, float, tuple[Case, ...]]:
    """What whole accounts prove, what cases prove, and the cases."""
    core, found, regret, first = relaxation(model)
    made = Splitting(model, core, found, regret, np.ones(model.rows), (1000, 10), 1)
    value, cases = made.cases(first, cost, seconds, lambda: False)
    return first.value, value, cases


def beside_others(far: int) -> Model:
    """The heavy account, which ``far`` other reps may have at a cost of 10, and one that weighs
    nothing and costs 7."""
    reps = 2 + far
    names = np.array([f"r{at}" for at in range(reps)], dtype=object)
    pairs = Pairs.of([0] * reps + [1], [*range(reps), 0], 2)
    made = ModelBuilder(np.array(["a", "b"], dtype=object), names, pairs)
    made.add_rep_rows(
        "worst", worst([0] * reps, [1.5, 1.5] + [0.0] * far, [1.0]), [3.0] * reps + [0.0]
    )
    made.add_cost("way", np.array([0.0, 0.0] + [10.0] * far + [7.0]))
    return made.build()


def test_what_is_claimed_once_accounts_are_whole() -> None:
    """Divided, the account costs nothing; whole, it is 1.5 over wherever it is."""
    found = relaxation(beside_others(0))[1]
    assert found.bound == pytest.approx(7.0, abs=1e-6)
    assert found.kernel is not None
    assert found.kernel.claim(np.arange(2), 10.0) == pytest.approx(8.5)


def test_places_that_cannot_be_the_cheapest_are_one_case() -> None:
    """Two reps at 1.5, three at 13: the account is with the first, the second, or elsewhere."""
    _, value, cases = split(beside_others(3), 8.5)
    assert value == pytest.approx(8.5)
    assert covering([case.where for case in cases])
    assert len(cases) == 3


def test_the_heavy_account_is_decided() -> None:
    before, value, cases = split(heavy(), 1.5)
    assert before == pytest.approx(0.0, abs=1e-6)
    assert value == pytest.approx(1.5)
    assert covering([case.where for case in cases])
    assert len(cases) == 2


def test_cases_of_random_models_hold() -> None:
    """Against every plan: what is said to be proved is proved again, and never too much."""
    better = 0
    for model, least in tiny_ones(73, 40):
        before, value, cases = split(model, least)
        assert value >= before
        assert value <= least + 1e-6 * max(1.0, abs(least))
        if not cases:
            assert value == before
            continue
        better += value > before + 1e-6
        assert covering([case.where for case in cases])
        x = model.picks(every_choice(model.pairs)[0])
        again = min(case_told(model, case, x).bound for case in cases)
        assert again == pytest.approx(value, abs=1e-6 * max(1.0, abs(value)))
    assert better > 5


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_pairs_that_the_relaxation_left_out_are_priced_in(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """With hardly a pair kept at first, cases prove about as much as with all of them."""
    model, hidden = middle([74, seed], 60, 6)
    cost = model.value(model.picks(hidden))
    monkeypatch.setattr(splitting, "MOST_CASES", 6)
    monkeypatch.setattr(splitting, "ROUNDS", 50)
    monkeypatch.setattr(splitting, "HEAVY", 10)
    monkeypatch.setattr(splitting, "GAIN", 0.0)
    lifts = []
    for wide in (1000, 0):
        monkeypatch.setattr(splitting, "WIDE", wide)
        before, value, cases = split(model, cost)
        assert 6 <= len(cases) <= 12
        assert covering([case.where for case in cases])
        lifts.append(value - before)
    assert lifts[0] > 0.005 * abs(before)
    assert lifts[1] == pytest.approx(lifts[0], rel=0.1)


@pytest.mark.parametrize(("gain", "cases"), [(0.99, 2), (1.01, 0)])
def test_an_account_is_decided_where_that_gains_enough(
    monkeypatch: pytest.MonkeyPatch, gain: float, cases: int
) -> None:
    """The heavy account costs 1.5 wherever it goes, and the gap is 1.5."""
    monkeypatch.setattr(splitting, "GAIN", gain)
    assert len(split(heavy(), 1.5)[2]) == cases


def splitting_of(model: Model) -> tuple[Splitting, Relaxed]:
    """One that can be asked for its parts."""
    core, found, regret, first = relaxation(model)
    made = Splitting(model, core, found, regret, np.ones(model.rows), (1000, 10), 1)
    made._passes, made._end = Passes(core, 1), np.inf
    before = Sets(model, lower_bound(model, found.price)).halfway()
    made._moved = first.stakes - before + 0.25
    made._build()
    return made, found


def test_pairs_of_other_cases_are_left_out_of_the_price_by_hand() -> None:
    """At r0, who pays 1 a unit, the account costs 3; 1.5 is taken off. r1 would cost nothing."""
    made, _ = splitting_of(heavy())
    prices = np.array([1.0, 0.0])
    assert made._priced(prices, np.array([False, True]))[0] == pytest.approx(1.5)
    assert made._priced(prices, np.array([False, False]))[0] == pytest.approx(-1.5)


def even() -> Model:
    """60 accounts, 6 reps who are charged for each unit off their part; nothing is hard."""
    rng = np.random.default_rng(5)
    made = ModelBuilder(
        np.array([f"a{at}" for at in range(60)], dtype=object),
        np.array([f"r{at}" for at in range(6)], dtype=object),
        Pairs.full(60, 6),
    )
    size = rng.uniform(1.0, 5.0, 60)
    part = Band.of(6, low=size.sum() / 6, high=size.sum() / 6, price_below=2.0, price_above=2.0)
    made.add_cost("travel", rng.uniform(0.0, 4.0, 360))
    made.add_rep_rows("even", part, np.repeat(size, 6))
    return made.build()


def test_pricing_comes_to_an_end_at_the_relaxation(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the first two pairs of each account at first, all that are wanted come in."""
    monkeypatch.setattr(splitting, "CLOSE", 1e-9)
    monkeypatch.setattr(splitting, "ROUNDS", 50)
    made, found = splitting_of(even())
    made._kept[:] = np.arange(360) % 6 < 2
    made._build()
    leaf = made._solved(())
    assert leaf is not None
    assert made._kept.sum() > 120
    assert leaf.value == pytest.approx(found.bound)


def test_pairs_that_new_cases_want_come_in_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = np.zeros(0)
    made, _ = splitting_of(middle([74, 2], 60, 6)[0])
    true = made._every_way

    def told(*given: Any) -> Any:
        nonlocal wanted
        found = true(*given)
        wanted = found[2] if found else wanted
        return found

    leaf = made._solved(())
    assert leaf is not None
    monkeypatch.setattr(made, "_every_way", told)
    made._kept &= made._may[made._core.pairs.account]
    assert made._ways(leaf, 0.0)
    assert wanted.any()
    assert made._kept[wanted].all()


def test_stakes_of_a_case_are_as_far_from_halfway_as_before() -> None:
    model = heavy()
    made, _ = splitting_of(model)
    leaf = made._solved((Decision(0, 0, True),))
    assert leaf is not None
    leaf.value = -100.0
    made._look(leaf)
    small = model.only(np.array([True, False]))
    usual = Sets(small, lower_bound(small, leaf.price)).halfway()
    assert leaf.stakes is not None
    assert leaf.stakes == pytest.approx(usual + made._moved)
    assert (leaf.looked, leaf.looks) == (1, (20_000, 100))
    made._look(leaf)
    assert leaf.looked == 2


def test_looking_never_takes_away_what_is_proved() -> None:
    made, _ = splitting_of(heavy())
    leaf = made._solved((Decision(0, 0, True),))
    assert leaf is not None
    leaf.value = 100.0
    made._look(leaf)
    assert (leaf.value, leaf.stakes, leaf.looks) == (100.0, None, None)


def test_without_time_there_are_no_cases() -> None:
    before, value, cases = split(heavy(), 1.5, 0.0)
    assert (value, cases) == (before, ())


def test_the_search_hands_in_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where HiGHS does not get the whole, cases are sought: the weakest proves the bound."""
    monkeypatch.setattr(decompose, "few", lambda *_: False)
    monkeypatch.setattr(decompose, "bookable", lambda _: False)
    monkeypatch.setattr(decompose, "finish", lambda *_: None)
    answer = decompose.solve(heavy(), Limits(seconds=60))
    assert answer.status is Status.OPTIMAL
    assert answer.objective == pytest.approx(1.5)
    assert answer.bound == pytest.approx(1.5)
    assert "cases prove" in answer.message
    assert len(answer.cases) == 2


def test_large_models_are_not_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decompose, "few", lambda *_: False)
    monkeypatch.setattr(decompose, "bookable", lambda _: False)
    monkeypatch.setattr(decompose, "MOST_SPLIT", 1)
    answer = decompose.solve(heavy(), Limits(seconds=1))
    assert answer.cases == ()
    assert "cases" not in answer.message


# --------------------------------------------------------------------------------- in a plan's file


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan of the quickstart whose bound is that of two cases."""
    asked = load(QUICKSTART)
    plan = solve_scenario(asked)
    problem = read(asked)
    model = compile_model(asked.rules, problem).model
    place = {str(one): at for at, one in enumerate(model.rep_ids)}
    x = model.picks(model.choose(np.array([place[one] for one in plan.assignment.values()])))
    prices = model.from_blocks(plan.prices)
    sets = Sets(model, lower_bound(model, prices))
    account = int(np.argmax(np.diff(model.pairs.start) > 1))
    rep = int(model.pairs.rep[model.pairs.start[account]])
    cases = [
        Case((Decision(account, rep, way),), prices, sets.halfway(), (300, 5))
        for way in (True, False)
    ]
    none = np.zeros(model.pairs.accounts)
    proof = proof_of(asked.rules, problem, model, x, prices * 0.5, none, cases=cases)
    claims = proof.claims(asked.rules, problem, model, x, plan.cost or 0.0)
    told = model.by_block(proof.bound.prices)
    plan = plan.model_copy(update={**claims, "prices": told})
    file = tmp_path_factory.mktemp("cases") / "plan.json"
    save(plan, asked, file)
    return file


def test_cases_that_prove_less_are_left_out() -> None:
    asked = load(QUICKSTART)
    problem = read(asked)
    model = compile_model(asked.rules, problem).model
    x = model.picks(model.pairs.start[:-1])
    prices = -np.ones(model.rows)
    cases = [Case((Decision(0, 0, way),), prices * 50.0) for way in (True, False)]
    none = np.zeros(model.pairs.accounts)
    proof = proof_of(asked.rules, problem, model, x, np.zeros(model.rows), none, cases=cases)
    assert proof.cases == ()
    assert proof.value >= proof.bound.value


def test_the_cases_of_a_search_reach_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    told, searched = engine.proof_of, engine.search
    mark = (Case((), np.zeros(0)),)

    def search(*asked: Any, **more: Any) -> Any:
        return replace(searched(*asked, **more), cases=mark)

    def proof(*asked: Any) -> Any:
        given.append(asked[-1])
        return told(*asked[:-1])

    monkeypatch.setattr(engine, "search", search)
    monkeypatch.setattr(engine, "proof_of", proof)
    solve_scenario(load(QUICKSTART))
    assert given == [mark]


def test_a_plan_says_what_its_cases_prove(told: Path) -> None:
    plan = Plan.read(told)
    assert len(plan.cases) == 2
    assert plan.bound_proved == min(case.bound for case in plan.cases)
    assert plan.cases[1].whole is not None
    assert (plan.cases[1].whole.sets, plan.cases[1].whole.nodes) == (300, 5)
    found = verify(told)
    assert found.holds
    assert any(check.what == "proved bound of case 2" for check in found.checks)


@pytest.mark.parametrize(
    ("change", "fails", "says"),
    [
        (lambda p: p["cases"].pop(), "one of the cases", "some plan is in none"),
        (lambda p: p["cases"][0]["where"][0].update(rep="nobody"), "one of the cases", "nobody"),
        (lambda p: p["cases"][0].update(bound=p["bound_proved"] + 1.0), "case 1", ""),
        (lambda p: p["cases"][1].update(whole=None), "case 2", ""),
        (lambda p: p["cases"][1]["whole"].update(sets=10**9), "case 2", "looked at again"),
        (lambda p: p["cases"][1]["whole"].update(nodes=10**9), "case 2", "nodes for a rep"),
        (lambda p: p["cases"][1]["whole"]["stakes"].popitem(), "case 2", "of the accounts"),
        (lambda p: p["cases"][0]["prices"].popitem(), "case 1", "prices"),
        (lambda p: p.update(cases=[]), "proved bound", ""),
    ],
    ids=["one", "rep", "bound", "whole", "sets", "nodes", "account", "prices", "none"],
)
def test_doctored_cases_are_found_out(
    told: Path, change: Callable[[dict[str, Any]], object], fails: str, says: str
) -> None:
    lie = json.loads(told.read_text(encoding="utf-8"))
    change(lie)
    path = told.with_name("lie.json")
    path.write_text(json.dumps(lie), encoding="utf-8")
    wrong = [one for one in verify(path).checks if not one.holds]
    assert any(fails in one.what and says in one.recounted for one in wrong)
