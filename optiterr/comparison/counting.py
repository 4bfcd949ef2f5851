"""Books counted from the tables: what each rep carries, and the figures that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optiterr.comparison.figures import balance
from optiterr.comparison.quality import covered, earned, suited, told
from optiterr.errors import DataError
from optiterr.findings import Finding, Weight
from optiterr.pairs import Floats, Ints, Mask, great_circle_km
from optiterr.plan import Plan
from optiterr.problem import COUNT, DEPARTED, NOBODY, Problem
from optiterr.rowfunctions import slack_of
from optiterr.rules import Rule


@dataclass(frozen=True, eq=False)
class Today:
    """Today's books, judged."""

    values: dict[str, float]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class Count:
    """A problem and its rules, and the ways of counting a vector of rep positions (-1: nobody)."""

    data: Problem
    rules: Mapping[str, Rule]

    @cached_property
    def owner(self) -> Ints:
        return np.maximum(self.data.owner, -1).astype(np.int32)

    @cached_property
    def names(self) -> dict[str, str]:
        """Names of reps by id, where the roster has them."""
        reps = self.data.reps
        if "name" not in reps:
            return {}
        return {i: text_of(name) for i, name in zip(reps["rep_id"], reps["name"], strict=True)}

    @cached_property
    def owner_ids(self) -> NDArray[np.object_]:
        """Today's owner as written, None where nobody owns the account."""
        ids = np.full(len(self.data.owner), None, dtype=object)
        held = self.data.owner >= 0
        ids[held] = self.data.rep_ids[self.data.owner[held]]
        gone = self.data.owner == DEPARTED
        if gone.any():
            ids[gone] = self.data.accounts["owner_id"].to_numpy(dtype=object)[gone]
        return ids

    @cached_property
    def specs(self) -> dict[str, dict[str, Any]]:
        return {name: rule.model_dump(mode="json") for name, rule in self.rules.items()}

    @cached_property
    def priced(self) -> tuple[str, ...]:
        return tuple(name for name, rule in self.rules.items() if rule.price is not None)

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """What is added up per book: what rules measure, and mapped numbers without gaps."""
        reads = [column for rule in self.rules.values() for column in rule.asks()]
        asked = [column.name for column in reads if column.table == "measure"]
        points = {"latitude", "longitude"}
        for spec in self.specs.values():
            points |= {str(spec.get(name)) for name in ("latitude", "longitude")}
            points |= set(spec.get("levels") or ())
        known = [
            str(name)
            for name, values in self.data.accounts.items()
            if name not in points
            and pd.api.types.is_numeric_dtype(values)
            and not pd.api.types.is_bool_dtype(values)
            and np.isfinite(values.to_numpy(dtype=float)).all()
        ]
        first = [name for name in ("revenue", "workload") if name in known]
        return tuple(dict.fromkeys([COUNT, *first, *asked, *known]))

    @cached_property
    def move_measures(self) -> tuple[str, ...]:
        return tuple(name for name in self.measures if not self.data.is_pair_column(name))

    @cached_property
    def lead(self) -> str:
        return self.move_measures[min(1, len(self.move_measures) - 1)]

    def positions(self, plan: Plan) -> Ints:
        """Rep position of each account in ``plan``."""
        reps = pd.Index(self.data.rep_ids)
        named = pd.Series(plan.assignment, dtype=object)
        strange = sorted(set(named.index) - set(self.data.account_ids))
        strange += sorted(set(named) - set(reps))
        if strange:
            raise DataError(
                f"plan {plan.name!r}",
                f"{strange[0]!r} is in the plan but not in the data",
                "compare a plan with the data it was made from",
            )
        served = named.reindex(self.data.account_ids)
        return np.asarray(reps.get_indexer(pd.Index(served)), dtype=np.int32)

    def each(self, measure: str, rep: Ints) -> Floats:
        """What each account counts with that rep; 0 where nobody serves or the pair is unknown."""
        if not self.data.is_pair_column(measure):
            return np.where(rep >= 0, self.data.account_number(measure), 0.0)
        served = np.flatnonzero(rep >= 0)
        found = np.zeros(len(rep))
        found[served] = self.data.measured(measure, served, rep[served])
        return np.nan_to_num(found, nan=0.0)

    def loads(self, measure: str, rep: Ints) -> Floats:
        """What each rep carries."""
        return self.by_rep(rep, self.each(measure, rep))

    def by_rep(self, rep: Ints, weights: Floats) -> Floats:
        count = len(self.data.reps)
        return np.bincount(rep + 1, weights=weights, minlength=count + 1)[1:].astype(float)

    def speaks_of_books(self, rule: str) -> bool:
        """Whether a rule speaks of whole books, each rep's own."""
        spec = self.specs[rule]
        return not any(spec.get(name) for name in ("where", "where_rep", "by"))

    def limits(self, rule: str) -> Floats | None:
        """The limit of each rep under a capacity rule that speaks of whole books."""
        spec = self.specs[rule]
        limit = spec.get("limit")
        if spec["kind"] != "capacity" or limit is None or not self.speaks_of_books(rule):
            return None
        if isinstance(limit, str):
            return self.data.rep_number(limit)
        return np.full(len(self.data.reps), float(limit))

    def targets(self, rule: str, rep: Ints) -> Floats | None:
        """The target of each rep under a balance or fairness rule that speaks of whole books."""
        spec = self.specs[rule]
        if spec["kind"] not in ("balance", "fairness") or not self.speaks_of_books(rule):
            return None
        count = len(self.data.reps)
        part = np.ones(count)
        if spec.get("proportional_to"):
            part = self.data.rep_number(spec["proportional_to"])
        part = np.where(self.data.serves, part, 0.0)
        load = np.where(self.data.serves, self.loads(spec["measure"], rep), 0.0)
        group = np.zeros(count, dtype=np.int64)
        if spec.get("groups"):
            teams = self.data.reps[spec["groups"]][self.data.serves]
            group[self.data.serves] = pd.factorize(teams, use_na_sentinel=False)[0]
        total = np.bincount(group, weights=load)
        if len(total) == 1 and not self.data.is_pair_column(spec["measure"]):
            total = np.array([self.data.account_number(spec["measure"]).sum()])
        parts = np.bincount(group, weights=part)
        share = np.divide(part, parts[group], out=np.zeros(count), where=parts[group] > 0)
        return share * total[group]

    @cached_property
    def point_names(self) -> tuple[str, str]:
        """Columns of degrees north and east, as the rule of travel names them."""
        spoken = next((spec for spec in self.specs.values() if spec["kind"] == "travel"), {})
        return spoken.get("latitude", "latitude"), spoken.get("longitude", "longitude")

    def kilometres(self, rep: Ints) -> Floats | None:
        """Distance of each served account from its rep; None without coordinates of all."""
        names = self.point_names
        frames = (self.data.accounts, self.data.reps)
        if not all(name in frame for name in names for frame in frames):
            return None
        account, base = (
            [pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float) for name in names]
            for frame in frames
        )
        if not all(np.isfinite(values).all() for values in (*account, *base)):
            return None
        served = np.flatnonzero(rep >= 0)
        ends = [values[served] for values in account] + [values[rep[served]] for values in base]
        return great_circle_km(*ends)

    def values(
        self, rep: Ints, findings: Iterable[Finding], terms: Mapping[str, float]
    ) -> dict[str, float]:
        """Every figure of the books ``rep`` that does not need today's books."""
        found = {f"term:{rule}": term for rule, term in terms.items()}
        found["unserved:accounts"] = float((rep < 0).sum())
        for measure in self.measures:
            load = self.loads(measure, rep)[self.data.serves]
            found |= {f"{family}:{measure}": value for family, value in balance(load).items()}
        for rule in self.rules:
            found |= self._against_limit(rule, rep) | self._against_target(rule, rep)
        found |= covered(self.data, rep, self.move_measures)
        found |= suited(self.data, self.rules, rep, terms) | earned(self.rules, findings)
        distance = self.kilometres(rep)
        if distance is not None:
            found["travel"] = float(distance.sum())
            if len(distance):
                found["travel_mean"] = float(distance.mean())
        return found | told(self.rules, findings)

    def _against_limit(self, rule: str, rep: Ints) -> dict[str, float]:
        limit = self.limits(rule)
        if limit is None:
            return {}
        load = self.loads(self.specs[rule]["measure"], rep)
        over = int((self.data.serves & (load > limit + slack_of(limit))).sum())
        found = {f"over_limit:{rule}": float(over)}
        some = self.data.serves & (limit > 0)
        if some.any():
            use = load[some] / limit[some]
            found |= {f"use_mean:{rule}": float(use.mean()), f"use_most:{rule}": float(use.max())}
        return found

    def _against_target(self, rule: str, rep: Ints) -> dict[str, float]:
        target = self.targets(rule, rep)
        if target is None or not (target > 0).any():
            return {}
        some = target > 0
        off = np.abs(self.loads(self.specs[rule]["measure"], rep)[some] / target[some] - 1)
        return {
            f"off_target_most:{rule}": float(off.max()),
            f"off_target_mean:{rule}": float(off.mean()),
        }

    def today(self) -> Today:
        """Today's books judged by every rule."""
        books = self.data.today
        found = {name: tuple(r.check(name, self.data, books)) for name, r in self.rules.items()}
        terms = {
            name: float(self.rules[name].price or 0.0)
            * sum(one.amount for one in found[name] if one.weight is Weight.PRICED)
            for name in self.priced
        }
        findings = tuple(one for several in found.values() for one in several)
        values = self.values(self.owner, findings, terms)
        return Today({"cost": sum(terms.values()), **values}, findings)

    def kinds(self, rep: Ints) -> dict[Literal["moved", "forced", "new"], Mask]:
        """The accounts whose rep changes, by why they do."""
        owner = self.data.owner
        return {
            "moved": (owner >= 0) & (rep != owner),
            "forced": (owner == DEPARTED) & (rep >= 0),
            "new": (owner == NOBODY) & (rep >= 0),
        }

    def moved(self, rep: Ints) -> dict[str, float]:
        """Figures of the moves from today's books to ``rep``."""
        kinds = self.kinds(rep)
        staying = self.data.owner >= 0
        found: dict[str, float] = {}
        for measure in self.move_measures:
            each = self.data.account_number(measure)
            owned, moved = float(each[staying].sum()), float(each[kinds["moved"]].sum())
            found |= {
                f"owned:{measure}": owned,
                f"moved:{measure}": moved,
                f"forced:{measure}": float(each[kinds["forced"]].sum()),
                f"assigned:{measure}": float(each[kinds["new"]].sum()),
            }
            if owned > 0:
                found[f"moved_share:{measure}"] = moved / owned
        lost = self.by_rep(self.owner, kinds["moved"].astype(float))
        changes = kinds["moved"] | kinds["forced"] | kinds["new"]
        gained = self.by_rep(rep, changes.astype(float))
        book = self.by_rep(self.owner, staying.astype(float))
        found["reps_changed"] = float((self.data.serves & (lost + gained > 0)).sum())
        if (book > 0).any():
            found["worst_loss"] = float((lost[book > 0] / book[book > 0]).max())
        return found


def text_of(value: Any) -> str:
    """The value as text; empty where there is none."""
    return "" if pd.isna(value) else str(value)
