"""The command line: exit codes, what goes where, and files that come out."""

from __future__ import annotations

import csv
import json
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from optiterr import cli, engine, runs, solving
from optiterr.cli import stating
from optiterr.errors import OptiterrWarning
from optiterr.plan import Plan

Run = Callable[..., tuple[int, str, str]]

ACCOUNTS = """account_id,owner,revenue,hours
Ash,Kim,40,20
Birch,Kim,30,30
Cedar,Kim,20,30
Doug,Lee,10,10
Elm,Gil,20,10
Fir,,5,5
"""
REPS = """rep_id,hours_a_year
Kim,70
Lee,70
"""
SCENARIO = """schema: 1
name: trees
title: Two reps and six trees
data:
  accounts: {file: accounts.csv, owner: owner, departed: [Gil]}
  reps: {file: reps.csv}
rules:
  hours: {kind: capacity, measure: hours, limit: hours_a_year}
  even: {kind: balance, measure: revenue, price: 100, per: share}
  moves: {kind: disruption, of: revenue, max_share: 0.5}
solve: {seconds: 20, solver: highs}
"""
STUDY = """schema: 1
name: forest
base: trees.yaml
cases:
  as-is: {}
  calmer: {rules: {moves: {max_share: 0.3}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "accounts.csv": ACCOUNTS,
        "reps.csv": REPS,
        "trees.yaml": SCENARIO,
        "forest.study.yaml": STUDY,
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Calls the command line as a shell would; gives exit code, stdout and stderr."""
    handler = signal.getsignal(signal.SIGTERM)

    def call(*words: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["optiterr", *map(str, words)])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        assert "Traceback" not in said.err + said.out
        return code, said.out, said.err

    yield call
    signal.signal(signal.SIGTERM, handler)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_solve_writes_plan_and_tidy_tables(run: Run, folder: Path) -> None:
    """plan.json and four tables; JSON on stdout equals the file; messages stay on stderr."""
    code, out, err = run("solve", folder / "trees.yaml", "-o", folder / "out", "--json")
    assert code == 0
    plan = json.loads(out)
    assert plan == json.loads((folder / "out" / "plan.json").read_text(encoding="utf-8"))
    assert plan["status"] == "optimal"
    assert "plan.json" in err
    assigned = {
        row["account_id"]: row["rep_id"] for row in rows(folder / "out" / "assignments.csv")
    }
    assert assigned == plan["assignment"]
    kinds = {row["account_id"]: row["kind"] for row in rows(folder / "out" / "moves.csv")}
    assert (kinds["Elm"], kinds["Fir"]) == ("forced", "new")
    assert set(kinds.values()) == {"moved", "forced", "new"}
    reps = {row["rep_id"]: row for row in rows(folder / "out" / "reps.csv")}
    # today: Kim 40 + 30 + 20 = 90, Lee 10; all accounts together 125
    assert float(reps["Kim"]["revenue_before"]) == 90.0
    assert sum(float(row["revenue_after"]) for row in reps.values()) == 125.0
    assert sum(int(row["accounts_after"]) for row in reps.values()) == 6
    assert len(rows(folder / "out" / "accounts.csv")) == 6


