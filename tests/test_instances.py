"""Benchmark instances are the same for a seed, have a plan, and say the same as their files."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optiterr.compile import compile_model
from optiterr.engine import read
from optiterr.errors import DataError
from optiterr.model import Model, ModelBuilder
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band, worst
from optiterr.scenario.loading import load
from optiterr.solution import Solution, Status

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "benchmarks"))

import front_door  # noqa: E402
import instance_files  # noqa: E402
import instances  # noqa: E402
import published  # noqa: E402
import resolving  # noqa: E402
import scaling_run  # noqa: E402
import scaling_table  # noqa: E402
import territories  # noqa: E402

KINDS = [("geo", None), ("books", 0.08), ("books", 0.03), ("books", 0.01)]


def small(cost: list[float], reps: int, pairs: Pairs | None = None) -> ModelBuilder:
    accounts = len(cost) // reps if pairs is None else pairs.accounts
    ids = np.array([f"a{n}" for n in range(accounts)], dtype=object)
    builder = ModelBuilder(
        ids,
        np.array([f"r{n}" for n in range(reps)], dtype=object),
        Pairs.full(accounts, reps) if pairs is None else pairs,
    )
    builder.add_cost("cost", cost)
    return builder


@pytest.mark.parametrize(("family", "slack"), KINDS)
def test_a_seed_gives_the_same_bytes_and_another_seed_others(
    family: str, slack: float | None
) -> None:
    """Drawn twice, a model has one digest; another seed, or another slack, gives another."""
    first, again = (instances.make(family, 300, 6, 4, slack) for _ in range(2))
    assert first.model.digest() == again.model.digest()
    assert np.array_equal(first.today_choice, again.today_choice)
    assert first.model.digest() != instances.make(family, 300, 6, 5, slack).model.digest()


def test_the_slack_of_books_follows_the_seed_unless_it_is_said() -> None:
    """Seeds 1 to 4 have 8 %, 3 %, 1 % and 8 % again; the name and the note tell."""
    made = [instances.make("books", 100, 5, seed) for seed in (1, 2, 3, 4)]
    assert [one.name.rpartition("slack")[2] for one in made] == ["8", "3", "1", "8"]
    assert "1% room" in made[2].note
    assert instances.make("books", 100, 5, 1, 0.03).name == "books-100x5-seed1-slack3"


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("family", "slack"), KINDS)
def test_there_is_a_plan_that_keeps_every_hard_rule(
    family: str, slack: float | None, seed: int
) -> None:
    """The hidden plan costs a finite amount in the model, and keeps each limit when it is counted
    from the tables without the model."""
    said = instances.tables(family, 500, 10, seed, slack)
    case = instances.instance_of(family, said, seed)
    assert case.hidden_choice is not None
    assert np.isfinite(case.model.value(case.model.picks(case.hidden_choice)))
    hidden, owner, account = said.hidden, said.owner, said.account
    assert hidden is not None
    assert owner is not None
    moved = hidden != owner
    assert account["revenue"][moved].sum() <= 0.12 * account["revenue"].sum()
    assert 0.05 <= moved.mean() <= 0.12
    if family == "geo":
        carried = np.bincount(hidden, account["workload"], 10)
        mean = account["workload"].sum() / 10
        assert np.abs(carried / mean - 1).max() <= 0.05
        return
    for measure in ("hours", "calls"):
        carried = np.bincount(hidden, account[measure], 10)
        assert (carried <= said.rep[f"{measure}_limit"] + 1e-9).all()
        room = said.rep[f"{measure}_limit"].sum() / account[measure].sum() - 1
        assert room == pytest.approx(slack, abs=1e-4)
    lost = np.bincount(owner[moved], minlength=10) / np.bincount(owner, minlength=10)
    assert lost.max() <= 0.25
    for one in (hidden, owner):
        for needs, rep in zip(said.account_text["skills"], one, strict=True):
            assert set(needs.split(";")) <= set(said.rep_text["skills"][rep].split(";"))


@pytest.mark.parametrize(("family", "slack"), KINDS)
def test_no_number_is_missing(family: str, slack: float | None) -> None:
    """Every column of the tables is finite and not negative, and every account has candidates."""
    said = instances.tables(family, 500, 10, 3, slack)
    for columns in (said.account, said.rep, said.pair):
        for name, values in columns.items():
            assert np.isfinite(values).all(), name
            assert (values >= 0).all(), name
    assert (np.diff(said.pairs.start) > 0).all()


def test_today_says_which_hard_rule_it_breaks() -> None:
    """Today's books are unbalanced: they break the band (or a capacity) and nothing else, and cost
    a finite amount when that is not looked at."""
    for family, may in (("geo", {"workload"}), ("books", {"hours", "calls"})):
        case = instances.make(family, 500, 10, 1)
        assert case.today_choice is not None
        breaks = instances.broken(case.model, case.today_choice)
        assert breaks
        assert set(breaks) <= may
        assert not np.isfinite(case.model.value(case.model.picks(case.today_choice)))
        assert np.isfinite(instances.soft_cost(case.model, case.today_choice))


def test_the_soft_cost_leaves_out_hard_limits_only() -> None:
    """Both accounts (10 and 30) with the first rep, at 1 + 2: 40 is over the hard 35, and 20 over
    the priced 20 at 0.5; the worst of both reps is 20 off at 1: 3 + 10 + 20."""
    builder = small([1.0, 9.0, 2.0, 9.0], 2)
    amount = np.array([10.0, 10.0, 30.0, 30.0])
    builder.add_rep_rows("band", Band.of(2, high=20, upper=35, price_above=0.5), amount)
    builder.add_rep_rows("worst", worst([0, 0], [20.0, 20.0], 1.0), amount)
    model = builder.build()
    assert instances.broken(model, np.array([0, 2])) == ["band"]
    assert instances.soft_cost(model, np.array([0, 2])) == pytest.approx(33.0)
    # the second account elsewhere: 1 + 9, the band charges 30 - 20 at 0.5, the worst is 10 off
    assert instances.broken(model, np.array([0, 3])) == []
    assert instances.soft_cost(model, np.array([0, 3])) == pytest.approx(
        model.value(model.picks(np.array([0, 3])))
    )
    assert instances.soft_cost(model, np.array([0, 3])) == pytest.approx(10 + 5 + 10)


def test_regions_are_cut_at_equal_loads() -> None:
    """On a line with loads 2, 3, 1 half is 3: the second account would pass it, the third fits."""
    at = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    assert territories.regions(at, np.array([2.0, 3.0, 1.0]), 2).tolist() == [0, 1, 0]
    assert territories.regions(at, np.ones(3), 3).tolist() == [0, 1, 2]


def test_candidates_are_the_nearest_reps_with_the_skills_and_the_owner() -> None:
    """Against a count over all reps: three nearest of those allowed, and the owner beside them."""
    rng = np.random.default_rng(7)
    at, home = rng.uniform(0, 9, (40, 2)), rng.uniform(0, 9, (12, 2))
    may = rng.random((3, 12)) < 0.5
    may[2] = [True, True] + [False] * 10
    kind, owner = rng.integers(0, 3, 40), rng.integers(0, 12, 40)
    near = territories.Nearest.of(at, home, kind, may, 3)
    pairs = territories.candidates(near, owner)
    for account in range(40):
        far = np.hypot(*(home - at[account]).T)
        far[~may[kind[account]]] = np.inf
        order = [rep for rep in np.argsort(far)[:3] if np.isfinite(far[rep])]
        found = pairs.rep[pairs.start[account] : pairs.start[account + 1]]
        assert found.tolist() == sorted({*order, owner[account]})


def test_what_strays_is_within_its_shares() -> None:
    """At most a tenth of accounts and revenue, and a fifth of any rep's accounts, come or go; who
    strays can be found back among the nearest."""
    rng = np.random.default_rng(1)
    at, home = rng.uniform(0, 9, (900, 2)), rng.uniform(0, 9, (30, 2))
    revenue = np.exp(rng.normal(size=900))
    kind, may = np.zeros(900, dtype=np.int64), np.ones((1, 30), dtype=bool)
    near = territories.Nearest.of(at, home, kind, may, 8)
    hidden = territories.regions(at, np.ones(900), 30)
    owner = territories.strayed(rng, near, hidden, revenue)
    moved = owner != hidden
    assert 0 < moved.mean() <= 0.1
    assert revenue[moved].sum() <= 0.1 * revenue.sum()
    for end in (owner, hidden):
        assert np.bincount(end[moved], minlength=30).max() <= 6  # a fifth of 30 accounts
    assert near.knows(hidden)[moved].all()


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("family", ["geo", "books"])
def test_the_scenario_says_the_same_as_the_model(family: str, form: Any, tmp_path: Path) -> None:
    """Read from its files and compiled by the rules, the instance is the same model to the byte."""
    said = instances.tables(family, 40, 4, 2)
    path = instance_files.write(said, tmp_path, form, {"solver": "highs", "seconds": 5})
    scenario = load(path)
    compiled = compile_model(scenario.rules, read(scenario))
    assert compiled.model.digest() == instances.instance_of(family, said).model.digest()
    assert scenario.solve.solver == "highs"


def test_a_scenario_is_written_by_one_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints the file that it wrote; a slack with a decimal point makes a name all the same."""
    words = ["books", "40", "4", "--slack", "0.125", "--seed", "3", "-o", str(tmp_path / "out")]
    assert instance_files.main(words) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path.name == "books-40x4-seed3-slack12_5.yaml"
    assert load(path).name == "books-40x4-seed3-slack12_5"


