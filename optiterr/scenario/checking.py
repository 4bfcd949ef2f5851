"""A tree of settings checked against a pydantic class: the value, or every fault with its fix."""

from __future__ import annotations

import json
import types
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from optiterr.errors import OptiterrError, meant
from optiterr.scenario.tree import Faults, Node

Spec = TypeVar("Spec", bound=BaseModel)
Place = tuple[str | int, ...]


def check(
    spec: type[Spec], node: Node, faults: Faults, place: Place = (), case: str = ""
) -> Spec | None:
    """The value of class ``spec`` that ``node`` describes, or None with every fault noted.

    Read strictly: a number in quotes is text, ``no`` is not false. Null at a field that may be none
    says none; elsewhere it removes what an earlier layer set and the default holds again.
    """
    before = len(faults)
    plain = _settle(node, (spec,), faults, place, case)
    told = len(faults) > before
    try:
        made = spec.model_validate_json(json.dumps(plain), strict=True)
        return None if told else made
    except ValidationError as error:
        for origin, what, fix, at in _explain(error, spec, node):
            if not (told and faults.has((*place, *at), case)):
                faults.add(origin.origin, what, fix, (*place, *at), case)
    except OptiterrError as error:
        for fault in error.faults:
            faults.add(node.origin, fault.what, fault.fix, place, case)
    return None


