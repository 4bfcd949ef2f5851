"""Sampled futures, and how long a plan keeps its bands in them."""

from __future__ import annotations

from math import erf, log, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from toys import problem

from optiterr.errors import SpecError
from optiterr.findings import Weight
from optiterr.futures.bands import watched
from optiterr.futures.sampling import futures_of, pieces, sample, unchanged
from optiterr.futures.shelf_life import Prospects, chance, outlook
from optiterr.futures.spec import FuturesSpec, read_futures
from optiterr.problem import Problem
from optiterr.rules import Rule
from optiterr.rules.balance import Balance
from optiterr.rules.capacity import Capacity


def books(data: Problem, **reps: str | None) -> np.ndarray:
    """Positions of the reps that accounts go to."""
    place = {rep: at for at, rep in enumerate(data.rep_ids)}
    return np.array([place.get(reps[one], -1) for one in data.account_ids], dtype=np.int32)


def prospects(rule: Rule, data: Problem, spec: FuturesSpec, **reps: str | None) -> Prospects:
    """What becomes of one rule's band."""
    return outlook({"rule": rule}, data, spec, {"plan": books(data, **reps)})["plan"]


def shares(found: Prospects) -> list[float]:
    """Chances that the band holds, month by month."""
    return [one.holds.share for one in found.outlooks]


ONE = problem({"workload": [10.0]}, {"capacity": [11.0]})


def test_growth_without_spread_is_arithmetic() -> None:
    """10 hours grow by 21 % a year: 10.49 after 3 months, 11 after 6, 12.1 after 12; 11 may be."""
    spec = FuturesSpec(growth=0.21, draws=3)
    found = prospects(Capacity(), ONE, spec, a="r1")
    assert sample(ONE, spec).growth[:, 0, 0] == pytest.approx([1.21**0.25, 1.1, 1.21])
    assert shares(found) == [1.0, 1.0, 0.0]
    assert [one.outside for one in found.outlooks] == [0.0, 0.0, 1.0]
    assert [one.worst_median for one in found.outlooks] == pytest.approx(
        [1.21**0.25 * 10 / 11 - 1, 0.0, 0.1]
    )
    assert found.outlooks[2].most_often == {"r1": 1.0}
    assert found.through.share == 0.0


def test_one_account_against_the_normal_formula() -> None:
    """log(load) is normal: the chance to stay below 11 is Phi((log(11/10) - drift) / sigma)."""
    growth, sd = 0.05, 0.2
    spec = FuturesSpec(growth=growth, growth_sd=sd, draws=4000, seed=3)
    found = prospects(Capacity(), ONE, spec, a="r1")
    variance = log(1 + (sd / (1 + growth)) ** 2)
    for month, one in zip(spec.months, found.outlooks, strict=True):
        years = month / 12
        drift = (log(1 + growth) - variance / 2) * years
        z = (log(11 / 10) - drift) / sqrt(variance * years)
        exact = (1 + erf(z / sqrt(2))) / 2
        assert one.holds.low - 0.01 < exact < one.holds.high + 0.01
        assert one.holds.share == pytest.approx(exact, abs=0.02)


def test_growth_and_its_spread_are_those_asked_for() -> None:
    """After a year the mean factor is 1.1 and its standard deviation 0.3."""
    data = problem({"workload": [1.0] * 20}, 1)
    grown = sample(data, FuturesSpec(growth=0.1, growth_sd=0.3, draws=1000)).growth[2]
    assert grown.mean() == pytest.approx(1.1, abs=0.01)
    assert grown.std() == pytest.approx(0.3, abs=0.02)


def test_luck_that_a_segment_shares() -> None:
    """All of the variance in common: accounts of one segment move as one, those of others not."""
    data = problem({"workload": [1.0] * 4, "segment": ["x", "x", "y", "y"]}, 1)
    spec = FuturesSpec(growth_sd=0.3, segment="segment", together=1.0, draws=200)
    grown = sample(data, spec).growth[2]
    assert np.array_equal(grown[0], grown[1])
    assert np.array_equal(grown[2], grown[3])
    assert abs(np.corrcoef(grown[0], grown[2])[0, 1]) < 0.2
    half = sample(data, spec.model_copy(update={"together": 0.5})).growth[2]
    assert np.corrcoef(np.log(half[0]), np.log(half[1]))[0, 1] == pytest.approx(0.5, abs=0.15)


