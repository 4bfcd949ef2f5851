"""Broken files: each is refused with the line, the fault and the fix, and never by accident."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from optiterr.errors import Fault, OptiterrError, SpecError
from optiterr.scenario.loading import load
from optiterr.scenario.study import load_study

FOLDER = Path(__file__).parent / "broken" / "scenarios"

# Per file: where, what, and how the fix begins.
EXPECTED: dict[str, list[tuple[str, str, str]]] = {
    "anchor-holds-itself.yaml": [
        ("anchor-holds-itself.yaml:7:6", "&a holds itself", "write the value out"),
    ],
    "bad-date.yaml": [
        (
            "bad-date.yaml:6:1, planning_date",
            '"2027-02-30" is not a date such as 2027-01-31',
            "write a date such as 2027-01-31 (the day that dates in rules are compared with)",
        ),
    ],
    "base-broken.study.yaml": [
        (
            "negative-seconds.yaml:7:3, solve.seconds",
            "-5 is not more than 0",
            "write more than 0 (time limit of the solver in seconds)",
        ),
    ],
    "base-is-itself.study.yaml": [
        ("base-is-itself.study.yaml:3:1, base", "the study names itself", "name a scenario's file"),
    ],
    "base-is-study.study.yaml": [
        (
            "base-is-study.study.yaml:3:1, base",
            "nothing-to-do.study.yaml is a study",
            "name the file of a scenario",
        ),
    ],
    "base-missing.study.yaml": [
        (
            "base-missing.study.yaml:3:1, base",
            "bas.yaml: there is no such file",
            "did you mean 'base.yaml'?",
        ),
    ],
    "baseline-unknown.study.yaml": [
        (
            "baseline-unknown.study.yaml:5:1, baseline",
            "'tigth' is no case of the study",
            "did you mean 'tight'?",
        ),
    ],
    "billion-laughs.yaml": [
        (
            "billion-laughs.yaml:7:36",
            "more than 100,000 values, aliases written out",
            "keep tables in files of their own and name them under data",
        ),
    ],
    "boolean-for-number.yaml": [
        (
            "boolean-for-number.yaml:7:28, rules.stay.max_share",
            "true is not a number",
            "write a number (share of all of today's books that may move)",
        ),
    ],
    "calendar-curve-unknown.yaml": [
        (
            "calendar-curve-unknown.yaml:8:7, data.reps.calendar.capacity",
            "ramp: there is no curve 'new-hires' in ramps",
            "did you mean 'new-hire'?",
        ),
    ],
    "calendar-is-list.yaml": [
        (
            "calendar-is-list.yaml:7:5, data.reps.calendar",
            "a list is not a mapping",
            "write a mapping (rep columns that are made here",
        ),
    ],
    "calendar-no-last-day.yaml": [
        (
            "calendar-no-last-day.yaml:8:7, data.reps.calendar.capacity.last_day",
            "'last_day' is missing",
            "add 'last_day:' (last day of the period, included)",
        ),
    ],
    "calendar-two-leaves.yaml": [
        (
            "calendar-two-leaves.yaml:8:7, data.reps.calendar.capacity",
            "leave and leave_table both say who is off, and region chooses rows of a table of "
            "holidays",
            "keep one of the two; add holidays_table or drop region",
        ),
    ],
    "calendar-unknown-key.yaml": [
        (
            "calendar-unknown-key.yaml:8:40, data.reps.calendar.capacity.holiday",
            "unknown key 'holiday'",
            "did you mean 'holidays'?",
        ),
        (
            "calendar-unknown-key.yaml:9:34, data.reps.calendar.q2.productive_share",
            "80 is not 1 or less",
            "write 1 or less (share of the hours that is time for accounts",
        ),
        (
            "calendar-unknown-key.yaml:9:56, data.reps.calendar.q2.ramp",
            '"new-hire" is not a mapping',
            "write a mapping (how the output of a new rep grows: {curve: name} or {column: name})",
        ),
    ],
    "calendar-weekday.yaml": [
        (
            "calendar-weekday.yaml:8:51, data.reps.calendar.capacity.workdays.0",
            "\"monday\" is not 'mon', 'tue', 'wed', 'thu', 'fri', 'sat' or 'sun'",
            "write 'mon', 'tue', 'wed', 'thu', 'fri', 'sat' or 'sun' (days of the week worked)",
        ),
        (
            "calendar-weekday.yaml:8:76, data.reps.calendar.capacity.holidays.0",
            '"24.12.2027" is not a date such as 2027-01-31',
            "write a date such as 2027-01-31 (days on which nobody works)",
        ),
    ],
    "calendar-year.yaml": [
        (
            "calendar-year.yaml:8:7, data.reps.calendar.capacity",
            "2027-01-01 to 2207-12-31 is 66,108 days, more than 3,660",
            "correct the year, or plan at most ten years",
        ),
    ],
    "case-dead-null.study.yaml": [
        (
            "case-dead-null.study.yaml:6:13, case 'free', rules.stya",
            "null removes, and there is no such rule to remove",
            "did you mean 'stay'? or delete this line",
        ),
    ],
    "case-named.study.yaml": [
        (
            "case-named.study.yaml:5:10, cases.free.name",
            "a case is named by its key",
            "delete it; write a title to say more",
        ),
    ],
    "case-null.study.yaml": [
        (
            "case-null.study.yaml:5:3, cases.as-is",
            "the case is empty",
            "write {} for the base as it is, or what changes",
        ),
    ],
    "case-set-twice.study.yaml": [
        (
            "case-set-twice.study.yaml:7:20, rules.stay.max_share",
            "set twice; before by case-set-twice.study.yaml:6:5",
            "keep one of the two",
        ),
    ],
    "case-today.study.yaml": [
        (
            "case-today.study.yaml:4:9, cases.today",
            "the name 'today' is taken",
            "choose another name: 'today' stands for the books as they are",
        ),
    ],
    "case-unknown-key.study.yaml": [
        (
            "case-unknown-key.study.yaml:5:11, case 'tight', rules.stay.max_shar",
            "unknown key 'max_shar'",
            "did you mean 'max_share'?",
        ),
        (
            "case-unknown-key.study.yaml:6:19, case 'short', solve.seconds",
            "0 is not more than 0",
            "write more than 0 (time limit of the solver in seconds)",
        ),
    ],
    "colon-in-text.yaml": [
        (
            "colon-in-text.yaml:3:12",
            "mapping values are not allowed here",
            "put text that holds ': ' in quotes, or correct the indent",
        ),
    ],
    "comments-only.yaml": [
        ("comments-only.yaml", "the file is empty", "write at least 'schema: 1' and a name"),
    ],
    "control-character.yaml": [
        (
            "control-character.yaml:3:9",
            "the character U+0007 may not be written in a YAML file",
            "delete it, or write it as an escape in double quotes",
        ),
    ],
    "coverage-price.yaml": [
        (
            "coverage-price.yaml:7:3, rules.coverage",
            "coverage cannot have a price: without a rep for every account there is no plan",
            "drop the price, and add a rule of kind pool to leave accounts open",
        ),
    ],
    "dead-null-field.yaml": [
        (
            "dead-null-field.yaml:7:44, rules.stay.per",
            "null removes, and there is nothing here to remove",
            "delete this line",
        ),
    ],
    "dead-null-rule.yaml": [
        (
            "dead-null-rule.yaml:8:3, rules.travle",
            "null removes, and there is no such rule to remove",
            "did you mean 'travel'? or delete this line",
        ),
    ],
    "duplicate-key.yaml": [
        ("duplicate-key.yaml:9:3", "'skills' is set twice; first in line 7", "keep one of the two"),
    ],
    "duplicate-top.yaml": [
        ("duplicate-top.yaml:7:1", "'name' is set twice; first in line 2", "keep one of the two"),
    ],
    "empty.yaml": [
        ("empty.yaml", "the file is empty", "write at least 'schema: 1' and a name"),
    ],
    "folder-name.yaml": [
        (
            "folder-name.yaml:2:1, name",
            '"north/south" cannot be a name here',
            "write another name (short name, used in file names and tables)",
        ),
    ],
    "huge-number.yaml": [
        (
            "huge-number.yaml:7:40",
            "1e999 is not a finite number",
            "write a number, or put it in quotes if it is text",
        ),
    ],
    "infinite.yaml": [
        (
            "infinite.yaml:7:40",
            ".inf is not a finite number",
            "write a number, or put it in quotes if it is text",
        ),
    ],
    "latin1.yaml": [
        (
            "latin1.yaml:3",
            "byte 0xf6 is not UTF-8 (often a file saved as Windows-1252)",
            "save the file as UTF-8",
        ),
    ],
    "list-at-top.yaml": [
        (
            "list-at-top.yaml:1:1",
            "the file holds a list, not a mapping",
            "start with lines such as 'schema: 1' and 'name: ...'",
        ),
    ],
    "many-faults.yaml": [
        ("many-faults.yaml:1:1, schema", "2 is not 1", "write 1 (version of this format)"),
        ("many-faults.yaml:2:1, name", "12 is not text", "put it in quotes: '12'"),
        ("many-faults.yaml:3:1, titel", "unknown key 'titel'", "did you mean 'title'?"),
        ("many-faults.yaml:5:34, data.accounts.idd", "unknown key 'idd'", "did you mean 'id'?"),
        (
            "many-faults.yaml:6:3, data.reps",
            "file 'reps.pdf' must end in one of .csv, .tsv, .csv.gz, .tsv.gz, .parquet, .xlsx",
            "change what is written here so that it holds",
        ),
        (
            "many-faults.yaml:8:27, rules.hours.limit",
            "a list is not text or a number",
            "write text or a number (most that a rep carries: a rep column, or one number for",
        ),
        (
            "many-faults.yaml:8:43, rules.hours.slack",
            "-1 is not 0 or more",
            "write 0 or more (share by which the limit may be stretched before it counts)",
        ),
        ("many-faults.yaml:9:10, rules.fair", "unknown kind 'balanse'", "did you mean 'balance'?"),
        ("many-faults.yaml:10:3, rules.nothing", "this rule has no kind", "add 'kind:'"),
        (
            "many-faults.yaml:11:9, solve.seconds",
            "-1 is not more than 0",
            "write more than 0 (time limit of the solver in seconds)",
        ),
        (
            "many-faults.yaml:11:22, solve.threads",
            "1.5 is not a whole number",
            "write a whole number (threads that the solver may use)",
        ),
    ],
    "merge-of-text.yaml": [
        ("merge-of-text.yaml:7:12", "<< takes in one mapping", "write '<<: *name'"),
    ],
    "missing-accounts.yaml": [
        (
            "missing-accounts.yaml:3:1, data.accounts",
            "'accounts' is missing",
            "add 'accounts:' (the accounts)",
        ),
    ],
    "missing-data.yaml": [
        (
            "missing-data.yaml:1:1, data",
            "'data' is missing",
            "add 'data:' (the tables: accounts, reps, pairs, and others)",
        ),
    ],
    "missing-name.yaml": [
        (
            "missing-name.yaml:1:1, name",
            "'name' is missing",
            "add 'name:' (short name, used in file names and tables)",
        ),
    ],
    "model-has-data.yaml": [
        (
            "base.yaml:3:1, data",
            "unknown key 'data'",
            "delete it; known keys: schema, name, title, description, groups, measures, rules",
        ),
    ],
    "model-missing-file.yaml": [
        (
            "model-missing-file.yaml:3:1, model base.yml",
            "there is no such file",
            "did you mean 'base.yaml'?",
        ),
    ],
    "model-unknown.yaml": [
        (
            "model-unknown.yaml:3:1, model",
            "there is no model 'balance'",
            "did you mean 'balanced'?",
        ),
    ],
    "nan.yaml": [
        (
            "nan.yaml:7:39",
            ".nan is not a finite number",
            "write a number, or put it in quotes if it is text",
        ),
    ],
    "negative-limit.yaml": [
        ("negative-limit.yaml:7:27, rules.hours.limit", "-5 is not 0 or more", "write 0 or more"),
    ],
    "negative-seconds.yaml": [
        (
            "negative-seconds.yaml:7:3, solve.seconds",
            "-5 is not more than 0",
            "write more than 0 (time limit of the solver in seconds)",
        ),
    ],
    "no-for-false.yaml": [
        (
            "no-for-false.yaml:4:34, data.accounts.departed",
            '"no" is not a list',
            "write a list (ids of reps who have left and need not be in t",
        ),
    ],
    "nothing-to-do.study.yaml": [
        ("nothing-to-do.study.yaml:1:1", "has no cases and no sweep", "add 'cases:' or 'sweep:'"),
    ],
    "nul-byte.yaml": [
        (
            "nul-byte.yaml:3",
            "has a NUL byte, so it is not text",
            "name a YAML text file saved as UTF-8",
        ),
    ],
    "null-schema.yaml": [
        (
            "null-schema.yaml:1:1, schema",
            "null removes, and there is nothing here to remove",
            "delete this line",
        ),
    ],
    "number-as-key.yaml": [
        (
            "number-as-key.yaml:4:44",
            "the key is 2024, not text",
            "put the key in quotes, or name it",
        ),
    ],
    "number-as-name.yaml": [
        ("number-as-name.yaml:2:1, name", "2027 is not text", "put it in quotes: '2027'"),
    ],
    "price-in-quotes.yaml": [
        (
            "price-in-quotes.yaml:7:47, rules.balance.price",
            '"40" is not a number',
            "write it without quotes: 40",
        ),
    ],
    "rule-is-list.yaml": [
        (
            "rule-is-list.yaml:6:1, rules",
            "a list is not a mapping of rules",
            "write 'name: {kind: ...}'",
        ),
    ],
    "rule-is-text.yaml": [
        (
            "rule-is-text.yaml:7:3, rules.skills",
            '"yes" is not a rule',
            "write {kind: ...} with the rule's settings",
        ),
    ],
    "rule-name-with-dot.yaml": [
        (
            "rule-name-with-dot.yaml:7:3, rules.fair.revenue",
            "'fair.revenue' cannot be a rule's name",
            "use letters, digits, - and _",
        ),
    ],
    "rule-says-nothing.yaml": [
        (
            "rule-says-nothing.yaml:7:3, rules.stay",
            "disruption needs a price for what moves, or a limit such as max_share: 0.1",
            "change what is written here so that it holds",
        ),
    ],
    "rule-without-kind.yaml": [
        (
            "rule-without-kind.yaml:8:3, rules.balanc",
            "this rule has no kind",
            "did you mean the rule 'balance'? or add 'kind:'",
        ),
    ],
    "scalar-at-top.yaml": [
        (
            "scalar-at-top.yaml:1:1",
            'the file holds "balanced", not a mapping',
            "start with lines such as 'schema: 1' and 'name: ...'",
        ),
    ],
    "schema-2.yaml": [
        ("schema-2.yaml:1:1, schema", "2 is not 1", "write 1 (version of this format)"),
    ],
    "status-and-leaves.yaml": [
        (
            "status-and-leaves.yaml:5:3, data.reps",
            "leaves and status both say who leaves",
            "keep status, where a leaver is one who leaves, or keep leaves",
        ),
    ],
    "sweep-dotless.study.yaml": [
        (
            "sweep-dotless.study.yaml:5:3, sweep.rules..max_share",
            "'rules..max_share' is no place",
            "write the keys down to a setting, such as rules.stay.max_share",
        ),
    ],
    "sweep-empty.study.yaml": [
        (
            "sweep-empty.study.yaml:5:3, sweep.rules.stay.max_share",
            "no values to try",
            "write at least one",
        ),
    ],
    "sweep-missing-key.study.yaml": [
        (
            "sweep-missing-key.study.yaml:5:27, case 'stay.max_shares=0.05', rules.stay.max_shares",
            "unknown key 'max_shares'",
            "did you mean 'max_share'?",
        ),
    ],
    "sweep-missing-rule.study.yaml": [
        (
            "sweep-missing-rule.study.yaml:5:27, case 'stray.max_share=0.05', rules.stray",
            "this rule has no kind",
            "did you mean the rule 'stay'? or add 'kind:'",
        ),
    ],
    "sweep-null.study.yaml": [
        (
            "sweep-null.study.yaml:5:1, sweep",
            "null removes, and there is nothing here to remove",
            "delete this line",
        ),
    ],
    "sweep-repeated.study.yaml": [
        (
            "sweep-repeated.study.yaml:5:37, sweep.rules.stay.max_share",
            "0.05 is tried twice",
            "keep one of the two (the first is in line 5)",
        ),
    ],
    "sweep-too-many.study.yaml": [
        (
            "sweep-too-many.study.yaml:4:1, sweep",
            "8,000 combinations, more than 2,000",
            "try fewer values",
        ),
    ],
    "sweep-value.study.yaml": [
        (
            "sweep-value.study.yaml:5:3, sweep.rules.stay.max_share",
            "0.05 is not a list",
            "write a list (values to try by dotted setting, such as rules",
        ),
    ],
    "tab.yaml": [
        (
            "tab.yaml:4:1",
            "found character '\\t' that cannot start any token",
            "indent with spaces, never with tabs",
        ),
    ],
    "tag.yaml": [
        (
            "tag.yaml:7:11",
            "the tag tag:yaml.org,2002:python/object:os.system is not used here",
            "delete the tag",
        ),
    ],
    "two-documents.yaml": [
        (
            "two-documents.yaml:6:1",
            "a second document starts here",
            "keep one document to a file: delete the line '---' or '...'",
        ),
    ],
    "two-sources.yaml": [
        (
            "two-sources.yaml:4:3, data.accounts",
            "file and frame are given",
            "give exactly one of file, records, frame",
        ),
    ],
    "unclosed-bracket.yaml": [
        (
            "unclosed-bracket.yaml:7:1",
            "expected ',' or '}', but got the end of the file "
            "(while parsing a flow mapping, begun in line 6)",
            "close the bracket, or put a comma between entries",
        ),
    ],
    "unclosed-quote.yaml": [
        (
            "unclosed-quote.yaml:7:1",
            "found unexpected end of stream (while scanning a quoted scalar, begun in line 3)",
            "close the bracket or the quote",
        ),
    ],
    "undefined-alias.yaml": [
        (
            "undefined-alias.yaml:6:8",
            "nothing is anchored as &inherited",
            "write the anchor before it is used; put text that starts with * in quotes",
        ),
    ],
    "unknown-field.yaml": [
        (
            "unknown-field.yaml:7:47, rules.balance.wihtin",
            "unknown key 'wihtin'",
            "did you mean 'within'?",
        ),
    ],
    "unknown-kind.yaml": [
        (
            "unknown-kind.yaml:7:10, rules.fair",
            "unknown kind 'balanced'",
            "did you mean 'balance'?",
        ),
    ],
    "unknown-top.yaml": [
        (
            "unknown-top.yaml:6:1, favourite",
            "unknown key 'favourite'",
            "delete it; known keys: schema, name, title, description, groups, measures, rul",
        ),
    ],
    "utf16.yaml": [
        ("utf16.yaml", "is written in UTF-16 or UTF-32", "save it as UTF-8"),
    ],
    "yaml-1.1.yaml": [
        ("yaml-1.1.yaml:2:1", "asks for another YAML than 1.2", "delete the line '%YAML'"),
    ],
}


def test_every_broken_file_has_its_expected_faults() -> None:
    """A file that is added to the folder must be added here, and the good base is good."""
    assert {path.name for path in FOLDER.iterdir()} == {*EXPECTED, "base.yaml"}
    assert load(FOLDER / "base.yaml").name == "base"


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_broken_files_say_where_what_and_how_to_fix(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All faults of the file at once, in the order of its lines."""
    monkeypatch.chdir(FOLDER)
    with pytest.raises(SpecError) as caught:
        (load_study if ".study." in name else load)(name)
    expected = EXPECTED[name]
    found = caught.value.faults
    assert [(fault.where, fault.what) for fault in found] == [one[:2] for one in expected]
    for fault, (_, _, fix) in zip(found, expected, strict=True):
        assert fault.fix.startswith(fix)