def test_impossible_instances_are_refused_by_name() -> None:
    """Unknown families, slack for the wrong one, too few accounts, and a plan that does not hold:
    each says what and how to mend it."""
    for words, text in (
        (("goe", 40, 4, 1), "did you mean 'geo'"),
        (("geo", 40, 4, 1, 0.1), "slack 0.1"),
        (("geo", 40, 20, 1), "40 accounts for 20 reps"),
    ):
        with pytest.raises(DataError, match=text):
            instances.make(*words)  # type: ignore[arg-type]
    said = instances.tables("geo", 100, 5, 1)
    assert said.hidden is not None
    with pytest.raises(DataError, match="breaks workload"):
        instances.instance_of("geo", replace(said, hidden=np.zeros_like(said.hidden)))


@pytest.mark.skipif(published.missing("gap") is not None, reason="no ../shared/data/gap")
@pytest.mark.parametrize("name", ["gap1-0", "c05100", "d05200", "e401600"])
def test_published_solutions_cost_what_is_published(name: str) -> None:
    """Each published solution keeps the capacities and costs its certificate value."""
    case, agent = published.gap(name), published.gap_solution(name)
    known = published.best_known()[name]
    choice = case.model.pairs.find(np.arange(len(agent)), agent)
    assert instances.broken(case.model, choice) == []
    assert case.model.value(case.model.picks(choice)) == known["certificate_value"]
    assert case.best_known == known["best_known_value"]
    assert case.today_choice is None


