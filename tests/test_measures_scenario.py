"""Measures in scenario files: layers, lines of faults, round trips, schemas, tables as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from optiterr.engine import read
from optiterr.errors import DataError, SpecError
from optiterr.measures import registry
from optiterr.scenario.loading import Scenario, load, load_model
from optiterr.scenario.schema import json_schema
from optiterr.scenario.study import load_study

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema comes with altair")

HEAD = """schema: 1
name: calm
data:
  accounts: {file: accounts.csv}
  reps: {file: reps.csv}
"""
ACCOUNTS = "account_id,segment,visits,revenue,rate\na,A,2,100,0.5\nb,B,4,200,0.25\n"
REPS = "rep_id,quota,knows\nr1,10,A;B\nr2,20,\n"

MEASURES: dict[str, list[dict[str, Any]]] = {
    "formula": [{"formula": "visits * 2"}, {"formula": "rep.quota + 1", "unit": "currency"}],
    "index": [{"of": {"visits": 1}}, {"of": {"visits": 1, "revenue": 2.5}, "average": 100}],
    "score": [
        {"points": [{"where": {"segment": "A"}, "points": 3}]},
        {
            "points": [{"where": {"not": {"segment": ["A"]}}, "points": 1, "reason": "why: no"}],
            "out_of": 10,
        },
    ],
    "lookup": [
        {"lookup": "segment", "values": {"A": 1, "B": 2}},
        {"lookup": "segment", "values": {"x y": 0.5}, "otherwise": 2, "description": "a: b"},
    ],
    "cadence": [
        {"segment": "segment", "table": "plan"},
        {
            "segment": "segment",
            "plan": [
                {"segment": "A", "channel": "visit", "contacts": 1, "hours": 2, "travel": True}
            ],
            "travel_hours": "visits / 2",
            "overrides": [
                {
                    "where": {"revenue": {"at_least": 1}}, "channel": "visit", "contacts": 3,
                    "owner": "Kim", "reason": "far", "until": "2027-01-31",
                }
            ],
        },
    ],
    "affinity": [
        {"features": {"a": {"kind": "equal", "account": "segment", "rep": "knows"}}},
        {
            "features": {
                "b": {"kind": "closeness", "account": "visits", "rep": "quota", "width": 2},
                "c": {"kind": "matrix", "table": "t", "otherwise": 0.5, "weight": 2},
                "d": {"kind": "win_rate", "table": "t", "segment": "segment", "strength": 3},
            }
        },
    ],
}  # fmt: skip
"""Settings of every measure: the least that must be said, and then others than the defaults."""

TABLES = {name: {"frame": name} for name in ("plan", "t")}


def spec(**settings: Any) -> Scenario:
    data = {"accounts": {"file": "a.csv"}, "reps": {"file": "r.csv"}, "tables": TABLES}
    return Scenario.from_dict({"name": "x", "data": data, **settings})


def folder(path: Path, text: str = "", **files: str) -> Path:
    (path / "accounts.csv").write_text(ACCOUNTS)
    (path / "reps.csv").write_text(REPS)
    for name, content in files.items():
        (path / f"{name}.csv").write_text(content)
    tables = "".join(f"    {name}: {{file: {name}.csv}}\n" for name in files)
    (path / "s.yaml").write_text(HEAD + (f"  tables:\n{tables}" if files else "") + text)
    return path / "s.yaml"


def faults(path: Path, *sets: str) -> list[str]:
    with pytest.raises(SpecError) as error:
        load(path, sets)
    return [str(fault).replace(str(path), "s.yaml") for fault in error.value.faults]


@pytest.mark.parametrize("kind", sorted(MEASURES))
def test_measures_survive_being_written_and_read(kind: str, tmp_path: Path) -> None:
    """Every measure keeps its class, kind and all fields through a dict and through YAML text."""
    for number, one in enumerate(MEASURES[kind]):
        scenario = spec(measures={f"m{number}": {"kind": kind, **one}})
        measure = scenario.measures[f"m{number}"]
        assert type(measure) is registry()[kind]
        written = scenario.to_dict()["measures"][f"m{number}"]
        assert written["kind"] == kind
        names = {field.alias or name for name, field in type(measure).model_fields.items()}
        assert set(written) == names
        again = Scenario.from_dict(scenario.to_dict())
        assert again.measures == scenario.measures
        assert again == scenario
        assert again.fingerprint() == scenario.fingerprint()
        (tmp_path / "a.yaml").write_text(scenario.to_yaml())
        assert load(tmp_path / "a.yaml") == scenario


def test_old_files_mean_what_they_meant() -> None:
    """Without measures there are none."""
    assert spec().measures == {}
    assert spec(measures={}) == spec()


def test_measures_count_in_the_fingerprint_and_their_order_does_not() -> None:
    """Whoever changes a formula asks something else."""
    one = {"a": {"kind": "formula", "formula": "1"}, "b": {"kind": "formula", "formula": "2"}}
    turned = dict(reversed(one.items()))
    assert spec(measures=one).fingerprint() == spec(measures=turned).fingerprint()
    other = {**one, "a": {"kind": "formula", "formula": "3"}}
    assert spec(measures=one).fingerprint() != spec(measures=other).fingerprint()


def test_layers_of_measures(tmp_path: Path) -> None:
    """The model first, then the scenario, the case, and what is set by hand; null removes."""
    (tmp_path / "base.yaml").write_text(
        "schema: 1\nname: base\nmeasures:\n"
        "  effort: {kind: formula, formula: visits * 2, unit: hours}\n"
        "  size: {kind: index, of: {visits: 1, revenue: 2}}\n"
        "  gone: {kind: formula, formula: '1'}\n"
    )
    path = folder(
        tmp_path,
        "model: base.yaml\nmeasures:\n  effort: {formula: visits * 3}\n  gone: null\n"
        "  size: {of: {revenue: null}}\n",
    )
    (tmp_path / "t.study.yaml").write_text(
        "schema: 1\nname: t\nbase: s.yaml\ncases:\n  one: {measures.size.average: 10}\n"
        "  two: {measures: {effort: {kind: lookup, lookup: segment, values: {A: 1}}}}\n"
    )
    assert set(load_model(tmp_path / "base.yaml").measures) == {"effort", "size", "gone"}
    made = load(path, ["measures.effort.unit=days"]).measures
    assert list(made) == ["effort", "size"]
    assert (made["effort"].formula, made["effort"].unit) == ("visits * 3", "days")
    assert made["size"].of == {"visits": 1.0}
    cases = load_study(tmp_path / "t.study.yaml").scenarios()
    assert cases["one"].measures["size"].average == 10.0
    assert cases["two"].measures["effort"].kind == "lookup"


def test_origins_of_measures(tmp_path: Path) -> None:
    """Where a setting was made, or that it is the default."""
    path = folder(tmp_path, "measures:\n  size: {kind: index, of: {visits: 1}}\n")
    scenario = load(path, ["measures.size.of.visits=2"])
    assert scenario.origin_of("measures.size.kind") == f"{path}:7:10"
    assert scenario.origin_of("measures.size.of.visits") == "--set measures.size.of.visits=2"
    assert scenario.origin_of("measures.size.average") == "default"
    with pytest.raises(SpecError, match="did you mean 'average'"):
        scenario.origin_of("measures.size.avrage")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "measures: 3\n",
            "s.yaml:6:1, measures: 3 is not a mapping of measures\n"
            "    fix: write 'name: {kind: ...}', or delete this line",
        ),
        (
            "measures:\n  m: 5\n",
            "s.yaml:7:3, measures.m: 5 is not a measure\n"
            "    fix: write {kind: ...} with the measure's settings",
        ),
        (
            "measures:\n  m: {formula: x}\n",
            "s.yaml:7:3, measures.m: this measure has no kind\n    fix: add 'kind:', one of "
            "affinity, cadence, formula, index, lookup",
        ),
        (
            "measures:\n  m: {kind: formla, formula: x}\n",
            "s.yaml:7:7, measures.m: unknown kind 'formla'\n    fix: did you mean 'formula'?",
        ),
        (
            "measures:\n  my-m: {kind: formula, formula: x}\n",
            "s.yaml:7:3, measures.my-m: 'my-m' cannot be a measure's name\n"
            "    fix: use letters, digits and _, beginning with a letter",
        ),
        (
            "measures:\n  m: {kind: formula, formula: 2 * (x}\n",
            "s.yaml:7:22, measures.m.formula: character 7: ')' is missing behind what the bracket "
            "opens\n    fix: write ')' here",
        ),
        (
            "measures:\n  m: {kind: formula, formula: max(x, 1)}\n",
            "s.yaml:7:22, measures.m.formula: character 6: ')' is missing behind what max is given"
            "\n    fix: write ')' here; between { and } put a formula with a comma in quotes",
        ),
        (
            "measures:\n  m: {kind: score, points: []}\n",
            "s.yaml:7:3, measures.m: score has no points\n    fix: write at least one statement",
        ),
        (
            "measures:\n  m: {kind: formula, formula: 5}\n",
            "s.yaml:7:22, measures.m.formula: 5 is not text\n    fix: put it in quotes: '5'",
        ),
        (
            "measures:\n  m: {kind: formula, formula: x, unit: '%'}\n",
            "s.yaml:7:34, measures.m.unit: '%' is no unit\n    fix: write a word such as hours,",
        ),
        (
            "measures:\n  m: {kind: index, off: {x: 1}, of: {x: 1}}\n",
            "s.yaml:7:20, measures.m.off: unknown key 'off'\n    fix: did you mean 'of'?",
        ),
        (
            "measures:\n  m:\n    kind: affinity\n    features: {a: {kind: equals}}\n",
            "s.yaml:9:16, measures.m.features.a: unknown kind 'equals'\n"
            "    fix: did you mean 'equal'?",
        ),
        (
            "measures:\n  m:\n    kind: affinity\n    features: {a: {width: 1}}\n",
            "s.yaml:9:16, measures.m.features.a: a mapping has no kind\n    fix: add 'kind:'",
        ),
        (
            "measures:\n  m:\n    kind: score\n    points: [{where: {segment: {hass: x}}, points: "
            "1}]\n",
            "s.yaml:9:33, measures.m.points.0.where.segment.hass: unknown condition 'hass'\n"
            "    fix: did you mean 'has'?",
        ),
        (
            "measures:\n  m: null\n",
            "s.yaml:7:3, measures.m: null removes, and there is no such measure to remove\n"
            "    fix: delete this line",
        ),
        (
            "measures:\n  a: {kind: formula, formula: b}\n  b: {kind: formula, formula: a}\n",
            "s.yaml:7:3, measures.a: it cannot be worked out: a needs b needs a\n    fix: work one",
        ),
        (
            "measures:\n  m: {kind: cadence, segment: s, table: plan}\n",
            "s.yaml:7:3, measures.m: there is no table 'plan'\n    fix: add it under data: tables:",
        ),
        (
            "measures:\n  trip: {kind: formula, formula: distance_km}\n"
            "rules:\n  hours: {kind: balance, measure: trip, within: 0.1, where: {trip: 5}}\n",
            "s.yaml:9:3, rules.hours: reads 'trip' of accounts, and it is a measure of pairs",
        ),
    ],
)
def test_faults_of_measures_have_lines(text: str, said: str, tmp_path: Path) -> None:
    """Where, what and how to fix it, as for rules."""
    assert faults(folder(tmp_path, text))[0].startswith(said)


def test_mixed_units_have_lines(tmp_path: Path) -> None:
    """Declared per table; several faults at once."""
    path = folder(
        tmp_path,
        "measures:\n  m: {kind: formula, formula: visits + revenue}\n"
        "  n: {kind: formula, formula: revenue / visits, unit: currency}\n",
    )
    units = ["data.accounts.units={visits: count, revenue: currency}"]
    assert [one.split("\n")[0] for one in faults(path, *units)] == [
        "s.yaml:7:3, measures.m: formula, character 1, 'visits + revenue': count and currency do "
        "not go together",
        "s.yaml:8:3, measures.n: unit: the result is in currency/count, and unit says currency",
    ]
    assert faults(path, "data.reps.units={quota: 5 %}")[0].startswith(
        "--set data.reps.units={quota: 5 %}, data.reps.units.quota: '5 %' is no unit\n"
    )
    load(path)  # nothing declared: nothing to mix


def test_units_of_columns_that_are_not_there(tmp_path: Path) -> None:
    """With the nearest one."""
    scenario = load(folder(tmp_path), ["data.accounts.units={revnue: currency}"])
    with pytest.raises(DataError) as error:
        read(scenario)
    assert str(error.value) == (
        "data.accounts.units: 'revnue' is no column of accounts.csv\n"
        "    fix: did you mean 'revenue'?"
    )


def test_protected_columns_under_another_name(tmp_path: Path) -> None:
    """The file's name counts, in a measure and in a rule."""
    path = folder(
        tmp_path,
        "measures:\n  near: {kind: affinity, features: {a: {kind: equal, account: segment, rep: "
        "likes}}}\nrules:\n  fit: {kind: fit, match: {segment: likes}, price: 1}\n",
    )
    assert [
        one.split(" seems")[0] for one in faults(path, "data.reps.columns={likes: religion}")
    ] == [
        "s.yaml:7:3, measures.near: column 'likes', which is 'religion' in the file,",
        "s.yaml:9:3, rules.fit: column 'likes', which is 'religion' in the file,",
    ]


