"""Reports: the same numbers as the comparison, every name as text, nothing loaded from outside."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
from tiny_comparison import RULES, plan_of, summary, tiny

from optiterr.comparison.case import Case, RuleLine, spoken
from optiterr.comparison.figures import MISSING, show
from optiterr.comparison.side_by_side import Comparison, compare, summarise, summarise_today
from optiterr.findings import Finding, Weight
from optiterr.outputs import charts, render, writers
from optiterr.outputs.csvs import tables
from optiterr.outputs.drawing import inline, labels_of
from optiterr.outputs.html import page
from optiterr.outputs.markdown import report
from optiterr.outputs.plan_tables import write_plan_tables
from optiterr.plan import Step
from optiterr.rules import Rule
from optiterr.rules.capacity import Capacity

GOLDEN = Path(__file__).parent / "golden"

HOSTILE = (
    "<script>alert(1)</script>",
    "=cmd()|' /C calc'!A0",
    "</style></svg><img src=https://example.invalid onerror=alert(1)>",
    "abc\u202edcba\u202c",
    "{{ 7 * 7 }} {% raw %}",
    "🦊 ümläut & \"quotes\" 'single' `tick` | *star* _line_ [a](b)",
    "x" * 5000,
)
VOID = {"meta", "input", "img", "br", "link"}


@dataclass
class Node:
    """An element of a page with its attributes, children and the text right inside it."""

    tag: str
    attrs: dict[str, str]
    children: list[Node] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def text(self) -> str:
        return "".join(self.words)


class Tree(HTMLParser):
    """A page as nodes; text is kept on every element around it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.root = Node("", {})
        self.open = [self.root]
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Node(tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        for node in self.open:
            node.words.append(data)


def nodes(text: str) -> list[Node]:
    tree = Tree(text)
    assert tree.open == [tree.root], "an element is left open"
    return list(tree.root.walk())


def two_cases() -> tuple[Case, list[Case]]:
    """Today's books; the tiny plan, and the same prices with a plan that moves nothing more."""
    today = summarise_today(tiny(), RULES)
    other = summarise(
        "calm",
        plan_of(
            cost=21.0,
            bound=21.0,
            terms={"even": 10.0, "travel": 11.0},
            assignment={"a": "r1", "b": "r1", "c": "r2", "d": "r2", "e": "r2"},
        ),
        tiny(),
        RULES,
        scenario_title="Calm",
    )
    return today, [summary(), other]


@cache
def two() -> Comparison:
    """The two compared."""
    today, cases = two_cases()
    return compare("fy27", "New year", cases, today)


@cache
def shown() -> str:
    """The page of the two."""
    return page(two())


def fixed() -> Comparison:
    """The comparison of the golden files: digests and words of rules do not depend on versions."""
    lines = tuple(
        RuleLine(name=name, kind=rule.kind, law="A law.", price=rule.price, written=name)
        for name, rule in RULES.items()
    )

    def still(case: Case, name: str) -> Case:
        own = {"prices": "p", "charges": "c", "problem": name, "rules": lines}
        return case.model_copy(update=own | {"findings": (), "today_breaches": ()})

    today, cases = two_cases()
    fresh = [still(case, case.name) for case in cases]
    return compare("fy27", "New year", fresh, still(today, "today"))


@pytest.mark.parametrize(
    ("name", "text"), [("report.md", report), ("report.json", Comparison.to_json)]
)
def test_golden(name: str, text: Callable[[Comparison], str]) -> None:
    """What a reader gets changes only on purpose: write anew with OPTITERR_GOLDEN=write."""
    if os.environ.get("OPTITERR_GOLDEN") == "write":
        (GOLDEN / name).write_text(text(fixed()), encoding="utf-8")
    assert text(fixed()) == (GOLDEN / name).read_text(encoding="utf-8")


def test_all_files_are_written_and_the_same_every_time(tmp_path: Path) -> None:
    """Every file, listed as written; a second rendering gives the same bytes."""
    paths = render(two(), tmp_path / "one")
    again = render(two(), tmp_path / "two")
    assert [path.name for path in paths] == [
        "comparison.json",
        *("figures.csv", "books.csv", "capacity.csv", "moves.csv", "flows.csv", "accounts.csv"),
        *("reps.csv", "teams.csv", "differences.csv", "passages.csv", "switches.csv"),
        *("rules.csv", "findings.csv", "log.csv", "dictionary.csv", "report.md", "report.html"),
    ]
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]
    assert Comparison.read(tmp_path / "one" / "comparison.json") == two()
    assert list(writers()) == ["json", "csv", "markdown", "html"]