def test_rates_by_segment() -> None:
    """Segment y grows by 44 % a year, x by 0; nobody of x leaves, a third of y does."""
    data = problem({"workload": [1.0, 1.0], "segment": ["x", "y"]}, 1)
    spec = FuturesSpec.model_validate(
        {
            "segment": "segment",
            "by_segment": {"y": {"growth": 0.44, "churn": 0.3}},
            "draws": 2000,
        }
    )
    drawn = sample(data, spec)
    assert drawn.growth[:, 1, 0] == pytest.approx([1.44**0.25, 1.2, 1.44])
    assert drawn.growth[:, 0, 0].tolist() == [1.0, 1.0, 1.0]
    assert drawn.stays[:, 0].all()
    assert drawn.stays[2, 1].mean() == pytest.approx(0.7, abs=0.03)


def test_who_has_left_stays_away() -> None:
    """19 % a year is 10 % in six months; whoever is gone at 6 months is gone at 12."""
    data = problem({"workload": [1.0] * 20}, 20)
    drawn = sample(data, FuturesSpec(churn=0.19, attrition=0.19, months=(6, 12), draws=200))
    assert not (~drawn.stays[0] & drawn.stays[1]).any()
    assert not (~drawn.here[0] & drawn.here[1]).any()
    assert drawn.stays.mean(axis=(1, 2)) == pytest.approx([0.9, 0.81], abs=0.02)
    assert drawn.here.mean(axis=(1, 2)) == pytest.approx([0.9, 0.81], abs=0.02)


def test_an_account_that_leaves_counts_nothing() -> None:
    """Two accounts a rep; when one is lost, 1 of 3 is under the band around 1.5."""
    data = problem({"workload": [1.0] * 4}, 2)
    rule = Balance(measure="accounts", within=0.2)
    band = watched({"rule": rule}, data, FuturesSpec(), books(data, a="r1", b="r1", c="r2", d="r2"))
    still = unchanged(data)
    assert not band[0].judge(still, 0).out.any()
    still.stays[0, 0, 0] = False
    found = band[0].judge(still, 0)
    assert found.out.ravel().tolist() == [True, True]
    assert found.worst == pytest.approx([1 / 3])


def test_a_rep_who_leaves_takes_books_and_part_along() -> None:
    """Loads 4, 4 and 6 around 4.67: 6 is 29 % over. When r3 goes, fair parts are 4 of 8."""
    data = problem({"workload": [4.0, 4.0, 6.0]}, 3)
    rule = Balance(measure="workload", within=0.2)
    (band,) = watched({"rule": rule}, data, FuturesSpec(), books(data, a="r1", b="r2", c="r3"))
    still = unchanged(data)
    assert band.judge(still, 0).out.ravel().tolist() == [False, False, True]
    still.here[0, 2, 0] = False
    found = band.judge(still, 0)
    assert found.out.ravel().tolist() == [False, False, False]
    assert found.worst == pytest.approx([0.0])


def test_capacity_of_a_team_shrinks_with_who_leaves() -> None:
    """r1 and r2 carry together 6 of 10; without r2, who had 1 of it, 5 of 4 is too much."""
    data = problem({"workload": [5.0, 1.0]}, {"capacity": [4.0, 6.0], "manager": ["m", "m"]})
    rule = Capacity(by="manager")
    (band,) = watched({"rule": rule}, data, FuturesSpec(), books(data, a="r1", b="r2"))
    still = unchanged(data)
    assert not band.judge(still, 0).out.any()
    still.here[0, 1, 0] = False
    found = band.judge(still, 0)
    assert found.out.ravel().tolist() == [True]
    assert found.worst == pytest.approx([0.25])


def test_ramping_reps_are_late() -> None:
    """Half of 12 hours until month 6: 10 hours are too many then, and fine at month 12."""
    data = problem({"workload": [10.0]}, {"capacity": [12.0], "status": ["placeholder"]})
    spec = FuturesSpec.model_validate(
        {"ramping": {"status": "placeholder"}, "ramp_slip": 6, "late_share": 0.5, "draws": 2}
    )
    found = prospects(Capacity(), data, spec, a="r1")
    assert shares(found) == [0.0, 0.0, 1.0]
    assert shares(prospects(Capacity(limit=11.0), data, spec, a="r1")) == [0.0, 0.0, 1.0]


def test_least_amounts_are_bands_too() -> None:
    """10 of at least 11: missed by one eleventh, now and later."""
    found = prospects(Capacity(limit=None, at_least=11.0), ONE, FuturesSpec(draws=2), a="r1")
    assert shares(found) == [0.0, 0.0, 0.0]
    assert found.outlooks[0].worst_median == pytest.approx(1 / 11)
    assert found.outlooks[0].outside_now == 1
    assert found.outlooks[0].band == "at least the least asked"


