"""Every block of docs/ladder.md runs as it stands, and prints what the page shows."""

from __future__ import annotations

import csv
import json
import re
import shlex
import sys
from pathlib import Path

import pytest
from in_process import solve_here

from optiterr import cli
from optiterr.ladder.records import Ladder

TEXT = (Path(__file__).resolve().parents[1] / "docs" / "ladder.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.S | re.M)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the scenario of the page, to work in."""
    (tmp_path / "trees.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli.out, "width", 80)
    solve_here(monkeypatch)
    return tmp_path


def said(line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command of the page prints on stdout, blanks at the ends of lines aside."""
    monkeypatch.setattr(sys, "argv", shlex.split(line))
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    return "".join(f"{each.rstrip()}\n" for each in capsys.readouterr().out.splitlines())


def commands() -> list[str]:
    return [line for block in blocks("bash") for line in block.splitlines()]


def test_commands_print_what_the_page_shows(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ladder and the portfolio, to the letter; the files hold the same numbers."""
    printed = [said(line, monkeypatch, capsys) for line in commands()]
    assert printed[1:] == blocks("text")
    made = Ladder.read(folder / "out" / "ladder.json")
    with (folder / "out" / "ladder.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["account_id"] for row in rows] == [
        move.account for rung in made.rungs for move in rung.moves
    ]
    assert [float(row["cost"]) for row in rows] == [
        rung.cost for rung in made.rungs for _ in rung.moves
    ]
    for place in (1, 2, 3):
        line = f"optiterr verify three/plan-{place}/plan.json"
        assert "checks hold" in said(line, monkeypatch, capsys)
    said("optiterr ladder three/plan-3/plan.json --certify 2", monkeypatch, capsys)


def test_json_on_stdout_is_that_of_the_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing else goes to stdout with --json."""
    for line, file in zip(commands()[1:], ("out/ladder.json", "three/portfolio.json"), strict=True):
        said(commands()[0], monkeypatch, capsys)
        printed = json.loads(said(f"{line} --json", monkeypatch, capsys))
        assert printed == json.loads((folder / file).read_text(encoding="utf-8"))


def test_the_python_of_the_page_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After the solve of the page."""
    said(commands()[0], monkeypatch, capsys)
    exec(blocks("python")[0], {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "The plan brings the cost from 2,600 after rung 0 down to 250."
    assert lines[1].startswith("[250.0, ")


def test_a_plan_without_assignment_is_an_answer(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An infeasible scenario ends both commands with code 1 and words, not a traceback."""
    sets = ["--set", "rules.hours.limit=10"]
    for words in (
        ["solve", "trees.yaml", *sets, "-o", "none"],
        ["portfolio", "trees.yaml", *sets],
        ["ladder", "none/plan.json"],
    ):
        monkeypatch.setattr(sys, "argv", ["optiterr", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert end.value.code == cli.BAD
    told = capsys.readouterr()
    assert "holds no assignment: infeasible" in told.err
    assert "fix: solve the scenario first" in told.err
