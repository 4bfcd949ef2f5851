"""A worked example for each rule: tiny books, a plan, and what the rule finds in it, by hand.

Each is a file named after its kind. A test reads, judges, compiles and solves every one of them.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field

from optiterr.errors import SpecError, meant
from optiterr.findings import Weight
from optiterr.scenario.loading import Scenario
from optiterr.scenario.tree import Faults
from optiterr.scenario.yamltext import parse

SCENARIO = re.compile(r"^scenario:\n((?:(?:[ ].*)?\n)+)", re.M)
"""The lines of the scenario in the file of an example."""


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Found(_Told):
    """One finding, as the plan of the example has it."""

    rule: str = Field(description="name of the rule in the scenario")
    weight: Weight = Field(description="breach, priced, or note")
    where: str = Field(description="the account, rep or group it is about, or 'all'")
    amount: float = Field(description="how much, in the unit that the rule's price counts")
    message: str = Field(description="the finding in words")


class Example(_Told):
    """What a page shows of a rule at work. ``text`` is the scenario as its file writes it."""

    when: str = Field(description="when to use the rule, in a planner's words")
    price: str = Field(description="what a price is paid for, and what being hard means")
    finds_what: str = Field(description="what findings of the rule are about")
    plan: dict[str, str | None] = Field(description="who serves each account in the plan judged")
    finds: tuple[Found, ...] = Field(description="everything that the rules find in that plan")
    cost: float | None = Field(description="cost of that plan; none when a hard rule is broken")
    why: str = Field(description="the arithmetic in words")
    best: float | None = Field(description="cost of the best plan there is; none without a plan")
    text: str = Field(description="the scenario as a YAML file")

    @property
    def scenario(self) -> Scenario:
        """The scenario of the example."""
        return Scenario.from_dict(_plain(self.text, "example"))


def kinds() -> tuple[str, ...]:
    """The rules that have an example."""
    names = (one.name for one in files(__name__).iterdir())
    return tuple(sorted(one.removesuffix(".yaml") for one in names if one.endswith(".yaml")))


@cache
def example(kind: str) -> Example:
    """The example of the rule of that kind; SpecError when there is none."""
    if kind not in kinds():
        raise SpecError(
            "examples",
            f"there is no example of {kind!r}",
            meant(kind, kinds(), f"one of: {', '.join(kinds())}"),
        )
    name = f"{kind}.yaml"
    text = (files(__name__) / name).read_text(encoding="utf-8")
    held = SCENARIO.search(text)
    if held is None:
        raise SpecError(name, "holds no scenario", "add 'scenario:' with its lines below")
    scenario = "\n".join(line.removeprefix("  ") for line in held[1].rstrip().split("\n")) + "\n"
    told = _plain(SCENARIO.sub("", text), name)
    return Example.model_validate({**told, "text": scenario})


def _plain(text: str, name: str) -> dict[str, object]:
    """The settings of a YAML text; SpecError with what is wrong with it."""
    faults = Faults()
    tree = parse(text, name, faults)
    faults.check()
    plain = tree.plain()
    if not isinstance(plain, dict):
        raise SpecError(name, "is no mapping", "write 'key: value' lines")
    return plain
