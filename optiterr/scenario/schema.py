"""JSON schemas of the files, for editors that complete and check YAML while it is written."""

from __future__ import annotations

import copy
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from optiterr.errors import SpecError, meant
from optiterr.measures import registry as measures
from optiterr.plan import Plan
from optiterr.rules import registry as rules
from optiterr.scenario.formulation import ModelSpec
from optiterr.scenario.loading import Scenario
from optiterr.scenario.study import Study

DRAFT = "https://json-schema.org/draft/2020-12/schema"
KINDS = ("scenario", "study", "model", "plan")
FileKind = Literal["scenario", "study", "model", "plan"]

NULL = {"type": "null"}


def json_schema(kind: FileKind) -> dict[str, Any]:
    """The schema (draft 2020-12) of one kind of file.

    Rules and measures are told apart by ``kind`` and described by their law. A setting that an
    earlier layer may have made can be null, which removes it, and a rule or measure without a kind
    changes an inherited one. What depends on several settings at once, or on the model below, is
    left to ``check``.
    """
    if kind not in KINDS:
        fix = meant(kind, KINDS, f"write one of: {', '.join(KINDS)}")
        raise SpecError("schema", f"there is no file of kind {kind!r}", fix)
    if kind == "plan":
        return {"$schema": DRAFT, **Plan.model_json_schema(by_alias=True, mode="serialization")}
    families = ("rules", rules()), ("measures", measures())
    specs: dict[str, type[BaseModel]] = {
        "model": ModelSpec, "scenario": Scenario, "study": Study,
        **{f"{key} {one}": spec for key, family in families for one, spec in family.items()},
    }  # fmt: skip
    refs, shared = models_json_schema(
        [(spec, "validation") for spec in specs.values()], ref_template="#/$defs/{model}"
    )
    defs: dict[str, Any] = shared["$defs"]
    name_of = {
        key: refs[(spec, "validation")]["$ref"].rsplit("/", 1)[1] for key, spec in specs.items()
    }
    _open_features(defs)
    for spec in ("model", "scenario"):
        _open_groups(defs, defs[name_of[spec]])
    for key, family in families:
        names = [name_of[f"{key} {one}"] for one in family]
        choices = _by_kind(defs, names, key.removesuffix("s"))
        for spec in ("model", "scenario"):
            by_name = defs[name_of[spec]]["properties"][key]
            defs[name_of[spec]]["properties"][key] = _described(by_name) | choices
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


def _open_features(defs: dict[str, Any]) -> None:
    """Lets a later layer change a feature of an affinity without saying its kind, or remove it."""
    features = defs["Affinity"]["properties"]["features"]
    kinds = features["additionalProperties"]["oneOf"]
    for one in kinds:
        _open(defs[one["$ref"].rsplit("/", 1)[1]])
    none = {"description": "no such feature", **NULL}
    features["additionalProperties"] = {"anyOf": [*kinds, none]}


def _open_groups(defs: dict[str, Any], spec: dict[str, Any]) -> None:
    """Lets a later layer change inherited groups in part, or remove them."""
    named = spec["properties"]["groups"]["patternProperties"]
    for pattern, forms in named.items():
        for one in forms["oneOf"]:
            _open(defs[one["$ref"].rsplit("/", 1)[1]])
        none = {"description": "no such groups", **NULL}
        named[pattern] = {"anyOf": [*forms["oneOf"], none]}


def _by_kind(defs: dict[str, Any], names: list[str], noun: str) -> dict[str, Any]:
    """The schema of a mapping of rules, or of measures, by name."""
    known: dict[str, Any] = {}
    for name in names:
        kind = defs[name]["properties"]["kind"]
        _open(defs[name])
        defs[name]["properties"]["kind"] = {"description": f"what this {noun} is about"} | kind
        defs[name]["required"] = ["kind"]
        for key, one in defs[name]["properties"].items():
            known.setdefault(key, []).append(one)
    changes = {
        key: {"description": found[0].get("description", ""), "anyOf": found}
        for key, found in known.items()
        if key != "kind"
    }
    change = "Change" if noun == "rule" else f"Change{noun.title()}"
    defs[change] = {
        "title": change,
        "description": f"Changes settings of an inherited {noun}; those not named stay.",
        "type": "object",
        "properties": changes,
        "additionalProperties": False,
    }
    kinds = [{"$ref": f"#/$defs/{name}"} for name in names]
    return {
        "type": "object",
        "propertyNames": {"pattern": r"^[^\s.-][^\s.]*$"},
        "additionalProperties": {
            "anyOf": [
                *kinds,
                {"$ref": f"#/$defs/{change}"},
                {"description": f"no such {noun}", **NULL},
            ]
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
    sources = ("DataSpec", "AccountSource", "RepSource", "PairSource", "TableSource")
    for name in (*sources, "CalendarSpec", "Ramp"):
        _open(defs[name])
    for name, field in (("DataSpec", "tables"), ("RepSource", "calendar")):
        named = defs[name]["properties"][field]["anyOf"][0]
        named["additionalProperties"] = _or_null(named["additionalProperties"])
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
