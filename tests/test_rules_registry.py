"""No rule is forgotten: each has a conformance case, a golden program and cases worked by hand.

A golden program shows what a change of formulation does: read its diff. To write them anew:
``OPTITERR_GOLDEN=write python -m pytest tests/test_rules_registry.py``.
"""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest
from rulebook import CASES, DRAWS, PROGRAMS

from optiterr.compile import compile_model
from optiterr.conformance import toys
from optiterr.rules import Rule, registry, rule_class
from optiterr.solvers.export import write_model

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"

SHIPPED = sorted(
    kind for kind, rule in registry().items() if rule.__module__.startswith("optiterr.rules.")
)

WORDS = ("holds", "fails", "limit", "zero", "empty", "price")
"""What each rule's own cases must tell of."""

EXEMPT = {"cost": {"fails", "limit"}}
"""A cost only charges: nothing in it can fail or have a limit."""


def own_tests(kind: str) -> list[str]:
    path = HERE / f"test_rules_{kind}.py"
    assert path.exists(), f"rule {kind!r} has no cases worked by hand: write {path.name}"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def test_every_rule_is_known_by_its_kind() -> None:
    """Every rule that ships has a file in the rulebook and a golden program, and no other."""
    assert sorted(CASES) == sorted(DRAWS) == sorted(PROGRAMS) == SHIPPED
    assert {path.stem for path in GOLDEN.glob("*.lp")} == set(SHIPPED)


@pytest.mark.parametrize("kind", SHIPPED)
def test_every_rule_is_worked_by_hand(kind: str) -> None:
    """It holds, it fails, exactly at the limit, with zeros, in empty books, with a price."""
    names = " ".join(own_tests(kind))
    missing = [word for word in WORDS if word not in names and word not in EXEMPT.get(kind, set())]
    assert missing == []


@pytest.mark.parametrize("kind", SHIPPED)
def test_every_rule_explains_itself(kind: str) -> None:
    """A docstring as law, algebra, and a description of every field; the schema can be written."""
    rule = rule_class(kind)
    law = (rule.__doc__ or "").strip()
    assert law.split("\n")[0].endswith(".")
    assert rule.algebra
    for name, field in rule.model_json_schema()["properties"].items():
        assert name == "kind" or field.get("description"), f"{kind}.{name} has no description"


@pytest.mark.parametrize("kind", SHIPPED)
def test_the_program_is_the_golden_one(kind: str, tmp_path: Path) -> None:
    """What a rule hands to solvers changes only when someone means it to."""
    toy, fields = PROGRAMS[kind]
    rules: dict[str, Rule] = {name: rule_class(kind)(**one) for name, one in fields.items()}
    model = compile_model(rules, toys()[toy]).model
    text = write_model(model, tmp_path / "model.lp").read_text(encoding="utf-8")
    golden = GOLDEN / f"{kind}.lp"
    if os.environ.get("OPTITERR_GOLDEN") == "write":
        golden.write_text(text, encoding="utf-8")
    assert golden.exists(), "no golden program: see the first lines of this file"
    assert text == golden.read_text(encoding="utf-8")