@pytest.mark.parametrize("command", ["solve", "run"])
def test_what_solves_need_is_loaded_while_the_scenario_is_read(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """It begins before anything else, even where there is nothing to read."""
    seen: list[str] = []
    monkeypatch.setattr("optiterr.solvers.processes.prepare", lambda: seen.append("prepared"))
    code, _, err = run(command, folder / "nothing.yaml")
    assert (code, seen) == (2, ["prepared"])
    assert "nothing.yaml" in err


def test_solve_prints_a_summary_that_says_what_is_proved(run: Run, folder: Path) -> None:
    """Without --json: status, cost, proved bound and gap, cost by rule."""
    code, out, _ = run("solve", folder / "trees.yaml")
    assert code == 0
    for words in ("Two reps and six trees", "optimal", "(proved)", "even", "moves"):
        assert words in out


def test_verify_holds_and_a_changed_plan_does_not(run: Run, folder: Path) -> None:
    """Exit 0 when every claim holds, 1 when one does not."""
    run("solve", folder / "trees.yaml", "-o", folder / "out")
    path = folder / "out" / "plan.json"
    code, out, _ = run("verify", path)
    assert (code, "checks hold" in out) == (0, True)
    plan = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**plan, "cost": plan["cost"] * 0.9}), encoding="utf-8")
    code, out, _ = run("verify", path, "--json")
    assert code == 1
    failed = [one["what"] for one in json.loads(out)["checks"] if not one["holds"]]
    assert failed == ["cost"]


def test_run_compares_all_cases_with_today(run: Run, folder: Path) -> None:
    """A study: a plan per case, comparison.json and report.html; the table names every case."""
    code, out, err = run("run", folder / "forest.study.yaml", "-o", folder / "out")
    assert code == 0
    assert "report.html" in err
    comparison = json.loads((folder / "out" / "comparison.json").read_text(encoding="utf-8"))
    assert [case["name"] for case in comparison["cases"]] == ["as-is", "calmer"]
    assert (folder / "out" / "calmer" / "plan.json").exists()
    assert "calmer" in out
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "Content-Security-Policy" in page


def test_compare_reads_solved_plans_again(run: Run, folder: Path) -> None:
    """Plans from files, verified before they are compared."""
    for case in ("0.5", "0.3"):
        run(
            "solve",
            folder / "trees.yaml",
            "-o",
            folder / case,
            "--set",
            f"rules.moves.max_share={case}",
            "--set",
            f"name=at-{case}",
        )
    code, out, _ = run("compare", folder / "0.5/plan.json", folder / "0.3/plan.json", "--json")
    assert code == 0
    assert [case["name"] for case in json.loads(out)["cases"]] == ["at-0.5", "at-0.3"]
    code, _, err = run("compare", folder / "0.5/plan.json", "-o", folder / "reps.csv")
    assert (code, "name a folder: a file has this name" in err) == (2, True)


def test_an_infeasible_scenario_ends_with_1_and_says_why(run: Run, folder: Path) -> None:
    """Kim and Lee have 40 hours each for 105."""
    code, out, _ = run("solve", folder / "trees.yaml", "--set", "rules.hours.limit=40")
    assert code == 1
    assert "infeasible" in out
    assert "can take 80 together" in out
    code, _, err = run("check", folder / "trees.yaml", "--set", "rules.hours.limit=40")
    assert code == 1
    assert "no plan is possible" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["solve", "nothing.yaml"], "there is no such file"),
        (["solve", "quickstar"], "quickstart"),
        (["solve", "trees.yaml", "--set", "rules.evn.price=1"], "even"),
        (["solve", "trees.yaml", "--solver", "hihgs"], "highs"),
        (["solve", "trees.yaml", "--seconds", "-1"], "seconds"),
        (["list", "rulez"], "rules"),
        (["schema", "scenari"], "scenario"),
        (["explain", "--model", "balancd"], "balanced"),
        (["verify", "trees.yaml"], "plan.json"),
        (["nonsense"], "No such command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_what_the_caller_must_mend_ends_with_2(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], says: str
) -> None:
    """Wrong names, settings and files: exit 2 and a message that leads on, never a traceback."""
    monkeypatch.chdir(folder)
    code, _, err = run(*words)
    assert code == 2
    assert says in err


