"""JSON schemas of the files, for editors that complete and check YAML while it is written."""

from __future__ import annotations

import copy
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from optiterr.errors import SpecError, meant
from optiterr.plan import Plan
from optiterr.rules import registry
from optiterr.scenario.formulation import ModelSpec
from optiterr.scenario.loading import Scenario
from optiterr.scenario.study import Study

DRAFT = "https://json-schema.org/draft/2020-12/schema"
KINDS = ("scenario", "study", "model", "plan")
FileKind = Literal["scenario", "study", "model", "plan"]

NULL = {"type": "null"}


def json_schema(kind: FileKind) -> dict[str, Any]:
    """The schema (draft 2020-12) of one kind of file.

    Rules are told apart by ``kind`` and described by their law. A setting that an earlier layer may
    have made can be null, which removes it, and a rule without a kind changes an inherited one.
    What depends on several settings at once, or on the model below, is left to ``check``.
    """
    if kind not in KINDS:
        fix = meant(kind, KINDS, f"write one of: {', '.join(KINDS)}")
        raise SpecError("schema", f"there is no file of kind {kind!r}", fix)
    if kind == "plan":
        return {"$schema": DRAFT, **Plan.model_json_schema(by_alias=True, mode="serialization")}
    rules = registry()
    specs: dict[str, type[BaseModel]] = {
        "model": ModelSpec, "scenario": Scenario, "study": Study, **rules
    }  # fmt: skip
    refs, shared = models_json_schema(
        [(spec, "validation") for spec in specs.values()], ref_template="#/$defs/{model}"
    )
    defs: dict[str, Any] = shared["$defs"]
    name_of = {
        key: refs[(spec, "validation")]["$ref"].rsplit("/", 1)[1] for key, spec in specs.items()
    }
    for rule in rules:
        _open_rule(defs[name_of[rule]])
    choices = _rules(defs, {rule: name_of[rule] for rule in rules})
    for spec in ("model", "scenario"):
        by_name = defs[name_of[spec]]["properties"]["rules"]
        defs[name_of[spec]]["properties"]["rules"] = _described(by_name) | choices
    _open(defs["SolveOptions"])
    top = defs[name_of[kind]]
    if kind == "study":
        _study(top, defs, name_of["scenario"])
    kept = _reached(top, defs)
    return {"$schema": DRAFT, **top, "$defs": {key: defs[key] for key in sorted(kept)}}


def _open(spec: dict[str, Any]) -> None:
    """Lets every property be null or left out: another layer may say it."""
    spec.pop("required", None)
    for name, one in spec.get("properties", {}).items():
        spec["properties"][name] = _or_null(one)


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    alternatives = schema.get("anyOf", [])
    if schema == NULL or NULL in alternatives:
        return schema
    about = _described(schema)
    rest = {key: value for key, value in schema.items() if key not in about}
    return {**about, "anyOf": [*alternatives, NULL] if list(rest) == ["anyOf"] else [rest, NULL]}


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: one for key, one in schema.items() if key in ("title", "description", "default")}


def _open_rule(spec: dict[str, Any]) -> None:
    kind = spec["properties"]["kind"]
    _open(spec)
    spec["properties"]["kind"] = {"description": "what this rule is about"} | kind
    spec["required"] = ["kind"]


def _rules(defs: dict[str, Any], name_of: dict[str, str]) -> dict[str, Any]:
    """The schema of the mapping of rules by name."""
    known: dict[str, Any] = {}
    for name in name_of.values():
        for key, one in defs[name]["properties"].items():
            known.setdefault(key, []).append(one)
    changes = {
        key: {"description": found[0].get("description", ""), "anyOf": found}
        for key, found in known.items()
        if key != "kind"
    }
    defs["Change"] = {
        "title": "Change",
        "description": "Changes settings of an inherited rule; those not named stay.",
        "type": "object",
        "properties": changes,
        "additionalProperties": False,
    }
    kinds = [{"$ref": f"#/$defs/{name}"} for name in name_of.values()]
    return {
        "type": "object",
        "propertyNames": {"pattern": r"^[^\s.-][^\s.]*$"},
        "additionalProperties": {
            "anyOf": [*kinds, {"$ref": "#/$defs/Change"}, {"description": "no such rule", **NULL}]
        },
    }


def _study(top: dict[str, Any], defs: dict[str, Any], scenario: str) -> None:
    """Makes cases patches of a scenario: every setting may be left out, null, or dotted."""
    patch = copy.deepcopy(defs[scenario])
    del patch["properties"]["name"]
    _open(patch)
    patch["title"] = "Patch"
    patch["description"] = "What a case changes in the base."
    patch["patternProperties"] = {r"^[^.]+\..+$": {"description": "a setting by its dotted place"}}
    for name in ("DataSpec", "AccountSource", "RepSource", "PairSource", "TableSource"):
        _open(defs[name])
    tables = defs["DataSpec"]["properties"]["tables"]["anyOf"][0]
    tables["additionalProperties"] = _or_null(tables["additionalProperties"])
    defs["Patch"] = patch
    top["properties"]["cases"] = _described(top["properties"]["cases"]) | {
        "type": "object",
        "propertyNames": {"pattern": top["properties"]["name"]["pattern"]},
        "additionalProperties": {"$ref": "#/$defs/Patch"},
    }
    top["properties"]["sweep"]["additionalProperties"]["minItems"] = 1


def _reached(schema: Any, defs: dict[str, Any]) -> set[str]:
    """Names of the definitions that ``schema`` needs, directly or through others."""
    found: set[str] = set()
    open_ = [schema]
    while open_:
        one = open_.pop()
        if isinstance(one, dict):
            name = str(one.get("$ref", "")).removeprefix("#/$defs/")
            if name in defs and name not in found:
                found.add(name)
                open_.append(defs[name])
            open_ += one.values()
        elif isinstance(one, list):
            open_ += one
    return found