def test_what_grows_can_be_said() -> None:
    """Revenue grows, workload does not."""
    spec = FuturesSpec(growth=1.0, grows=("revenue",), draws=2)
    assert shares(prospects(Capacity(), ONE, spec, a="r1")) == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("rule", "asked", "words"),
    [
        ({}, None, "within 0 %"),
        ({"within": 0.1}, None, "within 10 %"),
        ({"within": 0.1, "price": 1.0}, None, "within 10 %"),
        ({"price": 1.0, "hard_within": 0.4}, None, "within 40 %"),
        ({"price": 1.0}, None, "within 15 %"),
        ({"within": 0.1}, 0.2, "within 20 %"),
    ],
)
def test_the_band_that_is_judged(rule: dict[str, float], asked: float | None, words: str) -> None:
    """As asked; else the rule's own; else the common one."""
    made = Balance(measure="workload", **rule)  # type: ignore[arg-type]
    spec = FuturesSpec(band=asked, draws=1)
    assert prospects(made, ONE, spec, a="r1").outlooks[0].band.startswith(words)


def drawn_case(rng: np.random.Generator) -> tuple[Problem, Rule, np.ndarray]:
    """A random hard rule over eight accounts and four reps, one of whom leaves."""
    data = problem(
        {"workload": rng.integers(1, 9, 8).astype(float), "segment": list("xyxyxyxy")},
        {
            "capacity": rng.integers(4, 20, 4).astype(float),
            "manager": ["m", "m", "n", "n"],
            "region": ["e", "w", "e", "w"],
        },
        leaves=["r4"] if rng.random() < 0.3 else [],
    )
    by = [None, "manager"][int(rng.integers(2))]
    common: dict[str, Any] = {
        "measure": ["workload", "accounts"][int(rng.integers(2))],
        "by": by,
        "where": [None, {"segment": "x"}][int(rng.integers(2))],
        "where_rep": [None, {"region": "e"}][int(rng.integers(4) == 0)],
    }
    rule: Rule
    if rng.random() < 0.5:
        rule = Balance(
            proportional_to=[None, "capacity"][int(rng.integers(2))],
            groups=None if by else [None, "region"][int(rng.integers(2))],
            within=float(rng.uniform(0, 1)),
            **common,
        )
    else:
        rule = Capacity(
            limit=["capacity", 12.0][int(rng.integers(2))],
            at_least=[None, 3.0][int(rng.integers(2))],
            slack=[0.0, 0.5][int(rng.integers(2))],
            **common,
        )
    return data, rule, rng.integers(0, 4, 8).astype(np.int32)


def test_before_anything_changes_the_rules_say_the_same() -> None:
    """On 200 random rules and books: those outside now are those the rule itself finds."""
    rng = np.random.default_rng(5)
    outside = 0
    for _ in range(200):
        data, rule, rep = drawn_case(rng)
        if isinstance(rule, Capacity) and rule.at_least and rule.limit == "capacity":
            rule = rule.model_copy(update={"at_least": 1.0})
        rep[~data.serves[rep]] = -1
        (band,) = watched({"rule": rule}, data, FuturesSpec(), rep)
        ids = np.append(data.rep_ids, [None])[rep]
        plan = pd.Series(ids, data.account_ids, dtype=object)
        found = [one for one in rule.check("rule", data, plan) if one.weight is Weight.BREACH]
        out = band.judge(unchanged(data), 0).out[:, 0]
        assert {band.labels[at] for at in np.flatnonzero(out)} == {one.where for one in found}
        outside += int(out.sum())
    assert outside > 100


LIVELY = FuturesSpec(growth=0.1, growth_sd=0.4, churn=0.2, attrition=0.2, together=0.3, draws=40)


def test_draws_are_the_same_in_whatever_pieces() -> None:
    """40 draws at once, or seven at a time; and the first ten of forty are the first ten of ten."""
    data = problem({"workload": [1.0, 2.0, 3.0, 4.0, 5.0]}, {"capacity": [8.0, 9.0]})
    plan = {"plan": books(data, a="r1", b="r1", c="r1", d="r2", e="r2")}
    rules = {"rule": Capacity()}
    whole = outlook(rules, data, LIVELY, plan)
    parts = outlook(rules, data, LIVELY, plan, pieces(data, LIVELY, 7 * 5 * 3))
    assert len(list(pieces(data, LIVELY, 7 * 5 * 3))) == 6
    assert whole == parts
    assert 0 < whole["plan"].through.share < 1
    ten = sample(data, LIVELY, draws=range(10))
    assert np.array_equal(ten.growth, sample(data, LIVELY).growth[:, :, :10])


def test_a_month_is_the_same_whichever_others_are_looked_at() -> None:
    """Month 6 alone is month 6 of 3, 6 and 12."""
    data = problem({"workload": [1.0, 2.0]}, 2)
    one, three = sample(data, LIVELY, [6]), sample(data, LIVELY)
    assert np.array_equal(one.growth[0], three.growth[1])
    assert np.array_equal(one.stays[0], three.stays[1])
    assert np.array_equal(one.here[0], three.here[1])


