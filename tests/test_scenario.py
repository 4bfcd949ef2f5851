"""Scenarios: what a file says, what it inherits, and what identifies it."""

from __future__ import annotations

import datetime as dt
import os
import pickle
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rulebook import CASES as RULES

from optiterr.errors import SpecError
from optiterr.rules import registry
from optiterr.rules.capacity import Capacity
from optiterr.rules.skills import Skills
from optiterr.scenario.formulation import SolveOptions
from optiterr.scenario.layers import packaged
from optiterr.scenario.loading import Scenario, load, load_model
from optiterr.tables.spec import DataSpec

DATA = {"accounts": {"file": "accounts.csv"}, "reps": {"file": "reps.csv"}}
PLAIN = {"name": "calm", "data": DATA}

HEAD = """schema: 1
name: calm
data:
  accounts: {file: accounts.csv}
  reps: {file: reps.csv}
"""


def spec(**settings: Any) -> Scenario:
    return Scenario.from_dict({**PLAIN, **settings})


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def message(error: pytest.ExceptionInfo[SpecError]) -> str:
    return str(error.value)


def built_in() -> dict[str, Any]:
    return {k: rule for k, rule in registry().items() if rule.__module__.startswith("optiterr.")}


def test_no_rule_is_forgotten_here() -> None:
    """A new rule needs cases in the rulebook before its round trip counts as tested."""
    assert set(RULES) == set(built_in())


@pytest.mark.parametrize("kind", sorted(RULES))
def test_rules_survive_being_written_and_read(kind: str) -> None:
    """Every rule keeps its class, kind and all fields through a dict and through YAML text."""
    for number, one in enumerate(RULES[kind]):
        scenario = spec(rules={f"rule-{number}": {"kind": kind, **one}})
        rule = scenario.rules[f"rule-{number}"]
        assert type(rule) is registry()[kind]
        written = scenario.to_dict()["rules"][f"rule-{number}"]
        assert written["kind"] == kind
        assert set(written) == set(type(rule).model_fields)
        again = Scenario.from_dict(scenario.to_dict())
        assert again.rules == scenario.rules
        assert again == scenario
        assert again.fingerprint() == scenario.fingerprint()


def test_yaml_text_reads_back_as_an_equal_scenario(tmp_path: Path) -> None:
    """A file with every default written out says the same as the short one."""
    rules = {
        f"{kind}-{at}": {"kind": kind, **one}
        for kind in RULES
        for at, one in enumerate(RULES[kind])
    }
    data = {
        "accounts": {"records": [{"account_id": "a", "no": 1.5, "b": None}], "departed": ["r: 1"]},
        "reps": {"file": "2027-01-01.csv", "columns": {"hours": "# hours", "on": "no"}},
        "pairs": {"nearest": 3, "by": {"latitude": "1e3"}},
        "tables": {"locks": {"frame": "locks"}},
    }
    first = spec(rules=rules, data=data, planning_date="2027-02-01", title="Calm: 'no' \"x\"\n")
    again = load(put(tmp_path / "a.yaml", first.to_yaml()))
    assert again == first
    assert again.to_yaml() == first.to_yaml()


def test_every_default_is_written_out() -> None:
    """What a short file leaves open stands in the long one."""
    text = spec().to_yaml()
    assert "solve:\n  solver: auto\n  seconds: 60.0\n  gap: 0.0001\n  seed: 0\n" in text
    assert "  coverage:\n    kind: coverage\n    price: null\n" in text
    assert "model" not in text


def test_coverage_is_always_the_first_rule_unless_written() -> None:
    """Every scenario asks for every account to be served, once."""
    assert list(spec(rules={"skills": {"kind": "skills"}}).rules) == ["coverage", "skills"]
    own = spec(rules={"skills": {"kind": "skills"}, "all": {"kind": "coverage"}})
    assert list(own.rules) == ["skills", "all"]
    assert list(Scenario(name="x", data=DataSpec(**DATA)).rules) == ["coverage"]
    with pytest.raises(SpecError) as caught:
        spec(rules={"coverage": {"kind": "skills"}})
    assert "the name 'coverage' is kept for the rule of that kind" in message(caught)


def test_a_scenario_can_be_built_from_values() -> None:
    """Rules may be handed over as values or as mappings, and say the same as the file."""
    built = Scenario(
        name="calm",
        data=DataSpec.model_validate(DATA),
        rules={"capacity": Capacity(limit=40.0), "skills": {"kind": "skills"}},
        solve=SolveOptions(seconds=5),
    )
    rules = {"capacity": {"kind": "capacity", "limit": 40}, "skills": {"kind": "skills"}}
    assert built == spec(rules=rules, solve={"seconds": 5})
    assert isinstance(built.rules["skills"], Skills)