@pytest.mark.skipif(published.missing("gap") is not None, reason="no ../shared/data/gap")
def test_gap_names_are_chosen_by_type() -> None:
    """Types are letters, or gap for the small ones; the smallest come first."""
    names = published.gap_names(("d", "e"))
    assert names[0] == "d05100"
    assert {name[0] for name in names} == {"d", "e"}
    assert all(name.startswith("gap") for name in published.gap_names(("gap",)))
    with pytest.raises(DataError, match="there is no instance 'd05101'"):
        published.gap_tables("d05101")


@pytest.mark.skipif(published.missing("us_hospitals") is not None, reason="no ../shared/data")
def test_real_places_have_a_plan_too(tmp_path: Path) -> None:
    """Hospitals: a plan keeps every hard rule, and what was left out is counted in the note."""
    case = published.hospitals(20, 1)
    assert case.model.pairs.accounts == 7308
    assert case.hidden_choice is not None
    assert instances.broken(case.model, case.hidden_choice) == []
    assert "705 closed ones or without a bed count are left out" in case.note
    assert case.today_choice is not None
    assert instances.broken(case.model, case.today_choice) == ["workload"]


def test_data_that_is_absent_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the folder the error names it."""
    monkeypatch.setattr(published, "DATA", tmp_path)
    for make in (lambda: published.gap("d05100"), lambda: published.zips(5, 1)):
        with pytest.raises(DataError, match=f"put it into {tmp_path}"):
            make()


def test_round_robin_deals_to_the_next_candidate() -> None:
    """Turns go 0, 1, 2, 0: the second account has no rep 1 and gets 2, the third has neither 2 and
    gets 0, the fourth is due 0, has 1 only."""
    account, rep = [0, 0, 1, 1, 2, 2, 3], [0, 1, 0, 2, 0, 1, 1]
    pairs = Pairs.of(account, rep, 4)
    model = small([1.0] * 7, 3, pairs).build()
    assert model.pairs.rep[scaling_run.round_robin(model)].tolist() == [0, 2, 0, 1]


def test_times_count_from_the_first_line_where_plan_and_bound_are_near() -> None:
    """110 over 100 is 9.1 %; 100.9 over 100 at 3 s is 0.9 %; 100.9 over 100.5 at 4 s is 0.4 %."""
    lines = [(1.0, 110.0, None), (2.0, None, 100.0), (3.0, 100.9, None), (4.0, None, 100.5)]
    assert scaling_run.reached(lines, 100.9, 100.5) == {"0.01": 3.0, "0.005": 4.0, "0.001": None}
    # a bound or a plan that did not stand at the end is not believed on the way
    assert scaling_run.reached(lines, 100.9, 100.0)["0.005"] is None
    assert scaling_run.reached(lines, 110.0, 100.5)["0.01"] is None
    assert scaling_run.reached(lines, None, 100.5) == {"0.01": None, "0.005": None, "0.001": None}


def judged(answer: Solution) -> tuple[dict[str, Any], Model]:
    builder = small([1.0, 2.0, 4.0, 3.0], 2)
    builder.add_rep_rows("most", Band.of(2, upper=1.0), 1.0)
    case = instances.Instance("toy", "toy", 0, builder.build(), None, "")
    return scaling_run.judged(case, answer, [], 1.0), case.model


def test_a_solver_that_lies_is_recounted() -> None:
    """The plan costs 1 + 3 though 2 was said, and a bound of 9 stays a claim beside the 4 that no
    prices prove."""
    x = np.array([1.0, 0.0, 0.0, 1.0])
    told, _ = judged(Solution(Status.OPTIMAL, "liar", x=x, objective=2.0, bound=9.0))
    assert (told["cost"], told["cost_as_claimed"], told["bound_is"]) == (4.0, False, "claimed")
    assert told["bound_climbed"] <= 4.0
    told |= {"instance": "toy", "solver": "liar"}
    wrong = scaling_table.contradictions([told])
    assert len(wrong) == 2
    assert "says 2" in wrong[0]
    assert "bound_claimed 9 of liar is above the cost 4" in wrong[1]


def test_prices_prove_a_bound_that_is_recounted() -> None:
    """Prices of 0 prove 1 + 3, each account at its cheapest; the same claim is no better."""
    x = np.array([1.0, 0.0, 0.0, 1.0])
    told, _ = judged(
        Solution(Status.OPTIMAL, "fair", x=x, objective=4.0, bound=4.0, prices=np.zeros(2))
    )
    assert told["bound"] == pytest.approx(4.0)
    assert (told["bound_is"], told["cost_as_claimed"]) == ("proved", True)
    assert told["reached_proved"] == {"0.01": 1.0, "0.005": 1.0, "0.001": 1.0}
    # both with the first rep: two where one is allowed
    told, _ = judged(Solution(Status.FEASIBLE, "rash", x=np.array([1.0, 0.0, 1.0, 0.0])))
    assert (told["cost"], told["breaks"], told["soft_cost"]) == (None, ["most"], 5.0)


def test_a_scenario_is_measured_through_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Solved and verified as a user does, with seconds and memory of both and the proved gap."""
    file = tmp_path / "new" / "door.json"
    words = ["geo", "60", "4", "--seconds", "1", "--threads", "1", "-o", str(file)]
    assert front_door.main(words) == 0
    told = json.loads(file.read_text())
    assert (told["instance"], told["solve"]["code"], told["verify"]["code"]) == (
        "geo-60x4-seed1",
        0,
        0,
    )
    assert told["status"] in ("optimal", "feasible")
    assert 0 <= told["gap_proved"] < 1
    # The command and the solver's process are both there, each with numpy in it.
    assert told["solve"]["peak_mb"] > 60
    assert capsys.readouterr().out.startswith("geo-60x4-seed1; solve ")