GOOD = (
    b"""schema: 1
name: calm
title: "Keep \\u00e9 it"
data:
  accounts: &table {file: accounts.csv, columns: {revenue: AnnualRevenue}}
  reps: {<<: *table, columns: {}}
  pairs: {nearest: 30}
rules:
  skills: {kind: skills}
  fair:
    kind: balance
    measure: |
      revenue
    within: 1e-1
  stay: {kind: disruption, max_share: 0.08, of: 'revenue'}
  locks: {kind: locks, keep: [{account: "a", until: 2027-01-01}], forbid: [ ]}
planning_date: 2026-01-01
solve: {seconds: 60, gap: 1.0e-4}
""",
    b"""schema: 1
name: study
base: base.yaml
cases:
  as-is: {}
  calm: {model: calm, rules: {balance: null}}
  tight: {rules.stay.max_share: 0.05, title: Tight}
sweep:
  rules.stay.max_share: [0.1, 0.2]
  solve.seed: [1, 2]
baseline: tight
""",
)
BITS = (
    b"\t|\0|\xff|: "
    b"|- |{|}|[|]|&a |*table|*a|!x |!!|%YAML 1.1\n|---\n|...\n|?|>|'|\"|\\|\n|\r|#|<<: |"
    b'null|.inf|1e999|\xef\xbb\xbf|\xe2\x80\xa8|@|`|~|=|%|\xc2\x85|0x|!<tag:x> |"\\x|rules:|>-0\n|'
    b'"\\ud800"|"\\U00110000"|"\\0"|..|base|data|kind: cost'
).split(b"|")


