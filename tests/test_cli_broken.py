"""Every broken file of the corpus, through the command line: exit 2, where, what and fix."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from test_reading import CASES
from test_scenario_broken import EXPECTED

from optiterr import cli

BROKEN = Path(__file__).parent / "broken"


def rule_that_reads(words: str) -> dict[str, Any] | None:
    """A rule that asks for a column written as ``table name [kind [minimum]]``, if there is one."""
    table, name, *more = words.split()
    kind = more[0] if more else "number"
    rules: dict[tuple[str, str], dict[str, Any]] = {
        ("measure", "number"): {"kind": "balance", "measure": name},
        ("accounts", "number"): {"kind": "disruption", "of": name, "price": 1},
        ("reps", "number"): {"kind": "capacity", "measure": "accounts", "limit": name},
        ("accounts", "text"): {"kind": "skills", "needs": name, "has": "rep_id"},
        ("pairs", "number"): {"kind": "cost", "value": name},
    }
    return rules.get((table, kind))


def scenario_of(case: dict[str, Any]) -> dict[str, Any] | None:
    """A scenario over a case's tables; None when no rule reads a column as the case asks."""
    rules = [rule_that_reads(str(words)) for words in case.get("reads", [])]
    if None in rules:
        return None
    data = {key: value for key, value in case.items() if key not in ("reads", "faults")}
    named = {f"rule-{at}": rule for at, rule in enumerate(rules)}
    return {
        "schema": 1,
        "name": "broken",
        "data": data,
        "rules": named or {"coverage": {"kind": "coverage"}},
    }


TABLES = {name: made for name, case in CASES.items() if (made := scenario_of(dict(case)))}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("broken") / "tables"
    shutil.copytree(BROKEN / "tables", folder)
    return folder


def refused(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    monkeypatch.setattr(sys, "argv", ["optiterr", *words])
    with pytest.raises(SystemExit) as end:
        cli.main()
    said = capsys.readouterr()
    assert end.value.code == 2
    assert said.out == ""
    assert "Traceback" not in said.err
    assert "to mend" in said.err
    assert "fix: " in said.err
    return said.err


@pytest.mark.parametrize("name", EXPECTED)
def test_broken_scenarios_end_with_2(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each fault of the file is on stderr with its place."""
    command = "run" if ".study." in name else "check"
    said = refused([command, str(BROKEN / "scenarios" / name)], monkeypatch, capsys)
    for where, _, _ in EXPECTED[name]:
        assert where.split(", ")[0] in said


@pytest.mark.parametrize("name", TABLES)
def test_broken_tables_end_with_2(
    name: str,
    tables: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The scenario reads well, its tables do not: the first fault is on stderr with its place."""
    path = tables / f"{name}.yaml"
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(TABLES[name], file)
    said = refused(["check", str(path)], monkeypatch, capsys)
    assert " ".join(str(CASES[name]["faults"][0][0]).split()) in " ".join(said.split())


def test_the_corpus_is_large() -> None:
    """At least sixty broken files, of both sorts."""
    assert len(EXPECTED) >= 40
    assert len(TABLES) >= 40
