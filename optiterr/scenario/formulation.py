"""The formulation: rules and solver options, as models hold them and scenarios begin with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    StringConstraints,
    field_validator,
)

from optiterr.errors import SpecError, nearest
from optiterr.rules import Rule, registry, rule_class
from optiterr.scenario.checking import check, said
from optiterr.scenario.layers import NOTHING
from optiterr.scenario.tree import Faults, Node

NAME = r"\w[\w-]*"
LONGEST = 80
RuleName = Annotated[str, StringConstraints(pattern=f"^{NAME}$", max_length=LONGEST)]
"""A rule's name: letters, digits, - and _; no dot, since dots part the keys of a place."""
Title = Annotated[str, StringConstraints(max_length=200)]
Label = Annotated[
    str, StringConstraints(pattern=r"^[^\s/\\]([^/\\\x00-\x1f]*[^\s/\\])?$", max_length=200)
]
"""A name that may become the name of a file: no slashes, no line breaks, no blanks at the ends."""


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SolveOptions(_Spec):
    """How to look for a plan, and when to stop."""

    solver: str = Field(
        "auto", min_length=1, max_length=80, description="solver by name; auto chooses by size"
    )
    seconds: float = Field(
        60.0, gt=0, le=604_800, description="time limit of the solver in seconds"
    )
    gap: float = Field(
        1e-4, ge=0, lt=1, description="stop when cost is within this share of a proved bound"
    )
    seed: int = Field(0, ge=0, lt=2**31, description="seed of everything random")
    threads: int = Field(1, ge=1, le=1024, description="threads that the solver may use")
    memory_gb: float | None = Field(
        None, gt=0, le=65_536, description="memory limit of the solver in GiB; none by default"
    )


class Titled(_Spec):
    """What every file begins with."""

    schema_version: Literal[1] = Field(1, alias="schema", description="version of this format")
    name: Label = Field(description="short name, used in file names and tables")
    title: Title = Field("", description="what it is for, in a few words")
    description: str = Field("", max_length=10_000, description="anything worth knowing about it")


class ModelSpec(Titled):
    """A reusable formulation: rules and solver options without data."""

    rules: dict[RuleName, SerializeAsAny[Rule]] = Field(
        default_factory=lambda: _with_coverage({}), description="rules by name, each of a kind"
    )
    solve: SolveOptions = Field(
        default_factory=lambda: SolveOptions.model_validate({}),
        description="how to look for a plan, and when to stop",
    )

    @field_validator("rules", mode="before")
    @classmethod
    def _of_their_kinds(cls, rules: Any) -> Any:
        """Each rule as its own class, and coverage first where no rule is of that kind."""
        if not isinstance(rules, Mapping):
            return rules
        made = {name: _rule_from_plain(rule) for name, rule in rules.items()}
        return _with_coverage(made)


Formulation = TypeVar("Formulation", bound=ModelSpec)


def build(spec: type[Formulation], tree: Node, faults: Faults, case: str) -> Formulation | None:
    """The value of class ``spec``, each rule checked by its own class; None with the faults."""
    assert isinstance(tree.value, dict)
    before = len(faults)
    head = {key: node for key, node in tree.value.items() if key != "rules"}
    made = check(spec, Node(head, tree.origin), faults, (), case)
    rules = _rules(tree.value.get("rules", NOTHING), faults, case)
    if made is None or len(faults) > before:
        return None
    return made.model_copy(update={"rules": rules})


def _rules(node: Node, faults: Faults, case: str) -> dict[str, Rule]:
    """Every rule by name in the order written, coverage first where there is none."""
    if node.value is None and node.dead is None:
        return _with_coverage({})
    if not isinstance(node.value, dict):
        faults.add(
            node.origin, f"{said(node.value)} is not a mapping of rules",
            "write 'name: {kind: ...}', or delete this line", ("rules",), case,
        )  # fmt: skip
        return {}
    found: dict[str, Rule] = {}
    for name, one in node.value.items():
        rule = _rule(name, one, node.value, faults, case)
        if rule is not None:
            found[name] = rule
    clash = found.get("coverage")
    if clash is not None and clash.kind != "coverage":
        faults.add(
            node.value["coverage"].origin, "the name 'coverage' is kept for the rule of that kind",
            "choose another name", ("rules", "coverage"), case,
        )  # fmt: skip
        return {}
    return _with_coverage(found)


def _rule(
    name: str, node: Node, others: Mapping[str, Node], faults: Faults, case: str
) -> Rule | None:
    place = ("rules", name)

    def fault(what: str, fix: str, at: Node = node) -> None:
        faults.add(at.origin, what, fix, place, case)

    if node.value is None:
        if node.dead is not None:
            fault("null removes, and there is no such rule to remove", node.dead)
        return None
    if not isinstance(node.value, dict):
        fault(f"{said(node.value)} is not a rule", "write {kind: ...} with the rule's settings")
        return None
    kind = node.value.get("kind")
    if kind is None or kind.value is None:
        near = nearest(name, [other for other in others if other != name])
        near = f"did you mean the rule {near!r}? or " if near else ""
        kinds = list(registry())
        fault("this rule has no kind", near + f"add 'kind:', one of {', '.join(kinds)}")
        return None
    if not isinstance(kind.value, str):
        fault(f"{said(kind.value)} is not a kind", f"write one of {', '.join(registry())}", kind)
        return None
    try:
        cls = rule_class(kind.value)
    except SpecError as error:
        fault(error.faults[0].what, error.faults[0].fix, kind)
        return None
    if not re.fullmatch(NAME, name) or len(name) > LONGEST:
        fault(f"{name!r} cannot be a rule's name", "use letters, digits, - and _")
        return None
    return check(cls, node, faults, place, case)


def _rule_from_plain(rule: Any) -> Any:
    """The rule that a mapping with a kind describes; anything else is left for pydantic."""
    if not isinstance(rule, Mapping) or not isinstance(rule.get("kind"), str):
        return rule
    return rule_class(rule["kind"]).model_validate(rule)


def _with_coverage(rules: dict[str, Rule]) -> dict[str, Rule]:
    """``rules``, with coverage before them where none is of that kind."""
    if any(getattr(rule, "kind", "") == "coverage" for rule in rules.values()):
        return rules
    return {"coverage": rule_class("coverage").model_validate({}), **rules}
