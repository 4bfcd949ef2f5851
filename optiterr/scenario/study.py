"""The study: one scenario and what is changed in it, case by case."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr

from optiterr.errors import SpecError, meant
from optiterr.scenario.checking import check
from optiterr.scenario.formulation import Label, Titled
from optiterr.scenario.layers import NOTHING, join, keys_of, layer, nest, undot
from optiterr.scenario.loading import Chain, Scenario
from optiterr.scenario.tree import Faults, Node, from_python

TODAY = "today"
"""The baseline that is no case: today's books."""
MOST_CASES = 2_000
"""A study with more cases than this is refused."""


class Study(Titled):
    """A base scenario, named changes of it, and a sweep over some of its settings.

    The cases are those that are named, in the order written, and then one for each combination of
    the sweep's values, the last setting changing fastest; named cases are not swept. Relative paths
    start at the folder of the study's file.
    """

    base: str = Field(min_length=1, description="path of the scenario that every case begins with")
    cases: dict[Label, dict[str, Any]] = Field(
        default_factory=dict,
        description="changes by the name of the case: what it sets replaces what the base says, "
        "null removes; keys may be dotted, and a title names the case in reports",
    )
    sweep: dict[str, tuple[Any, ...]] = Field(
        default_factory=dict,
        description="values to try by dotted setting, such as rules.stay.max_share: [0.05, 0.1]; "
        "several settings give every combination",
    )
    baseline: Label = Field(
        TODAY, description="the case that others are compared with; today is the books as they are"
    )

    _folder: Path = PrivateAttr(default=Path("."))
    _scenarios: dict[str, Scenario] = PrivateAttr(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The folder where the study's relative paths start."""
        return self._folder

    def scenarios(self) -> dict[str, Scenario]:
        """The scenario of every case by name; empty for a study that was not read or given."""
        return dict(self._scenarios)

    def to_dict(self) -> dict[str, Any]:
        """The study as plain JSON values, as written apart from defaults."""
        return self.model_dump(mode="json", by_alias=True)

    @classmethod
    def from_dict(
        cls,
        study: Mapping[str, Any],
        folder: str | Path = ".",
        sets: Iterable[str] = (),
        frames: Mapping[str, Any] | None = None,
    ) -> Study:
        """The study that a mapping describes, as a file of the same content would."""
        faults = Faults()
        return _study(from_python(study, faults), Path(folder), None, sets, frames, faults)


def load_study(
    path: str | Path, sets: Iterable[str] = (), frames: Mapping[str, Any] | None = None
) -> Study:
    """The study in the YAML file at ``path`` with the scenario of every case built and checked.

    ``sets`` are settings such as ``solve.seconds=10``, put on top of every case. SpecError with
    every fault of the study, its base and its cases, each naming the case.
    """
    faults = Faults()
    path = Path(path)
    tree = Chain(path.parent, str(path.parent), faults).read(path, str(path))
    assert isinstance(tree.value, dict)
    if "base" not in tree.value and "data" in tree.value:
        raise SpecError(str(path), "is a scenario, not a study", "solve it as a scenario")
    return _study(tree, path.parent, path, sets, frames, faults)


def _study(
    tree: Node,
    folder: Path,
    path: Path | None,
    sets: Iterable[str],
    frames: Mapping[str, Any] | None,
    faults: Faults,
) -> Study:
    """The study of ``tree`` with its scenarios; ``path`` is its own file, if it has one."""
    tree = _without_empty_cases(tree, faults)
    study = check(Study, layer(NOTHING, tree), faults)
    if study is None:
        faults.check()
        raise AssertionError
    assert isinstance(tree.value, dict)
    if not study.cases and not study.sweep:
        faults.add(tree.origin, "has no cases and no sweep", "add 'cases:' or 'sweep:'")
    chain, base = _base(study.base, tree.value["base"], folder, path, faults)
    above = chain.given(sets)
    if chain.scenario([base]) is None:
        faults.check()
    patches = {**_named(tree.value.get("cases", NOTHING), faults)}
    for name, patch in _swept(tree.value.get("sweep", NOTHING), above, faults):
        patches[_unique(name, patches)] = patch
    _check_baseline(study.baseline, tree.value.get("baseline", tree), patches, faults)
    for name, patch in patches.items():
        layers = [base, _own_labels(name, chain.rebase(patch, folder), faults), above]
        scenario = chain.scenario(layers, frames, f"case {name!r}")
        if scenario is not None:
            study._scenarios[name] = scenario
    faults.check()
    study._folder = folder
    return study


def _without_empty_cases(tree: Node, faults: Faults) -> Node:
    """``tree`` with ``{}`` for cases that hold nothing at all, which are faults."""
    cases = tree.value.get("cases") if isinstance(tree.value, dict) else None
    if cases is None or not isinstance(cases.value, dict):
        return tree
    assert isinstance(tree.value, dict)
    filled = dict(cases.value)
    for name, case in cases.value.items():
        if case.value is None:
            fix = "write {} for the base as it is, or what changes"
            faults.add(case.origin, "the case is empty", fix, ("cases", name))
            filled[name] = Node({}, case.origin)
    return Node({**tree.value, "cases": Node(filled, cases.origin)}, tree.origin)


def _base(
    written: str, node: Node, folder: Path, path: Path | None, faults: Faults
) -> tuple[Chain, Node]:
    """The chain that starts at the base scenario's folder, and the base's tree."""
    file = folder / written
    if path is not None and os.path.abspath(file) == os.path.abspath(path):
        faults.add(node.origin, "the study names itself", "name a scenario's file", ("base",))
        faults.check()
    chain = Chain(file.parent, str(file.parent), faults)
    try:
        tree = chain.read(file, os.path.normpath(file))
    except SpecError as error:
        fault = error.faults[0]
        faults.add(node.origin, f"{fault.where}: {fault.what}", fault.fix, ("base",))
        faults.check()
        raise
    assert isinstance(tree.value, dict)
    if {"base", "cases", "sweep"} & set(tree.value):
        faults.add(
            node.origin, f"{written} is a study", "name the file of a scenario", ("base",)
        )  # fmt: skip
        faults.check()
    return chain, tree


def _named(cases: Node, faults: Faults) -> dict[str, Node]:
    """The patch of each named case."""
    assert isinstance(cases.value, dict)
    found: dict[str, Node] = {}
    for name, patch in cases.value.items():
        if name == TODAY:
            fix = "choose another name: 'today' stands for the books as they are"
            faults.add(patch.origin, "the name 'today' is taken", fix, ("cases", name))
            continue
        found[name] = undot(patch, faults)
    return found


def _swept(sweep: Node, above: Node, faults: Faults) -> Iterator[tuple[str, Node]]:
    """A name and a patch for each combination of the sweep's values."""
    assert isinstance(sweep.value, dict)
    axes: list[list[tuple[str, Node]]] = []
    for dotted, values in sweep.value.items():
        place = ("sweep", dotted)
        keys = keys_of(dotted)
        assert isinstance(values.value, list)
        if keys is None:
            fix = "write the keys down to a setting, such as rules.stay.max_share"
            faults.add(values.origin, f"{dotted!r} is no place", fix, place)
            continue
        if not values.value:
            faults.add(values.origin, "no values to try", "write at least one", place)
        if _sets(above, keys):
            fix = "drop one of the two: all values would be replaced by that one"
            faults.add(values.origin, "is swept and set with --set", fix, place)
        seen: dict[str, int] = {}
        for value in values.value:
            text = json.dumps(value.plain(), ensure_ascii=False, sort_keys=True)
            if (line := seen.get(text)) is not None:
                fix = f"keep one of the two (the first is in line {line})"
                faults.add(value.origin, f"{text} is tried twice", fix, place)
            seen[text] = value.origin.line
        short = dotted.removeprefix("rules.")
        axes.append([(f"{short}={_shown(one.plain())}", nest(keys, one)) for one in values.value])
    count = prod(len(axis) for axis in axes)
    if count > MOST_CASES:
        what = f"{count:,} combinations, more than {MOST_CASES:,}"
        faults.add(sweep.origin, what, "try fewer values", ("sweep",))
        return
    for number, combination in enumerate(product(*axes) if axes else (), start=1):
        patch = NOTHING
        for _, one in combination:
            patch = join(patch, one, faults, ())
        name = ", ".join(text for text, _ in combination)
        yield (name if len(name) <= 120 else f"sweep {number}"), Node(patch.value, sweep.origin)


def _sets(tree: Node, keys: Iterable[str]) -> bool:
    """Whether ``tree`` sets the place that ``keys`` name, or all of what is around it."""
    node = tree
    for key in keys:
        if not isinstance(node.value, dict):
            return True
        if key not in node.value:
            return False
        node = node.value[key]
    return not isinstance(node.value, dict)


def _shown(value: Any) -> str:
    """A value as it stands in the name of a case, which may become a file's name."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return re.sub(r"[/\\\x00-\x1f]", "_", text).strip() or "''"


def _unique(name: str, taken: Iterable[str]) -> str:
    """``name``, with a number behind it when another case has it."""
    names, number = set(taken), 1
    found = name
    while found in names or found == TODAY:
        number += 1
        found = f"{name} ({number})"
    return found


def _own_labels(name: str, patch: Node, faults: Faults) -> Node:
    """``patch`` with the name of its case, and with no title or description but its own."""
    assert isinstance(patch.value, dict)
    if "name" in patch.value:
        at = patch.value["name"].origin
        fix = "delete it; write a title to say more"
        faults.add(at, "a case is named by its key", fix, ("cases", name, "name"))
    blank = Node("", patch.origin)
    labels = {"title": blank, "description": blank, **patch.value, "name": Node(name, patch.origin)}
    return Node(labels, patch.origin)


def _check_baseline(baseline: str, node: Node, patches: Mapping[str, Node], faults: Faults) -> None:
    names = (TODAY, *patches)
    if baseline not in names:
        fix = meant(baseline, names, f"write one of: {', '.join(names[:20])}")
        faults.add(node.origin, f"{baseline!r} is no case of the study", fix, ("baseline",))