def test_the_fingerprint_is_of_what_is_asked() -> None:
    """Order, defaults, labels and ways of writing a number do not count; values and names do."""
    rules = {"skills": {"kind": "skills"}, "hours": {"kind": "capacity", "limit": 40}}
    first = spec(rules=rules)
    same = Scenario.from_dict(
        {
            "solve": {"gap": 1e-4, "seconds": 60},
            "rules": {
                "hours": {"slack": 0.0, "limit": 40.0, "kind": "capacity", "price": None},
                "skills": {"has": "skills", "kind": "skills"},
            },
            "data": {**DATA, "pairs": "all"},
            "title": "another title",
            "description": "and description",
            "name": "other",
            "schema": 1,
        }
    )
    assert same.fingerprint() == first.fingerprint()
    assert same != first
    for other in (
        {"rules": {**rules, "hours": {"kind": "capacity", "limit": 41}}},
        {"rules": {"skills": {"kind": "skills"}, "work": rules["hours"]}},
        {"rules": rules, "solve": {"seed": 1}},
        {"rules": rules, "planning_date": dt.date(2027, 1, 1)},
        {"rules": rules, "data": {**DATA, "reps": {"file": "others.csv"}}},
        {"rules": rules, "data": {**DATA, "pairs": {"nearest": 3}}},
    ):
        assert spec(**other).fingerprint() != first.fingerprint()


def test_equal_numbers_look_equal_to_the_fingerprint() -> None:
    """1 and 1.0 in a table, 0 and -0.0 in a rule, are the same question."""

    def asked(revenue: float, slack: float) -> Scenario:
        data = {**DATA, "accounts": {"records": [{"account_id": "a", "revenue": revenue}]}}
        return spec(data=data, rules={"hours": {"kind": "capacity", "slack": slack}})

    assert asked(1, 0).fingerprint() == asked(1.0, -0.0).fingerprint()
    assert asked(1, 0) == asked(1.0, -0.0)
    assert asked(1, 0).fingerprint() != asked(1.5, 0).fingerprint()


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False))
def test_shuffled_keys_give_the_same_fingerprint(rng: random.Random) -> None:
    """The order of keys at any depth, rules included, does not change what is asked."""

    def shuffled(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        keys = list(value)
        rng.shuffle(keys)
        return {key: shuffled(value[key]) for key in keys}

    rules = {kind: {"kind": kind, **RULES[kind][-1]} for kind in RULES}
    full = spec(rules=rules).to_dict()
    mixed = Scenario.from_dict(shuffled(full))
    assert mixed.fingerprint() == Scenario.from_dict(full).fingerprint()
    assert mixed == Scenario.from_dict(full)


def test_comments_and_layout_do_not_count(tmp_path: Path) -> None:
    """Two files that say the same in other words are equal, and hash alike."""
    one = load(put(tmp_path / "a.yaml", HEAD + "rules:\n  skills: {kind: skills}\n"))
    text = "# why\n" + HEAD + "rules:\n\n  skills:   # law\n    kind: 'skills'\n"
    two = load(put(tmp_path / "b.yaml", text))
    assert (one, hash(one)) == (two, hash(two))
    assert one != "calm"


def test_the_model_comes_first_and_the_scenario_on_top(tmp_path: Path) -> None:
    """Rules and solver options are inherited; name, title and description are not."""
    put(
        tmp_path / "models" / "base.yaml",
        "name: base\ntitle: Base\nrules:\n  hours: {kind: capacity, slack: 0.1, price: 2}\n"
        "  travel: {kind: travel, price: 1}\n  fair: {kind: balance, measure: revenue}\n"
        "solve: {seconds: 7, seed: 3}\n",
    )
    text = HEAD + (
        "model: models/base.yaml\nrules:\n  travel: null\n  hours: {slack: null, price: 5}\n"
        "  fair: {kind: capacity, limit: 9}\n  skills: {kind: skills}\nsolve: {seed: 4}\n"
    )
    found = load(put(tmp_path / "calm.yaml", text))
    assert list(found.rules) == ["coverage", "hours", "fair", "skills"]
    assert found.rules["hours"] == Capacity(slack=0.0, price=5)
    assert found.rules["fair"] == Capacity(limit=9.0)
    assert (found.solve.seconds, found.solve.seed) == (7, 4)
    assert (found.model, found.title) == ("models/base.yaml", "")


def test_null_means_none_where_none_can_be_said(tmp_path: Path) -> None:
    """``limit: null`` is no limit, not the default one; a removed price makes a rule hard."""
    put(tmp_path / "m.yaml", "name: m\nrules: {hours: {kind: capacity, price: 2, at_least: 1}}\n")
    text = HEAD + "model: m.yaml\nrules: {hours: {limit: null, price: null}}\n"
    rule = load(put(tmp_path / "calm.yaml", text)).rules["hours"]
    assert rule == Capacity(limit=None, at_least=1.0)


def test_a_whole_section_can_be_removed() -> None:
    """``rules: null`` drops all that the model says; where nothing is, it is a dead line."""
    found = spec(model="balanced", rules=None, solve={"seed": 3})
    assert list(found.rules) == ["coverage"]
    with pytest.raises(SpecError) as caught:
        spec(rules=None)
    assert message(caught) == (
        "rules: null is not a mapping of rules\n"
        "    fix: write 'name: {kind: ...}', or delete this line"
    )


def test_every_setting_tells_where_it_was_made(tmp_path: Path, monkeypatch: Any) -> None:
    """File, line and column of the last layer that said it, or default."""
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "m.yaml", "name: m\nrules:\n  hours:\n    kind: capacity\n    price: 2\n")
    text = (
        HEAD
        + "model: m.yaml\nrules:\n  hours: {slack: 0.1}\n"
        + "  locks: {kind: locks, keep: [{account: a}]}\n"
    )
    put(tmp_path / "calm.yaml", text)
    found = load("calm.yaml", ["solve.seed=4"])
    for place, origin in {
        "rules.hours.slack": "calm.yaml:8:11",
        "rules.hours.price": "m.yaml:5:5",
        "rules.hours.limit": "default",
        "rules.coverage.kind": "default",
        "rules.locks.keep.0.account": "calm.yaml:9:32",
        "solve.seed": "--set solve.seed=4",
        "solve.seconds": "default",
        "model": "calm.yaml:6:1",
        "data.accounts.file": "calm.yaml:4:14",
    }.items():
        assert found.origin_of(place) == origin
    with pytest.raises(SpecError) as caught:
        found.origin_of("rules.hours.slak")
    assert message(caught) == (
        "rules.hours.slak: unknown key 'slak'\n    fix: did you mean 'slack'?"
    )


