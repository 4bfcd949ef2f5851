"""Good scenarios, studies and models, and damaged copies of them in folders of their own."""

from __future__ import annotations

import random
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from campaigns.mutants import changed, damaged, damaged_table, text_of
from campaigns.outcomes import Outcome, judge_file, judge_study, judge_tree
from campaigns.scenarios import draw
from optiterr.scenario.tree import Faults
from optiterr.scenario.yamltext import parse

ROOT = Path(__file__).resolve().parents[2]
LARGE = 100_000
"""Bytes of tables from which on a scenario is damaged less often."""


@dataclass(frozen=True)
class Good:
    """A good scenario or study: its text and the folder of its tables. ``model`` is the text of a
    model that is written beside it and damaged in its place."""

    name: str
    text: bytes
    folder: Path | None = None
    model: bytes | None = None

    @property
    def weight(self) -> float:
        """How often it is damaged."""
        if self.name == "rich":
            return 40.0
        tables = self.folder.glob("*.csv") if self.folder else ()
        size = sum(one.stat().st_size for one in tables)
        return 0.3 if size > LARGE else 2.0


def goods() -> list[Good]:
    """Everything that is damaged, random scenarios aside."""
    found = [Good("rich", (ROOT / "tests" / "campaigns" / "rich.yaml").read_bytes())]
    found += [
        Good(str(path.relative_to(ROOT)), path.read_bytes(), path.parent)
        for path in sorted((ROOT / "scenarios").rglob("*.yaml"))
    ]
    quick = ROOT / "scenarios" / "quickstart"
    for path in sorted((ROOT / "models").glob("*.yaml")):
        text = (
            (quick / "quickstart.yaml").read_bytes().replace(b"model: balanced", b"model: m.yaml")
        )
        found.append(Good(str(path.relative_to(ROOT)), text, quick, path.read_bytes()))
    for path in sorted((ROOT / "docs").rglob("*.md")):
        for at, block in enumerate(re.findall(r"```yaml\n(.*?)```", path.read_text(), re.DOTALL)):
            if "schema: 1" in block and "records:" in block:
                found.append(Good(f"{path.relative_to(ROOT)} {at + 1}", block.encode()))
    return found


@dataclass(frozen=True, eq=False)
class Mutant:
    """A damaged scenario: a file in a folder of its own, or a tree."""

    name: str
    folder: Path
    text: bytes | None
    tree: Any = None

    @property
    def study(self) -> bool:
        """Whether it was a study."""
        return self.name.split(",")[0].endswith(".study.yaml")

    def judged(self, *, solved: bool) -> Outcome:
        """What comes of it."""
        if self.study:
            return judge_study(self.folder / "scenario.yaml")
        if self.text is None:
            return judge_tree(self.tree, self.folder, solved=solved)
        return judge_file(self.folder / "scenario.yaml", solved=solved)


def mutant(seed: int, number: int, known: list[Good], folder: Path) -> Mutant:
    """Mutant ``number`` of a campaign, its files written to ``folder``."""
    rng = random.Random(f"{seed} {number}")
    if rng.random() < 0.35:
        tree = changed(draw(np.random.default_rng([seed, number])).settings, rng)
        if rng.random() < 0.5:
            return Mutant("drawn, tree", folder, None, tree)
        return _written("drawn, file", folder, text_of(tree).encode())
    good = rng.choices(known, [one.weight for one in known])[0]
    _copied(good, folder, rng)
    if good.model is not None:
        model = damaged(good.model, rng)
        if rng.random() < 0.6:
            model = text_of(changed(tree_of(good.model), rng)).encode()
        (folder / "m.yaml").write_bytes(model)
        return _written(good.name, folder, good.text)
    how = rng.random()
    if how < 0.3:
        return _written(good.name, folder, damaged(good.text, rng))
    if how < 0.5 and good.folder is not None:
        return _written(f"{good.name}, tables", folder, good.text)
    tree = changed(tree_of(good.text), rng)
    if how < 0.7 and good.folder is None:
        return Mutant(f"{good.name}, tree", folder, None, tree)
    return _written(good.name, folder, text_of(tree).encode())


def _copied(good: Good, folder: Path, rng: random.Random) -> None:
    """The tables and neighbours of a good scenario beside its mutant, perhaps damaged.

    Paths that lead out of the folder find the copy of what they led to.
    """
    if good.folder is None:
        return
    home = ROOT / "scenarios"
    for path in good.folder.rglob("*"):
        if path.suffix in (".csv", ".yaml"):
            target = folder / path.relative_to(good.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    for file in re.findall(rb"(\.\./[\w./-]+\.(?:csv|yaml))", good.text):
        source, target = good.folder / file.decode(), folder / file.decode()
        if source.exists() and source.resolve().is_relative_to(home):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    if rng.random() < 0.5:
        tables = sorted(folder.glob("*.csv"))
        table = rng.choice(tables) if tables else None
        if table is not None:
            table.write_bytes(damaged_table(table.read_bytes(), rng))


def tree_of(text: bytes) -> Any:
    """The tree of good YAML; dates are text, as in our files."""
    return parse(text.decode(), "good", Faults()).plain()


def _written(name: str, folder: Path, text: bytes) -> Mutant:
    (folder / "scenario.yaml").write_bytes(text)
    return Mutant(name, folder, text)
