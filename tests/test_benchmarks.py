"""The benchmark runs from end to end on tiny books, and its file keeps what it promises."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
BENCHMARK = ROOT / "benchmarks" / "phases.py"
TINY = 600
BUILD = {"compile", "linearise", "pass"}


def run(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARK), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One run over 600 pairs against PuLP, twice, solved for at most five seconds."""
    file = tmp_path_factory.mktemp("benchmark") / "new" / "phases.json"
    words = ("--sizes", TINY, "--repeats", 2, "--against", "pulp", "--seconds", 5, "--gap", 0.5)
    done = run(*words, "-o", file)
    assert done.returncode == 0, done.stderr
    assert f"| {TINY} | optiterr | 2 |" in done.stdout
    return json.loads(file.read_text())


def test_the_file_says_when_where_and_on_what_it_was_measured(report: Any) -> None:
    """Date, commit, machine, versions, seed and command: enough to run it again."""
    assert {
        *("schema", "date", "minutes", "command", "commit", "changed_since", "machine"),
        *("versions", "seed", "agreement", "sizes", "targets"),
    } == set(report)
    assert {"cpu", "cores", "memory_gib", "python", "load_before"} <= set(report["machine"])
    assert {"optiterr", "pulp", "highspy", "numpy"} <= set(report["versions"])
    assert f"--sizes {TINY} --repeats 2 --against pulp --seed 0" in report["command"]


def test_every_way_builds_the_same_model(report: Any) -> None:
    """600 pairs are 30 accounts and 25 reps: 30 + 25 + 25 + 1 rows; two columns a rep, or three."""
    (size,) = report["sizes"]
    ways = size["ways"]
    assert list(ways) == ["optiterr", "pulp", "pulp-quick"]
    shapes = {
        name: (one["runs"][0]["rows"], one["runs"][0]["columns"], one["runs"][0]["nonzeros"])
        for name, one in ways.items()
    }
    # coverage, capacity and balance hold every pair once; the owners' pairs stand in disruption
    assert shapes["optiterr"] == (81, 600 + 2 * 25, 3 * 600 + 30 + 2 * 25)
    assert shapes["pulp"] == shapes["pulp-quick"] == (81, 675, 1905)
    values = report["agreement"]["optimum"]
    assert values["pulp"] == pytest.approx(values["optiterr"], rel=1e-6)
    assert values["pulp-quick"] == pytest.approx(values["optiterr"], rel=1e-6)


def test_every_phase_has_seconds_and_memory_in_every_run(report: Any) -> None:
    """Medians stand beside the runs that they are taken of; only the first run solves."""
    ways = report["sizes"][0]["ways"]
    wanted = {"read", *BUILD, "solve", "audit", "proof", "digest"}
    assert set(ways["optiterr"]["seconds"]) == wanted
    assert set(ways["pulp"]["seconds"]) == {"read", "compile", "pass", "solve"}
    for one in ways.values():
        assert one["repeats"] == len(one["runs"]) == 2
        assert set(one["seconds"]) == set(one["cpu_seconds"]) == set(one["peak_mb"])
        assert all(peak > 10 for peak in one["peak_mb"].values())
        builds = [
            sum(spent for phase, spent in run["seconds"].items() if phase in BUILD)
            for run in one["runs"]
        ]
        assert one["build_seconds"] == pytest.approx(sum(builds) / 2, abs=1e-3)
        assert ["solve" in run for run in one["runs"]] == [True, False]
    assert ways["optiterr"]["times_optiterr"] == 1.0
    assert ways["optiterr"]["runs"][0]["audited"] == "the solver's plan"
    assert ways["optiterr"]["runs"][1]["audited"] == "today's books"


