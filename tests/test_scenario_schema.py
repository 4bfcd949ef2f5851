"""Schemas for editors: they know every field, accept good files and refuse usual mistakes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from optiterr.errors import SpecError
from optiterr.outputs.schemas import RESULTS, schema_of
from optiterr.rules import registry
from optiterr.scenario.layers import packaged
from optiterr.scenario.loading import load
from optiterr.scenario.schema import KINDS
from optiterr.scenario.tree import Faults
from optiterr.scenario.yamltext import parse

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema comes with altair")

BROKEN = Path(__file__).parent / "broken" / "scenarios"


@cache
def validator(kind: Any) -> Any:
    return jsonschema.Draft202012Validator(schema_of(kind))


def faults(kind: str, text: str) -> list[str]:
    return [error.message for error in validator(kind).iter_errors(plain(text))]


def plain(text: str) -> Any:
    found = Faults()
    tree = parse(text, "file", found)
    found.check()
    return tree.plain()


def properties(schema: dict[str, Any]) -> dict[str, Any]:
    """Every described object's properties, by a readable path."""
    found = {f"top.{name}": one for name, one in schema.get("properties", {}).items()}
    for key, spec in schema.get("$defs", {}).items():
        found |= {f"{key}.{name}": one for name, one in spec.get("properties", {}).items()}
    return found


