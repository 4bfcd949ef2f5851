"""Settings in layers: what a later file, a case or ``--set`` says replaces what came before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Literal

from optiterr.errors import SpecError, nearest
from optiterr.scenario.tree import Faults, Node, Origin
from optiterr.scenario.yamltext import parse

NOTHING = Node({}, Origin())
"""The tree that says nothing."""


def packaged(kind: Literal["models", "scenarios"]) -> Path:
    """The folder of models or scenarios that came with optiterr.

    Inside the package when installed from a wheel, at the top of the repository when editable.
    """
    package = Path(str(files("optiterr")))
    inside = package / kind
    return inside if inside.is_dir() else package.parent / kind


def layer(base: Node, patch: Node) -> Node:
    """``base`` with everything that ``patch`` says put on top.

    Mappings merge key by key; anything else, lists too, replaces what was there. Two mappings whose
    ``kind`` differs do not merge: the new rule replaces the old one as a whole. Null removes: the
    key stays with the value null, so that a reader who knows the field can tell "none" from "not
    set" and drop it. A null with nothing beneath it is marked ``dead``. Keys keep the order of
    ``base``, new ones follow. Every value keeps the origin of the layer that set it.
    """
    if not isinstance(patch.value, dict):
        return patch
    below: dict[str, Node] = {}
    if isinstance(base.value, dict) and not _other_kind(base.value, patch.value):
        below = base.value
    merged = dict(below)
    for key, child in patch.value.items():
        under = below.get(key, NOTHING)
        if child.value is None:
            there = key in below and under.value is not None
            merged[key] = Node(None, child.origin, None if there else _alive(key, below))
        else:
            merged[key] = layer(under, child)
    return Node(merged, patch.origin if str(patch.origin) else base.origin)


def _other_kind(old: dict[str, Node], new: dict[str, Node]) -> bool:
    return "kind" in old and "kind" in new and old["kind"].value != new["kind"].value


def _alive(key: str, below: dict[str, Node]) -> str:
    """What could be removed instead of ``key``, in words."""
    known = [name for name, node in below.items() if node.value is not None]
    if near := nearest(key, known):
        return f"did you mean {near!r}? or delete this line"
    return "delete this line" + (f"; there is {', '.join(known)}" if known else "")


def nest(keys: Sequence[str], leaf: Node) -> Node:
    """The tree that sets ``leaf`` at the place that ``keys`` name and says nothing else."""
    for key in reversed(keys):
        leaf = Node({key: leaf}, leaf.origin)
    return leaf


def keys_of(dotted: str) -> tuple[str, ...] | None:
    """The keys of a dotted place such as ``rules.balance.within``; None when one is empty."""
    keys = tuple(part.strip() for part in dotted.split("."))
    return keys if all(keys) else None


def join(left: Node, right: Node, faults: Faults, place: tuple[str, ...] = ()) -> Node:
    """Both trees as one layer; a place that both set is a fault."""
    if not (isinstance(left.value, dict) and isinstance(right.value, dict)):
        first = f" by {left.origin}" if str(left.origin) else ""
        faults.add(right.origin, f"set twice; before{first}", "keep one of the two", place)
        return right
    merged = dict(left.value)
    for key, child in right.value.items():
        merged[key] = join(merged[key], child, faults, (*place, key)) if key in merged else child
    return Node(merged, left.origin)


def undot(patch: Node, faults: Faults) -> Node:
    """``patch`` with dotted keys at its top, such as ``rules.skills.price``, as mappings."""
    if not isinstance(patch.value, dict):
        return patch
    whole = Node({}, patch.origin)
    for key, child in patch.value.items():
        keys = keys_of(key) if "." in key else (key,)
        if keys is None:
            faults.add(child.origin, f"{key!r} is no place", "write key.key.key", (key,))
        else:
            whole = join(whole, nest(keys, child), faults)
    return whole


def settings(texts: Iterable[str]) -> Node:
    """The layer that settings such as ``rules.balance.within=0.1`` make together.

    The value is read as YAML on one line: a scalar, ``[a, list]``, ``{a: mapping}``, or null to
    remove. SpecError with all faults when one cannot be read or two set the same place.
    """
    faults = Faults()
    whole = NOTHING
    for text in texts:
        origin = Origin(f"--set {text}")
        dotted, equals, value = text.partition("=")
        keys = keys_of(dotted)
        if not equals or keys is None or not value.strip():
            faults.add(
                origin,
                "is no setting",
                "write a place, '=' and a value, such as rules.balance.within=0.1; "
                "null as the value removes",
            )
            continue
        try:
            leaf = parse(value, str(origin), faults)
        except SpecError as error:
            fault = error.faults[0]
            faults.add(origin, f"the value cannot be read: {fault.what}", fault.fix)
            continue
        whole = join(whole, nest(keys, _moved(leaf, origin)), faults)
    faults.check()
    return whole


def set_value(tree: Node, setting: str) -> Node:
    """``tree`` with one setting such as ``rules.balance.within=0.1`` put on top."""
    return layer(tree, settings([setting]))


def _moved(node: Node, origin: Origin) -> Node:
    """The same values, all set at ``origin``."""
    value = node.value
    if isinstance(value, dict):
        return Node({key: _moved(child, origin) for key, child in value.items()}, origin)
    if isinstance(value, list):
        return Node([_moved(child, origin) for child in value], origin)
    return Node(value, origin)
