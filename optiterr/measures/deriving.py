"""From a problem to the same problem with its measures, each after those that it reads."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from optiterr.errors import DataError, Fault, OptiterrWarning, SpecError
from optiterr.findings import written
from optiterr.measures import Measure
from optiterr.measures.needs import Measures, is_measure, misread, needs, order
from optiterr.measures.rows import PairRows, told_accounts, unknown
from optiterr.pairs import Floats
from optiterr.problem import COUNT, Column, Problem


def needed_columns(measures: Measures, asked: Iterable[Column] = ()) -> tuple[Column, ...]:
    """The columns that the tables must hold: those ``asked``, measures replaced by what they read.

    Measures that nobody asks for count, too: all of them are derived.
    """
    found = [one for one in asked if not is_measure(one, measures)]
    for measure in measures.values():
        found += [one for one in measure.reads() if not is_measure(one, measures)]
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, eq=False)
class PairValues:
    """A measure of pairs under its name, worked out for the pairs asked.

    ``listed``: it is made of columns of a pairs file, so it is missing (NaN) for pairs that the
    file does not list. ``minimum`` is the least value that its readers can use.
    """

    name: str
    measure: Measure
    listed: bool
    minimum: float | None

    def at(self, problem: Problem, account: Any, rep: Any) -> Floats:
        """The measure of each pair given by positions; DataError where it is no finite number."""
        if self.listed and not (account is problem.pairs.account and rep is problem.pairs.rep):
            known = np.flatnonzero(problem.pairs.find(account, rep) >= 0)
            found = np.full(len(account), np.nan)
            found[known] = self._worked_out(problem, account[known], rep[known])
            return found
        return self._worked_out(problem, account, rep)

    def _worked_out(self, problem: Problem, account: Any, rep: Any) -> Floats:
        try:
            found = self.measure.at(problem, account, rep)
            rows = PairRows(problem, account, rep)
            _check(found, self.minimum, lambda at: rows.told(at))
        except DataError as error:
            raise DataError.of(_named(self.name, error)) from error
        return found


def derive(measures: Measures, problem: Problem, asked: Iterable[Column] = ()) -> Problem:
    """``problem`` with every measure: those of accounts as columns, those of pairs by name.

    ``asked`` are the columns that rules read; a measure below the least value that one of them can
    use is an error. DataError with every fault; a measure that needs a faulty one is left out of
    it. What looks odd is an OptiterrWarning.
    """
    if not measures:
        return problem
    wrong = [one.fault for one in misread(measures)]
    if wrong:
        raise SpecError.of(wrong)
    sequence, needed, least = order(measures), needs(measures), _least(measures, asked)
    made = problem.with_(accounts=problem.accounts.copy(deep=False))
    of_pairs: dict[str, PairValues] = {}
    faults = [
        Fault(f"measure {name!r}", f"accounts have a column {name!r}", "give it another name")
        for name in measures
        if name in problem.accounts
    ]
    failed = {name for name in measures if name in problem.accounts}
    for name in sequence:
        measure = measures[name]
        try:
            _look_up(measure, made, measures)
            if failed.intersection(needed[name]):
                failed.add(name)
            elif measure.is_of_pairs:
                listed = _is_listed(measure, of_pairs)
                of_pairs[name] = PairValues(name, measure, listed, least.get(name))
            else:
                values = measure.values(made)
                _check(values, least.get(name), lambda at: told_accounts(made, at))
                made.accounts[name] = values
            for note in () if name in failed else measure.notes(made):
                warnings.warn(f"measure {name!r}: {note}", OptiterrWarning, stacklevel=2)
        except DataError as error:
            failed.add(name)
            faults += _named(name, error)
    if faults:
        raise DataError.of(faults)
    return made.with_(pair_measures=MappingProxyType({**problem.pair_measures, **of_pairs}))


def _is_listed(measure: Measure, of_pairs: Mapping[str, PairValues]) -> bool:
    """Whether a measure needs columns of the pairs file, straight or through other measures."""
    own = [one.name for one in measure.reads() if one.table == "pairs"]
    return any(name not in of_pairs or of_pairs[name].listed for name in own)


def _least(measures: Measures, asked: Iterable[Column]) -> dict[str, float]:
    """The least value that readers can use, by measure."""
    readers = [*asked, *(one for measure in measures.values() for one in measure.reads())]
    found: dict[str, float] = {}
    for one in readers:
        if is_measure(one, measures) and one.minimum is not None:
            found[one.name] = max(one.minimum, found.get(one.name, one.minimum))
    return found


def _look_up(measure: Measure, problem: Problem, measures: Measures) -> None:
    """DataError for every column of accounts or reps that is not there."""
    frames = {"accounts": problem.accounts, "reps": problem.reps}
    faults: list[Fault] = []
    for one in measure.reads():
        if one.table not in frames or is_measure(one, measures):
            continue
        counts = one.table == "accounts" and one.kind in ("number", "any")
        known = [COUNT] if counts else []
        known += list(frames[one.table].columns)
        if one.name not in known:
            more = measures if one.table == "accounts" else ()
            faults += unknown(one.name, one.table, [*known, *more]).faults
    if faults:
        raise DataError.of(faults)


def _check(values: Floats, minimum: float | None, told: Any) -> None:
    """DataError where a value is no finite number or too low for those who read it."""
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise DataError("result", f"is no finite number for {told(wrong)}", "check the data")
    low = np.flatnonzero(values < minimum) if minimum is not None else wrong
    if len(low):
        raise DataError(
            "result",
            f"is below {minimum:g} for {told(low)} (the first: {written(values[low[0]])})",
            f"rules read it as a number of at least {minimum:g}; keep it there, for example with "
            f"max(..., {minimum:g})",
        )


def _named(name: str, error: DataError) -> list[Fault]:
    return [
        Fault(f"measure {name!r}, {fault.where}", fault.what, fault.fix) for fault in error.faults
    ]
