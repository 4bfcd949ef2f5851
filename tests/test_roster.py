"""States of the roster: who serves, whose accounts must move, and who replaces whom."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from optiterr import load, solve
from optiterr.comparison.summary import summarise
from optiterr.engine import read
from optiterr.errors import DataError, OptiterrWarning
from optiterr.problem import DEPARTED, NOBODY, Column, Problem
from optiterr.tables.reading import read_problem
from optiterr.tables.roster import STATES
from optiterr.tables.spec import DataSpec

ROOT = Path(__file__).resolve().parents[1]
REPS = "data.reps.records"
ANY = "write one of active, leaver, vacancy, backfill, placeholder, on_leave"


def problem(
    reps: Mapping[str, Any],
    accounts: Mapping[str, str | None] | None = None,
    *,
    backfill_for: Mapping[str, str] | None = None,
    departed: Sequence[str] = (),
    asked: Sequence[Column] = (),
    raw: Mapping[str, Any] | None = None,
    **said: Any,
) -> Problem:
    """The problem of reps with states, and accounts with owners; ``backfill_for`` by rep.

    ``raw`` overrides what data.reps says.
    """
    rows: list[dict[str, Any]] = [{"rep_id": rep, "state": word} for rep, word in reps.items()]
    if backfill_for is not None:
        said["backfill_for"] = "replaces"
        rows = [row | {"replaces": backfill_for.get(row["rep_id"])} for row in rows]
    owned = {"a": None} if accounts is None else accounts
    spec = DataSpec.model_validate(
        {
            "accounts": {
                "records": [{"account_id": one, "own": rep} for one, rep in owned.items()],
                "owner": "own",
                "departed": list(departed),
            },
            "reps": {"records": rows, "status": "state", **said, **(raw or {})},
        }
    )
    return read_problem(spec, asked, Path("unused"))


def refusal(*args: Any, **more: Any) -> list[tuple[str, str, str]]:
    """Where, what and fix of every fault."""
    with pytest.raises(DataError) as caught:
        problem(*args, **more)
    return [(fault.where, fault.what, fault.fix) for fault in caught.value.faults]


SIX = {
    "ann": "active",
    "leo": "leaver",
    "vic": "vacancy",
    "bea": "backfill",
    "pia": "placeholder",
    "oli": "on_leave",
}


def test_who_serves() -> None:
    """All but leavers and vacancies are candidates for every account."""
    found = problem(SIX, backfill_for={"bea": "leo"})
    assert found.serves.tolist() == [True, False, False, True, True, True]
    assert found.pairs.rep.tolist() == [0, 3, 4, 5]
    assert found.possible == 4


def test_who_owns_today() -> None:
    """A leaver's account is a forced move; an empty seat is nobody; the others keep theirs."""
    owned = {"a": "ann", "l": "leo", "v": "vic", "b": "bea", "o": "oli", "n": None}
    found = problem(SIX, owned, backfill_for={"bea": "vic"})
    assert found.owner.tolist() == [0, DEPARTED, NOBODY, 3, 5, NOBODY]
    assert found.today.dropna().to_dict() == {"a": "ann", "b": "bea", "o": "oli"}
    written = found.accounts.set_index("account_id")["owner_id"].dropna().to_dict()
    assert written == {"a": "ann", "l": "leo", "b": "bea", "o": "oli"}


def test_departed_owners_are_forced_moves_beside_states() -> None:
    """Reps who are no longer in the roster at all."""
    found = problem({"ann": "active"}, {"a": "zoe", "b": "ann"}, departed=["zoe"])
    assert found.owner.tolist() == [DEPARTED, 0]


def test_states_are_read_whatever_their_case() -> None:
    """Blanks and hyphens count as lines; the column holds the plain words from then on."""
    words = {"a": "ACTIVE", "b": " Leaver ", "c": "On leave", "d": "on-leave", "e": "On_Leave"}
    found = problem(words)
    plain = ["active", "leaver", "on_leave", "on_leave", "on_leave"]
    assert found.reps["state"].tolist() == plain
    assert found.serves.tolist() == [True, False, True, True, True]


def test_rules_read_states_as_text() -> None:
    """A column of states may be read like any other."""
    found = problem({"a": "Active", "b": "leaver"}, asked=[Column("reps", "state", "text")])
    assert found.reps["state"].tolist() == ["active", "leaver"]


def test_states_under_a_name_of_the_scenario() -> None:
    """status names the file's column; the scenario may call it otherwise."""
    found = problem({"a": "Active", "b": "Leaver"}, columns={"how": "state"})
    assert found.reps["how"].tolist() == ["active", "leaver"]
    assert found.serves.tolist() == [True, False]


