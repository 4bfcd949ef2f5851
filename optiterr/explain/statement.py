"""A scenario or a model as sets, data, variables, rows and terms: Markdown made from its rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from optiterr.explain.algebra import notation, rule_section
from optiterr.explain.markdown import code, fenced, plain
from optiterr.explain.reading import Reading, read_beside
from optiterr.explain.sets import sets_section
from optiterr.explain.symbols import data_section, of_pairs
from optiterr.explain.variables import variables_section
from optiterr.measures.checking import units_of
from optiterr.notation import number
from optiterr.rules import Rule
from optiterr.scenario.formulation import ModelSpec
from optiterr.scenario.layers import packaged
from optiterr.scenario.loading import Scenario, load_model
from optiterr.scenario.measuring import around
from optiterr.scenario.tree import Faults
from optiterr.scenario.yamltext import read_file

PROOF = r"""Every plan is counted again from the tables by code that builds no model. Beside
its cost stands a lower bound that needs no solver: any prices on the rows give one by weak duality,
each account going to its cheapest rep at these prices. The identity
$\text{cost} - \text{bound} = \sum \text{regrets} + \sum \text{residuals}$, regrets of accounts and
residuals of rows, no part of it negative, says where the gap sits. Where reps serve few accounts, a
lift is then added to the bound: what each rep loses at least because no account can be divided.
`optiterr verify` repeats it all."""


def model_page(name: str | Path) -> tuple[Path, str]:
    """The file of the model ``name`` (in models/, or a path), and its statement without data."""
    path = Path(name)
    if not path.exists():
        path = packaged("models") / f"{name}.yaml"
    return path, statement(load_model(name))


def is_model(what: str) -> bool:
    """Whether ``what`` names a model, not a scenario: in models/, or a file without data."""
    if (packaged("models") / f"{what}.yaml").exists():
        return True
    if Path(what).is_file():
        tree = read_file(Path(what), what, Faults()).value
        return isinstance(tree, dict) and not {"data", "model"} & set(tree)
    return not (packaged("scenarios") / what / f"{what}.yaml").exists()


def scenario_page(scenario: Scenario) -> str:
    """The statement of ``scenario``, with counts where its data can be read."""
    reading, why_not = read_beside(scenario)
    return statement(scenario, reading, why_not)


def statement(spec: ModelSpec, reading: Reading | None = None, why_not: str = "") -> str:
    """``spec`` as Markdown, line by line: sets, data, variables, rows, terms, proof.

    ``why_not`` says in words why data that the scenario names were not read.
    """
    scenario = spec if isinstance(spec, Scenario) else None
    measures = spec.measures
    problem = None if reading is None else reading.problem
    given = {} if scenario is None else around(scenario.data).units
    units = units_of(measures, given)
    lines = [f"# {plain(spec.title or spec.name)}", ""]
    lines += [spec.description.strip(), ""] if spec.description else []
    if scenario is not None and scenario.planning_date is not None:
        lines += [f"Planning date: {scenario.planning_date}.", ""]
    if why_not:
        lines += [f"The data were not read, so nothing is counted here: {plain(why_not)}.", ""]
    lines += ["## Sets", "", *sets_section(spec, reading, units)]
    lines += ["## Data", "", *data_section(spec, units, problem)]
    lines += ["## Variables", "", *variables_section(spec.rules, reading)]
    lines += ["## Rows", ""]
    pairs = of_pairs(spec.rules, measures, problem)
    for name, rule in spec.rules.items():
        lines += rule_section(name, rule, pairs, reading)
    lines += ["## Terms", "", *_terms(spec.rules, pairs)]
    lines += ["## Proof", "", PROOF]
    return "\n".join(lines).rstrip() + "\n"


def _terms(rules: Mapping[str, Rule], pairs: frozenset[str]) -> list[str]:
    """The objective: each priced rule, its price and what the price is paid for."""
    priced = {name: rule for name, rule in rules.items() if rule.price is not None}
    hard = [name for name, rule in rules.items() if rule.price is None]
    lines = [f"Hard: {_listed(hard)}. Priced: {_listed(priced)}.", ""]
    if not priced:
        return [*lines, "Nothing costs anything: every plan that keeps the rules is as good.", ""]
    lines += [
        r"$$",
        r"\min \sum_{\text{priced rules}} \text{price} \times \text{amount}",
        r"$$",
        "",
    ]
    told = [
        f"{'min ' if at == 0 else '  + '}{number(rule.price or 0.0)} × "
        f"{rule.term(notation(rule, pairs)) or 'amount'}    ({name})"
        for at, (name, rule) in enumerate(priced.items())
    ]
    return [*lines, *fenced(told)]


def _listed(names: list[str] | Mapping[str, Rule]) -> str:
    return ", ".join(map(code, names)) or "none"
