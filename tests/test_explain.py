"""The statement of a scenario: sets, data, variables, rows and terms, line by line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from optiterr.explain.markdown import code, fenced, plain, table, value
from optiterr.explain.statement import is_model, model_page, scenario_page, statement
from optiterr.notation import Notation, band, grown, number, symbol
from optiterr.scenario.loading import Scenario, load_model

RICH: dict[str, Any] = {
    "name": "rich",
    "title": "Books of the north",
    "planning_date": "2027-01-01",
    "groups": {"family": {"parent": "parent"}},
    "measures": {
        "work": {"kind": "formula", "formula": "visits * each", "unit": "hours"},
        "drive": {"kind": "formula", "formula": "rep.speed * visits"},
    },
    "data": {
        "accounts": {
            "owner": "owner",
            "units": {"visits": "count", "each": "hours/count"},
            "columns": {"revenue": "Annual Revenue"},
            "records": [
                {"account_id": i, "owner": o, "parent": p, "visits": v, "each": 2,
                 "Annual Revenue": r, "segment": s}
                for i, o, p, v, r, s in (
                    ("a", "kim", None, 10, 40, "gold"),
                    ("b", "kim", "a", 5, 30, "gold"),
                    ("c", "lee", None, 4, 20, "tin"),
                    ("d", "moe", None, 1, 10, "tin"),
                    ("e", None, None, 3, 10, ""),
                )
            ],
        },
        "reps": {
            "leaves": "gone",
            "calendar": {"time": {"last_day": "2027-01-31"}},
            "records": [
                {"rep_id": "kim", "gone": False, "speed": 1, "region": "north"},
                {"rep_id": "lee", "gone": False, "speed": 2, "region": "south"},
                {"rep_id": "moe", "gone": True, "speed": 1, "region": "south"},
            ],
        },
    },
    "rules": {
        "hours": {"kind": "capacity", "measure": "work", "limit": "time", "price": 5},
        "road": {"kind": "cost", "value": "drive", "price": 0.5},
        "family": {"kind": "together", "group": "family"},
        "pool": {"kind": "pool", "where": {"segment": "tin"}, "price": 3},
        "focus": {"kind": "focus", "column": "segment", "at_most": 1, "price": 2},
        "north": {
            "kind": "capacity", "measure": "revenue", "limit": 60,
            "where": {"segment": ["gold", "tin"]}, "where_rep": {"region": "north"},
        },
        "stay": {"kind": "protect", "where": {"segment": "gold"}},
    },
}  # fmt: skip


def page(**changes: Any) -> str:
    return scenario_page(Scenario.from_dict({**RICH, **changes}))


def rows_of(text: str, heading: str) -> dict[str, list[str]]:
    """The cells of the tables below a heading, by their first cell."""
    part = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.split("\n") if line.startswith("| ")]
    cells = [[one.strip() for one in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return {one[0]: one[1:] for one in cells}


def test_sets_are_counted() -> None:
    """Five accounts, two of three reps serve; a, b (Kim) and c (Lee) have owners who stay."""
    sets = rows_of(page(), "Sets")
    assert sets["$I$"][0] == "5"
    assert sets["$J$"] == ["2", "reps who serve, $j$; 1 more rep may not"]
    assert sets["$B$"][0] == "3"
    assert sets["$B$"][1].endswith("; 1 more account must move; nobody owns 1")
    # a and b stay with Kim: two of the ten pairs of five accounts and two reps are forbidden.
    assert sets["$P$"][0] == "8"
    assert "hard rules forbid 2 of 10" in sets["$P$"][1]
    assert sets["$O$"][0] == "2"
    assert sets["$U$"][0] == "4"
    assert sets["$G$ of `family`"][0] == "4"
    assert sets["$G$ of `family`"][1].endswith("5 accounts in all, 2 levels deep")


def test_filters_are_sets_with_what_they_match() -> None:
    """Accounts, their revenue and reps, in words."""
    sets = rows_of(page(), "Sets")
    assert sets["$W$ of `north`"] == ["4", "accounts: segment is one of gold, tin; 100 revenue"]
    assert sets["$S$ of `north`"] == ["1", "reps: region is north"]
    assert sets["$W$ of `pool`"] == ["2", "accounts: segment is tin; 30 revenue"]


def test_data_tell_unit_origin_and_readers() -> None:
    """A measure, a calendar, a renamed column, a group's column; sums only of what is added up."""
    data = rows_of(page(), "Data")
    assert data["`work_i`"] == [
        "hours", "number of each account", "derived below, *formula*", "`hours`",
        "2 to 20, 46 in all",
    ]  # fmt: skip
    assert data["`time_j`"][2] == "calendar of the reps, 2027-01-01 to 2027-01-31"
    assert data["`time_j`"][0] == "hours"
    assert data["`drive_ij`"][1] == "number of each account and rep"
    assert data["`revenue_i`"][2] == "data.accounts.records, column `Annual Revenue`"
    assert data["`visits_i`"][3:] == ["measure `work`, measure `drive`", "1 to 10"]
    assert data["`parent_i`"][3] == "groups `family`"
    assert data["`segment_i`"][4] == "2 values: gold, tin"
    assert "`work_i = visits * each`, *formula* in hours." in page()


