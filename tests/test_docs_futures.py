"""Every block of docs/futures.md runs as it stands, and prints what the page shows."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path

import pytest
from in_process import solve_here

from optiterr import cli
from optiterr.futures.shelf_life import ShelfLife
from optiterr.futures.spec import FuturesSpec
from optiterr.robust.record import RobustPlan

TEXT = (Path(__file__).resolve().parents[1] / "docs" / "futures.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.S | re.M)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files of the page, to work in."""
    for name, text in zip(("vines.yaml", "next-year.yaml"), blocks("yaml"), strict=True):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli.out, "width", 100)
    solve_here(monkeypatch)
    return tmp_path


def run(line: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of a command."""
    monkeypatch.setattr(sys, "argv", shlex.split(line))
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0)


def test_commands_print_what_the_page_shows(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """To the letter, blanks at the ends of lines aside; the files hold the same numbers."""
    printed = []
    for line in (line for block in blocks("bash") for line in block.splitlines()):
        capsys.readouterr()
        assert run(line, monkeypatch) == 0
        said = capsys.readouterr().out.splitlines()
        printed.append("".join(f"{each.rstrip()}\n" for each in said))
    assert printed[1:] == blocks("text")
    life = ShelfLife.model_validate_json((folder / "out" / "futures.json").read_text())
    assert f"{100 * life.plan.horizons[2].holds.share:.1f} %" in printed[1]
    record = RobustPlan.model_validate_json((folder / "out/robust/robust.json").read_text())
    assert f"{record.value:.6g} instead of" in printed[2]
    assert (folder / "out/robust/moves.csv").exists()


def test_the_page_names_every_setting() -> None:
    """Each field of a file of futures stands in the table."""
    named = {
        word
        for line in TEXT.splitlines()
        if line.startswith("| `")
        for word in re.findall(r"`(\w+)`", line)
    }
    assert set(FuturesSpec.model_fields) <= named


def test_json_and_what_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Records on stdout; unknown words, lists that are none and other rules end with a fix."""
    assert run("optiterr solve vines.yaml -o out", monkeypatch) == 0
    capsys.readouterr()
    assert run("optiterr futures out/plan.json --draws 5 --months 6 --json", monkeypatch) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["futures"]["months"] == [6]
    assert said["plan"]["through"]["share"] == 1.0
    assert run("optiterr robust vines.yaml --futures 1", monkeypatch) == 2
    assert "each of them is today" in capsys.readouterr().err
    line = "optiterr robust vines.yaml --spec next-year.yaml --futures 1 --minimise mean --json"
    assert run(line, monkeypatch) == 0
    assert json.loads(capsys.readouterr().out)["minimise"] == "mean"
    for line, words in (
        ("futures out/plan.json --months soon", "no list of months"),
        ("futures out/plan.json --churn 2", "churn"),
        ("robust vines.yaml --minimise regret", "did you mean 'worst-regret'"),
        ("robust vines.yaml --hard-in never", "one of: today, all"),
    ):
        assert run(f"optiterr {line}", monkeypatch) == 2
        assert words in capsys.readouterr().err


def test_a_case_is_a_future(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A scenario with other measures counts beside today; one with other rules is refused."""
    text = (folder / "vines.yaml").read_text()
    (folder / "boom.yaml").write_text(text.replace("revenue: 25", "revenue: 75"))
    (folder / "other.yaml").write_text(text.replace("price: 3", "price: 4"))
    line = "optiterr robust vines.yaml --futures 0 --case boom.yaml --minimise mean --json"
    assert run(line, monkeypatch) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)["futures"]] == [
        "today",
        "boom",
    ]
    assert run("optiterr robust vines.yaml --case other.yaml", monkeypatch) == 2
    assert "has other rules" in capsys.readouterr().err


def test_a_plan_of_other_data_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tables that changed since would be judged by a plan that never saw them."""
    text = (folder / "vines.yaml").read_text()
    table = "account_id,owner,revenue,workload,segment\na,kim,1,1,shop\nb,lee,1,1,shop\n"
    (folder / "accounts.csv").write_text(table)
    begin, end = text.index("    records:"), text.index("  reps:")
    (folder / "vines.yaml").write_text(f"{text[:begin]}    file: accounts.csv\n{text[end:]}")
    assert run("optiterr solve vines.yaml -o out", monkeypatch) == 0
    (folder / "accounts.csv").write_text(table.replace("a,kim,1", "a,kim,2"))
    assert run("optiterr futures out/plan.json --draws 2", monkeypatch) == 1
    assert "the data changed" in capsys.readouterr().err