def test_a_backfill_may_replace_who_has_departed() -> None:
    """The leaver is out of the roster already, and the backfill still says for whom it came."""
    found = problem(
        {"ann": "active", "bea": "backfill"},
        {"a": "zoe"},
        departed=["zoe"],
        backfill_for={"bea": "zoe"},
    )
    assert found.serves.all()


def test_a_backfill_may_replace_whom_the_scenario_leaves_out() -> None:
    """The leaver's row is there and is not selected."""
    found = problem(
        {"ann": "active", "leo": "leaver", "bea": "backfill"},
        backfill_for={"bea": "leo"},
        where={"state": ["active", "backfill"]},
    )
    assert found.rep_ids.tolist() == ["ann", "bea"]


def test_a_placeholder_that_owns_something_is_odd() -> None:
    """Used as written, since the hire may have come; and said, with the rows."""
    words = (
        "data.accounts.records, records 1 and 3: owned by a placeholder (pia), a hire to come who "
        "owns nothing today; is the state right?"
    )
    owned = {"a": "pia", "b": "ann", "c": "pia"}
    with pytest.warns(OptiterrWarning, match=re.escape(words)):
        found = problem({"ann": "active", "pia": "placeholder"}, owned)
    assert found.owner.tolist() == [1, 0, 1]


# ------------------------------------------------------------------------------------ what is wrong


def test_every_state_that_is_none() -> None:
    """Empty cells and unknown words, each with its row and what may be meant."""
    told = refusal({"a": "active", "b": None, "c": "Leavers", "d": "gone", "e": "  "})
    empty = ("the state is empty", f"{ANY}; active is the rep who is there and stays")
    near = ("'Leavers' is no state of a rep", "did you mean 'leaver'?")
    wanted = [empty, near, ("'gone' is no state of a rep", ANY), empty]
    assert told == [
        (f"{REPS}, record {row}, column 'state'", *words) for row, words in enumerate(wanted, 2)
    ]


def test_a_roster_in_which_nobody_serves() -> None:
    """Leavers and vacancies only."""
    assert refusal({"a": "leaver", "b": "vacancy"}) == [
        (
            f"{REPS}, column 'state'",
            "all 2 reps are leavers or vacancies: nobody is left to serve",
            "give those who stay another state",
        )
    ]


def test_a_column_of_states_that_is_not_there() -> None:
    """Each of the two that the scenario names, with the nearest that there is."""
    assert refusal({"a": "active"}, raw={"status": "stat"}) == [
        (REPS, "has no column 'stat'", "did you mean 'state'?")
    ]
    assert refusal({"a": "active"}, raw={"backfill_for": "for"}) == [
        (REPS, "has no column 'for'", "columns: rep_id, state")
    ]


CELL = f"{REPS}, record {{}}, column 'replaces'"


@pytest.mark.parametrize(
    ("reps", "replaces", "faults"),
    [
        (
            {"bea": "backfill"},
            {},
            [
                (
                    CELL.format(3),
                    "a backfill replaces somebody, and the cell is empty",
                    "write the id of the leaver or vacancy, or the state placeholder",
                )
            ],
        ),
        (
            {"bea": "backfill"},
            {"bea": "leon"},
            [(CELL.format(3), "rep 'leon' is not in data.reps", "did you mean 'leo'?")],
        ),
        (
            {"bea": "backfill"},
            {"bea": "x"},
            [
                (
                    CELL.format(3),
                    "rep 'x' is not in data.reps",
                    "write the id of a leaver or vacancy",
                )
            ],
        ),
        (
            {"bea": "backfill", "bob": "backfill", "oli": "on_leave"},
            {"bea": "ann", "bob": "oli"},
            [
                (
                    CELL.format(3),
                    "'ann' is an active rep, whom nobody replaces",
                    "write the id of a leaver or vacancy, or correct the state of 'ann'",
                ),
                (
                    CELL.format(4),
                    "'oli' is a rep on leave, whom nobody replaces",
                    "write the id of a leaver or vacancy, or correct the state of 'oli'",
                ),
            ],
        ),
        (
            {"bea": "backfill"},
            {"bea": "bea"},
            [
                (
                    CELL.format(3),
                    "'bea' is a backfill, whom nobody replaces",
                    "write the id of a leaver or vacancy, or correct the state of 'bea'",
                )
            ],
        ),
        (
            {"bea": "backfill", "vic": "vacancy", "bob": "backfill", "bud": "backfill"},
            {"bea": "leo", "bob": "vic", "bud": "leo"},
            [
                (
                    CELL.format(6),
                    "'leo' is replaced above already, in record 3",
                    "name another leaver or vacancy, or write the state placeholder",
                )
            ],
        ),
        (
            {"pia": "placeholder"},
            {"pia": "leo", "ann": "leo"},
            [
                (
                    CELL.format(1),
                    "an active rep replaces nobody",
                    "leave the cell empty, or write the state backfill",
                ),
                (
                    CELL.format(3),
                    "a placeholder replaces nobody",
                    "leave the cell empty, or write the state backfill",
                ),
            ],
        ),
        (
            # A state that is wrong is told once; what depends on it is not guessed.
            {"bea": "backfil", "bob": "backfill", "lou": "leavr"},
            {"bea": "leo", "bob": "lou"},
            [
                (
                    f"{REPS}, record 3, column 'state'",
                    "'backfil' is no state of a rep",
                    "did you mean 'backfill'?",
                ),
                (
                    f"{REPS}, record 5, column 'state'",
                    "'leavr' is no state of a rep",
                    "did you mean 'leaver'?",
                ),
            ],
        ),
    ],
    ids=["empty", "misspelt", "unknown", "stays", "itself", "twice", "no-backfill", "wrong-state"],
)
def test_backfills_that_replace_nobody(
    reps: dict[str, str], replaces: dict[str, str], faults: list[tuple[str, str, str]]
) -> None:
    """Ann is active and Leo leaves; each fault is told with its row."""
    told = refusal({"ann": "active", "leo": "leaver"} | reps, backfill_for=replaces)
    assert told == faults