def test_a_seed_gives_the_same_and_another_something_else() -> None:
    """Same seed, same numbers."""
    one, again, other = (sample(ONE, LIVELY, seed=seed).growth for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_uncovered_accounts_are_counted() -> None:
    """Half of the reps leave within the year, and half of the accounts lose theirs."""
    data = problem({"workload": [1.0] * 10}, {"capacity": [9.0] * 10})
    reps = {one: f"r{at + 1}" for at, one in enumerate(data.account_ids)}
    spec = FuturesSpec(attrition=0.5, churn=0.5, months=(12,), draws=500)
    (year,) = prospects(Capacity(), data, spec, **reps).horizons
    assert year.reps_left == pytest.approx(5.0, abs=0.3)
    assert year.accounts_left == pytest.approx(5.0, abs=0.3)
    # Of ten accounts a quarter is still there and has lost its rep.
    assert year.uncovered == pytest.approx(2.5, abs=0.3)


def test_the_interval_of_a_chance() -> None:
    """Wilson for 8 of 10: 0.4902 to 0.9433; none of 10 leaves room for 0.2775."""
    some, none = chance(8, 10), chance(0, 10)
    assert (some.low, some.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert (none.low, none.high) == pytest.approx((0.0, 0.2775), abs=1e-4)


def test_futures_as_problems_are_the_draws() -> None:
    """Measures times their factor, nothing for who has left, the count of accounts with them."""
    data = problem({"workload": [1.0, 2.0, 4.0]}, 2)
    drawn = sample(data, LIVELY, [12], range(2))
    made = futures_of(data, LIVELY, ["workload"], 12, 2)
    assert list(made) == ["future-1", "future-2"]
    for place, one in enumerate(made.values()):
        stays = drawn.stays[0, :, place]
        expected = data.account_number("workload") * drawn.growth[0, :, place] * stays
        assert one.account_number("workload") == pytest.approx(expected)
        assert one.account_number("accounts").tolist() == stays.astype(float).tolist()
    assert data.account_number("workload").tolist() == [1.0, 2.0, 4.0]


def test_futures_of_pair_measures() -> None:
    """A measure of the pairs file grows with the account."""
    data = problem({"workload": [1.0]}, 2, pairs={("a", "r1"): 3.0, ("a", "r2"): 5.0})
    (one,) = futures_of(data, FuturesSpec(growth=1.0), ["value"], 12, 1).values()
    assert one.pair_number("value").tolist() == [6.0, 10.0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("churn: 1.5", "churn"),
        ("grwth: 0.1", "growth"),
        ("by_segment: {x: {churn: 0.1}}", "by_segment needs segment"),
        ("ramp_slip: 3", "write both"),
        ("months: [6, 3]", "months rise"),
        ("- 1", "holds no mapping"),
    ],
)
def test_a_file_that_cannot_be_meant(text: str, words: str, tmp_path: Path) -> None:
    """Each fault is named."""
    path = tmp_path / "futures.yaml"
    path.write_text(text)
    with pytest.raises(SpecError, match=words):
        read_futures(path)


def test_options_stand_on_top_of_the_file(tmp_path: Path) -> None:
    """What is not given changes nothing."""
    path = tmp_path / "futures.yaml"
    path.write_text("growth: 0.1\nchurn: 0.2\n")
    found = read_futures(path, {"churn": 0.3, "growth": None, "months": [6]})
    assert (found.growth, found.churn, found.months) == (0.1, 0.3, (6,))
    assert FuturesSpec.model_validate(found.model_dump(mode="json")) == found


def test_columns_that_do_not_exist() -> None:
    """All of them at once, with the nearest name."""
    data = problem({"workload": [1.0], "segment": ["x"]}, {"status": ["ramping"]})
    spec = FuturesSpec.model_validate(
        {"segment": "segmnt", "ramping": {"stat": "ramping"}, "ramp_slip": 2}
    )
    with pytest.raises(SpecError) as caught:
        sample(data, spec)
    assert "did you mean 'segment'" in str(caught.value)
    assert "'stat'" in str(caught.value)
    known = FuturesSpec.model_validate({"segment": "segment", "by_segment": {"z": {"churn": 0.1}}})
    with pytest.raises(SpecError, match="no account has 'z'"):
        sample(data, known)


def test_nothing_to_judge_is_said() -> None:
    """A scenario without balance or capacity has no bands."""
    with pytest.raises(SpecError, match="no balance or capacity rule"):
        outlook({}, ONE, FuturesSpec(), {"plan": books(ONE, a="r1")})
