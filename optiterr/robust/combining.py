"""Models of several futures over the same pairs, made into one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from scipy import sparse

from optiterr.compile import joined, model_of, with_optional
from optiterr.contraction import units
from optiterr.errors import DataError, Fault, SpecError
from optiterr.model import Block, Model
from optiterr.pairs import Floats
from optiterr.problem import Problem
from optiterr.rowfunctions import Band, Piecewise, RowFunction
from optiterr.rules import Rule
from optiterr.spread import Spread
from optiterr.worst_of import WorstOf

LIMITS = "limits"
"""The term under which hard limits stand; they cost nothing."""
WORST = "worst"
"""The term of the dearest futures."""


@dataclass(frozen=True, eq=False)
class Futures:
    """Models of all futures over the same accounts, reps and pairs, and their probabilities.

    ``limits`` are the models whose hard limits every plan has to keep.
    """

    models: Mapping[str, Model]
    limits: Mapping[str, Model]
    probability: Floats
    priced: frozenset[str]

    @property
    def base(self) -> Model:
        """A model that has the accounts, reps and pairs of them all."""
        return next(iter(self.models.values()))

    def costs(self, x: Floats) -> Floats:
        """What ``x`` costs in each future, broken limits aside."""
        return np.array([self._cost(model, x) for model in self.models.values()])

    def _cost(self, model: Model, x: Floats) -> float:
        charges = (
            float(function.value(block.matrix @ x).sum())
            for block, function in self._charging(model)
        )
        return float(model.cost @ x) + model.constant + sum(charges)

    def keeps(self, x: Floats) -> bool:
        """Whether ``x`` keeps every hard limit."""
        return all(np.isfinite(model.value(x)) for model in self.limits.values())

    def _charging(self, model: Model) -> Iterator[tuple[Block, RowFunction]]:
        """The blocks that charge something, and their charges without limits."""
        for block in model.blocks:
            if block.rule in self.priced:
                charge = freed(block)
                if has_prices(charge):
                    yield block, charge

    def alone(self, name: str) -> Model:
        """The model that charges what a plan costs in one future."""
        costs, constants, blocks = self._terms(name, 1.0)
        return self._made({name: costs}, {name: constants}, [*self._limits(), *blocks])

    def together(self, most: Floats | None = None, best: Floats | None = None) -> Model:
        """The model with a term for each future, its cost times its probability, and with ``most``
        one more: the dearest of all costs less ``best`` (see :class:`WorstOf`)."""
        costs: dict[str, Floats] = {}
        constants: dict[str, float] = {}
        blocks = list(self._limits())
        for name, weight in zip(self.models, self.probability, strict=True):
            costs[name], constants[name], charges = self._terms(name, float(weight))
            blocks += charges
        if most is not None:
            blocks.append(self._worst(most, np.zeros(len(most)) if best is None else best))
        return self._made(costs, constants, blocks)

    def _made(
        self, costs: dict[str, Floats], constants: dict[str, float], blocks: list[Block]
    ) -> Model:
        return replace(
            self.base,
            costs=MappingProxyType(costs),
            constants=MappingProxyType(constants),
            blocks=tuple(blocks),
        )

    def _limits(self) -> Iterator[Block]:
        for name, model in self.limits.items():
            for block in model.blocks:
                if has_limits(block.function):
                    yield replace(
                        block,
                        name=f"{LIMITS}/{name}/{block.name}",
                        rule=LIMITS,
                        function=block.function.scaled(0.0),
                    )

    def _terms(self, name: str, weight: float) -> tuple[Floats, float, list[Block]]:
        model = self.models[name]
        blocks = [
            replace(block, name=f"{name}/{block.name}", rule=name, function=charge.scaled(weight))
            for block, charge in self._charging(model)
        ]
        return weight * model.cost, weight * model.constant, blocks

    def _worst(self, most: Floats, best: Floats) -> Block:
        """The rows of all futures' charges, and one more each for what its pairs cost."""
        inner: list[RowFunction] = []
        future: list[int] = []
        matrices: list[sparse.csr_array] = []
        labels: list[str] = []
        for place, (name, model) in enumerate(self.models.items()):
            for block, charge in self._charging(model):
                inner.append(charge)
                future.append(place)
                matrices.append(block.matrix)
                labels += [f"{name}/{block.name}: {label}" for label in block.labels]
        models = self.models.values()
        matrices += [sparse.csr_array(model.cost[np.newaxis, :]) for model in models]
        labels += [f"{name}: pairs" for name in self.models]
        constant = np.array([model.constant for model in models]) - best
        return Block(
            WORST,
            WORST,
            tuple(labels),
            sparse.vstack(matrices).tocsr(),
            WorstOf.of(inner, future, constant, most),
        )


