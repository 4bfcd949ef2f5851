"""The page on goals: its scenario is solved as it stands, its commands are those that there are."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from optiterr import load, solve
from optiterr.cli import app

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "goals.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    """The one code block of that kind."""
    (found,) = re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    return found


def test_the_ranked_scenario_is_solved_level_by_level(tmp_path: Path) -> None:
    """On the thirty clinics: three levels named, the rest as the fourth, each kept."""
    for name in ("accounts.csv", "reps.csv"):
        shutil.copy(ROOT / "scenarios" / "quickstart" / name, tmp_path / name)
    (tmp_path / "ranked.yaml").write_text(block("yaml"), encoding="utf-8")
    plan = solve(load(tmp_path / "ranked.yaml"))
    assert [level.rules for level in plan.levels] == [
        ("balance-revenue",),
        ("moves",),
        ("travel",),
        ("capacity", "balance-workload"),
    ]
    assert all(level.final <= level.most + 1e-6 for level in plan.levels)
    assert plan.levels[0].most == pytest.approx(plan.levels[0].value + 0.5)


@pytest.mark.parametrize("line", block("bash").splitlines())
def test_the_page_s_commands_exist(line: str) -> None:
    """Each command and every option that it shows."""
    words = line.split()
    command: Any = get_command(app)
    options = {name for one in command.commands[words[1]].params for name in one.opts}
    assert {word for word in words[2:] if word.startswith("-")} <= options


def test_links_lead_to_pages() -> None:
    """Every page that is named is there."""
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
