"""The commands of docs/search.md run, with less time than they ask for, one after the other."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from optiterr import cli, verify
from optiterr.plan import Plan

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "search.md").read_text(encoding="utf-8")


def test_the_commands_of_the_page_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second plan goes on from the first: as good, by the same search, and it verifies."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    (tmp_path / "models").symlink_to(ROOT / "models")
    for line in re.findall(r"^optiterr .*$", TEXT, re.M):
        monkeypatch.setattr(sys, "argv", [*shlex.split(line), "--seconds", "4"])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert not end.value.code
    first = Plan.read(tmp_path / "out" / "hospitals" / "plan.json")
    second = Plan.read(tmp_path / "out" / "again" / "plan.json")
    assert first.solver.name == second.solver.name == "decompose"
    assert first.cost is not None
    assert second.cost is not None
    assert second.cost <= first.cost + 1e-6
    assert verify(tmp_path / "out" / "again" / "plan.json").holds
