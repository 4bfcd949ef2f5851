"""A page for each rule: its law, when to use it, settings, algebra, and a worked example."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from optiterr.explain.algebra import lines_of
from optiterr.explain.examples import Example, example, kinds
from optiterr.explain.markdown import code, fenced, law, paragraphs, plain, table, value
from optiterr.findings import Weight, written
from optiterr.rules import Rule, rule_class

FOLDER = Path("docs") / "rules"
"""Where the pages of rules stand, from the top of the repository."""

WORDS = {
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "null": "none",
}


def pages() -> dict[str, str]:
    """Every page by the name of its file, the index with them."""
    found = {f"{kind}.md": rule_page(kind) for kind in kinds()}
    return {"README.md": index(), **found}


def index() -> str:
    """The list of all rules that have a page."""
    lines = [
        "# Rules",
        "",
        "A rule with a `price` is soft: it costs price × amount. Without one it is hard. Every "
        "rule takes `where` (the accounts it speaks of) and `where_rep` (the reps), unless its "
        "page says otherwise. What rules count may be columns or [measures](../measures.md).",
        "",
    ]
    rows = [[f"[{kind}]({kind}.md)", law(rule_class(kind))] for kind in kinds()]
    lines += table(["kind", "what it asks"], rows)
    return "\n".join(lines).rstrip() + "\n"


def rule_page(kind: str) -> str:
    """All there is to know of the rule of that kind; SpecError when there is no such rule.

    Rules of other packages have no example, and no words beside those of their class.
    """
    rule = rule_class(kind)
    shown = example(kind) if kind in kinds() else None
    lines = [f"# {kind}", ""]
    for paragraph in paragraphs(rule):
        lines += [paragraph, ""]
    if shown is not None:
        lines += ["## When to use it", "", shown.when.strip(), ""]
    lines += ["## Settings", "", *table(["name", "type", "default", "meaning"], _settings(rule))]
    lines += ["## Algebra", "", "$$", rule.algebra.strip(), "$$", ""] if rule.algebra else []
    if shown is not None:
        lines += ["In the example below it reads:", ""]
        lines += fenced(_example_lines(kind, shown))
        lines += ["## Price", "", shown.price.strip(), ""]
        lines += ["## Findings", "", shown.finds_what.strip(), ""]
        lines += ["## Worked example", "", *_worked(shown)]
    return "\n".join(lines).rstrip() + "\n"


def _example_lines(kind: str, shown: Example) -> Iterator[str]:
    for name, rule in shown.scenario.rules.items():
        if rule.kind == kind:
            yield f"{name}:"
            yield from (f"  {line}" for line in lines_of(rule, _of_pairs(shown)))


def _of_pairs(shown: Example) -> frozenset[str]:
    """The measures of the pairs that the example lists."""
    pairs = shown.scenario.data.pairs
    rows = () if isinstance(pairs, str) else pairs.records or ()
    return frozenset(name for row in rows for name in row)


def _settings(rule: type[Rule]) -> Iterator[list[str]]:
    """Name, type, default and meaning of each setting."""
    schema = rule.model_json_schema()
    needed = schema.get("required", ())
    for name, field in schema["properties"].items():
        if name == "kind":
            continue
        default = "needed" if name in needed else value(field.get("default"))
        if field.get("default") in ([], {}):
            default = "none"
        told = _type(field, schema.get("$defs", {}))
        yield [code(name), told, default, str(field.get("description", ""))]


def _type(field: dict[str, Any], defs: dict[str, Any]) -> str:
    """A JSON Schema type in words."""
    if "$ref" in field:
        return _type(defs[field["$ref"].rsplit("/", 1)[1]], defs)
    if field.get("title") == "Filter":
        return "filter"
    if "anyOf" in field:
        told = [_type(one, defs) for one in field["anyOf"]]
        return " or ".join(dict.fromkeys(one for one in told if one != "none"))
    if "enum" in field or "const" in field:
        return ", ".join(map(code, field.get("enum", [field.get("const")])))
    if field.get("format") == "date":
        return "date"
    kind = field.get("type")
    if kind == "array":
        several = field.get("prefixItems")
        if several:
            return f"[{', '.join(_type(one, defs) for one in several)}]"
        return f"list of {_type(field.get('items', {}), defs)}"
    if kind == "object" and "properties" in field:
        return f"mapping with {', '.join(map(code, field['properties']))}"
    if kind == "object":
        return f"mapping from text to {_type(field.get('additionalProperties', {}), defs)}"
    return WORDS.get(str(kind), "anything") + _ends(field)


def _ends(field: dict[str, Any]) -> str:
    """The bounds of a number in words."""
    low = field.get("minimum", field.get("exclusiveMinimum"))
    high = field.get("maximum", field.get("exclusiveMaximum"))
    if low is None and high is None:
        return ""
    above = "above" if "exclusiveMinimum" in field else "from"
    told = "" if low is None else f", {above} {low:g}"
    return told if high is None else f"{told} to {high:g}"


def _worked(shown: Example) -> Iterator[str]:
    """The scenario, a plan, what is found in it, and the arithmetic."""
    yield from fenced(shown.text.rstrip("\n").split("\n"), "yaml")
    yield "The plan:"
    yield ""
    rows = [[plain(account), plain(rep or "nobody")] for account, rep in shown.plan.items()]
    yield from table(["account", "rep"], rows)
    if shown.finds:
        yield "What the rules find in it:"
        yield ""
        yield from table(
            ["rule", "weight", "where", "amount", "finding"],
            (
                [
                    code(one.rule),
                    one.weight.value,
                    plain(one.where),
                    written(one.amount),
                    plain(one.message),
                ]
                for one in shown.finds
            ),
        )
    else:
        yield "The rules find nothing wrong with it."
        yield ""
    yield shown.why.strip()
    yield ""
    yield _verdict(shown)


def _verdict(shown: Example) -> str:
    broken = any(one.weight is Weight.BREACH for one in shown.finds)
    cost = shown.cost
    this = "This plan breaks a hard rule, so it is no plan." if broken else ""
    if cost is not None:
        this = f"This plan costs {written(cost)}."
    if shown.best is None:
        return f"{this} No plan keeps every rule."
    return f"{this} The best plan costs {written(shown.best)}."
