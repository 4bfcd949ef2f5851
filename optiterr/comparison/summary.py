"""A plan or today's books as a case: figures, books, moves, and what they may be compared with.

Longer than other modules: it fills one value, field by field.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from optiterr.comparison.case import TODAY, Book, Case, Flow, Move, RuleLine, spoken
from optiterr.comparison.counting import Count, Today, text_of
from optiterr.comparison.figures import Figure, figure
from optiterr.comparison.ground import Ground
from optiterr.comparison.reasons import reasons, undone
from optiterr.findings import Weight
from optiterr.pairs import Floats, Ints
from optiterr.plan import Plan
from optiterr.problem import COUNT, DEPARTED, Problem
from optiterr.rules import Rule


def summarise(
    name: str, plan: Plan, problem: Problem, rules: Mapping[str, Rule], *, scenario_title: str = ""
) -> Case:
    """The case of one scenario's plan; ``problem`` and ``rules`` are those the plan was made with.

    Costs, findings and bounds are the plan's, already recounted by the audit; all else is counted
    here from the tables.
    """
    view = _View(problem, rules)
    today = view.today()
    values: dict[str, float] = {
        "seconds": plan.solver.spent,
        "pairs": plan.pairs.considered,
        "pairs_possible": plan.pairs.possible,
    }
    if plan.bound_proved is not None:
        values["bound"] = plan.bound_proved
    if plan.bound_claimed is not None:
        values["claimed"] = plan.bound_claimed
    if today.values.get("cost") is not None:
        values["today_cost"] = today.values["cost"]
    details: dict[str, Any] = {}
    rep = view.positions(plan) if plan.has_plan else None
    if rep is not None:
        terms = {rule: term for rule, term in plan.terms.items() if rule in view.priced or term}
        values |= view.values(rep, plan.findings, terms) | view.moved(rep)
        if plan.cost is not None:
            values |= _proof(plan.cost, plan, today.values["cost"])
        moves = view.moves(rep)
        details = {
            "books": view.books(rep),
            "moves": moves,
            "flows": _flows(moves, view.move_measures),
        }
    return view.case(
        name,
        scenario_title or plan.title or spoken(name),
        values,
        today,
        status=str(plan.status),
        solver=plan.solver.name,
        version=plan.solver.version,
        why=plan.solver.why,
        message=plan.solver.message,
        proved=plan.pairs.proved,
        findings=plan.findings,
        blocking=plan.blocking,
        log=plan.log,
        fingerprint=plan.fingerprint,
        **details,
    ).on(Ground.of(view, rep))


def summarise_today(problem: Problem, rules: Mapping[str, Rule], *, title: str = "Today") -> Case:
    """Today's books as a case, judged by ``rules``; accounts of departed owners are unserved."""
    view = _View(problem, rules)
    today = view.today()
    return view.case(
        TODAY,
        title,
        today.values,
        today,
        is_today=True,
        status=TODAY,
        findings=today.findings,
        books=view.books(view.owner),
    ).on(Ground.of(view, view.owner))


def _proof(cost: float, plan: Plan, today: float) -> dict[str, float]:
    found = {"cost": cost, "saving": today - cost}
    if today != 0:
        found["saving_share"] = (today - cost) / abs(today)
    if plan.gap_proved is not None:
        found["gap"] = plan.gap_proved
    if plan.bound_proved is not None and today > max(cost, plan.bound_proved):
        found["reached"] = (today - cost) / (today - plan.bound_proved)
    return found