@pytest.mark.parametrize("kind", [*KINDS, *RESULTS])
def test_schemas_are_valid_schemas(kind: str) -> None:
    """Each is a schema of draft 2020-12, with no reference into nothing and nothing unused."""
    schema = schema_of(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    text = str(schema)
    for name in schema["$defs"]:
        assert f"#/$defs/{name}'" in text


@pytest.mark.parametrize("kind", [*KINDS, *RESULTS])
def test_every_field_is_described(kind: str) -> None:
    """An editor can say of every key what it is for."""
    silent = [
        name for name, one in properties(schema_of(kind)).items() if not one.get("description")
    ]
    assert silent == []


def test_every_rule_shows_its_law() -> None:
    """The docstring of a rule is what an editor shows, and its kind tells it apart."""
    schema = schema_of("scenario")
    for kind, rule in registry().items():
        spec = next(
            one
            for one in schema["$defs"].values()
            if one.get("properties", {}).get("kind", {}).get("const") == kind
        )
        assert spec["description"].split("\n")[0] == (rule.__doc__ or "").split("\n")[0]
        assert spec["required"] == ["kind"]
        assert spec["additionalProperties"] is False


def files(kind: str) -> list[Path]:
    if kind == "model":
        return sorted(packaged("models").glob("*.yaml"))
    found = sorted(packaged("scenarios").rglob("*.yaml"))
    return [path for path in found if path.name.endswith(".study.yaml") == (kind == "study")]


@pytest.mark.parametrize("kind", ["scenario", "study", "model"])
def test_schemas_accept_what_ships(kind: str) -> None:
    """No editor marks a good file."""
    for path in files(kind):
        assert faults(kind, path.read_text(encoding="utf-8")) == [], path.name


def test_schemas_accept_a_scenario_with_every_default_written_out() -> None:
    """Nulls, empty lists and mappings included."""
    for path in files("scenario"):
        assert faults("scenario", load(path).to_yaml()) == []


GOOD = """schema: 1
name: calm
model: balanced
data:
  accounts: {file: a.csv}
  reps: {file: r.csv}
"""


@pytest.mark.parametrize(
    "text",
    [
        "rules: {travel: null}",
        "rules: {balance: {within: 0.1, price: null}}",
        "rules: {balance: {kind: balance, price: 3}}",
        "solve: {seconds: null}",
        "planning_date: 2027-01-31",
        "groups: {family: {parent: P}, fund: {column: F, separator: null}, x: {table: t}}",
        "groups: {family: {outside: group}}",
        "groups: {family: null}",
    ],
)
def test_layers_may_be_partial(text: str) -> None:
    """What an inherited layer has can be changed in part, or removed."""
    assert faults("scenario", GOOD + text) == []


def test_cases_may_change_a_calendar_in_part() -> None:
    """One setting of an inherited calendar, or null to drop it; a scenario needs its last day."""
    text = "schema: 1\nname: s\nbase: b.yaml\ncases: {half: {data: {reps: {calendar: %s}}}}"
    for good in ("{capacity: {fte: 0.5}}", "{capacity: {ramp: {column: x}}}", "{capacity: null}"):
        assert faults("study", text % good) == []
    assert faults("study", text % "{capacity: {fte: [1]}}")
    whole = GOOD.replace("{file: r.csv}", "{file: r.csv, calendar: {capacity: {%s}}}")
    assert faults("scenario", whole % "last_day: 2027-12-31, workdays: [mon], reserve: free") == []
    for bad in ("fte: 0.5", "last_day: 2027-12-31, workdays: [monday]", "last_day: 1, x: 1"):
        assert faults("scenario", whole % bad)


@pytest.mark.parametrize(
    "text",
    [
        "rules: {travel: {kind: travl}}",
        "rules: {travel: {kind: travel, prise: 3}}",
        "rules: {travel: {kind: travel, price: -3}}",
        "rules: {travel: {kind: travel, price: '3'}}",
        "rules: {travel: {prise: 3}}",
        "rules: {a.b: {kind: skills}}",
        "rules: [skills]",
        "solve: {seconds: -1}",
        "solve: {seconds: no}",
        "solve: {second: 1}",
        "title: 12",
        "titel: x",
        "groups: {family: {parent: P, outsid: group}}",
        "groups: {family: {parent: P, outside: maybe}}",
        "groups: [family]",
        "cases: {}",
    ],
)
def test_schemas_refuse_usual_mistakes(text: str) -> None:
    """Typing errors, wrong types and values out of range are marked while typing."""
    assert faults("scenario", GOOD + text)


@pytest.mark.parametrize(
    "name",
    ["many-faults", "missing-accounts", "negative-seconds", "number-as-name", "unknown-field",
     "unknown-kind", "unknown-top", "schema-2", "missing-name", "rule-is-list"],
)  # fmt: skip
def test_schemas_refuse_broken_files(name: str) -> None:
    """What the loader refuses for its shape, the schema refuses too."""
    assert faults("scenario", (BROKEN / f"{name}.yaml").read_text(encoding="utf-8"))


STUDY = "schema: 1\nname: s\nbase: base.yaml\n"


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("cases: {a: {}}", True),
        ("cases: {a: {rules: {x: null, y: {price: 1}}, data: {reps: {file: b.csv}}}}", True),
        ("cases: {a: {data: {accounts: {owner: null}, tables: {locks: null}}}}", True),
        ("cases: {a: {rules.x.price: 1, title: A}}", True),
        ("sweep: {rules.x.price: [1, null, {a: 1}]}", True),
        ("cases: {a: {groups: {family: {outside: group}, fund: null}}}", True),
        ("cases: {a: {groups: {family: 3}}}", False),
        ("cases: {a: null}", False),
        ("cases: {a: {name: x}}", False),
        ("cases: {a: {rule: {}}}", False),
        ("cases: {a: {solve: {seconds: 0}}}", False),
        ("cases: {a/b: {}}", False),
        ("sweep: {rules.x.price: 1}", False),
        ("sweep: {rules.x.price: []}", False),
        ("bases: x", False),
    ],
)
def test_studies_are_patches_of_scenarios(text: str, good: bool) -> None:
    """Everything may be left out or null in a case; nothing unknown may stand there."""
    assert (faults("study", STUDY + text) == []) is good


def test_an_unknown_kind_of_file_names_the_nearest() -> None:
    """``schema scenarios`` is one letter too many."""
    with pytest.raises(SpecError, match="no file of kind 'scenarios'"):
        schema_of("scenarios")
    with pytest.raises(SpecError, match="did you mean 'comparison'"):
        schema_of("comparisons")
