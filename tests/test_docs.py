"""Every code block of the README and of CONTRIBUTING runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from optiterr.cli import app

ROOT = Path(__file__).resolve().parents[1]

RECIPES = """
from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from optiterr import Comparison, Model, Rule
from optiterr.findings import Finding
from optiterr.rowfunctions import Band
from optiterr.solution import Limits, Solution, Status
from optiterr.solvers import Solver
"""


def module(text: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that a recipe defines, run as a module of its own."""
    recipe = ModuleType("recipe")
    monkeypatch.setitem(sys.modules, "recipe", recipe)
    exec(RECIPES + text, recipe.__dict__)
    return recipe.__dict__


def blocks(name: str, language: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.S | re.M)


def test_the_readme_runs_from_python(tmp_path: Path) -> None:
    """The ten lines, in a folder with nothing but the scenarios."""
    (block,) = blocks("README.md", "python")
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    done = subprocess.run(
        [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("optimal")
    assert (tmp_path / "out" / "quickstart" / "report.html").exists()


def test_the_readme_s_scenario_solves(tmp_path: Path) -> None:
    """The YAML block with two small tables beside it."""
    from optiterr import load, solve

    (block,) = blocks("README.md", "yaml")
    (tmp_path / "accounts.csv").write_text(
        "AccountID,Owner,AnnualRevenue,workload,skills,latitude,longitude\n"
        "a,Kim,10,5,,48,11\nb,Kim,12,5,german,48,11\nc,Lee,11,5,,52,13\nd,Lee,9,5,,52,13\n"
    )
    (tmp_path / "reps.csv").write_text(
        "RepID,hours,capacity,skills,latitude,longitude\nKim,20,20,german,48,11\nLee,20,20,,52,13\n"
    )
    (tmp_path / "calm.yaml").write_text(block)
    plan = solve(load(tmp_path / "calm.yaml", ["solve.seconds=10"]))
    assert plan.has_plan
    assert "travel" not in plan.scenario["rules"]


@pytest.mark.parametrize(
    "line",
    [
        line
        for block in blocks("README.md", "bash")
        for line in block.splitlines()
        if line.startswith("optiterr ")
    ],
)
def test_the_readme_s_commands_exist(line: str) -> None:
    """Each command, and every option that it shows, is one that the program knows."""
    from typer.main import get_command

    words = line.split("#")[0].split()
    command: Any = get_command(app)
    known = command.commands[words[1]]
    options = {name for one in known.params for name in one.opts}
    assert {word for word in words[2:] if word.startswith("-")} <= options


def test_the_recipe_for_a_rule_passes_the_kit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hard and priced, at limits that bind and that do not."""
    from optiterr.conformance import check_rule
    from optiterr.rules import registry

    made = module(blocks("CONTRIBUTING.md", "python")[0], monkeypatch)["Headcount"]
    registry.cache_clear()
    try:
        for settings in ({"most": 3}, {"most": 0, "price": 2.5}, {"most": 2, "price": 4.0}):
            check_rule(made(**settings))
    finally:
        # No other test is to find this rule: its kind is taken back.
        made.model_fields["kind"].default = None
        registry.cache_clear()


def test_the_recipe_for_a_solver_gives_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each account at its cheapest rep, and no plan where that breaks a row."""
    from model_library import brute_force, library

    from optiterr.solution import Limits, Status

    (made,) = module(blocks("CONTRIBUTING.md", "python")[1], monkeypatch)["SOLVERS"]
    found = set()
    for case in library(40):
        if (np.diff(case.model.pairs.start) == 0).any() or not len(case.model.pairs):
            continue
        answer = made.solve(case.model, Limits())
        found.add(answer.status)
        if answer.status is Status.FEASIBLE:
            assert answer.objective >= brute_force(case.model)[0] - 1e-9
    assert found == {Status.FEASIBLE, Status.NO_SOLUTION}


def test_the_recipe_for_an_output_writes_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line per column of a comparison."""
    from tiny_comparison import RULES, summary, tiny

    from optiterr.comparison.side_by_side import compare
    from optiterr.comparison.summary import summarise_today

    made = module(blocks("CONTRIBUTING.md", "python")[2], monkeypatch)["tiny"]
    comparison = compare("s", "S", [summary()], summarise_today(tiny(), RULES))
    assert made(comparison)["tiny.txt"].splitlines()[1].startswith("tiny: ")