def test_every_figure_in_the_page_is_that_of_the_json() -> None:
    """Each marked number equals the JSON's and is written as its figure says; none is forgotten."""
    told = two()
    data = json.loads(told.to_json())
    cases = {case["name"]: case for case in [data["today"], *data["cases"]]}
    forms = {row.figure.key: row.figure for row in told.rows}
    rows = {row["figure"]["key"]: row["cells"] for row in data["rows"]}
    seen = set()
    for node in nodes(shown()):
        if "data-figure" not in node.attrs:
            continue
        case, key = node.attrs["data-case"], node.attrs["data-figure"]
        own = cases[case]["today_values" if "data-today" in node.attrs else "values"]
        value = float(node.attrs["data-value"])
        if node.tag == "td":
            assert value == rows[key][case]["value"]
            (written,) = [n for n in node.walk() if n.attrs.get("class") == "value"]
            assert written.text == forms[key].show(value)
            seen.add((case, key))
        else:
            assert value == own[key]
            assert node.text in {forms[key].show(value), forms[key].show(abs(value))}
        for change in (n for n in node.walk() if "data-change" in n.attrs):
            assert float(change.attrs["data-change"]) == rows[key][case]["change"]
    expected = {
        (case, key)
        for key, cells in rows.items()
        for case, cell in cells.items()
        if cell["value"] is not None
    }
    silent = {pair for pair in expected if pair[1].startswith(("found:", "amount:", "breaches"))}
    assert seen - silent == expected - silent


def test_every_book_and_move_in_the_page_is_that_of_the_json() -> None:
    """Loads of reps and measures of moves carry their exact value and are written alike."""
    told = two()
    data = json.loads(told.to_json())
    books = {(c["name"], b["rep_id"]): b for c in data["cases"] for b in c["books"]}
    moves = {(c["name"], m["account_id"]): m for c in data["cases"] for m in c["moves"]}
    loads = measures = 0
    for node in nodes(shown()):
        at = node.attrs
        if "data-rep" in at:
            value = books[at["data-case"], at["data-rep"]][at["data-field"]][at["data-name"]]
            assert float(at["data-value"]) == value
            style = "share" if at["data-field"].startswith("use") else "amount"
            assert node.text == show(value, style)
            loads += 1
        if "data-account" in at:
            move = moves.pop((at["data-case"], at["data-account"]))
            for cell in (one for one in node.walk() if "data-measure" in one.attrs):
                value = move["measures"][cell.attrs["data-measure"]]
                assert float(cell.attrs["data-value"]) == value
                assert cell.text == show(value)
                measures += 1
    assert not moves
    # 2 cases x (2 reps x (2 measures x 2 + use x 2 + 3) + the one who left x (2 x 2 + 3)), but a
    # measure of the one who left is always there: 2 x (2 x 9 + 7)
    assert loads == 50
    assert measures == 3 + 2  # revenue of b, d, e and of d, e