def mutated(good: bytes, rng: random.Random) -> bytes:
    """``good`` with up to four random changes: bits put in, bytes changed, cut or repeated."""
    data = bytearray(good)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        change = rng.randrange(5)
        if change == 0:
            data[at:at] = rng.choice(BITS)
        elif change == 1:
            data[at : at + 3] = rng.choice(BITS)
        elif change == 2:
            data[at : at + 1] = bytes([rng.randrange(256)])
        elif change == 3:
            del data[at : at + rng.randint(1, 20)]
        else:
            first = rng.randrange(len(data) + 1)
            data[at:at] = data[first : first + rng.randint(1, 30)]
    return bytes(data)


@pytest.mark.parametrize("good", GOOD, ids=["scenario", "study"])
def test_damaged_files_never_cause_a_traceback(good: bytes, tmp_path: Path) -> None:
    """200 damaged copies are read or refused with places and fixes; nothing else is ever raised."""
    (tmp_path / "base.yaml").write_bytes((FOLDER / "base.yaml").read_bytes())
    path = tmp_path / "damaged.yaml"
    rng = random.Random(7)
    told: list[Fault] = []
    refused = 0
    for _ in range(200):
        path.write_bytes(mutated(good, rng))
        for read in (load, load_study):
            try:
                read(path)
            except OptiterrError as error:
                refused += 1
                told += error.faults
    assert all(fault.where and fault.what and fault.fix for fault in told)
    assert 200 < refused < 400


def test_the_undamaged_files_are_good(tmp_path: Path) -> None:
    """Otherwise the damaged ones would prove nothing."""
    (tmp_path / "base.yaml").write_bytes((FOLDER / "base.yaml").read_bytes())
    for good, read in zip(GOOD, (load, load_study), strict=True):
        path = tmp_path / "good.yaml"
        path.write_bytes(good)
        assert read(path)