def test_a_measure_that_depends_on_the_rep_has_both_indices() -> None:
    """Wherever a rule reads it: in the data, in its rows, and as a target."""
    rules = {"way": {"kind": "balance", "measure": "drive", "price": 1, "per": "unit"}}
    text = page(rules=rules)
    assert rows_of(text, "Data")["`drive_ij`"][3] == "`way`"
    assert "∀ j ∈ J: t_j − under_j ≤ Σ_{i ∈ I} drive_ij x_ij ≤ t_j + over_j" in text
    assert "t_j = Σ_{k ∈ J} Σ_{i ∈ I} drive_ik x_ik / |J|" in text


def test_a_measure_that_is_no_formula_tells_its_law_and_settings() -> None:
    """A lookup: algebra and the table of numbers."""
    measures = {"rank": {"kind": "lookup", "lookup": "segment", "values": {"gold": 2, "tin": 1},
                         "otherwise": 0}}  # fmt: skip
    rules = {"even": {"kind": "balance", "measure": "rank", "price": 1}}
    text = page(measures=measures, groups={}, rules=rules)
    assert "`rank_i`, *lookup*: The number that stands beside the account's category." in text
    assert "| `values` | `gold`: 2.0, `tin`: 1.0 |" in text


def test_variables_are_counted() -> None:
    """Pairs of units, open accounts, and the columns that rows bring along."""
    variables = rows_of(page(), "Variables")
    # a with b: Kim only (1); c, d and e: two reps each (6); c and d may stay open (2).
    assert variables[r"$x_{ij} \in \{0, 1\}$"][0] == "7"
    assert variables[r"$o_i \in \{0, 1\}$"][0] == "2"
    assert r"over, under $\ge 0$ of `hours`" in variables
    assert r"level, over $\ge 0$ of `focus`" in variables
    assert r"\sum_{j \in J_i} x_{ij} + o_i = 1" in page()


def test_rows_have_the_scenario_s_names_and_numbers() -> None:
    """Each rule: words, lines with index sets below, blocks of rows, settings."""
    text = page()
    north = text.split("### north\n")[1].split("\n### ")[0]
    assert "*capacity*, hard. No rep carries more" in north
    assert north.split("```text\n")[1].split("\n```")[0].split("\n") == [
        "∀ j ∈ S: Σ_{i ∈ W} revenue_i x_ij ≤ 60",
        "W = {i ∈ I: segment is one of gold, tin}",
        "S = {j ∈ J: region is north}",
    ]
    # Kim may have a with b, c and d; e is of no segment asked for.
    assert "| `north` | 1 | 3 | kim |" in north
    assert "| `limit` | 60.0 |" in north
    assert "`where`" not in north
    stay = text.split("### stay\n")[1].split("\n## ")[0]
    assert "Forbids 2 pairs of 10." in stay
    assert "Makes one account of each set of accounts" in text.split("### family\n")[1]


def test_terms_are_price_times_amount() -> None:
    """The objective line by line, a measure of pairs with both indices; hard rules by name."""
    terms = page().split("\n## Terms\n")[1].split("\n## ")[0]
    assert "Hard: `coverage`, `family`, `north`, `stay`." in terms
    assert "Priced: `hours`, `road`, `pool`, `focus`." in terms
    assert terms.split("```text\n")[1].split("\n```")[0].split("\n") == [
        "min 5 × Σ_{j ∈ J} over_j    (hours)",
        "  + 0.5 × Σ_{i ∈ I, j ∈ J} drive_ij x_ij    (road)",
        "  + 3 × Σ_{i ∈ W} o_i    (pool)",
        "  + 2 × Σ_{j ∈ J} over_j    (focus)",
    ]


def test_hard_rules_alone_cost_nothing() -> None:
    """No objective is made up."""
    text = page(rules={"family": {"kind": "together", "group": "family"}}, measures={})
    assert "Nothing costs anything" in text
    assert r"\min" not in text


def test_data_that_cannot_be_read_are_told_and_nothing_is_counted() -> None:
    """A file that is not there: symbols stay, numbers go, and the reason is given."""
    data = {"accounts": {"file": "gone.csv"}, "reps": {"file": "reps.csv"}}
    rules = {"hours": {"kind": "capacity"}, "pool": {"kind": "pool", "price": 1}}
    text = page(data=data, measures={}, groups={}, rules=rules)
    assert "The data were not read, so nothing is counted here: gone.csv: there is no such" in text
    assert rows_of(text, "Sets")["$I$"] == ["accounts, $i$"]
    assert rows_of(text, "Data")["`capacity_j`"][2] == "reps.csv, column `capacity`"
    assert r"$o_i \in \{0, 1\}$" in rows_of(text, "Variables")
    assert "∀ j ∈ J: Σ_{i ∈ I} workload_i x_ij ≤ capacity_j" in text