def test_targets_are_judged_at_a_million_pairs_only(
    report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2 s of 1.5 s and 9.9 times of 25 are missed; 300 MiB of 614 and a faster linopy are kept."""
    monkeypatch.syspath_prepend(str(BENCHMARK.parent))
    targets = importlib.import_module("medians").targets

    assert report["targets"] == []
    ways = {
        "optiterr": {"build_seconds": 2.0, "build_peak_mb": 300.0},
        "pulp": {"times_optiterr": 9.9},
        "linopy": {"times_optiterr": 1.2},
    }
    found = targets([{"pairs": 1_000_000, "ways": ways}], {"pulp": ["pulp"], "linopy": ["linopy"]})
    assert [one["kept"] for one in found] == [False, True, False, True]
    assert found[2] == {
        "what": "at least 25 times as fast as pulp",
        "found": "9.9 times",
        "kept": False,
    }


def test_a_library_that_is_asked_for_and_missing_is_named_with_its_install_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """linopy is no dependency: asked for, it is refused with what to install; else left out."""
    monkeypatch.syspath_prepend(str(BENCHMARK.parent))
    phases = importlib.import_module("phases")
    monkeypatch.setattr(phases, "find_spec", lambda name: None if name == "linopy" else name)
    with pytest.raises(SystemExit, match="2"):
        phases.main(["--sizes", "600", "--against", "linopy"])
    assert "pip install 'linopy>=0.10'" in capsys.readouterr().err
    assert phases._asked([]).against == ["pulp"]
    assert capsys.readouterr().out == (
        "without linopy; to measure it too: pip install 'linopy>=0.10'\n"
    )


def test_books_too_small_to_compare_are_refused() -> None:
    """Fewer pairs than the books that all ways solve to the end make no benchmark."""
    done = run("--sizes", 20)
    assert done.returncode == 2
    assert "at least 400 pairs and one repeat" in done.stderr


@pytest.mark.skipif(find_spec("linopy") is None, reason="linopy is not installed")
def test_linopy_builds_the_same_model_too(tmp_path: Path) -> None:
    """Both linopy ways reach the optimum that optiterr reaches, in a model of the same shape."""
    file = tmp_path / "phases.json"
    words = ("--sizes", 400, "--repeats", 1, "--against", "linopy", "--solve-up-to", 0)
    done = run(*words, "-o", file)
    assert done.returncode == 0, done.stderr
    values = json.loads(file.read_text())["agreement"]["optimum"]
    assert set(values) == {"optiterr", "linopy", "linopy-sparse"}


def campaign(script: str, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "benchmarks" / script), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_the_campaign_over_the_language_tells_what_came_of_every_scenario() -> None:
    """Six scenarios: counted, none wrong, and told again by the number that draws one."""
    done = campaign("language.py", "--scenarios", 6, "--seed", 5, "--processes", 1)
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert lines[1].startswith("6 scenarios, ")
    ends = {line.split()[0]: int(line.split()[1]) for line in lines[2:6]}
    assert set(ends) == {"agreed", "infeasible", "refused", "WRONG"}
    assert (sum(ends.values()), ends["WRONG"], lines[-1]) == (6, 0, "all agree")
    shown = campaign("language.py", "--seed", 5, "--show", 3)
    assert json.loads(shown.stdout)["rules"]


def test_a_difference_is_told_with_its_seed_and_ends_the_campaign_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A judge that finds every cost wrong: each scenario is told, and nothing is skipped."""
    monkeypatch.syspath_prepend(str(BENCHMARK.parent))
    language = importlib.import_module("language")

    def wrong(*_: object) -> None:
        raise AssertionError("2 is not 3")

    monkeypatch.setattr(language, "tried", wrong)
    assert language.main(["--scenarios", "2", "--seed", "5", "--processes", "1"]) == 1
    said = capsys.readouterr().out
    assert "WRONG --seed 5 --show 1" in said
    assert "2 is not 3" in said
    assert said.endswith("NOT all agree\n")


def test_the_fuzzer_keeps_what_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Three mutants of which each counts as failed: three folders with the YAML and the reason."""
    monkeypatch.syspath_prepend(str(BENCHMARK.parent))
    fuzz = importlib.import_module("fuzz")
    words = ["--mutants", "3", "--seed", "4", "--processes", "1", "--keep", str(tmp_path)]
    assert fuzz.main(words) == 0
    assert capsys.readouterr().out.endswith("no failure\n")
    outcome = fuzz.Outcome("read", "failed", "KeyError: 'x'")
    monkeypatch.setattr(fuzz.Mutant, "judged", lambda self, *, solved: outcome)
    assert fuzz.main(words) == 1
    assert "FAILS 4-2" in capsys.readouterr().out
    for number in range(3):
        assert (tmp_path / f"4-{number}" / "scenario.yaml").is_file()
        assert "KeyError: 'x'" in (tmp_path / f"4-{number}" / "failure.txt").read_text()
