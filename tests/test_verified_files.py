"""Ladders, portfolios and robust plans proved again from their files; doctored ones are refused."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from in_process import solve_here

from optiterr import cli
from optiterr.errors import DataError
from optiterr.ladder.verifying import verify_ladder
from optiterr.portfolio.verifying import verify_portfolio
from optiterr.robust.verifying import verify_robust
from optiterr.verification import Check, Verification

Told = dict[str, Any]
DOCS = Path(__file__).resolve().parents[1] / "docs"


def yaml_of(page: str) -> str:
    """The scenario of a page."""
    return (DOCS / page).read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a ladder, a portfolio and robust plans, written by the commands."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "trees.yaml").write_text(yaml_of("ladder.md"), encoding="utf-8")
    (folder / "vines.yaml").write_text(yaml_of("futures.md"), encoding="utf-8")
    more = yaml_of("futures.md").replace("revenue: 50,", "revenue: 90,")
    (folder / "more.yaml").write_text(more, encoding="utf-8")
    (folder / "spec.yaml").write_text("growth_sd: 0.3\nchurn: 0.1\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        solve_here(patch)
        patch.chdir(folder)
        robust = "robust vines.yaml --futures 2 --spec spec.yaml"
        for line in (
            "solve trees.yaml -o out",
            "ladder out/plan.json -o ladder",
            "portfolio trees.yaml --plans 3 --within 0.3 -o three",
            f"{robust} --case more.yaml -o regret",
            f"{robust} --minimise cvar --share 0.5 --hard-in all -o cvar",
            f"{robust} --minimise mean -o mean",
        ):
            patch.setattr(sys, "argv", ["optiterr", *line.split()])
            with pytest.raises(SystemExit) as end:
                cli.main()
            assert not end.value.code, line
        yield folder


def wrong(result: Verification) -> list[str]:
    """The claims that do not hold."""
    return [one.what for one in result.checks if not one.holds]


def found(result: Verification, what: str) -> Check:
    """The first check that does not hold and says ``what``."""
    (one, *_) = [one for one in result.checks if not one.holds and what in one.what]
    return one


def doctored(path: Path, change: Callable[[Told], object]) -> Path:
    """A file beside ``path`` with one thing changed; the change is one."""
    told = json.loads(path.read_text(encoding="utf-8"))
    before = copy.deepcopy(told)
    change(told)
    assert told != before
    lie = path.with_name("lie.json")
    lie.write_text(json.dumps(told), encoding="utf-8")
    return lie


# ----------------------------------------------------------------------------------------- ladders


def test_a_ladder_is_proved_again_from_the_tables(made: Path) -> None:
    result = verify_ladder(made / "ladder/ladder.json")
    assert wrong(result) == []
    told = {one.what for one in result.checks}
    assert "rung 1, the best plan with as many moves (6 claims)" in told
    assert "cost (5 claims)" in told


def shifted(told: Told) -> None:
    """An account of rung 3 moves on rung 2 already: that is no unit, and the numbers stay."""
    told["rungs"][2]["moves"] += told["rungs"][3]["moves"]
    told["rungs"][3]["moves"] = []


def twice(told: Told) -> None:
    """Cedar moves on rung 1 and, once more, on rung 3."""
    told["rungs"][3]["moves"] += told["rungs"][1]["moves"]


def hidden(told: Told) -> None:
    """Rung 2 breaks a rule and does not say so."""
    told["rungs"][2]["breaches"] = []


def other_findings(told: Told) -> None:
    told["rungs"][2]["breaches"][0]["message"] = "rep lee carries 100 hours, 1 above the limit"


def swapped(told: Told) -> None:
    """Rungs 2 and 3 change places: another order, with numbers of the one told."""
    moves = [told["rungs"][at]["moves"] for at in (2, 3)]
    told["rungs"][2]["moves"], told["rungs"][3]["moves"] = moves[::-1]


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (lambda told: told["rungs"][1].update(cost=1400.0), "rung 1, cost"),
        (lambda told: told["rungs"][1]["terms"].update(even=1.0), "rung 1, cost of even"),
        (lambda told: told["rungs"][1].update(share=0.9), "rung 1, share"),
        (lambda told: told["rungs"][3].update(moved=5), "rung 3, moved"),
        (hidden, "rung 2, hard rules broken"),
        (other_findings, "rung 2, hard rules broken"),
        (twice, "rung 3, account 'cedar': moves once"),
        (shifted, "rung 2: accounts that move together"),
        (swapped, "rung 2, cost"),
        (lambda told: told["rungs"][1].update(rung=7), "numbers of the rungs"),
        (lambda told: told["rungs"][1]["moves"][0].update(account="oak"), "account 'oak'"),
        (lambda told: told["rungs"][1]["moves"][0].update(to_rep="zoe"), "there is a rep 'zoe'"),
        (lambda told: told["rungs"][1]["moves"][0].update(to_rep="lee"), "rung 2, cost"),
        (lambda told: told["rungs"][1]["moves"][0].update(from_rep="lee"), "rung 1, who moves"),
        (lambda told: told["rungs"][0]["moves"][0].update(why="moved"), "rung 0, who moves"),
        (lambda told: told["rungs"][0]["moves"].pop(), "without a rep who may serve them"),
        (lambda told: told["rungs"].pop(), "is the plan: hard rules broken"),
        (lambda told: told["rungs"][1]["certified"].update(moves=2), "rung 1, moves allowed"),
        (
            lambda told: told["rungs"][1]["certified"].update(best_bound_proved=1400.0),
            "rung 1, proved bound",
        ),
        (lambda told: told["rungs"][1]["certified"].update(gap_proved=0.0), "rung 1, proved gap"),
        (
            lambda told: told["rungs"][1]["certified"].update(share_proved=0.99),
            "rung 1, proved share",
        ),
        (
            lambda told: told["rungs"][1]["certified"].update(best_found=100.0, gap_found=None),
            "the best found costs no less",
        ),
        (lambda told: told["rungs"][1]["certified"]["prices"].popitem(), "rung 1, row prices"),
        (
            lambda told: told["rungs"][0]["certified"]["prices"].update(hours=[0.0, 0.0, 0.0]),
            "rung 0",
        ),
        (
            lambda told: told["rungs"][4]["certified"].update(status="infeasible"),
            "rung 4, plans with as many moves",
        ),
        (lambda told: told.update(words=["All is well."]), "sentences"),
        (lambda told: told.update(digest="0" * 64), "model digest"),
        (lambda told: told.update(fingerprint="0" * 64), "scenario fingerprint"),
        (
            lambda told: told["scenario"]["rules"]["hours"].update(limit=200),
            "scenario fingerprint",
        ),
        (lambda told: told["scenario"].update(priorities=[["even"]]), "levels of priorities"),
    ],
)
def test_a_doctored_ladder_does_not_hold(
    made: Path, change: Callable[[Told], object], broken: str
) -> None:
    """One thing changed at a time: the check that says where it is fails."""
    result = verify_ladder(doctored(made / "ladder/ladder.json", change))
    assert any(broken in what for what in wrong(result)), wrong(result)


def test_an_order_that_is_not_the_best_is_not_exact(made: Path) -> None:
    """Rungs 3 and 4 change places with their true numbers: only the claim of the order is false."""
    path = made / "ladder/ladder.json"
    lie = doctored(path, swapped)
    first = {one.what.split(",")[0] for one in verify_ladder(lie).checks if not one.holds}
    assert "order of the rungs" in first
    one = found(verify_ladder(lie), "order of the rungs")
    assert (one.claimed, one.recounted) == ("exact", "a better one")


# -------------------------------------------------------------------------------------- portfolios


def test_a_portfolio_is_proved_again_from_the_tables(made: Path) -> None:
    result = verify_portfolio(made / "three/portfolio.json")
    assert wrong(result) == []
    assert sum("its own" in one.what for one in result.checks) == 3


def members(at: int, **changes: Any) -> Callable[[Told], object]:
    """A change of one member."""
    return lambda told: told["members"][at].update(changes)


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (members(1, cost=251.0), "plan-2, cost"),
        (members(1, terms={"even": 0.0, "calm": 1.0}), "plan-2, cost of calm"),
        (members(1, above_best=0.0), "plan-2, above the best"),
        (members(1, gap_proved=0.0), "plan-2, proved gap"),
        (members(1, difference=9.0), "plan-2, least difference"),
        (members(2, difference_proved=7.0), "plan-3, most that any plan differs"),
        (members(0, difference=1.0), "plan-1 differs from none"),
        (members(1, name="plan-3"), "names of the plans"),
        (lambda told: told["members"][1]["prices"].popitem(), "plan-2, row prices"),
        (lambda told: told["accounts"][0].__setitem__(1, 9), "accounts that differ, plan-1"),
        (lambda told: told["amounts"][2].__setitem__(0, 9.0), "accounts that differ, plan-3"),
        (lambda told: told["accounts"].pop(), "rows and columns"),
        (lambda told: told.update(ceiling=900.0), "most that a plan may cost"),
        (lambda told: told.update(within=0.1), "plan-3 costs no more than a plan may"),
        (lambda told: told.update(whole=11.0), "accounts of all accounts"),
        (lambda told: told.update(by="revenue"), "revenue of all accounts"),
        (lambda told: told.update(words=[]), "sentences"),
        (lambda told: told.update(digest="0" * 64), "model digest"),
        (lambda told: told.update(fingerprint="0" * 64), "scenario fingerprint"),
    ],
)
def test_a_doctored_portfolio_does_not_hold(
    made: Path, change: Callable[[Told], object], broken: str
) -> None:
    """One thing changed at a time: the check that says where it is fails."""
    result = verify_portfolio(doctored(made / "three/portfolio.json", change))
    assert any(broken in what for what in wrong(result)), wrong(result)


def test_a_doctored_plan_of_a_portfolio_is_named(made: Path) -> None:
    """plan-2 says that it costs less: its own checks name the cost."""
    path = made / "three/plan-2/plan.json"
    before = path.read_text(encoding="utf-8")
    told = json.loads(before)
    told["cost"] -= 1
    path.write_text(json.dumps(told), encoding="utf-8")
    try:
        one = found(verify_portfolio(made / "three/portfolio.json"), "plan-2/plan.json")
    finally:
        path.write_text(before, encoding="utf-8")
    assert "cost: 269, recounted 270" in one.recounted


def test_a_portfolio_without_its_plans_says_which_is_missing(made: Path) -> None:
    with pytest.raises(DataError) as caught:
        verify_portfolio(copied(made / "three/portfolio.json", made / "alone"))
    assert "plan-1/plan.json" in str(caught.value)
    assert "keep the folders of the plans beside portfolio.json" in str(caught.value)


def copied(path: Path, folder: Path) -> Path:
    folder.mkdir()
    return Path((folder / path.name).write_text(path.read_text()) and folder / path.name)


# ------------------------------------------------------------------------------------ robust plans


@pytest.mark.parametrize("aim", ["regret", "cvar", "mean"])
def test_a_robust_plan_is_proved_again_from_the_tables(made: Path, aim: str) -> None:
    """Its futures are drawn again by their seed, and the case is read again."""
    assert wrong(verify_robust(made / aim / "robust.json")) == []


def future(at: int, **changes: Any) -> Callable[[Told], object]:
    """A change of one future."""
    return lambda told: told["futures"][at].update(changes)


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (future(1, cost=0.0), "future-1, cost"),
        (future(1, nominal_cost=0.0), "future-1, cost of the plan made for today"),
        (future(1, best=5.0), "future-1, best"),
        (future(1, best_proved=5.9), "future-1, bound on the best"),
        (future(1, best_books={}), "future-1, its best keeps hard rules"),
        (future(1, prices={}), "future-1, bound on the best, row prices"),
        (future(1, probability=0.9), "weights of the futures"),
        (future(1, name="future-9"), "futures"),
        (lambda told: told["futures"].pop(), "futures"),
        (lambda told: told.update(value=1.0), "value"),
        (lambda told: told.update(nominal_value=99.0), "value of the plan made for today"),
        (lambda told: told.update(bound_proved=1.0), "proved bound"),
        (lambda told: told.update(gap_proved=0.0), "proved gap"),
        (lambda told: told.update(gap_of_cost=0.0), "gap in costs"),
        (lambda told: told.update(bound_claimed=99.0), "the claimed bound is no more"),
        (lambda told: told.update(nominal_keeps=False), "keeps the hard rules"),
        (lambda told: told.update(differs=1), "accounts that differ"),
        (lambda told: told.update(minimise="worst-cost"), "no best was sought"),
        (lambda told: told.update(share=0.5), "share of the futures"),
        (lambda told: told["prices"].popitem(), "row prices"),
        (lambda told: told["assignment"].update(ambra="mia"), "cost"),
        (lambda told: told["assignment"].update(ambra="zoe"), "plan: unknown accounts or reps"),
        (lambda told: told["assignment"].pop("ambra"), "accounts that stay open"),
        (lambda told: told["nominal"].update(ambra="lee"), "cost of the plan made for today"),
        (lambda told: told["source"].update(month=6), "cost"),
        (lambda told: told["source"].update(draws=3), "futures"),
        (lambda told: told["sampled"].update(seed=8), "cost"),
        (
            lambda told: told["source"]["cases"]["more"]["scenario"]["data"]["accounts"]["records"][
                4
            ].update(revenue=50),
            "data files of case more",
        ),
        (
            lambda told: told["source"]["cases"]["more"]["scenario"]["rules"]["stay"].update(
                price=1
            ),
            "rules of case more",
        ),
        (lambda told: told.update(fingerprint="0" * 64), "scenario fingerprint"),
    ],
)
def test_a_doctored_robust_plan_does_not_hold(
    made: Path, change: Callable[[Told], object], broken: str
) -> None:
    """One thing changed at a time: the check that says where it is fails."""
    result = verify_robust(doctored(made / "regret/robust.json", change))
    assert any(broken in what for what in wrong(result)), wrong(result)


def test_hard_rules_that_break_in_one_future_are_found(made: Path) -> None:
    """All accounts to Kim: more hours than Kim has, today and in every future."""

    def all_to_kim(told: Told) -> None:
        told["assignment"] = dict.fromkeys(told["assignment"], "kim")

    result = verify_robust(doctored(made / "cvar/robust.json", all_to_kim))
    told = wrong(result)
    assert "hard rules broken in today" in told
    assert "hard rules broken in future-2" in told


def test_futures_handed_over_in_python_cannot_be_made_again(made: Path) -> None:
    def without(told: Told) -> None:
        told["source"] = None

    with pytest.raises(DataError) as caught:
        verify_robust(doctored(made / "mean/robust.json", without))
    assert "make it again with optiterr robust" in str(caught.value)


# ------------------------------------------------------------------------------------- the command


@pytest.mark.parametrize(
    "file", ["ladder/ladder.json", "three/portfolio.json", "regret/robust.json"]
)
def test_one_command_verifies_every_kind_of_file(
    made: Path, file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the kind that the file says or shows; 0 where all holds, 1 where something does not."""

    def verified(path: Path) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["optiterr", "verify", str(path)])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, capsys.readouterr().out

    code, said = verified(made / file)
    assert code == 0
    assert "checks hold" in said
    code, said = verified(doctored(made / file, lambda told: told.pop("kind")))
    assert code == 0
    code, said = verified(doctored(made / file, lambda told: told.update(fingerprint="0" * 64)))
    assert code == cli.BAD
    assert "do not hold" in said


def test_a_ladder_of_an_earlier_version_is_to_be_made_again(made: Path) -> None:
    def earlier(told: Told) -> None:
        for name in ("kind", "scenario", "folder", "data"):
            del told[name]

    with pytest.raises(DataError) as caught:
        verify_ladder(doctored(made / "ladder/ladder.json", earlier))
    assert "make it again with optiterr ladder" in str(caught.value)