def test_paths_start_at_the_folder_of_the_file_that_sets_them(
    tmp_path: Path, monkeypatch: Any
) -> None:
    """Kept relative to the scenario's folder, so that folders can be moved together."""
    text = HEAD.replace("reps.csv", "../shared/reps.csv") + (
        "model: ../m.yaml\nplanning_date: 2027-01-01\n"
    )
    put(tmp_path / "m.yaml", "name: m\nrules: {skills: {kind: skills}}\n")
    path = put(tmp_path / "a" / "calm.yaml", text)
    found = load(path)
    assert (found.data.accounts.file, found.data.reps.file) == (
        "accounts.csv",
        "../shared/reps.csv",
    )
    assert found.folder == tmp_path / "a"
    assert found.planning_date == dt.date(2027, 1, 1)
    monkeypatch.chdir(tmp_path)
    absolute = str(tmp_path / "x.csv")
    locks = load("a/calm.yaml", ["data.tables.locks.file=locks.csv"]).data.tables["locks"]
    assert locks.file == "../locks.csv"
    by_hand = load(
        "a/calm.yaml", ["data.accounts.file=b/accounts.csv", f"data.reps.file={absolute}"]
    )
    assert by_hand.data.accounts.file == "../b/accounts.csv"
    assert by_hand.data.reps.file == absolute
    assert os.path.normpath(by_hand.folder / by_hand.data.accounts.file) == "b/accounts.csv"


def test_the_same_files_elsewhere_have_the_same_fingerprint(tmp_path: Path) -> None:
    """Where a folder is, and where one stands, does not count."""
    text = HEAD + "model: m.yaml\n"
    found = set()
    for name in ("here", "there/deeper"):
        put(tmp_path / name / "m.yaml", "name: m\nrules: {skills: {kind: skills}}\n")
        found.add(load(put(tmp_path / name / "calm.yaml", text)).fingerprint())
    assert len(found) == 1


def test_settings_by_hand_come_last(tmp_path: Path) -> None:
    """A setting may change the model below, a rule, or remove one."""
    put(tmp_path / "one.yaml", "name: one\nrules: {a: {kind: skills}}\n")
    put(tmp_path / "two.yaml", "name: two\nrules: {b: {kind: skills}, c: {kind: capacity}}\n")
    path = put(tmp_path / "calm.yaml", HEAD + "model: one.yaml\n")
    found = load(path, [f"model={tmp_path / 'two.yaml'}", "rules.b=null", "rules.c.limit=7"])
    assert list(found.rules) == ["coverage", "c"]
    assert found.rules["c"].limit == 7.0
    with pytest.raises(SpecError) as caught:
        load(path, ["rules.d=null", "solve.second=3"])
    assert message(caught) == (
        "--set rules.d=null, rules.d: null removes, and there is no such rule to remove\n"
        "    fix: delete this line; there is a\n"
        "--set solve.second=3, solve.second: unknown key 'second'\n"
        "    fix: did you mean 'seconds'?"
    )