def test_the_page_is_alone() -> None:
    """No address, no script or style from elsewhere, and a policy that would refuse them."""
    text = shown()
    bare = text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|//[a-z]|@import|\burl\(|javascript:", bare)
    every = nodes(text)
    assert not [n for n in every if {"src", "srcset", "action", "data"} & set(n.attrs)]
    links = [n.attrs["href"] for n in every if "href" in n.attrs]
    targets = {n.attrs["id"] for n in every if "id" in n.attrs}
    assert links
    assert all(link[0] == "#" and link[1:] in targets for link in links)
    (policy,) = [n for n in every if n.attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policy.attrs["content"] == (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
    )
    scripts = [n.attrs for n in every if n.tag == "script"]
    assert scripts == [{"type": "application/json", "id": "data"}, {}]
    assert not [name for n in every for name in n.attrs if name.startswith("on")]


def test_every_drawing_has_a_name_and_says_what_it_shows() -> None:
    """A reader who cannot see gets a title and the numbers of the drawing."""
    drawings = [n for n in nodes(shown()) if n.tag == "svg"]
    # trade-off, cost; 2 x (loads, bands, discs, solve); capacity; shares; 3 maps
    assert len(drawings) == 2 + 2 * 4 + 1 + 1 + 3
    for drawing in drawings:
        assert drawing.attrs["role"] == "img"
        assert [child.tag for child in drawing.children[:2]] == ["title", "desc"]
        assert drawing.children[0].text
        assert drawing.children[1].text


def data_of(text: str) -> dict[str, Any]:
    """What the page's script reads."""
    (told,) = [n for n in nodes(text) if n.attrs.get("id") == "data"]
    return json.loads(told.text)


def test_every_drawing_has_its_numbers_as_a_table() -> None:
    """All but maps, whose table is that of the accounts; the numbers are those of the figures."""
    figures = [n for n in nodes(shown()) if n.tag == "figure"]
    bare = [n for n in figures if not [one for one in n.walk() if one.tag == "table"]]
    assert [n.children[0].text for n in bare] == [
        "Today: who serves where",
        "Tiny: who serves where; 1 moved",
        "Calm: who serves where; 0 moved",
    ]
    (spread,) = [n for n in figures if n.children[0].text.startswith("Tiny: spread of revenue")]
    cells = [n.text for n in spread.walk() if n.tag == "td"]
    assert cells == ["Lee", "30", "25", "30", "Kim", "15", "35", "30"]
    (held,) = [n for n in figures if n.children[0].text.startswith("Who holds what share")]
    cells = [n.text.replace("\u00a0", " ") for n in held.walk() if n.tag == "td"]
    # Today 15 of 45: the curve's area is (0 + 1/3) / 4 + (1/3 + 1) / 4 = 5/12, so Gini 1/6. The
    # largest tenth is a fifth of the larger book's two thirds. Tiny: 25 of 60, Gini 1/12.
    assert cells[:8] == [
        "Today",
        "16.7 %",
        "33.3 %",
        "13.3 %",
        "Tiny",
        "8.33 %",
        "41.7 %",
        "11.7 %",
    ]


def test_the_script_reads_what_the_comparison_says() -> None:
    """Who serves whom, moves with worth and reason, books, differences: the same as in the JSON."""
    told, data = two(), data_of(shown())
    table = told.accounts
    assert table is not None
    assert data["accounts"]["id"] == list(table.ids)
    assert data["accounts"]["today"] == list(table.today)
    assert data["measures"] == ["revenue"]
    assert data["accounts"]["measures"] == [list(table.measures["revenue"])]
    for case, shown_case in zip(told.cases, data["cases"], strict=True):
        assert shown_case["served"] == list(table.served[case.name])
        rows = zip(*shown_case["moves"], strict=True)
        for move, (row, kind, worth, why) in zip(case.moves, rows, strict=True):
            assert table.ids[row] == move.account_id
            assert ("moved", "forced", "new")[kind] == move.kind
            assert worth == (None if move.worth is None else pytest.approx(move.worth, rel=1e-6))
            assert shown_case["why"][why] == move.why
        assert shown_case["own"] == {}
        for book, line in zip(case.books, shown_case["books"], strict=True):
            place, before, after, target, (then, now) = line
            assert told.reps[place].rep_id == book.rep_id
            assert before == [book.before["accounts"], book.before["revenue"]]
            assert after == [book.after["accounts"], book.after["revenue"]]
            assert target == [None, book.target.get("revenue")]
            assert then == [book.use_before.get("hours")]
            assert now == [book.use.get("hours")]
    (said,), (line,) = told.differences, data["differences"]
    assert (line["first"], line["second"], line["accounts"]) == ("tiny", "calm", said.accounts)
    assert [table.ids[one[0]] for one in line["largest"]] == [s.account_id for s in said.largest]
    assert [one[4] for one in line["largest"]] == [one.broken for one in said.largest]


def test_moves_that_count_otherwise_than_today_keep_their_own_measures() -> None:
    """In a case whose revenue of b is 21, the page shows 21 there and today's 20 elsewhere."""
    grown = tiny().accounts.assign(revenue=[10.0, 21.0, 15.0, 5.0, 10.0])
    case = summarise("tiny", plan_of(bound=20.0), replace(tiny(), accounts=grown), RULES)
    told = compare("s", "S", [case], summarise_today(tiny(), RULES))
    data = data_of(page(told))
    assert data["accounts"]["measures"][0][1] == 20
    assert data["cases"][0]["own"] == {"1": [21]}


def test_the_data_of_the_page_end_nowhere_early() -> None:
    """Marks that could end the element, and line marks that end a script's text, are written out;
    read back, every name is what it was."""
    text = page(hostile())
    start = text.index('id="data">') + len('id="data">')
    inside = text[start : text.index("</script>", start)]
    assert not re.search("[<>&\u2028\u2029]", inside)
    data = json.loads(inside)
    assert data["accounts"]["id"] == list(HOSTILE[:5])
    assert {rep["name"] for rep in data["reps"]} == {HOSTILE[0], HOSTILE[1], ""}


def test_a_comparison_without_its_tables_has_a_page_without_accounts() -> None:
    """No map, no table of accounts, no differences; words, figures and drawings stay."""
    told = compare("s", "S", two().cases, two().today)
    text = page(told)
    assert data_of(text) == {"accounts": None}
    assert not {"map", "accounts", "differences"} & {n.attrs.get("id") for n in nodes(text)}
    assert "who gives accounts to whom" in text


@cache
def hostile() -> Comparison:
    """The tiny case with every name turned against the reader."""
    problem = tiny()
    names = [*HOSTILE[2:6], "a\u2028b" + "x" * 9995]
    accounts = problem.accounts.assign(account_id=list(HOSTILE[:5]), name=names)
    reps = problem.reps.assign(name=list(HOSTILE[:2]), rep_id=[HOSTILE[5], HOSTILE[6]])
    problem = replace(problem, accounts=accounts, reps=reps)
    back = dict(zip("abcde", HOSTILE[:5], strict=True))
    rep = {"r1": HOSTILE[5], "r2": HOSTILE[6]}
    plan = plan_of(bound=20.0, terms={HOSTILE[0]: 10.0})
    found = tuple(
        Finding(rule=HOSTILE[0], weight=Weight.PRICED, where="x", amount=1, message=name)
        for name in HOSTILE
    )
    plan = plan.model_copy(
        update={
            "assignment": {back[i]: rep[j] for i, j in plan.assignment.items()},
            "findings": found,
        }
    )
    rules = {HOSTILE[0]: RULES["even"], HOSTILE[1]: RULES["hours"], "coverage": RULES["coverage"]}
    cases = [
        summarise(name, plan, problem, rules, scenario_title=name)
        for name in (HOSTILE[0], HOSTILE[6])
    ]
    today = summarise_today(problem, rules, title=HOSTILE[2])
    return compare("study", HOSTILE[2], cases, today)


def test_hostile_names_are_text_in_the_page() -> None:
    """Markup, templates, marks that turn text round and 5,000 characters stay what they are."""
    every = nodes(page(hostile()))
    assert [n.tag for n in every].count("script") == 2
    assert [n.tag for n in every].count("style") == 1
    assert not [n for n in every if n.tag == "img"]
    isolated = {n.text for n in every if n.tag == "bdi"}
    assert isolated >= set(HOSTILE)
    assert "a\u2028b" + "x" * 9995 in isolated
    assert "49" not in {text.strip() for text in isolated}
    (title,) = [n for n in every if n.tag == "title" and n.text == HOSTILE[2]]
    assert not title.children


def test_hostile_names_are_exact_in_the_tables() -> None:
    """Ids are never changed, not even those that a spreadsheet would run; the dictionary warns."""
    files = {name: list(csv.reader(io.StringIO(text))) for name, text in tables(hostile()).items()}
    moves = files["moves.csv"]
    assert {row[moves[0].index("account_id")] for row in moves[1:]} == {
        *(HOSTILE[1], HOSTILE[3], HOSTILE[4])
    }
    books = files["books.csv"]
    assert {row[1] for row in books[1:]} == {HOSTILE[5], HOSTILE[6], "r3"}
    assert {row[7] for row in files["findings.csv"][1:]} >= set(HOSTILE)
    assert "text that begins with = + - or @ is written as it is" in files["dictionary.csv"][1][2]
    widths = {name: {len(row) for row in rows} for name, rows in files.items()}
    assert all(len(width) == 1 for width in widths.values())


def test_every_book_has_its_index() -> None:
    """Tiny: 25 and 35 of a mean of 30 are 833 and 1,167; r3 has left and has none."""
    head, *rows = csv.reader(io.StringIO(tables(two())["books.csv"]))
    lines = [dict(zip(head, row, strict=True)) for row in rows]
    own = [one for one in lines if one["case"] == "tiny" and one["measure"] == "revenue"]
    index = {one["rep_id"]: one["index"] for one in own}
    assert float(index["r1"]) == pytest.approx(2500 / 3)
    assert float(index["r2"]) == pytest.approx(3500 / 3)
    assert index["r3"] == ""


def test_hostile_names_are_text_in_markdown() -> None:
    """No tag, no new column, no link."""
    text = report(hostile())
    assert "<script" not in text
    assert "[a](b)" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    bars = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
    assert bars == {5}  # name, today, two cases


def test_drawings_let_known_elements_through_only() -> None:
    """Scripts, links, handlers, styles and outside addresses do not survive."""
    bad = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        'viewBox="0 0 10 20" onload="x()"><script>x()</script><a xlink:href="x"><text>t</text></a>'
        '<image href="http://x"/><rect fill="url(http://x)" style="a:b" width="3"/>'
        "<foreignObject/><text>kept</text></svg>"
    )
    root = ElementTree.fromstring(inline(bad, "a title", "some words"))
    tags = [one.tag.split("}")[1] for one in root]
    assert tags == ["title", "desc", "rect", "text"]
    assert root[2].attrib == {"width": "3"}
    assert root.attrib == {"viewBox": "0 0 10 20", "role": "img", "width": "10", "height": "20"}