def test_measures_from_files_to_rules(tmp_path: Path) -> None:
    """A: 2 visits of (1 + 0.5 h) = 3 h; B: 4 of 1 h. Tables are text: they are read as numbers."""
    path = folder(
        tmp_path,
        "measures:\n"
        "  effort: {kind: cadence, segment: segment, table: plan, travel_hours: '0'}\n"
        "  near:\n    kind: affinity\n    features:\n"
        "      knows: {kind: equal, account: segment, rep: knows}\n"
        "      record: {kind: win_rate, table: past, strength: 1}\n"
        "  value: {kind: formula, formula: 'coalesce(rate, 0) * revenue * pair.near'}\n"
        "rules:\n"
        "  load: {kind: balance, measure: effort, within: 0.1, price: 1}\n"
        "  fit: {kind: fit, score: near, price: 1}\n",
        plan="segment,channel,contacts,hours,preparation,travel\n"
        "A,visit,2,1,0.5,yes\nB,visit,4,1,0,no\n",
        past="rep,won\nr1,true\nr1,false\n",
    )
    problem = read(load(path))
    assert problem.account_number("effort").tolist() == [3.0, 4.0]
    # r1 knows both and won (1 + 0.5) / 3; r2 knows neither and is drawn to the base of 1/2
    assert problem.pair_number("near").tolist() == [0.75, 0.25, 0.75, 0.25]
    assert problem.pair_number("value").tolist() == [37.5, 12.5, 37.5, 12.5]
    (tmp_path / "plan.csv").write_text(
        "segment,channel,contacts,hours,preparation,travel\nA,visit,two,1,0.5,maybe\n"
    )
    with pytest.raises(DataError) as error:
        read(load(path))
    assert "plan.csv, row 2, column 'contacts': 'two' is no number" in str(error.value)
    assert "plan.csv, row 2, column 'travel': 'maybe' is neither true nor false" in str(error.value)


