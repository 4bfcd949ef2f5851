"""The scenario: data, named rules and solver options, read from a file and checked as a whole."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr

from optiterr.errors import SpecError, meant
from optiterr.scenario.checking import check, said, unknown
from optiterr.scenario.formulation import ModelSpec, build
from optiterr.scenario.layers import NOTHING, layer, packaged, settings
from optiterr.scenario.measuring import check_measures
from optiterr.scenario.ranking import check_priorities
from optiterr.scenario.tree import Faults, Node, from_python, write
from optiterr.scenario.yamltext import read_file
from optiterr.tables.spec import DataSpec


class Scenario(ModelSpec):
    """Data plus named rules: everything that decides what a good plan is.

    Rules keep the order in which they are written (inherited ones first); the order changes how a
    model is laid out, never what it means, and not the fingerprint. Relative paths of data start at
    ``folder``, the folder of the scenario's file.
    """

    model: str | None = Field(
        None,
        exclude=True,
        min_length=1,
        max_length=1000,
        description="model whose measures, rules and solver options come first: a name in models/, "
        "or a path",
    )
    planning_date: dt.date | None = Field(
        None, description="the day that dates in rules are compared with"
    )
    data: DataSpec = Field(description="the tables: accounts, reps, pairs, and others")

    _folder: Path = PrivateAttr(default=Path("."))
    _tree: Node = PrivateAttr(default=NOTHING)
    _frames: Mapping[str, Any] | None = PrivateAttr(default=None)

    @property
    def folder(self) -> Path:
        """The folder where relative paths of data start."""
        return self._folder

    @property
    def frames(self) -> Mapping[str, Any] | None:
        """Tables handed over from Python by the names that ``data`` gives them."""
        return self._frames

    def to_dict(self) -> dict[str, Any]:
        """Every setting as plain JSON values, defaults written out, the model's rules included.

        Complete in itself: ``Scenario.from_dict`` gives an equal scenario whatever becomes of the
        model's file. ``model`` is therefore left out.
        """
        return self.model_dump(mode="json", by_alias=True)

    def to_yaml(self) -> str:
        """A scenario file with every default written out; loading it gives an equal scenario."""
        return write(self.to_dict()) + "\n"

    def fingerprint(self) -> str:
        """SHA-256 of what is asked: data, groups, measures, rules, planning date, solver options.

        The same for scenarios that ask the same: the order of keys and rules, comments, defaults
        left out, the model's name, and the name, title and description do not count. Paths count as
        written relative to the folder, not where that folder is.
        """
        asked = self.to_dict()
        for label in ("name", "title", "description"):
            del asked[label]
        text = json.dumps(_canonical(asked), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def origin_of(self, place: str) -> str:
        """Where a setting such as ``rules.balance.within`` was made: file:line:column, or default.

        SpecError when there is no such setting.
        """
        node: Node | None = self._tree
        value: Any = {"model": self.model, **self.to_dict()}
        for key in place.split("."):
            known = list(value) if isinstance(value, dict) else []
            if isinstance(value, list):
                known = [str(at) for at in range(len(value))]
            if key not in known:
                raise SpecError(place, *unknown(key, known))
            value = value[key] if isinstance(value, dict) else value[int(key)]
            below = node.value if node else None
            if isinstance(below, dict):
                node = below.get(key)
            else:
                node = below[int(key)] if isinstance(below, list) else None
        return (str(node.origin) if node else "") or "default"

    @classmethod
    def from_dict(
        cls,
        settings_: Mapping[str, Any],
        folder: str | Path = ".",
        sets: Iterable[str] = (),
        frames: Mapping[str, Any] | None = None,
    ) -> Scenario:
        """The scenario that a mapping describes, as a file of the same content would.

        SpecError with every fault found.
        """
        faults = Faults()
        tree = from_python(settings_, faults)
        chain = Chain(Path(folder), str(folder), faults)
        scenario = chain.scenario([tree, chain.given(sets)], frames)
        faults.check()
        assert scenario is not None
        return scenario

    def __eq__(self, other: object) -> bool:
        """Whether both say the same, wherever it was written."""
        if not isinstance(other, Scenario):
            return NotImplemented
        return bool(_canonical(self.to_dict()) == _canonical(other.to_dict()))

    def __hash__(self) -> int:
        return hash(self.fingerprint())


def load(
    path: str | Path, sets: Iterable[str] = (), frames: Mapping[str, Any] | None = None
) -> Scenario:
    """The scenario in the YAML file at ``path``: its model, then the file, then ``sets`` on top.

    ``sets`` are settings such as ``rules.balance.within=0.1``. A relative path of data starts at
    the folder of the file that sets it, in ``sets`` at the current folder; it is kept relative to
    the scenario's folder. ``frames`` are tables for ``frame:`` entries. SpecError with every fault.
    """
    faults = Faults()
    path = Path(path)
    chain = Chain(path.parent, str(path.parent), faults)
    tree = chain.read(path, str(path))
    if isinstance(tree.value, dict) and {"base", "cases", "sweep"} & set(tree.value):
        raise SpecError(str(path), "is a study, not a scenario", "run it as a study")
    scenario = chain.scenario([tree, chain.given(sets)], frames)
    faults.check()
    assert scenario is not None
    return scenario


def load_model(name: str | Path) -> ModelSpec:
    """The model of that name in models/, or in the file at that path."""
    faults = Faults()
    tree = Chain(Path("."), "", faults).model(str(name))
    spec = build(ModelSpec, tree, faults, "")
    faults.check()
    assert spec is not None
    return spec


class Chain:
    """Reads the files of one scenario or study, each once, and puts them on top of each other.

    ``root`` is the folder that relative paths are rewritten to start from, ``shown`` its name in
    messages.
    """

    def __init__(self, root: Path, shown: str, faults: Faults) -> None:
        self.root = root
        self.shown = shown
        self.faults = faults
        self._models: dict[str, Node] = {}

    def read(self, path: Path, shown: str) -> Node:
        """The tree of one file, its relative paths rewritten to start at the root."""
        tree = read_file(path, shown, self.faults)
        if not isinstance(tree.value, dict):
            raise SpecError(
                str(tree.origin), f"the file holds {said(tree.value)}, not a mapping",
                "start with lines such as 'schema: 1' and 'name: ...'",
            )  # fmt: skip
        return self.rebase(tree, path.parent)

    def given(self, sets: Iterable[str]) -> Node:
        """The layer of settings given by hand, their paths starting at the current folder."""
        return self.rebase(settings(sets), Path("."))

    def rebase(self, tree: Node, folder: Path) -> Node:
        """``tree`` with the paths that it sets, relative to ``folder``, relative to the root."""
        if os.path.abspath(folder) == os.path.abspath(self.root):
            return tree
        return _rebased(tree, folder, self.root, ())

    def model(self, name: str) -> Node:
        """The tree of a model, named or at a path that starts at the root."""
        if name in self._models:
            return self._models[name]
        if _is_path(name):
            path = self.root / name
            tree = self.read(path, os.path.normpath(Path(self.shown) / name))
        else:
            folder = packaged("models")
            names = sorted(one.stem for one in folder.glob("*.yaml")) if folder.is_dir() else []
            if name not in names:
                known = f"write one of {', '.join(names)}" if names else "write the path of a file"
                raise SpecError(
                    "model",
                    f"there is no model {name!r}",
                    meant(name, names, f"{known}, or a path ending in .yaml"),
                )
            tree = self.read(folder / f"{name}.yaml", f"models/{name}.yaml")
        self._models[name] = layer(NOTHING, tree)
        return self._models[name]

    def scenario(
        self, layers: list[Node], frames: Mapping[str, Any] | None = None, case: str = ""
    ) -> Scenario | None:
        """The scenario that ``layers`` make on top of their model; None with the faults noted."""
        before = len(self.faults)
        tree = self.merged(layers, case)
        scenario = build(Scenario, tree, self.faults, case)
        if scenario is not None:
            check_measures(scenario, tree, self.faults, case)
            check_priorities(scenario, tree, self.faults, case)
        if scenario is None or len(self.faults) > before:
            return None
        scenario._folder = self.root
        scenario._tree = tree
        scenario._frames = frames
        return scenario

    def merged(self, layers: list[Node], case: str = "") -> Node:
        """All layers as one tree, what the model says lowest."""
        top = reduce(layer, layers, NOTHING).value
        named = top.get("model") if isinstance(top, dict) else None
        if named is None or not isinstance(named.value, str):
            return reduce(layer, layers, NOTHING)
        try:
            model = self.model(named.value)
        except SpecError as error:
            for fault in error.faults:
                at = () if fault.where == "model" else (f"model {fault.where}",)
                self.faults.add(named.origin, fault.what, fault.fix, at or ("model",), case)
            return reduce(layer, layers, NOTHING)
        assert isinstance(model.value, dict)
        kept: dict[str, Node] = {
            key: model.value[key]
            for key in ("groups", "measures", "rules", "priorities", "solve")
            if key in model.value
        }
        head = {key: node for key, node in model.value.items() if key not in kept}
        head.setdefault("name", Node(named.value, model.origin))
        check(ModelSpec, Node(head, model.origin), self.faults, (), case)
        return reduce(layer, layers, Node(kept, model.origin))


def _is_path(name: str) -> bool:
    return name.endswith((".yaml", ".yml")) or "/" in name or "\\" in name


def _rebased(node: Node, here: Path, root: Path, place: tuple[str, ...]) -> Node:
    if isinstance(node.value, dict):
        found = {k: _rebased(one, here, root, (*place, k)) for k, one in node.value.items()}
        return Node(found, node.origin, node.dead)
    data = place[:1] == ("data",) and place[-1] == "file" and len(place) == 3 + ("tables" in place)
    if not isinstance(node.value, str) or not (data or place == ("model",)):
        return node
    if os.path.isabs(node.value) or (not data and not _is_path(node.value)):
        return node
    try:
        path = os.path.relpath(os.path.abspath(here / node.value), os.path.abspath(root))
    except ValueError:  # another drive
        path = os.path.abspath(here / node.value)
    return Node(Path(path).as_posix(), node.origin)


def _canonical(value: Any) -> Any:
    """Plain values where equal numbers look equal: 1.0 is 1 and -0.0 is 0."""
    if isinstance(value, dict):
        return {key: _canonical(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_canonical(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
