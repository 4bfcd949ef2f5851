"""The floors of the house: imports only go down, and heavy libraries stay inside functions."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import optiterr

ROOT = Path(optiterr.__file__).parent

FLOORS: dict[str, int] = {
    # 0 ground: values and mathematics, no rule, no solver
    **dict.fromkeys(
        [
            "errors",
            "pairs",
            "rowfunctions",
            "model",
            "linear",
            "certificate",
            "solution",
            "problem",
            "findings",
            "filters",
            "spread",
            "response",
            "capped",
            "fairness",
            "stacked",
            "worst_of",
            "goals",
            "contraction",
            "groups",
            "membership",
            "carriers",
            "notation",
            "protected",
            "units",
            "tables",
            "straight",
            "charging",
            "tighten",
            "branching",
            "enumeration",
            "undivided",
            "cases",
            "clock",
        ],
        0,
    ),
    # 1 parts: rules, measures and solvers, never each other
    "rules": 1,
    "measures": 1,
    "solvers": 1,
    # 2 search
    "search": 2,
    # 3 intent
    **dict.fromkeys(
        ["compile", "scenario", "plan", "audit"],
        3,
    ),
    # 4 use
    **dict.fromkeys(
        [
            "engine",
            "solving",
            "oracle",
            "belonging",
            "frontier",
            "ladder",
            "portfolio",
            "priorities",
            "resuming",
            "uplift",
            "futures",
            "robust",
            "verification",
            "explain",
            "runs",
            "comparison",
            "outputs",
            "conformance",
        ],
        4,
    ),
    # 5 doors
    "cli": 5,
    "__init__": 5,
}

HEAVY = {
    "highspy",
    "ortools",
    "pulp",
    "altair",
    "vl_convert",
    "itables",
    "xlsxwriter",
    "python_calamine",
    "pyarrow",
    "sqlalchemy",
}

GROUND_LIBRARIES = {"rules": {"highspy", "ortools", "pulp"}, "solvers": {"pandas", "pydantic"}}
"""What a part may not import even inside a function."""


def modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py") if "__pycache__" not in path.parts)


def room(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return parts[0] if len(parts) > 1 else path.stem


def imports(path: Path, *, top_only: bool) -> set[str]:
    """Full names that a module imports; ``top_only`` leaves out those inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside: set[ast.AST] = set()
    typing_only: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside |= set(ast.walk(node)) - {node}
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            typing_only |= set(ast.walk(node))
    found: set[str] = set()
    for node in ast.walk(tree):
        if top_only and (node in inside or node in typing_only):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the floor"
            found.add(node.module or "")
            if node.module == "optiterr":
                found |= {f"optiterr.{alias.name}" for alias in node.names}
    return found


def rooms_used(path: Path) -> set[str]:
    names = {name for name in imports(path, top_only=False) if name.startswith("optiterr.")}
    return {name.split(".")[1] for name in names}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down(path: Path) -> None:
    """A module imports its own floor or a lower one; rules and solvers never each other."""
    mine = room(path)
    assert mine in FLOORS, f"{mine} has no floor: give it one here"
    used = rooms_used(path) - {mine}
    above = {name for name in used if FLOORS.get(name, 9) > FLOORS[mine]}
    assert not above, f"{mine} (floor {FLOORS[mine]}) reaches up to {sorted(above)}"
    if mine in ("rules", "measures", "solvers"):
        assert not used & {"rules", "measures", "solvers"}, "they do not know each other"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_libraries_are_imported_where_they_are_used(path: Path) -> None:
    """Nothing heavy or native is imported when a module is loaded."""
    tops = {name.split(".")[0] for name in imports(path, top_only=True)}
    assert not tops & HEAVY
    everything = {name.split(".")[0] for name in imports(path, top_only=False)}
    assert not everything & GROUND_LIBRARIES.get(room(path), set())


def test_every_floor_named_here_exists() -> None:
    """A name without a module is a leftover."""
    there = {room(path) for path in modules()}
    assert set(FLOORS) - there == set()
