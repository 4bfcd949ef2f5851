"""The explain and list commands: what goes to stdout, what to files, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from optiterr import cli
from optiterr.explain.pages import pages, rule_page
from optiterr.explain.statement import model_page

Run = Callable[..., tuple[int, str, str]]

SCENARIO = """schema: 1
name: trees
data:
  accounts: {file: accounts.csv}
  reps: {file: reps.csv}
rules:
  hours: {kind: capacity, measure: hours, limit: 8}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "accounts.csv").write_text("account_id,hours\nash,3\nbirch,4\n")
    (tmp_path / "reps.csv").write_text("rep_id\nkim\nlee\n")
    (tmp_path / "trees.yaml").write_text(SCENARIO)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["optiterr", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def test_a_scenario_is_stated_with_and_without_the_flag(run: Run, folder: Path) -> None:
    """--model takes a scenario too, and counts its data."""
    code, out, _ = run("explain", "trees.yaml")
    assert code == 0
    assert "| $I$ | 2 | accounts, $i$ |" in out
    assert "∀ j ∈ J: Σ_{i ∈ I} hours_i x_ij ≤ 8" in out
    assert run("explain", "--model", "trees.yaml")[1] == out
    assert "≤ 9" in run("explain", "--model", "trees.yaml", "--set", "rules.hours.limit=9")[1]


def test_a_shipped_scenario_is_stated_by_name(run: Run, folder: Path) -> None:
    """No model has this name, so the scenario is meant."""
    code, out, _ = run("explain", "--model", "quickstart")
    assert code == 0
    assert "| $I$ | 30 |" in out


def test_a_model_is_stated_by_name_or_path(run: Run, folder: Path) -> None:
    """From models/, or from a file of one's own; settings are for scenarios."""
    assert run("explain", "--model", "calm")[1] == model_page("calm")[1]
    (folder / "own.yaml").write_text("schema: 1\nname: own\nrules: {hours: {kind: capacity}}\n")
    assert "Σ_{i ∈ I} workload_i x_ij ≤ capacity_j" in run("explain", "--model", "own.yaml")[1]
    code, _, err = run("explain", "--model", "calm", "--set", "rules.travel=null")
    assert code == 2
    assert "drop --set" in err


def test_pages_are_written_where_asked(run: Run, folder: Path) -> None:
    """Beside the scenario, or to a file; pages of rules to docs/rules or another folder."""
    assert run("explain", "trees.yaml", "--write")[1] == ""
    assert run("explain", "trees.yaml", "-o", "deep/page.md")[0] == 0
    assert (folder / "trees.md").read_text() == (folder / "deep" / "page.md").read_text()
    assert run("explain", "--rule", "capacity", "--write")[0] == 0
    page = folder / "docs" / "rules" / "capacity.md"
    assert page.read_text(encoding="utf-8") == rule_page("capacity")
    assert run("explain", "--rule", "all", "-o", "all")[0] == 0
    assert {path.name for path in (folder / "all").iterdir()} == set(pages())


def test_a_page_of_a_rule_is_printed(run: Run) -> None:
    """One, or all of them; a misspelt kind leads to the right one."""
    assert run("explain", "--rule", "span")[1] == rule_page("span")
    assert run("explain", "--rule", "all")[1] == "\n".join(pages().values())
    code, _, err = run("explain", "--rule", "spam")
    assert code == 2
    assert "did you mean 'span'" in err


@pytest.mark.parametrize(
    ("what", "name", "settings"),
    [
        ("rules", "capacity", "measure by limit at_least slack per"),
        ("measures", "lookup", "lookup values otherwise"),
    ],
)
def test_lists_tell_law_and_settings(run: Run, what: str, name: str, settings: str) -> None:
    """What a kind is for, and the settings that are its own, by the names used in files."""
    found = {line["name"]: line for line in json.loads(run("list", what, "--json")[1])}
    assert found[name]["note"] == settings
    assert found[name]["what"].endswith(".")