def futures_models(
    rules: Mapping[str, Rule],
    problems: Mapping[str, Problem],
    limits: Mapping[str, Problem],
    probability: Floats,
) -> Futures:
    """The models of ``problems``, over the pairs that hard rules allow in all of ``limits``.

    Accounts that a hard rule keeps together in any of ``limits`` are one; those may stay open that
    may in all of them. The problems have the same accounts, reps and pairs (DataError otherwise).
    """
    every = {**limits, **problems}
    _alike(every)
    first = next(iter(limits.values()))
    kept, optional = np.ones(len(first.pairs), dtype=bool), np.ones(len(first.accounts), dtype=bool)
    labels = []
    for problem in limits.values():
        for rule in rules.values():
            mask = rule.allowed(problem)
            kept &= True if mask is None else mask
        optional &= with_optional(rules, problem).optional
        labels += list(joined(rules, problem).values())
    unit = units(labels, len(first.accounts))
    priced = {name: rule for name, rule in rules.items() if rule.price is not None}

    def compiled(problem: Problem, some: Mapping[str, Rule]) -> Model:
        pruned = problem.keep(kept).with_(optional=optional)
        return model_of(some, pruned, unit)

    bound = {name: compiled(problem, rules) for name, problem in limits.items()}
    models = {
        name: bound[name] if limits.get(name) is problem else compiled(problem, priced)
        for name, problem in problems.items()
    }
    return Futures(models, bound, probability, frozenset(priced))


def _alike(problems: Mapping[str, Problem]) -> None:
    """DataError for each problem with other accounts, reps or pairs than the first."""
    names = list(problems)
    first = problems[names[0]]
    faults = []
    for name in names[1:]:
        other = problems[name]
        for what, mine, theirs in (
            ("accounts", first.account_ids, other.account_ids),
            ("reps", first.rep_ids, other.rep_ids),
            ("accounts of pairs", first.pairs.account, other.pairs.account),
            ("reps of pairs", first.pairs.rep, other.pairs.rep),
        ):
            if not np.array_equal(mine, theirs):
                faults.append(
                    Fault(
                        f"future {name!r}",
                        f"has other {what} than {names[0]!r}, or in another order",
                        "futures are the same accounts, reps and pairs with other measures",
                    )
                )
                break
    if faults:
        raise DataError.of(faults)


def has_limits(function: RowFunction) -> bool:
    """Whether some loads are forbidden, so that prices are right even where nothing is charged."""
    return has_prices(function.scaled(0.0))


def has_prices(function: RowFunction) -> bool:
    """Whether any price but 0 is right: not so for what neither charges nor forbids."""
    unit = np.ones(function.rows)
    return bool((function.project(unit) != 0).any() or (function.project(-unit) != 0).any())


def freed(block: Block) -> RowFunction:
    """The charge of a block without its hard limits: the price goes on where they were.

    A cost given by points goes no further than it is given. SpecError where charge and limits
    cannot be told apart.
    """
    function = block.function
    if not has_limits(function) or isinstance(function, Piecewise):
        return function
    if isinstance(function, Band):
        return Band.of(
            block.rows,
            low=np.where(function.price_below > 0, function.low, -np.inf),
            high=np.where(function.price_above > 0, function.high, np.inf),
            price_below=function.price_below,
            price_above=function.price_above,
        )
    if isinstance(function, Spread):
        high = np.where(function.price > 0, function.high, np.inf)
        return replace(function, high=high, upper=np.full_like(high, np.inf))
    raise SpecError(
        f"rule {block.rule!r}",
        "charges and forbids in a way that cannot be told apart for futures",
        "make it two rules: a hard one and a priced one",
    )
