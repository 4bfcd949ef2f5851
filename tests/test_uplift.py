"""Uplift: both books by one response, an interval over its parameters, what it does not tell."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from toys import assign, problem

from optiterr.engine import save, solve
from optiterr.errors import DataError, SpecError
from optiterr.plan import Plan
from optiterr.rules.earning import earning
from optiterr.rules.saturation import Saturation
from optiterr.rules.value import Value
from optiterr.scenario.layers import packaged
from optiterr.scenario.loading import Scenario, load
from optiterr.uplift import UpliftWarning, uplift, uplift_of_plan

VALUE_FOLDER = packaged("scenarios") / "adventureworks_value"


def books(**more):
    """r1 owns a and b, worth 10² = 100 each in an hour, r2 owns c, worth 5² = 25; 4 hours each."""
    return problem(
        {"sales": [10.0, 10.0, 5.0], "n": [1.0, 1.0, 1.0]},
        {"capacity": [4.0, 4.0]},
        owner=["r1", "r1", "r2"],
        **more,
    )


def value(**fields):
    plain = {"sales": "sales", "reference": "n", "elasticity": 0.5, "transition": 0.2}
    ranges = {"elasticity": [0.3, 0.6], "transition": [0.1, 0.3]}
    return Value(**plain | {"uncertain": ranges} | fields)


SWAP = assign(a="r1", b="r2", c="r2")


def test_uplift_by_hand():
    """Today √(4 × 200) + √(4 × 25); then √(4 × 100) + √(4 × (0.8² × 100 + 25))."""
    still = {"elasticity": [0.5, 0.5], "transition": [0.2, 0.2]}
    found = uplift(value(uncertain=still), books(), SWAP, draws=20)
    today, then = 800**0.5 + 10, 20 + 356**0.5
    assert found.today.value == pytest.approx(today)
    assert found.then.value == pytest.approx(then)
    for one in (found.uplift.value, found.uplift.low, found.uplift.high):
        assert one == pytest.approx(then - today)
    assert found.share.value == pytest.approx(then / today - 1)
    assert found.sentence == (
        "The plan is expected to earn +0.58 sales a year beside today's books (+1.5%); between "
        "+0.58 and +0.58 (+1.5% to +1.5%) in nine of ten draws of elasticity 0.5 to 0.5 and "
        "transition 0.2 to 0.2."
    )


def test_no_uplift_when_the_plan_is_today():
    """Exactly none, in every draw, and the sentence says so."""
    found = uplift(value(), books(), books().today)
    assert (found.uplift.value, found.uplift.low, found.uplift.high) == (0.0, 0.0, 0.0)
    assert found.gains == 0.0
    assert found.sentence == "The plan earns what today's books earn: 38.28 sales."


def test_the_same_seed_gives_the_same_interval():
    """And another seed another one; a further range does not change the draws of the others."""
    once, again = (uplift(value(), books(), SWAP, draws=50, seed=3) for _ in range(2))
    assert once == again
    assert uplift(value(), books(), SWAP, draws=50, seed=4).uplift != once.uplift
    alone = value(uncertain={"elasticity": [0.3, 0.6]}, transition=0.2)
    beside = value(uncertain={"elasticity": [0.3, 0.6], "transition": [0.2, 0.2]})
    found = [uplift(rule, books(), SWAP, draws=50, seed=3).uplift for rule in (alone, beside)]
    assert found[0] == found[1]


def test_both_books_earn_with_the_same_draw():
    """The interval is that of differences drawn together, each with its effort shared out anew."""
    rule = value()
    found = uplift(rule, books(), SWAP, draws=40, seed=5)
    unit = np.random.default_rng(5).random((40, 3))
    more = []
    for b, t, _ in unit:
        drawn = {"elasticity": 0.3 + 0.3 * b, "transition": 0.1 + 0.2 * t}
        one = rule.model_copy(update=drawn)
        then, now = (earning(one, books(), plan).total() for plan in (SWAP, books().today))
        more.append(then - now)
    assert (found.uplift.low, found.uplift.high) == pytest.approx(
        tuple(np.quantile(more, [0.05, 0.95]))
    )
    assert found.gains == np.mean(np.array(more) > 0)
    assert found.undecided


def test_a_fit_may_be_believed_more_or_less():
    """Twice the fit with r2 for b: at exponent 0 to 1 the plan loses or gains."""
    pairs = {(a, r): 1.0 for a in "abc" for r in ("r1", "r2")} | {("b", "r2"): 2.0}
    rule = value(fit="value", best_fit=2, transition=0.5, uncertain={"fit": [0, 1]})
    found = uplift(rule, books(pairs=pairs), SWAP)
    # Then √(4 × 100) + √(4 × (0.5² f² 100 + 25)), f from 1 to 2; today √800 + 10.
    assert found.uplift.value == pytest.approx(20 + 500**0.5 - 800**0.5 - 10)
    assert found.uplift.low < 20 + 200**0.5 - 800**0.5 - 10 + 1 < 0 < found.uplift.high


def test_uplift_along_a_curve_by_hand():
    """a and b sell 10 in 4 hours, half of it in none, no more in more; r1 has 4 hours, r2 too."""
    rule = Saturation(
        sales="sales",
        reference="n",
        curve=[[0, 0.5], [1, 1]],
        transition=0.2,
        uncertain={"transition": [0.1, 0.4]},
    )
    data = problem(
        {"sales": [10.0, 10.0, 0.0], "n": [4.0, 4.0, 4.0]},
        {"capacity": [4.0, 4.0]},
        owner=["r1", "r1", "r2"],
    )
    # Today r1 earns 10 + 5; then r1 10 and r2 10 less what is lost: 3 at 0.2, 4 to 1 in all draws.
    found = uplift(rule, data, SWAP, draws=2000)
    assert found.today.value == found.today.low == found.today.high == 15.0
    assert found.uplift.value == pytest.approx(3.0)
    assert (found.uplift.low, found.uplift.high) == pytest.approx((1.15, 3.85), abs=0.1)


def test_an_uplift_without_ranges_is_refused():
    """A number without an interval tells nothing."""
    with pytest.raises(SpecError, match="an uplift without an interval tells nothing"):
        uplift(value(uncertain=None), books(), SWAP)


def test_accounts_and_hours_that_earn_nothing_today_are_told():
    """Serving them is part of the uplift, and a reader must know."""
    data = problem(
        {"sales": [10.0, 10.0], "n": [1.0, 1.0]}, {"capacity": [4.0, 4.0]}, owner=["r1", None]
    )
    found = uplift(value(), data, assign(a="r1", b="r2"))
    assert (found.unserved_today, found.unserved, found.idle_today) == (1, 0, 1)
    assert found.cautions() == [
        "1 account with no rep today earns nothing in today's books: serving them is part of the "
        "uplift",
        "1 rep without an account today earns nothing in today's books: putting their hours to "
        "use is part of the uplift",
    ]


SPEC = {
    "schema": 1,
    "name": "tiny",
    "data": {
        "accounts": {
            "owner": "owner",
            "records": [
                {"account_id": "a", "owner": "r1", "sales": 10, "n": 1},
                {"account_id": "b", "owner": "r1", "sales": 10, "n": 1},
                {"account_id": "c", "owner": "r2", "sales": 5, "n": 1},
            ],
        },
        "reps": {
            "records": [{"rep_id": "r1", "capacity": 4}, {"rep_id": "r2", "capacity": 4}],
        },
    },
    "rules": {
        "earn": {
            "kind": "value",
            "sales": "sales",
            "reference": "n",
            "elasticity": 0.5,
            "transition": 0.2,
            "uncertain": {"elasticity": [0.3, 0.6]},
        }
    },
}


def written(folder: Path, **rules: object) -> Path:
    spec = Scenario.from_dict(SPEC | {"rules": {**SPEC["rules"], **rules}}, folder=folder)
    save(solve(spec), spec, folder / "plan.json")
    return folder / "plan.json"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "optiterr.cli", *arguments]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_prints_what_reproduces_it(tmp_path: Path):
    """The sentence, then a command that gives the same sentence again; JSON holds the same."""
    path = written(tmp_path)
    first = run("uplift", str(path), "--transition", "0.1:0.3", "--draws", "50")
    assert first.returncode == 0, first.stderr
    sentence, again = first.stdout.splitlines()
    assert again == (
        f"again: optiterr uplift {path} --rule earn --draws 50 --seed 7 --transition 0.1:0.3"
    )
    assert "the interval contains 0" in " ".join(first.stderr.split())
    command = again.removeprefix("again: optiterr ").split()
    assert run(*command).stdout == first.stdout
    told = json.loads(run(*command, "--json").stdout)
    assert told["sentence"] == sentence
    assert told["uncertain"]["transition"] == [0.1, 0.3]


def test_what_cannot_be_judged_is_refused(tmp_path: Path):
    """No such rule, several, a bad range, other data: each with what to do."""
    path = written(tmp_path)
    with pytest.raises(SpecError, match="'other' is none of them"):
        uplift_of_plan(path, rule="other")
    with pytest.raises(SpecError, match=r"0\.4 is above 0\.3"):
        uplift_of_plan(path, ranges={"elasticity": (0.4, 0.3)})
    assert "is no range" in run("uplift", str(path), "--fit", "high").stderr
    (tmp_path / "two").mkdir()
    two = written(tmp_path / "two", again={**SPEC["rules"]["earn"], "price": 0})
    with pytest.raises(SpecError, match="has 2 rules about what books earn"):
        uplift_of_plan(two)
    (tmp_path / "none").mkdir()
    bare = Scenario.from_dict(SPEC | {"rules": {}}, folder=tmp_path / "none")
    save(solve(bare), bare, tmp_path / "none" / "plan.json")
    with pytest.raises(SpecError, match="add a rule of kind value"):
        uplift_of_plan(tmp_path / "none" / "plan.json")
    changed = json.loads(path.read_text()) | {"data": {"accounts": "0"}}
    path.write_text(json.dumps(changed))
    with pytest.raises(DataError, match="not those that the plan was made of"):
        uplift_of_plan(path)


# -- the shipped response model


def test_the_shipped_response_is_what_the_fit_gives():
    """value.yaml holds the fitted elasticity and its interval, and the level is used up."""
    sys.path.insert(0, str(VALUE_FOLDER))
    try:
        from fit import fitted
    finally:
        sys.path.remove(str(VALUE_FOLDER))
    found = fitted()
    rule = load(VALUE_FOLDER / "value.yaml").rules["earn"]
    assert isinstance(rule, Value)
    assert rule.uncertain is not None
    assert rule.elasticity == round(found["elasticity"], 2)
    assert rule.uncertain.elasticity == (round(found["low"], 2), round(found["high"], 2))
    assert found["level"] == pytest.approx(1.0, abs=2e-3)
    text = (VALUE_FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"standard error {found['error']:.2f}" in text
    assert f"off by {found['spread']:.0%}".replace("%", " %") in text


@pytest.mark.parametrize("name", ["value", "saturation"])
def test_the_shipped_uplift_is_what_its_readme_says(name: str, tmp_path: Path):
    """At 8 % of revenue moved: value and interval, and the warning of the seller without stores."""
    spec = load(VALUE_FOLDER / f"{name}.yaml")
    plan: Plan = save(solve(spec), spec, tmp_path / "plan.json")
    assert plan.status == "optimal"
    with pytest.warns(UpliftWarning, match="1 rep without an account today"):
        found = uplift_of_plan(tmp_path / "plan.json", draws=500, seed=7)
    text = " ".join((VALUE_FOLDER / "README.md").read_text(encoding="utf-8").split())
    assert found.sentence in text.replace(" > ", " ")
    assert found.uplift.low > 0