def test_solved_with_measures(tmp_path: Path) -> None:
    """The cheapest of pairs by a measure: a to r2 (100 / 20), and so on; audited like any other."""
    from optiterr import solve

    path = folder(
        tmp_path,
        "measures:\n  price: {kind: formula, formula: revenue / rep.quota}\n"
        "rules:\n  cost: {kind: cost, value: price}\n",
    )
    plan = solve(load(path, ["solve.seconds=10"]))
    assert plan.assignment == {"a": "r2", "b": "r2"}
    assert plan.cost == pytest.approx(15.0)


def test_the_schema_describes_measures_by_kind() -> None:
    """Every kind by its law, changes without a kind, null, and unknown keys refused."""
    schema = json_schema("scenario")
    check = jsonschema.Draft202012Validator(schema)
    for kind, one in registry().items():
        (found,) = [
            spec
            for spec in schema["$defs"].values()
            if spec.get("properties", {}).get("kind", {}).get("const") == kind
            and "unit" in spec["properties"]
        ]
        assert found["description"].split("\n")[0] == (one.__doc__ or "").split("\n")[0]
        assert found["required"] == ["kind"]
        assert found["additionalProperties"] is False
    head = {"schema": 1, "name": "x", "data": {"accounts": {}, "reps": {}}}
    good = {f"{kind}_{at}": {"kind": kind, **one} for kind in MEASURES
            for at, one in enumerate(MEASURES[kind])}  # fmt: skip
    changes = {"a": {"formula": "x"}, "b": None, "c": {"features": {"x": {"weight": 2}, "y": None}}}
    for measures in (good, changes):
        assert [one.message for one in check.iter_errors({**head, "measures": measures})] == []
    for wrong in ({"kind": "formula", "formla": "x"}, {"kind": "none"}, {"formla": 1}, 5):
        assert list(check.iter_errors({**head, "measures": {"m": wrong}}))
