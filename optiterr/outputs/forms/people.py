"""The tidy tables that tell accounts, reps and teams one by one, and how plans differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from optiterr.comparison.accounts import NOT_THERE
from optiterr.comparison.case import TODAY
from optiterr.comparison.side_by_side import Comparison
from optiterr.outputs.forms.tidy import Cell, Column, Tidy, measure_columns, of_rows

CASE = Column("case", "name of the case")
OF_MEASURE = "that of the measure"
MEASURE = Column("measure", "what is added up")
PLANS = (
    Column("first", "name of a case"),
    Column("second", "name of another"),
)
ENDS = (
    Column("first_rep", "rep in the first plan; empty: nobody"),
    Column("second_rep", "rep in the second plan; empty: nobody"),
)
PLACE = (
    Column("latitude", "degrees north; empty: not told", "number", "degrees"),
    Column("longitude", "degrees east; empty: not told", "number", "degrees"),
)

ACCOUNTS = (
    Column("case", "name of the case; 'today' is today's books"),
    Column("account_id", "account"),
    Column("account_name", "name of the account, where the data has one"),
    *PLACE,
    Column("in_data", "0 when the data of the case does not have the account", "whole"),
    Column("rep_id", "who serves it in the case; empty: nobody"),
    Column("rep_name", "name of that rep"),
)
REPS = (
    Column("rep_id", "rep"),
    Column("rep_name", "name of the rep, where the roster has one"),
    Column("manager", "manager of the rep; empty when the roster names none"),
    *PLACE,
    Column("leaves", "1 when the rep leaves or has left", "whole"),
)
TEAMS = (
    CASE,
    Column("manager", "manager; empty: reps for whom the roster names none"),
    Column("reps", "reps of the manager; the table reps says which", "whole", "reps"),
    MEASURE,
    Column("before", "load of the team today", "number", OF_MEASURE),
    Column("after", "load of the team in the plan", "number", OF_MEASURE),
    Column("moves_in", "load of accounts that come to the team", "number", OF_MEASURE),
    Column("moves_out", "load of accounts that leave the team", "number", OF_MEASURE),
    Column(
        "moves_within",
        "load of accounts that change the rep and stay in the team",
        "number",
        OF_MEASURE,
    ),
)
DIFFERENCES = (
    *PLANS,
    Column("unmatched", "accounts in the data of one of the two only", "whole", "accounts"),
    MEASURE,
    Column("amount", "load of accounts that go to different reps", "number", OF_MEASURE),
)
PASSAGES = (
    *PLANS,
    *ENDS,
    MEASURE,
    Column("amount", "load of accounts that go to these two reps", "number", OF_MEASURE),
)
SWITCHES = (
    *PLANS,
    Column("account_id", "account that goes to different reps; the largest effects only"),
    Column("account_name", "name of the account, where the data has one"),
    *ENDS,
    Column("amount", "lead measure of the account", "number", "that of the lead measure"),
    Column(
        "worth",
        "change of the first plan's cost, by its own rules, if this account alone went to the "
        "second plan's rep; empty: not allowed, or not judged",
        "number",
        "unit of prices",
    ),
    Column("broken", "why it has no worth: the hard rule it breaks"),
)


def people(comparison: Comparison) -> tuple[Tidy, ...]:
    """Accounts by case, reps, teams, and the differences between every two plans."""
    return (
        accounts(comparison),
        of_rows("reps", "every rep of any case", REPS, _reps(comparison)),
        of_rows("teams", "books by manager", TEAMS, _teams(comparison)),
        of_rows("differences", "how every two plans differ", DIFFERENCES, _differences(comparison)),
        of_rows("passages", "differences from rep to rep", PASSAGES, _passages(comparison)),
        of_rows("switches", "differences account by account", SWITCHES, _switches(comparison)),
    )


def accounts(comparison: Comparison) -> Tidy:
    """Who serves each account in each case; without rows where the tables are not at hand."""
    table = comparison.accounts
    measures = () if table is None else [name for name in table.measures if name != "accounts"]
    named = measure_columns(measures, ACCOUNTS, "{} of the account, today's where it has it")
    columns = (*ACCOUNTS, *named.values())
    about = "who serves each account in each case"
    if table is None:
        return Tidy("accounts", about, columns, tuple(() for _ in columns))
    ids = [rep.rep_id for rep in comparison.reps]
    names = [rep.name for rep in comparison.reps]
    cases = {TODAY: table.today, **table.served}
    served = [at for places in cases.values() for at in places]
    many = len(cases)
    values: tuple[Sequence[Cell], ...] = (
        [name for name in cases for _ in table.ids],
        table.ids * many,
        table.names * many,
        table.latitude * many,
        table.longitude * many,
        [float(at != NOT_THERE) for at in served],
        [ids[at] if at >= 0 else None for at in served],
        [names[at] if at >= 0 else None for at in served],
        *(table.measures[name] * many for name in named),
    )
    return Tidy("accounts", about, columns, values)


def _reps(comparison: Comparison) -> Iterator[Sequence[Cell]]:
    for rep in comparison.reps:
        place = (rep.latitude, rep.longitude)
        yield rep.rep_id, rep.name, rep.manager, *place, float(rep.leaves)


def _teams(comparison: Comparison) -> Iterator[Sequence[Cell]]:
    for team in comparison.teams:
        for measure in team.after:
            ways = (team.before, team.after, team.moves_in, team.moves_out, team.moves_within)
            loads = (way.get(measure) for way in ways)
            yield team.case, team.manager, float(len(team.reps)), measure, *loads


def _differences(comparison: Comparison) -> Iterator[Sequence[Cell]]:
    for one in comparison.differences:
        told = {"accounts": float(one.accounts)} | one.measures
        for measure, amount in told.items():
            yield one.first, one.second, float(one.unmatched), measure, amount


def _passages(comparison: Comparison) -> Iterator[Sequence[Cell]]:
    for one in comparison.differences:
        for flow in one.flows:
            for measure, amount in flow.measures.items():
                ends = (flow.first_rep, flow.second_rep)
                yield one.first, one.second, *ends, measure, amount


def _switches(comparison: Comparison) -> Iterator[Sequence[Cell]]:
    for one in comparison.differences:
        for switch in one.largest:
            yield (
                *(one.first, one.second, switch.account_id, switch.name),
                *(switch.first_rep, switch.second_rep, switch.amount),
                *(switch.worth, switch.broken),
            )