def test_labels_of_drawings_are_short_and_never_alike() -> None:
    """Two reps of one name are told apart, and long names are cut."""
    labels = labels_of([("r1", "Lee"), ("r2", "Lee"), ("r3", "y" * 99), ("r4", "a\nb\u202ec")])
    assert labels == ["r1 Lee", "r2 Lee", "y" * 21 + "…", "a b c"]
    same = labels_of([("z" * 50 + "1", "Lee"), ("z" * 50 + "2", "Lee")])
    assert same == ["zzzzzzzzz… Lee", "zzzzzzzzz… Lee #2"]


def test_labels_of_the_trade_off_never_meet() -> None:
    """Three plans at one spot: their labels lie apart, one line each, inside the drawing."""
    points = [{"x": 0.1, "y": 1.0, "label": name} for name in ("one", "two", "three")]
    charts._spread_labels(points, 1.0, 1.0)
    places = sorted(point["at"] for point in points)
    assert all(b - a >= 0.999 * 14 / 235 for a, b in pairwise(places))
    assert places[0] >= 0
    low = [{"x": 0.1, "y": 0.0, "label": "one"}, {"x": 0.1, "y": 0.0, "label": "two"}]
    charts._spread_labels(low, 1.0, 1.0)
    assert [point["at"] for point in low] == [0.0, pytest.approx(14 / 235)]