def test_backfills_without_a_column_that_says_for_whom() -> None:
    """Told once, with the rows."""
    assert refusal({"a": "leaver", "b": "backfill", "c": "backfill"}) == [
        (
            f"{REPS}, column 'state'",
            "a backfill, and nothing says for whom: records 2 and 3",
            "write data.reps.backfill_for: the column with the id of the leaver or vacancy; or "
            "write the state placeholder",
        )
    ]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"leaves": "gone"}, "leaves and status both say who leaves; keep status"),
        (
            {"status": None, "backfill_for": "replaces"},
            "backfill_for says whom a backfill replaces, and nothing says who is one; add status",
        ),
    ],
)
def test_rosters_that_contradict_themselves(said: dict[str, Any], words: str) -> None:
    """Refused when the scenario is read."""
    with pytest.raises(ValidationError, match=re.escape(words)):
        problem({"a": "active"}, raw=said)


def test_faults_of_accounts_and_states_are_told_together() -> None:
    """An unknown owner and an unknown state in one go."""
    told = refusal({"ann": "activ"}, {"a": "anne"})
    assert [what for _, what, _ in told] == [
        "'activ' is no state of a rep",
        "owner 'anne' is not in data.reps",
    ]


# ------------------------------------------------------------------------------------- end to end

SCENARIO = """schema: 1
name: roster
data:
  accounts:
    owner: owner
    records:
    - {account_id: l1, owner: leo}
    - {account_id: l2, owner: leo}
    - {account_id: v1, owner: vic}
    - {account_id: a1, owner: ann}
    - {account_id: a2, owner: ann}
  reps:
    status: state
    backfill_for: replaces
    records:
    - {rep_id: ann, state: active, room: 2, replaces: null}
    - {rep_id: leo, state: leaver, room: 9, replaces: null}
    - {rep_id: vic, state: vacancy, room: 9, replaces: null}
    - {rep_id: bea, state: backfill, room: 2, replaces: leo}
    - {rep_id: pia, state: placeholder, room: 1, replaces: null}
rules:
  calm: {kind: disruption, max_share: 0}
  load: {kind: capacity, measure: accounts, limit: room}
solve: {seconds: 20}
"""


def test_moves_are_counted_by_the_state_of_the_owner(tmp_path: Path) -> None:
    """Nothing may move: Leo's two are forced, the empty seat's one is new, Ann keeps hers.

    Room: Ann 2 (her own two), Bea 2, Pia 1: the three others just fit.
    """
    path = tmp_path / "roster.yaml"
    path.write_text(SCENARIO)
    plan = solve(load(path))
    assert plan.status == "optimal"
    given = pd.Series(plan.assignment)
    assert given[["a1", "a2"]].tolist() == ["ann", "ann"]
    assert sorted(given[["l1", "l2", "v1"]]) == ["bea", "bea", "pia"]
    scenario = load(path)
    case = summarise("plan", plan, read(scenario), scenario.rules)
    kinds = {move.account_id: move.kind for move in case.moves}
    assert kinds == {"l1": "forced", "l2": "forced", "v1": "new"}
    notes = [finding.message for finding in plan.findings if finding.rule == "calm"]
    assert notes == ["2 accounts had an owner who leaves or has left; the new rep is no move"]


def test_the_docs_name_every_state() -> None:
    """The table of states in docs/calendar.md has a row for each, in the same order."""
    text = (ROOT / "docs" / "calendar.md").read_text(encoding="utf-8")
    table = text[text.index("| state |") :]
    assert re.findall(r"^\| `(\w+)` \|", table, re.M) == list(STATES)