def test_a_model_is_stated_without_data() -> None:
    """Symbols only, each to be given."""
    path, text = model_page("calm")
    assert path.name == "calm.yaml"
    assert text == statement(load_model("calm"))
    assert rows_of(text, "Data")["`revenue_i`"][2] == "to be given"
    assert "values" not in rows_of(text, "Data")["symbol"]
    assert "∀ j ∈ J: Σ_{i ∈ B_j} revenue_i (1 − x_ij) ≤ 0.25 × Σ_{i ∈ B_j} revenue_i" in text


def test_the_same_scenario_gives_the_same_page() -> None:
    """Pages are compared with files: no order of sets, no clock."""
    assert page() == page()


def test_hostile_names_are_text() -> None:
    """Markup, bars, backticks and line breaks in names and values never become structure."""
    evil = "x`|\n```\n# h <b>"
    records = [{"account_id": "a", evil: 1, "seg": evil}]
    rules = {
        "hours": {"kind": "capacity", "measure": evil, "limit": 3, "where": {"seg": evil}},
    }
    data = {
        "accounts": {"records": records},
        "reps": {"records": [{"rep_id": "r|`s"}]},
    }
    text = page(title=evil, data=data, rules=rules, measures={}, groups={})
    assert "\n# h" not in text
    assert "<b>" not in re.sub(r"`[^`\n]*`+[^\n]*", "", text.split("```text")[0])
    for line in text.split("\n"):
        if line.startswith("| "):
            assert line.endswith(" |")
    tables = re.findall(r"(?:^\|.*\n)+", text, re.M)
    for one in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in one.strip().split("\n")}) == 1


@pytest.mark.parametrize(
    ("what", "held"),
    [("calm", True), ("quickstart", False), ("no-such-thing", True)],
)
def test_models_are_told_from_scenarios(what: str, held: bool) -> None:
    """By name; an unknown name is looked up among models, whose error leads on."""
    assert is_model(what) is held


def test_files_are_told_by_what_they_hold(tmp_path: Path) -> None:
    """Data, or the name of a model, make a scenario."""
    for name, text, held in (
        ("m.yaml", "schema: 1\nname: m\nrules: {}\n", True),
        ("s.yaml", "schema: 1\nname: s\ndata: {}\n", False),
        ("t.yaml", "schema: 1\nname: t\nmodel: calm\n", False),
    ):
        (tmp_path / name).write_text(text)
        assert is_model(str(tmp_path / name)) is held


def test_notation_writes_sums_sets_and_numbers() -> None:
    """Counting accounts needs no factor; odd names stand in brackets; numbers are not rounded."""
    say = Notation("W", "S", {"drive"})
    assert say.load("accounts") == "Σ_{i ∈ W} x_ij"
    assert say.load("drive", "team") == "Σ_{j ∈ S: team_j = m} Σ_{i ∈ W} drive_ij x_ij"
    assert say.whole("accounts", "i ∈ W") == "|W|"
    assert say.whole("accounts", "i ∈ B, s(i) ∈ S") == "|{i ∈ B, s(i) ∈ S}|"
    assert say.whole("revenue", "i ∈ W") == "Σ_{i ∈ W} revenue_i"
    assert say.bound(12.5) == "12.5"
    assert symbol("Annual  Revenue") == "[Annual Revenue]"
    assert symbol("größe-2") == "größe-2"
    assert (number(0.1 + 0.2), number(1e6), number(2.0)) == ("0.3", "1000000", "2")
    assert (grown(0, "c_j"), grown(0.05, "c_j")) == ("c_j", "1.05 × c_j")
    assert band(0, "y", "t_j", "j") == "t_j − under_j ≤ y ≤ t_j + over_j"
    assert band(0.25, "y", "t_j") == "0.75 t_j ≤ y ≤ 1.25 t_j"


def test_markdown_keeps_text_as_it_is() -> None:
    """Backticks, bars and fences inside of names and lines."""
    assert code("a`b") == "`` a`b ``"
    assert code("a|b\nc") == "`a|b c`"
    assert plain("a_b *c* <d>") == r"a_b \*c\* &lt;d&gt;"
    assert table(["x"], [["a|b"]]) == ["| x |", "| --- |", r"| a\|b |", ""]
    assert table(["x"], []) == []
    assert fenced(["```"]) == ["````text", "```", "````", ""]
    assert value([]) == "none"
    assert value({"a": True}) == "`a`: true"
    assert value(list(range(6))) == "6 entries"