def test_faults_of_a_model_point_into_the_model(tmp_path: Path, monkeypatch: Any) -> None:
    """What is wrong in the model is told there, together with what is wrong in the scenario."""
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "m.yaml", "schema: 1\nrules:\n  hours: {kind: capacity, slack: -1}\nextra: 1\n")
    with pytest.raises(SpecError) as caught:
        load(put(tmp_path / "calm.yaml", HEAD + "model: m.yaml\nsolve: {threads: 0}\n").name)
    assert [fault.where for fault in caught.value.faults] == [
        "calm.yaml:7:9, solve.threads",
        "m.yaml:3:27, rules.hours.slack",
        "m.yaml:4:1, extra",
    ]


def test_unknown_models_name_the_nearest() -> None:
    """From the names in models/, wherever the package is installed."""
    with pytest.raises(SpecError) as caught:
        spec(model="balancd")
    assert message(caught) == (
        "model: there is no model 'balancd'\n    fix: did you mean 'balanced'?"
    )


def test_every_packaged_model_loads() -> None:
    """A model is a formulation by itself, and its name is its file's."""
    paths = sorted(packaged("models").glob("*.yaml"))
    assert paths
    for path in paths:
        model = load_model(path.stem)
        assert model.name == path.stem
        assert len(model.rules) > 1
        inherited = spec(model=path.stem)
        assert inherited.rules == model.rules


def test_a_model_can_be_read_by_itself(tmp_path: Path) -> None:
    """From a path as well; its faults are told without a scenario."""
    path = put(tmp_path / "m.yaml", "name: m\nrules: {a: {kind: skills}}\nsolve: {seed: 2}\n")
    model = load_model(path)
    assert (list(model.rules), model.solve.seed) == (["coverage", "a"], 2)
    put(path, "name: m\nrules: {a: {kind: skils}, b: null}\n")
    with pytest.raises(SpecError) as caught:
        load_model(path)
    assert [fault.what for fault in caught.value.faults] == [
        "unknown kind 'skils'",
        "null removes, and there is no such rule to remove",
    ]
    with pytest.raises(SpecError, match="there is no model 'balancd'"):
        load_model("balancd")


def test_every_packaged_scenario_loads() -> None:
    """What ships runs: each scenario is read without a fault and survives being written out."""
    paths = [
        path
        for path in sorted(packaged("scenarios").rglob("*.yaml"))
        if not path.name.endswith(".study.yaml")
    ]
    assert paths
    for path in paths:
        scenario = load(path)
        assert Scenario.from_dict(scenario.to_dict(), scenario.folder) == scenario


def test_frames_are_kept_for_the_reader() -> None:
    """Tables handed over from Python travel with the scenario, outside what identifies it."""
    data = {"accounts": {"frame": "accounts"}, "reps": {"file": "reps.csv"}}
    frames = {"accounts": object()}
    found = Scenario.from_dict({"name": "x", "data": data}, frames=frames)
    assert found.frames is frames
    assert found == Scenario.from_dict({"name": "x", "data": data})


def test_a_scenario_travels_between_processes(tmp_path: Path) -> None:
    """Pickled and back it is equal, with its folder and origins."""
    first = load(put(tmp_path / "calm.yaml", HEAD + "solve: {seed: 3}\n"))
    again = pickle.loads(pickle.dumps(first))
    assert again == first
    assert again.folder == first.folder
    assert again.origin_of("solve.seed") == first.origin_of("solve.seed")


def test_a_study_is_no_scenario(tmp_path: Path) -> None:
    """Mixing the two up is told as such, not as unknown keys."""
    with pytest.raises(SpecError) as caught:
        load(put(tmp_path / "a.yaml", "name: x\nbase: y.yaml\ncases: {}\n"))
    assert "is a study, not a scenario" in message(caught)


def test_dict_faults_name_the_place() -> None:
    """Without a file, the dotted key says where."""
    with pytest.raises(SpecError) as caught:
        Scenario.from_dict({"name": "x", "data": {"accounts": {"file": 3}}, "rules": {"a": 1}})
    assert [str(fault).splitlines()[0] for fault in caught.value.faults] == [
        "data.accounts.file: 3 is not text",
        "data.reps: 'reps' is missing",
        "rules.a: 1 is not a rule",
    ]


def test_scenarios_cannot_be_changed() -> None:
    """A scenario is a value: a change makes another one."""
    scenario = spec()
    with pytest.raises(ValueError, match="frozen"):
        scenario.name = "other"  # type: ignore[misc]
    with pytest.raises(ValueError, match="frozen"):
        scenario.solve.seconds = 1  # type: ignore[misc]