def test_today_is_drawn_once_where_its_cost_is_the_same() -> None:
    """Two cases with the same prices share one bar of today's cost."""
    (drawn,) = charts.costs(two())
    assert drawn.text == (
        "Today: even 15, travel 11.12; Tiny: even 10, travel 22.24; Calm: even 10, travel 11"
    )


def test_many_moves_are_cut_in_the_page_and_the_reader_is_told() -> None:
    """Of 7,000 moves 300 stand in the page without its script, which says so; the table has all."""
    case = summary()
    many = tuple(
        case.moves[0].model_copy(update={"account_id": f"account {i}"}) for i in range(7000)
    )
    told = compare("s", "S", [case.model_copy(update={"moves": many})], two().today)
    text = page(told)
    assert text.count("data-account=") == 300
    assert "the 300 largest of 7,000 moves are shown; moves.csv has all." in text
    assert tables(told)["moves.csv"].count("\n") == 7001


def test_many_reps_are_drawn_by_rank() -> None:
    """Above forty reps names are no longer readable: two curves instead."""
    case = summary()
    many = tuple(case.books[0].model_copy(update={"rep_id": f"r{i}"}) for i in range(41))
    told = compare("s", "S", [case.model_copy(update={"books": many})], two().today)
    drawn = charts.loads(told, told.cases[0], "revenue")
    assert drawn is not None
    assert "Reps, largest book first" in drawn.svg
    assert "Lee" not in drawn.svg