class _View(Count):
    """Counted books, told account by account and rep by rep."""

    def moves(self, rep: Ints) -> tuple[Move, ...]:
        """Every account whose rep changes, the largest of the lead measure first."""
        each = {name: self.data.account_number(name) for name in self.move_measures}
        ids, source = self.data.account_ids, self.owner_ids
        titles = self.data.accounts["name"] if "name" in self.data.accounts else [""] * len(ids)
        names = [text_of(one) for one in titles]
        kinds: dict[int, Literal["moved", "forced", "new"]] = {
            int(i): kind for kind, mask in self.kinds(rep).items() for i in np.flatnonzero(mask)
        }
        order = sorted(kinds, key=lambda i: (-each[self.lead][i], ids[i]))
        account = np.array(order, dtype=np.int64)
        judged = undone(self, rep, account)
        why = reasons(self, rep, account, judged)
        return tuple(
            Move(
                account_id=ids[i],
                name=names[i],
                from_rep=source[i],
                from_name=self.names.get(source[i], ""),
                to_rep=self.data.rep_ids[rep[i]] if rep[i] >= 0 else None,
                to_name=self.names.get(self.data.rep_ids[rep[i]], "") if rep[i] >= 0 else "",
                kind=kinds[i],
                measures={name: float(values[i]) for name, values in each.items()},
                worth=None if np.isnan(judged.change[at]) else float(judged.change[at]),
                why=why[at],
            )
            for at, i in enumerate(order)
        )

    def books(self, rep: Ints) -> tuple[Book, ...]:
        """Every rep's book today and in ``rep``; owners who left come last."""
        before = {name: self.loads(name, self.owner) for name in self.measures}
        after = {name: self.loads(name, rep) for name in self.measures}
        same = (rep == self.owner) & (rep >= 0)
        kept, gained, lost = (
            {
                name: self.by_rep(who, np.where(mask, self.data.account_number(name), 0.0))
                for name in self.move_measures
            }
            for who, mask in ((rep, same), (rep, ~same), (self.owner, ~same))
        )
        target: dict[str, Floats] = {}
        limit: dict[str, Floats] = {}
        for rule, spec in self.specs.items():
            aim, most = self.targets(rule, rep), self.limits(rule)
            if aim is not None:
                target.setdefault(spec["measure"], aim)
            if most is not None:
                limit[rule] = most
        measure = {rule: self.specs[rule]["measure"] for rule in limit}
        books = []
        for j, rep_id in enumerate(self.data.rep_ids):
            some = {rule: float(most[j]) for rule, most in limit.items()}
            books.append(
                Book(
                    rep_id=rep_id,
                    name=self.names.get(rep_id, ""),
                    leaves=not self.data.serves[j],
                    before=_at(before, j),
                    after=_at(after, j),
                    target=_at(target, j) if self.data.serves[j] else {},
                    limit=some,
                    use={r: float(after[measure[r]][j]) / v for r, v in some.items() if v > 0},
                    use_before={
                        r: float(before[measure[r]][j]) / v for r, v in some.items() if v > 0
                    },
                    kept=_at(kept, j),
                    gained=_at(gained, j),
                    lost=_at(lost, j),
                )
            )
        return self._with_departed(books)

    def _with_departed(self, books: list[Book]) -> tuple[Book, ...]:
        """The books, with what departed owners hold today."""
        gone = self.data.owner == DEPARTED
        left = pd.Series(self.owner_ids[gone], dtype=object)
        held = {
            str(rep_id): {
                name: float(self.data.account_number(name)[gone][at].sum())
                for name in self.move_measures
            }
            for rep_id, at in left.groupby(left, sort=True).indices.items()
        }
        known = {book.rep_id for book in books}
        none = dict.fromkeys(self.move_measures, 0.0)
        kept = [
            book.model_copy(
                update={"before": book.before | held[book.rep_id]} | {"lost": held[book.rep_id]}
            )
            if book.rep_id in held
            else book
            for book in books
        ]
        return (
            *kept,
            *(
                Book(
                    rep_id=rep_id,
                    leaves=True,
                    before=sums,
                    after=none,
                    target={},
                    limit={},
                    use={},
                    use_before={},
                    kept=none,
                    gained=none,
                    lost=sums,
                )
                for rep_id, sums in held.items()
                if rep_id not in known
            ),
        )

    def case(
        self, name: str, title: str, values: dict[str, float], today: Today, **fields: Any
    ) -> Case:
        """The case, with the words of every figure it has and the digests of what it is about."""
        every = {**values, **today.values}
        units = {one.rule: one.unit for one in (*today.findings, *fields.get("findings", ()))}
        return Case(
            name=name,
            title=title,
            accounts=len(self.data.accounts),
            reps=int(self.data.serves.sum()),
            measures=self.measures,
            move_measures=self.move_measures,
            lead=self.lead,
            rules=tuple(self._line(rule) for rule in self.rules),
            figures=tuple(self._figure(key, units) for key in every),
            values=values,
            today_values=today.values,
            today_breaches=tuple(one for one in today.findings if one.weight is Weight.BREACH),
            prices=_digest(sorted(_json(self.specs[rule]) for rule in self.priced)),
            charges=_digest(sorted(self._digest(rule) for rule in self.priced)),
            problem=_digest([*sorted(self._digest(rule) for rule in self.rules), self._pairs]),
            **fields,
        )

    def _figure(self, key: str, units: Mapping[str, str]) -> Figure:
        family, _, subject = key.partition(":")
        short = {"spread": self.lead, "moved_share": self.lead, "moved": COUNT, "forced": COUNT}
        return figure(
            family,
            subject,
            headline=True if short.get(family) == subject or family == "use_most" else None,
            unit=units.get(subject, "") if family == "amount" else "",
        )

    def _line(self, rule: str) -> RuleLine:
        spec = self.rules[rule]
        plain = {
            field: info.get_default(call_default_factory=True)
            for field, info in type(spec).model_fields.items()
            if not info.is_required()
        }
        law = " ".join((type(spec).__doc__ or "").split("\n\n")[0].split())
        return RuleLine(
            name=rule,
            kind=spec.kind,
            law=law,
            price=spec.price,
            settings={
                field: _setting(value)
                for field, value in self.specs[rule].items()
                if field not in ("kind", "price") and value != plain.get(field)
            },
            written=_digest([_json(self.specs[rule])]),
        )

    def _digest(self, rule: str) -> str:
        """SHA-256 of a rule and of everything it reads."""
        parts = [_json(self.specs[rule]), self._roster]
        for column in self.rules[rule].asks():
            frame = self.data.reps if column.table == "reps" else self.data.accounts
            if column.name in self.data.pair_columns:
                values: Any = pd.Series(self.data.pair_columns[column.name])
            elif column.name in self.data.pair_measures:
                parts.append(str(self.data.pair_measures[column.name]))
                continue
            elif column.name in frame:
                values = frame[column.name]
            else:
                continue
            parts.append(_bytes_of(values))
        return _digest(parts)

    @cached_property
    def _roster(self) -> str:
        """Digest of who is there and who owns what, the planning date and the further tables."""
        data = self.data
        columns = [data.accounts["account_id"], data.reps["rep_id"], pd.Series(data.owner)]
        columns += [table[name] for _, table in sorted(data.tables.items()) for name in table]
        columns.append(pd.Series(self.data.serves))
        for _, groups in sorted(data.groups.items()):
            columns += [pd.Series(groups.account), pd.Series(groups.group)]
        return _digest([str(data.planning_date), *(_bytes_of(column) for column in columns)])

    @cached_property
    def _pairs(self) -> str:
        """Digest of the pairs where a file lists all there are; else every pair may be used."""
        if self.data.candidates != "file":
            return ""
        pairs = self.data.pairs
        return _digest([_bytes_of(pd.Series(pairs.account)), _bytes_of(pd.Series(pairs.rep))])


def _flows(moves: Iterable[Move], measures: Iterable[str]) -> tuple[Flow, ...]:
    sums: dict[tuple[Any, ...], dict[str, float]] = {}
    for move in moves:
        way = (move.from_rep, move.from_name, move.to_rep, move.to_name, move.kind)
        total = sums.setdefault(way, dict.fromkeys(measures, 0.0))
        for name, value in move.measures.items():
            total[name] += value
    ways = sorted(sums.items(), key=lambda one: tuple(str(part or "") for part in one[0]))
    return tuple(
        Flow(from_rep=a, from_name=b, to_rep=c, to_name=d, kind=e, measures=total)
        for (a, b, c, d, e), total in ways
    )


def _at(columns: Mapping[str, Floats], position: int) -> dict[str, float]:
    return {name: float(values[position]) for name, values in columns.items()}


def _setting(value: Any) -> str:
    """A rule's setting as a table shows it; long ones by their size."""
    if isinstance(value, list | dict) and len(_json(value)) > 60:
        return f"{len(value)} entries"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True)


def _bytes_of(values: pd.Series[Any]) -> str:
    hashed = pd.util.hash_pandas_object(values, index=False)
    return hashlib.sha256(hashed.to_numpy().tobytes()).hexdigest()


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
