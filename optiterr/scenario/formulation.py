"""The formulation: measures, rules and solver options, as models hold them without data."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    StringConstraints,
    field_validator,
)

from optiterr.errors import SpecError, nearest
from optiterr.groups import GroupSpec
from optiterr.measures import Measure, measure_class
from optiterr.measures import registry as known_measures
from optiterr.rules import Rule, rule_class
from optiterr.rules import registry as known_rules
from optiterr.scenario.checking import check, said
from optiterr.scenario.layers import NOTHING
from optiterr.scenario.tree import Faults, Node

NAME = r"\w[\w-]*"
LONGEST = 80
RuleName = Annotated[str, StringConstraints(pattern=f"^{NAME}$", max_length=LONGEST)]
"""A rule's name: letters, digits, - and _; no dot, since dots part the keys of a place."""
MEASURE_NAME = r"[^\W\d]\w*"
MeasureName = Annotated[str, StringConstraints(pattern=f"^{MEASURE_NAME}$", max_length=LONGEST)]
"""A measure's name: letters, digits and _, so that formulas can use it."""
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


class PriorityLevel(_Spec):
    """Rules that count before all that follow, and how much of that may be given up for them."""

    rules: tuple[RuleName, ...] = Field(
        min_length=1, description="priced rules whose terms are added up at this level"
    )
    within: float = Field(
        0.0, ge=0, le=10, description="share of the level's value that later levels may add to it"
    )
    by: float = Field(
        0.0, ge=0, description="amount, in cost, that later levels may add; the larger of the two"
    )


class Titled(_Spec):
    """What every file begins with."""

    schema_version: Literal[1] = Field(1, alias="schema", description="version of this format")
    name: Label = Field(description="short name, used in file names and tables")
    title: Title = Field("", description="what it is for, in a few words")
    description: str = Field("", max_length=10_000, description="anything worth knowing about it")

    @field_validator("schema_version", mode="before")
    @classmethod
    def _no_flag(cls, version: Any) -> Any:
        """True equals 1 in Python, and is not the version that files name."""
        if isinstance(version, bool):
            raise ValueError(f"{str(version).lower()} is not 1; write 1 (version of this format)")
        return version