def _flat(annotation: Any) -> Iterator[Any]:
    """The alternatives of a type: members of a union, without their annotations."""
    if get_origin(annotation) is Annotated:
        yield from _flat(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for one in get_args(annotation):
            yield from _flat(one)
    else:
        yield annotation


def _fields(kinds: Iterable[Any]) -> dict[str, FieldInfo]:
    """Fields by the names used in files, of every class among ``kinds``."""
    found: dict[str, FieldInfo] = {}
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            for name, field in kind.model_fields.items():
                found[field.alias or name] = field
    return found


def _below(kinds: Sequence[Any], key: str | int) -> tuple[Any, ...]:
    """The alternatives of what stands under ``key``; empty where the types do not say."""
    fields = _fields(kinds)
    if key in fields:
        return tuple(_flat(fields[str(key)].annotation))
    found: list[Any] = []
    for kind in kinds:
        inner = get_args(kind)
        if get_origin(kind) is dict and isinstance(key, str):
            found += _flat(inner[1])
        elif get_origin(kind) in (list, tuple) and isinstance(key, int) and inner:
            found += _flat(inner[0])
    return tuple(found)


def _settle(node: Node, kinds: Sequence[Any], faults: Faults, place: Place, case: str) -> Any:
    """The plain value of ``node`` with nulls that remove taken out, and dead ones noted."""
    if not isinstance(node.value, dict) or Any in kinds:
        return node.plain()
    settled: dict[str, Any] = {}
    for key, child in node.value.items():
        below = _below(kinds, key)
        if child.value is not None or type(None) in below or Any in below:
            settled[key] = _settle(child, below, faults, (*place, key), case)
        elif child.dead is not None:
            faults.add(
                child.origin, "null removes, and there is nothing here to remove", child.dead,
                (*place, key), case,
            )  # fmt: skip
    return settled


Told = tuple[Node, str, str, Place]


def _explain(error: ValidationError, spec: type[BaseModel], node: Node) -> Iterator[Told]:
    """Each fault in our words: the node it is about, what, fix, and the place below ``node``."""
    by_place: dict[Place, list[Any]] = {}
    for one in error.errors(include_url=False):
        _, place = _locate(node, one["loc"], one["type"] == "missing")
        by_place.setdefault(place, []).append(one)
    for place, found in by_place.items():
        at, _ = _locate(node, place, False)
        yield at, *_words(found, place, spec, at), place


def _locate(node: Node, loc: Sequence[str | int], missing: bool) -> tuple[Node, Place]:
    """The deepest node on the way along ``loc``, and the keys that led there."""
    place: list[str | int] = []
    for part in loc:
        if isinstance(node.value, dict) and part in node.value:
            node = node.value[str(part)]
        elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        else:
            continue  # the name of an alternative, not a key
        place.append(part)
    return node, (*place, loc[-1]) if missing else tuple(place)


_NOUNS = {
    "string": "text",
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "dict": "a mapping",
    "model": "a mapping",
    "date": "a date such as 2027-01-31",
}
_BOUNDS = {
    "greater_than_equal": "{ge:g} or more",
    "greater_than": "more than {gt:g}",
    "less_than_equal": "{le:g} or less",
    "less_than": "less than {lt:g}",
    "string_too_short": "text of at least {min_length} characters",
    "string_too_long": "text of at most {max_length} characters",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
    "finite_number": "a finite number",
}


def _noun(fault: Any) -> str | None:
    """What the type of a pydantic fault asks for, when it is about the type of the value."""
    if fault["type"] in ("literal_error", "enum"):
        return str(fault["ctx"]["expected"])
    if fault["type"] == "int_from_float":
        return "a whole number"
    word, _, rest = fault["type"].partition("_")
    return (
        _NOUNS.get(word) if rest.split("_")[-1] in ("type", "parsing") or word == "date" else None
    )


def _words(found: list[Any], place: Place, spec: type[BaseModel], at: Node) -> tuple[str, str]:
    """What is wrong at one place, and how to correct it."""
    first = found[0]
    kinds: tuple[Any, ...] = (spec,)
    about = ""
    for key in place:
        field = _fields(kinds).get(str(key))
        about = f" ({field.description})" if field and field.description else about
        kinds, parents = _below(kinds, key), kinds
    if first["type"] == "missing":
        return f"{place[-1]!r} is missing", f"add '{place[-1]}:'{about}"
    if first["type"] == "extra_forbidden":
        return unknown(str(place[-1]), _fields(parents))
    if first["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return _unlike_kind(first, at)
    bounds = [
        _BOUNDS[fault["type"]].format(**fault.get("ctx", {}))
        for fault in found
        if fault["type"] in _BOUNDS
    ]
    asked = bounds or [noun for fault in found if (noun := _noun(fault))]
    if wanted := " or ".join(dict.fromkeys(asked)):
        fix = _hint(at.value, asked) or f"write {wanted}{about}"
        return f"{said(at.value)} is not {wanted}", fix
    message = first["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if first["type"] == "string_pattern_mismatch":
        return f"{said(at.value)} cannot be a name here", f"write another name{about}"
    what, _, fix = message.partition("; ")
    return what, fix or "change what is written here so that it holds"


def _unlike_kind(fault: Any, at: Node) -> tuple[str, str]:
    """What to say of a mapping whose kind is missing or unknown."""
    kinds = str(fault["ctx"].get("expected_tags", "")).replace("'", "")
    if not kinds:
        return f"{said(at.value)} has no kind", "add 'kind:'"
    tag = str(fault["ctx"]["tag"])
    return f"unknown kind {tag!r}", meant(tag, kinds.split(", "), f"write one of {kinds}")


def unknown(key: str, known: Iterable[str]) -> tuple[str, str]:
    """What to say of a key that is not among those ``known``."""
    known = list(known)
    fix = meant(key, known, f"delete it; known keys: {', '.join(known)}")
    return f"unknown key {key!r}", fix


def said(value: Any) -> str:
    """A value as it is named in a message: short, and text in quotes."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _hint(value: Any, nouns: Sequence[str]) -> str | None:
    """The fix for the usual confusions of text with numbers and of YAML 1.1 with 1.2."""
    if nouns == ["text"] and isinstance(value, bool | int | float):
        return f"put it in quotes: '{said(value)}'"
    if nouns == ["true or false"] and str(value).lower() in ("yes", "no", "on", "off", "y", "n"):
        return "write true or false (yes, no, on and off are text in YAML 1.2)"
    if isinstance(value, str) and any("number" in noun for noun in nouns):
        try:
            float(value)
        except ValueError:
            return None
        return f"write it without quotes: {value}"
    return None