def test_a_study_without_any_plan_still_has_a_page() -> None:
    """Nothing found: the page says why and draws nothing it does not have."""
    why = Finding(rule="calm", weight=Weight.BREACH, where="all", amount=1, message="Too calm.")
    plan = plan_of(status="infeasible", cost=None, terms={}, assignment={}, blocking=(why,))
    case = summarise("tight", plan, tiny(), RULES, scenario_title="Tight")
    told = compare("s", "S", [case], two().today)
    text = page(told)
    assert "No case has a plan." in text
    assert "no plan is possible" in text
    assert "Too calm." in report(told)
    assert f"| Cost | 26.12 | {MISSING} |" in report(told).replace("\\", "")


def test_tables_are_tidy_and_exact() -> None:
    """Long figures with today's beside them; numbers come back to the last bit."""
    told = two()
    rows = list(csv.DictReader(io.StringIO(tables(told)["figures.csv"])))
    for row in rows:
        case = next(one for one in told.columns if one.name == row["case"])
        assert float(row["value"]) == case.values[row["figure"]]
        today = case.today_values.get(row["figure"])
        assert row["today"] == ("" if today is None else row["today"])
        assert today is None or float(row["today"]) == today
    assert len(rows) == sum(len(case.values) for case in told.columns)
    moves = list(csv.DictReader(io.StringIO(tables(told)["moves.csv"])))
    assert moves[0] == {
        "case": "tiny",
        "account_id": "b",
        "account_name": "Bolt",
        "from_rep": "r1",
        "from_name": "Lee",
        "to_rep": "r2",
        "to_name": "Kim",
        "kind": "moved",
        "worth": "20",
        "why": "balances revenue",
        "revenue": "20",
    }


def test_a_measure_called_like_a_column_keeps_apart() -> None:
    """A measure named 'kind' gets a column of its own."""
    case = summary()
    moves = tuple(m.model_copy(update={"measures": {"kind": 4.0}}) for m in case.moves)
    odd = case.model_copy(update={"moves": moves, "move_measures": ("accounts", "kind")})
    text = tables(compare("s", "S", [odd], two().today))["moves.csv"]
    assert text.splitlines()[0].endswith(",kind,worth,why,kind_")
    assert re.search(r",moved,.*,4$", text.splitlines()[1])