class ModelSpec(Titled):
    """A reusable formulation: measures, rules and solver options without data."""

    groups: dict[RuleName, GroupSpec] = Field(
        default_factory=dict,
        description="groups of accounts by name, such as families or shared investors",
    )
    measures: dict[MeasureName, SerializeAsAny[Measure]] = Field(
        default_factory=dict,
        description="numbers that are worked out from the tables, by name, each of a kind",
    )
    rules: dict[RuleName, SerializeAsAny[Rule]] = Field(
        default_factory=lambda: _with_coverage({}), description="rules by name, each of a kind"
    )
    priorities: tuple[tuple[RuleName, ...] | PriorityLevel, ...] = Field(
        (),
        description="levels of priced rules, each minimised before all that follow; rules that no "
        "level names come last together. Without levels all terms are added up",
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
        made = {name: _from_plain(RULES, rule) for name, rule in rules.items()}
        return _with_coverage(made)

    @field_validator("measures", mode="before")
    @classmethod
    def _measures_of_their_kinds(cls, measures: Any) -> Any:
        """Each measure as its own class."""
        if not isinstance(measures, Mapping):
            return measures
        return {name: _from_plain(MEASURES, one) for name, one in measures.items()}


Formulation = TypeVar("Formulation", bound=ModelSpec)
One = TypeVar("One", bound=BaseModel)


@dataclass(frozen=True)
class Family(Generic[One]):
    """Settings by name whose class depends on their ``kind``: rules, or measures."""

    key: str
    noun: str
    known: Callable[[], Mapping[str, type[One]]]
    class_of: Callable[[str], type[One]]
    name: str
    """What a name looks like."""
    letters: str
    """The same in words."""


RULES = Family("rules", "rule", known_rules, rule_class, NAME, "letters, digits, - and _")
MEASURES = Family(
    "measures", "measure", known_measures, measure_class, MEASURE_NAME,
    "letters, digits and _, beginning with a letter",
)  # fmt: skip


def build(spec: type[Formulation], tree: Node, faults: Faults, case: str) -> Formulation | None:
    """The value of class ``spec``, each rule and measure checked by its own class; None with faults
    noted."""
    assert isinstance(tree.value, dict)
    before = len(faults)
    head = {key: node for key, node in tree.value.items() if key not in ("rules", "measures")}
    made = check(spec, Node(head, tree.origin), faults, (), case)
    measures = _members(MEASURES, tree.value.get("measures", NOTHING), faults, case)
    rules = _rules(tree.value.get("rules", NOTHING), faults, case)
    if made is None or len(faults) > before:
        return None
    return made.model_copy(update={"measures": measures, "rules": rules})


def _rules(node: Node, faults: Faults, case: str) -> dict[str, Rule]:
    """Every rule by name in the order written, coverage first where there is none."""
    before = len(faults)
    found = _members(RULES, node, faults, case)
    clash = found.get("coverage")
    if clash is not None and clash.kind != "coverage":
        assert isinstance(node.value, dict)
        faults.add(
            node.value["coverage"].origin, "the name 'coverage' is kept for the rule of that kind",
            "choose another name", ("rules", "coverage"), case,
        )  # fmt: skip
    return found if len(faults) > before else _with_coverage(found)


def _members(family: Family[One], node: Node, faults: Faults, case: str) -> dict[str, One]:
    """Every member of a family by name in the order written."""
    if node.value is None and node.dead is None:
        return {}
    if not isinstance(node.value, dict):
        faults.add(
            node.origin, f"{said(node.value)} is not a mapping of {family.key}",
            "write 'name: {kind: ...}', or delete this line", (family.key,), case,
        )  # fmt: skip
        return {}
    made = {
        name: _member(family, name, one, node.value, faults, case)
        for name, one in node.value.items()
    }
    return {name: one for name, one in made.items() if one is not None}


def _member(
    family: Family[One],
    name: str,
    node: Node,
    others: Mapping[str, Node],
    faults: Faults,
    case: str,
) -> One | None:
    place, noun = (family.key, name), family.noun

    def fault(what: str, fix: str, at: Node = node) -> None:
        faults.add(at.origin, what, fix, place, case)

    if node.value is None:
        if node.dead is not None:
            fault(f"null removes, and there is no such {noun} to remove", node.dead)
        return None
    if not isinstance(node.value, dict):
        what = f"{said(node.value)} is not a {noun}"
        fault(what, f"write {{kind: ...}} with the {noun}'s settings")
        return None
    kind = node.value.get("kind")
    if kind is None or kind.value is None:
        near = nearest(name, [other for other in others if other != name])
        near = f"did you mean the {noun} {near!r}? or " if near else ""
        fault(f"this {noun} has no kind", near + f"add 'kind:', one of {', '.join(family.known())}")
        return None
    if not isinstance(kind.value, str):
        what = f"{said(kind.value)} is not a kind"
        fault(what, f"write one of {', '.join(family.known())}", kind)
        return None
    try:
        cls = family.class_of(kind.value)
    except SpecError as error:
        fault(error.faults[0].what, error.faults[0].fix, kind)
        return None
    if not re.fullmatch(family.name, name) or len(name) > LONGEST:
        fault(f"{name!r} cannot be a {noun}'s name", f"use {family.letters}")
        return None
    return check(cls, node, faults, place, case)


def _from_plain(family: Family[Any], one: Any) -> Any:
    """The member that a mapping with a kind describes; anything else is left for pydantic."""
    if not isinstance(one, Mapping) or not isinstance(one.get("kind"), str):
        return one
    return family.class_of(one["kind"]).model_validate(one)


def _with_coverage(rules: dict[str, Rule]) -> dict[str, Rule]:
    """``rules``, with coverage before them where none is of that kind."""
    if any(getattr(rule, "kind", "") == "coverage" for rule in rules.values()):
        return rules
    return {"coverage": rule_class("coverage").model_validate({}), **rules}