def test_a_command_that_fails_is_told_with_its_words(tmp_path: Path) -> None:
    """Its exit code, and what it said last."""
    told = front_door.watched([sys.executable, "-c", "import sys; sys.exit('no way')"], tmp_path)
    assert (told["code"], told["said_last"].strip()) == (1, "no way")
    line = front_door.line({"instance": "geo", "solve": told})
    assert line.endswith("GiB; ended with 1")


def test_edits_change_what_they_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The moved account goes home, the limit falls, the new rep takes part; all go on from one."""
    file = tmp_path / "resolving.json"
    words = ["geo", "60", "4", "--seconds", "1", "--threads", "1", "--edits", "hire"]
    words += ["--warm-only", "-o", str(file)]
    assert resolving.main(words) == 0
    told = json.loads(file.read_text())["runs"]
    assert [(one["edit"], one["way"]) for one in told] == [("none", "cold"), ("hire", "after")]
    assert capsys.readouterr().out.count("; gap ") == 2
    said = instances.tables("geo", 60, 4, 1)
    instance_files.write(said, tmp_path)
    scenario: dict[str, Any] = {
        "data": {"reps": {}, "pairs": {}},
        "rules": {"moved-revenue": {"max_share": 0.12}},
    }
    home = dict(zip(said.account_ids.tolist(), said.rep_ids[said.owner].tolist(), strict=True))
    first = next(iter(home))
    away = next(one for one in said.rep_ids.tolist() if one != home[first])
    resolving.lock(scenario, tmp_path, {"assignment": {**home, first: away}})
    resolving.limit(scenario, tmp_path, {})
    resolving.hire(scenario, tmp_path, {})
    assert scenario["rules"]["promise"]["keep"] == [{"account": first, "rep": home[first]}]
    assert scenario["rules"]["moved-revenue"]["max_share"] == pytest.approx(0.114)
    pairs = pd.read_parquet(tmp_path / scenario["data"]["pairs"]["file"])["rep_id"].value_counts()
    assert len(pairs) == 5
    assert pairs["hired"] == pairs[said.rep_ids[0]]


def test_the_report_runs_resumes_and_shows_its_file(tmp_path: Path) -> None:
    """A tiny run keeps each record; resuming runs only what is missing; the file is not written
    over unless asked to; a general solver is held back above its size."""
    file = tmp_path / "new" / "scaling.json"

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "benchmarks" / "scaling.py"), *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    words = ("--families", "geo", "--sizes", "40x4", "--seconds", 1, "-o", file)
    done = run(*words, "--solvers", "round_robin")
    assert done.returncode == 0, done.stderr
    more = (*words, "--resume", "--general-up-to", 39)
    done = run(*more, "--solvers", "round_robin", "today", "greedy", "highs")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("1/2 geo-40x4-seed1, today")
    told = json.loads(file.read_text())
    assert [run["solver"] for run in told["runs"]] == ["round_robin", "today", "greedy"]
    greedy = told["runs"][2]
    assert {"commit", "date", "digest", "load_before", "peak_mb", "seconds_in_all"} <= set(greedy)
    assert greedy["cost"] >= greedy["bound_climbed"] > 0
    assert "breaks hard rules: " in done.stdout
    assert "| geo | 40 x 4 | greedy | 1/1 |" in done.stdout
    assert run("--report", file).stdout == done.stdout
    assert run(*words).returncode == 2
