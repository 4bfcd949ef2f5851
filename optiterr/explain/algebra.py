"""A scenario as sets, variables, rules and terms: Markdown with algebra, made from the rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optiterr.rules import Rule
from optiterr.scenario.layers import packaged
from optiterr.scenario.loading import load_model

_HEAD = r"""**Sets.** Accounts $i \in I$, reps $j \in J$, eligible reps $J_i \subseteq J$ of account
$i$, today's rep $s(i)$ of account $i$.

**Variables.** $x_{ij} \in \{0, 1\}$: rep $j$ serves account $i$.

**Every plan.** $\displaystyle \sum_{j \in J_i} x_{ij} = 1 \quad \forall i \in I$

**Objective.** $\displaystyle \min \sum_{\text{priced rules}} \text{price} \times \text{amount}$
"""


def describe(name: str, title: str, description: str, rules: Mapping[str, Rule]) -> str:
    """Markdown that states what ``rules`` ask for: in words, as settings, and as algebra."""
    lines = [f"# {title or name}", ""]
    if description:
        lines += [description.strip(), ""]
    lines += [_HEAD]
    hard = [name for name, rule in rules.items() if rule.price is None]
    soft = [name for name, rule in rules.items() if rule.price is not None]
    lines += [f"Hard: {_listed(hard)}. Priced: {_listed(soft)}.", ""]
    for rule_name, rule in rules.items():
        lines += _rule(rule_name, rule)
    return "\n".join(lines).rstrip() + "\n"


def model_page(name: str | Path) -> tuple[Path, str]:
    """The file of the model ``name`` (in models/, or a path), and its page."""
    path = Path(name)
    if not path.exists():
        path = packaged("models") / f"{name}.yaml"
    model = load_model(name)
    return path, describe(model.name, model.title, model.description, model.rules)


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _rule(name: str, rule: Rule) -> list[str]:
    law = " ".join((type(rule).__doc__ or "").split("\n\n")[0].split())
    kind = "hard" if rule.price is None else f"priced at {rule.price:g} a unit"
    lines = [f"## {name}", "", f"*{rule.kind}*, {kind}. {law}", ""]
    if rule.algebra:
        lines += ["$$", rule.algebra.strip(), "$$", ""]
    settings = rule.model_dump(mode="json", exclude={"kind"})
    changed = {
        key: value
        for key, value in settings.items()
        if value != type(rule).model_fields[key].get_default(call_default_factory=True)
    }
    if changed:
        lines += ["| setting | value | meaning |", "| --- | --- | --- |"]
        lines += [
            f"| `{key}` | {_shown(value)} | {type(rule).model_fields[key].description or ''} |"
            for key, value in changed.items()
        ]
        lines.append("")
    return lines


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"`{key}`: {_shown(one)}" for key, one in value.items()) or "none"
    if isinstance(value, list):
        return f"{len(value)} entries" if len(value) > 5 else ", ".join(map(_shown, value))
    return f"`{value}`" if isinstance(value, str) else str(value).replace("|", "\\|")