def test_columns_called_like_ours_stay_in_the_tables_of_a_plan(tmp_path: Path) -> None:
    """A measure ``kind`` and columns like our own get a line behind their names."""
    problem = tiny()
    accounts = problem.accounts.assign(kind=problem.accounts["revenue"], from_rep_id="before")
    reps = problem.reps.assign(accounts_before=7)
    named = replace(problem, accounts=accounts, reps=reps)
    rules: dict[str, Rule] = {"hours": Capacity(measure="kind", limit=100)}
    write_plan_tables(plan_of(), named, rules, tmp_path)
    read = {path.stem: pd.read_csv(path) for path in tmp_path.iterdir()}
    moved = read["moves"].set_index("account_id")  # b: r1 to r2, revenue 20
    assert moved.loc["b", ["from_rep_id", "to_rep_id", "kind", "kind_"]].tolist() == [
        *("r1", "r2", "moved", 20.0)
    ]
    assert moved["kind"].to_dict() == {"b": "moved", "d": "new", "e": "forced"}
    assert read["accounts"]["from_rep_id_"].tolist() == ["before"] * 5
    assert read["accounts"]["from_rep_id"].fillna("").tolist() == ["r1", "r1", "r2", "", "r3"]
    # today r1 has a and b (10 + 20), r2 has c (15); in the plan r1 has a, d, e, r2 has b, c
    assert read["reps"]["accounts_before_"].tolist() == [7, 7]
    assert read["reps"]["accounts_before"].tolist() == [2, 1]
    assert read["reps"]["accounts_after"].tolist() == [3, 2]
    assert read["reps"]["kind_before"].tolist() == [30, 15]
    assert read["reps"]["kind_after"].tolist() == [25, 35]


def test_a_lone_carriage_return_stays_inside_its_cell() -> None:
    """Tables end their lines as RFC 4180 says, so that every line break in a cell is quoted."""
    import csv
    import io

    from optiterr.outputs.csvs import _csv

    text = _csv(["name"], [["one\rtwo"], ["three\nfour"]])
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["name"],
        ["one\rtwo"],
        ["three\nfour"],
    ]


def test_plans_on_one_spot_share_a_label() -> None:
    """Two plans on one spot are one label; a third, too long to join, has its own."""
    points = [{"x": 0.1, "y": 1.0, "label": name} for name in ("one", "two", "a" * 25)]
    found = charts._joined([*points, {"x": 0.3, "y": 1.0, "label": "far"}], 1.0, 1.0)
    assert [one["label"] for one in found] == ["one = two", "a" * 25, "far"]
    assert [one["label"] for one in points[:2]] == ["one", "two"]


def test_axes_speak_of_no_thousandths() -> None:
    """Tenths of seconds are 0.1, not 100m; nothing is 0, not 0k; billions are bn."""
    log = tuple(
        Step(seconds=seconds, incumbent=cost, bound=2e9)
        for seconds, cost in ((0.1, 4e9), (0.2, 3e9), (0.4, 2e9))
    )
    case = two().cases[0].model_copy(update={"log": log})
    drawn = charts.convergence(two(), case)
    assert drawn is not None
    ticks = set(re.findall(r"<text[^>]*>([\d.]+\w*)</text>", drawn.svg))
    assert {"0.1", "0.2", "0.3", "0.4", "2bn", "3bn", "4bn"} <= ticks
    assert [tick for tick in ticks if tick.endswith(("m", "G"))] == []
    loads = charts.loads(two(), two().cases[0], "revenue")
    assert loads is not None
    assert ">0<" in loads.svg


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("stay.max_share=0.02", "Stay max share 2\u00a0%"),
        ("stay.max_share=0.125, solve.seed=3", "Stay max share 12.5\u00a0%, solve seed 3"),
        ("even.by=team_a", "Even by team_a"),
        ("stay.max_share=null", "Stay max share null"),
        ("fy27_calm", "fy27_calm"),
    ],
)
def test_swept_cases_are_called_in_words(name: str, title: str) -> None:
    """A case without a title is called by what was set in it; a name of its own stays as it is."""
    assert spoken(name) == title
    plan = plan_of().model_copy(update={"title": ""})
    assert summarise(name, plan, tiny(), RULES).title == title


def test_the_story_counts_up_from_nothing() -> None:
    """Of plans that move 0 % and 44.4 % the story says up to; that none moves less is no news."""
    told = " ".join(one.text for one in two().summary if not one.case)
    assert "move up to 44.4\u00a0% of revenue." in told
    assert "moves the least" not in told
    assert "It is proved that neither plan could cost more than 38\u00a0% less" in told