def test_no_plan_in_time_ends_with_3(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A solver that finds nothing is exit 3, not 1: nothing was proved."""
    from optiterr.solution import Solution, Status

    monkeypatch.setattr(
        solving, "supervised", lambda *_, **__: Solution(Status.NO_SOLUTION, "slow", message="late")
    )
    code, out, _ = run("solve", folder / "trees.yaml")
    assert code == 3
    assert "no_solution" in out


def test_check_shows_what_would_be_solved(run: Run, folder: Path) -> None:
    """Rules with their rows, and every default with --full, without solving."""
    code, out, _ = run("check", folder / "trees.yaml")
    assert code == 0
    assert "6 accounts, 2 reps, 12 pairs" in out
    code, out, _ = run("check", folder / "trees.yaml", "--full")
    assert "hard_within: null" in out
    code, out, _ = run("check", folder / "trees.yaml", "--json")
    assert json.loads(out)["rows"] == {
        "hours": 2,
        "even": 2,
        "moves/moved-share": 1,
    }


@pytest.mark.parametrize("what", ["rules", "solvers", "models", "scenarios"])
def test_lists_name_what_there_is(run: Run, what: str) -> None:
    """Every list has lines, also as JSON."""
    code, out, _ = run("list", what, "--json")
    assert code == 0
    names = [line["name"] for line in json.loads(out)]
    wanted = {"rules": "capacity", "solvers": "highs", "models": "calm", "scenarios": "quickstart"}
    assert wanted[what] in names


@pytest.mark.parametrize("kind", ["scenario", "study", "model", "plan"])
def test_schemas_are_json(run: Run, kind: str) -> None:
    """Each schema is an object that an editor can load."""
    code, out, _ = run("schema", kind)
    assert code == 0
    assert json.loads(out)["type"] == "object"


def test_export_writes_a_model_that_names_accounts(run: Run, folder: Path) -> None:
    """An LP file with one column per pair."""
    code, _, _ = run("export", folder / "trees.yaml", "-o", folder / "trees.lp")
    assert code == 0
    assert "Ash" in (folder / "trees.lp").read_text(encoding="utf-8")


def test_explain_states_the_rules_as_algebra(run: Run, folder: Path) -> None:
    """Sets, variables, each rule with its law and its settings."""
    code, out, _ = run("explain", folder / "trees.yaml")
    assert code == 0
    assert "x_{ij}" in out
    assert "## even" in out
    assert "| `max_share` | 0.5 |" in out


def test_the_version_is_that_of_the_installed_package(run: Run) -> None:
    assert run("--version") == (0, f"optiterr {version('optiterr')}\n", "")


def test_help_starts_without_heavy_libraries() -> None:
    """Importing the command line loads neither pandas nor a solver."""
    import subprocess

    code = (
        "import sys, optiterr.cli\n"
        "print([name for name in ('pandas', 'highspy', 'ortools') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("words", "what", "fix"),
    [
        (["solve", "trees.yaml", "-o", "reps.csv"], "file exists", "name a folder"),
        (["solve", "trees.yaml", "-o", "reps.csv/deep"], "not a directory", "name a folder"),
        (["solve", "trees.yaml", "-o", "taken"], "is a directory", "remove the folder"),
        (["run", "forest.study.yaml", "-o", "reps.csv"], "file exists", "name a folder"),
        (["run", "trees.yaml", "-o", "study"], "is a directory", "remove the folder"),
        (["export", "trees.yaml", "-o", "no/trees.lp"], "no such file", "make its folder first"),
        (["export", "trees.yaml", "-o", "taken/plan.lp"], "is a directory", "name a file"),
        (["explain", "trees.yaml", "--write"], "is a directory", "name a file"),
        (["check", "x" * 5000], "file name too long", "use a shorter path"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_a_place_that_cannot_be_written_is_refused_before_solving(
    run: Run,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    what: str,
    fix: str,
) -> None:
    """Exit 2 with where, what and fix, and nothing was solved that would be lost."""
    monkeypatch.chdir(folder)
    for name in ("taken/plan.json", "taken/plan.lp", "study/trees/plan.json", "trees.md"):
        (folder / name).mkdir(parents=True)

    def solved(*_: object, **__: object) -> None:
        raise AssertionError("solved before the folder was looked at")

    monkeypatch.setattr(engine, "solve_problem", solved)
    monkeypatch.setattr(runs, "solve_problem", solved)
    code, _, err = run(*words)
    assert code == 2
    assert what in err
    assert fix in err.split("fix: ")[1]


def test_looking_at_a_folder_changes_no_file(tmp_path: Path) -> None:
    """Files that exist keep what they hold; those that do not are not left behind."""
    known = tmp_path / "plan.json"
    known.write_text("old", encoding="utf-8")
    runs.make_ready(tmp_path, [known, tmp_path / "deep" / "new.csv"])
    assert known.read_text(encoding="utf-8") == "old"
    assert list((tmp_path / "deep").iterdir()) == []


def test_names_with_brackets_are_printed_as_they_are(run: Run, folder: Path) -> None:
    """No id, title or path is read as a style or an emoji code."""
    for name in ("accounts.csv", "trees.yaml"):
        path = folder / name
        text = path.read_text(encoding="utf-8").replace("Ash", "[/a]")
        text = text.replace("Two reps and six trees", '"[/foo] Plan [north] :car:"')
        path.write_text(text, encoding="utf-8")
    title = "[/foo] Plan [north] :car:"
    code, out, _ = run("check", folder / "trees.yaml")
    assert (code, title in out) == (0, True)
    code, out, err = run("solve", folder / "trees.yaml", "-o", folder / "[/x]")
    assert (code, title in out) == (0, True)
    assert f"wrote {folder / '[/x]' / 'plan.json'}" in err
    assert run("verify", folder / "[/x]" / "plan.json")[0] == 0
    code, out, err = run("run", folder / "trees.yaml", "-o", folder / "[/y]")
    assert (code, title in out) == (0, True)
    nobody = "".join(f'{{account: "[/a]", rep: {rep}}}, ' for rep in ("Kim", "Lee"))
    locks = f"  no: {{kind: locks, forbid: [{nobody}]}}\nsolve:"
    text = (folder / "trees.yaml").read_text(encoding="utf-8").replace("solve:", locks)
    (folder / "trees.yaml").write_text(text, encoding="utf-8")
    code, _, err = run("check", folder / "trees.yaml")
    assert (code, "[/a]" in err) == (1, True)


def test_a_warning_about_a_file_with_brackets_is_whole(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The warning names the file as it is called."""

    def lines() -> stating.Lines:
        warnings.warn("[/b].csv has no rows", OptiterrWarning, stacklevel=1)
        return [("[/c]", ":car:", "[bold]")]

    monkeypatch.setattr(stating, "_rules", lines)
    code, out, err = run("list", "rules")
    assert (code, err) == (0, "warning [/b].csv has no rows\n")
    assert all(cell in out for cell in ("[/c]", ":car:", "[bold]"))


def test_a_fault_in_one_case_loses_no_other(run: Run, folder: Path) -> None:
    """The good case's plan is written although the other case has no data."""
    study = STUDY.replace("{rules: {moves: {max_share: 0.3}}}", "{data: {reps: {file: no.csv}}}")
    (folder / "forest.study.yaml").write_text(study, encoding="utf-8")
    code, _, err = run("run", folder / "forest.study.yaml", "-o", folder / "out")
    assert code == 2
    assert "case 'calmer'" in err
    assert run("verify", folder / "out" / "as-is" / "plan.json")[0] == 0


def test_an_unforeseen_error_waits_for_the_other_cases(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any error of a case is raised after the other cases were kept, and names its case."""
    scenarios = runs.running_of(folder / "forest.study.yaml").scenarios

    def solve_case(name: str, *_: object) -> object:
        if name == "as-is":
            raise ZeroDivisionError("by chance")
        return type("Answer", (), {"plan": None})

    monkeypatch.setattr(runs, "solve_case", solve_case)
    kept: list[str] = []
    with pytest.raises(ZeroDivisionError, match="by chance") as caught:
        runs.solve_cases(scenarios, workers=1, keep=lambda name, _: kept.append(name))
    assert kept == ["calmer"]
    assert caught.value.__notes__ == ["in case 'as-is'"]


@contextmanager
def interrupts(handled: Any) -> Iterator[None]:
    """Ctrl-C is handled like this inside, whatever the tests were started from."""
    before = signal.signal(signal.SIGINT, handled)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("times", [1, 2])
def test_an_interrupt_asks_for_the_best_plan_and_a_second_one_ends(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Ctrl-C once: the search is told to stop and its plan is written; twice: nothing is."""
    true = engine.solve_problem

    def solve_problem(*given: Any, stop: Callable[[], bool], **more: Any) -> Plan:
        assert not stop()
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)
        assert stop()
        return true(*given, **more)

    monkeypatch.setattr(engine, "solve_problem", solve_problem)
    out = folder / "stopped"
    with interrupts(signal.default_int_handler):
        code, _, err = run("solve", folder / "trees.yaml", "-o", out)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert code == (0 if times == 1 else 130)
    assert "stopping with the best plan so far; once more ends at once" in err
    assert (out / "plan.json").exists() is (times == 1)


@pytest.mark.parametrize("baseline", ["today", "calmer"])
def test_an_interrupt_of_a_study_keeps_what_has_begun(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, baseline: str
) -> None:
    """Ctrl-C while the first case runs: its plan is compared, and the other case is left out."""
    study = folder / "forest.study.yaml"
    study.write_text(f"{STUDY}baseline: {baseline}\n", encoding="utf-8")
    true = runs.solve_case

    def solve_case(name: str, *given: Any) -> object:
        stop = given[-1]
        assert (name, stop()) == ("as-is", False)
        os.kill(os.getpid(), signal.SIGINT)
        while not stop():
            time.sleep(0.001)
        return true(name, *given[:-1])

    monkeypatch.setattr(runs, "solve_case", solve_case)
    out = folder / "stopped"
    with interrupts(signal.default_int_handler):
        code, _, err = run("run", study, "-o", out, "--workers", "1")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert code == 0
    assert "stopping with the best plans so far; once more ends at once" in err
    assert "calmer: left out, for it had not begun" in err
    assert ("the baseline is today, for calmer is left out" in err) is (baseline == "calmer")
    told = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    assert ([case["name"] for case in told["cases"]], told["baseline"]) == (["as-is"], "today")
    assert (out / "report.html").exists()
    assert run("verify", out / "as-is" / "plan.json")[0] == 0


def test_a_study_that_is_stopped_before_it_begins_is_no_comparison(folder: Path) -> None:
    """Nothing has begun, so there is nothing to compare."""
    running = runs.running_of(folder / "forest.study.yaml")
    with pytest.raises(KeyboardInterrupt):
        runs.run_study(running, folder / "none", stop=lambda: True)


def test_interrupts_that_are_ignored_stay_so(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the background of a shell, where Ctrl-C is meant for somebody else."""
    true = engine.solve_problem

    def solve_problem(*given: Any, stop: Callable[[], bool], **more: Any) -> Plan:
        signal.raise_signal(signal.SIGINT)
        assert not stop()
        return true(*given, **more)

    monkeypatch.setattr(engine, "solve_problem", solve_problem)
    with interrupts(signal.SIG_IGN):
        code, _, err = run("solve", folder / "trees.yaml")
    assert (code, "stopping" in err) == (0, False)


def test_a_request_to_terminate_unwinds(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM runs what cleans up, then ends with 128 + 15."""
    ended = []

    def solve_problem(*_: object, **__: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        finally:
            ended.append("cleaned up")

    monkeypatch.setattr(engine, "solve_problem", solve_problem)
    code, _, _ = run("solve", folder / "trees.yaml")
    assert (code, ended) == (143, ["cleaned up"])
