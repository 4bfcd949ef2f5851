"""Tables and rules of a benchmark instance, and the model that they make without the engine.

The rules are written once, in the words of a scenario file. ``model_of`` makes their rows and costs
straight from arrays; ``instance_files.py`` writes the same tables and rules as files. That both say
the same is a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optiterr.errors import DataError
from optiterr.model import Model, ModelBuilder
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band, worst
from optiterr.tighten import tightened

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rule = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Tables:
    """What an instance says: measures by column, candidate pairs, today's owners and the rules.

    ``account``, ``rep`` and ``pair`` hold columns of numbers; ``account_text`` and ``rep_text``
    columns that only a scenario file needs, such as skills, which ``pairs`` already keep. ``owner``
    is the rep of each account today (None: nobody owns anything), ``hidden`` a plan that keeps
    every hard rule (None: no such plan is known).
    """

    name: str
    pairs: Pairs
    reps: int
    account: Mapping[str, NDArray[Any]]
    rep: Mapping[str, NDArray[Any]]
    pair: Mapping[str, Floats]
    rules: Mapping[str, Rule]
    owner: Ints | None = None
    hidden: Ints | None = None
    note: str = ""
    account_text: Mapping[str, NDArray[np.object_]] = field(default_factory=dict)
    rep_text: Mapping[str, NDArray[np.object_]] = field(default_factory=dict)

    @property
    def account_ids(self) -> NDArray[np.object_]:
        """Ids of the accounts, in their order."""
        return numbered("a", self.pairs.accounts)

    @property
    def rep_ids(self) -> NDArray[np.object_]:
        """Ids of the reps, in their order."""
        return numbered("r", self.reps)

    def amount(self, measure: str) -> Floats:
        """A measure of each account; ``accounts`` counts each as one."""
        if measure == "accounts":
            return np.ones(self.pairs.accounts)
        return np.asarray(self.account[measure], dtype=float)

    def load(self, measure: str) -> Floats:
        """A measure of each pair: that of the pair, or else that of its account."""
        if measure in self.pair:
            return self.pair[measure]
        return self.amount(measure)[self.pairs.account]


def numbered(letter: str, count: int) -> NDArray[np.object_]:
    """Ids that sort as they count."""
    width = max(4, len(str(count)))
    return np.asarray(np.char.mod(f"{letter}%0{width}d", np.arange(count)).astype(object))


def model_of(tables: Tables) -> Model:
    """The model of ``tables``: the rows and costs of each rule, in order."""
    builder = ModelBuilder(tables.account_ids, tables.rep_ids, tables.pairs)
    for name, rule in tables.rules.items():
        if rule["kind"] in COMPILE:
            COMPILE[rule["kind"]](name, rule, tables, builder)
    return tightened(builder.build())


def _travel(name: str, rule: Rule, tables: Tables, builder: ModelBuilder) -> None:
    cost = rule["price"] * tables.pair[rule["measure"]]
    if "visits" in rule:
        cost *= tables.load(rule["visits"])
    builder.add_cost(name, cost)


def _cost(name: str, rule: Rule, tables: Tables, builder: ModelBuilder) -> None:
    builder.add_cost(name, rule["price"] * tables.pair[rule["value"]])


def _capacity(name: str, rule: Rule, tables: Tables, builder: ModelBuilder) -> None:
    limit = np.asarray(tables.rep[rule["limit"]], dtype=float)
    builder.add_rep_rows(name, Band.of(tables.reps, upper=limit), tables.load(rule["measure"]))


def _target(measure: str, tables: Tables) -> Floats:
    """An equal part of everything for each rep."""
    share = np.full(tables.reps, 1.0 / tables.reps)
    return np.asarray(share * tables.amount(measure).sum())


def _balance(name: str, rule: Rule, tables: Tables, builder: ModelBuilder) -> None:
    target, within = _target(rule["measure"], tables), rule.get("within", 0.0)
    low, high = target * (1 - within), target * (1 + within)
    band = Band.of(tables.reps, lower=low, upper=high)
    if "price" in rule:
        price = rule["price"]
        band = Band.of(tables.reps, low=low, high=high, price_below=price, price_above=price)
    builder.add_rep_rows(name, band, tables.load(rule["measure"]))


def _fairness(name: str, rule: Rule, tables: Tables, builder: ModelBuilder) -> None:
    target = _target(rule["measure"], tables)
    charge = worst(np.zeros(tables.reps, dtype=np.int64), target, rule["price"], 1.0 / target)
    builder.add_rep_rows(name, charge, tables.load(rule["measure"]))


def _disruption(name: str, rule: Rule, tables: Tables, builder: ModelBuilder) -> None:
    assert tables.owner is not None
    amount, account = tables.amount(rule["of"]), tables.pairs.account
    stays = tables.pairs.rep == tables.owner[account]
    if "price" in rule:
        builder.add_cost(name, np.where(stays, 0.0, (rule["price"] * amount)[account]))
        return
    pair = np.flatnonzero(stays)
    own = amount[account[pair]]
    if "max_share" in rule:
        everyone = np.zeros(len(amount), dtype=np.int64)
        book = np.bincount(everyone, amount, 1)
        band = Band.of(1, lower=book - rule["max_share"] * book)
        builder.add_rows(name, band, ["all"], everyone[account[pair]], pair, own, "moved-share")
    if "rep_out_max_share" in rule:
        book = np.bincount(tables.owner, amount, tables.reps)
        band = Band.of(tables.reps, lower=book - rule["rep_out_max_share"] * book)
        row = tables.owner[account[pair]]
        builder.add_rows(name, band, tables.rep_ids, row, pair, own, "out-share")


COMPILE: dict[str, Callable[[str, Rule, Tables, ModelBuilder], None]] = {
    "travel": _travel,
    "cost": _cost,
    "capacity": _capacity,
    "balance": _balance,
    "fairness": _fairness,
    "disruption": _disruption,
}
"""Rows and costs by kind of rule. Skills have none: pairs without them are no candidates."""


@dataclass(frozen=True, eq=False)
class Instance:
    """A model, and what is known of it.

    ``today_choice`` holds the pair of each account with its owner of today (None: nobody owns
    anything), and may break hard rules. ``hidden_choice`` is a plan that keeps all of them (None:
    none is known); it is there to prove that there is one, not to start from. ``best_known`` is the
    published cost.
    """

    name: str
    family: str
    seed: int
    model: Model
    today_choice: Ints | None
    note: str
    hidden_choice: Ints | None = None
    best_known: float | None = None


def instance_of(
    family: str, tables: Tables, seed: int = 0, best_known: float | None = None
) -> Instance:
    """The instance that ``tables`` describe, its hidden plan recounted."""
    model = model_of(tables)

    def choice(rep: Ints | None) -> Ints | None:
        return None if rep is None else tables.pairs.find(np.arange(len(rep)), rep)

    hidden = choice(tables.hidden)
    if hidden is not None and ((hidden < 0).any() or broken(model, hidden)):
        what = ", ".join(broken(model, hidden)) if (hidden >= 0).all() else "its candidates"
        raise DataError(
            f"instance {tables.name}",
            f"the plan that it was drawn around breaks {what}",
            "ask for more accounts a rep, or another seed",
        )
    return Instance(
        tables.name, family, seed, model, choice(tables.owner), tables.note, hidden, best_known
    )


def broken(model: Model, choice: Ints) -> list[str]:
    """Names of the blocks whose hard limits the picked pairs break; empty for a plan."""
    x = model.picks(choice)
    return [
        block.name
        for block, load in zip(model.blocks, model.loads(x), strict=True)
        if not np.isfinite(block.function.value(load)).all()
    ]


def soft_cost(model: Model, choice: Ints) -> float:
    """What the picked pairs cost when hard limits are not looked at: today's books break some."""
    x = model.picks(choice)
    total = float(model.cost @ x) + model.constant
    for block, load in zip(model.blocks, model.loads(x), strict=True):
        charge = block.function
        if isinstance(charge, Band):
            ends = np.full(charge.rows, np.inf)
            charge = replace(charge, lower=-ends, upper=ends)
        total += float(charge.value(load).sum())
    return total
