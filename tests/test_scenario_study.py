"""Studies: one base, named changes of it, and a sweep."""

from __future__ import annotations

from pathlib import Path

import pytest

from optiterr.errors import SpecError
from optiterr.scenario.layers import packaged
from optiterr.scenario.loading import load
from optiterr.scenario.study import Study, load_study

BASE = """schema: 1
name: base
title: The base
data:
  accounts: {file: accounts.csv}
  reps: {file: reps.csv}
rules:
  fair: {kind: balance, measure: revenue, within: 0.1, price: 40}
  stay: {kind: disruption, max_share: 0.1}
"""
HEAD = "schema: 1\nname: study\nbase: base/base.yaml\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the base in a folder of its own; the current one during the test."""
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "base.yaml").write_text(BASE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def study(text: str, *sets: str) -> Study:
    Path("s.study.yaml").write_text(HEAD + text)
    return load_study("s.study.yaml", sets)


def faults(text: str, *sets: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        study(text, *sets)
    return [f"{fault.where}: {fault.what}" for fault in caught.value.faults]


def test_cases_change_the_base() -> None:
    """Leaves replace, null removes, dotted keys reach down; an empty case is the base."""
    found = study(
        "cases:\n"
        "  as-is: {}\n"
        "  free: {rules: {stay: null}}\n"
        "  tight: {rules.stay.max_share: 0.05, rules.fair.price: null, title: Tight}\n"
        "  other: {rules: {stay: {kind: capacity, limit: 9}}}\n"
    ).scenarios()
    assert list(found) == ["as-is", "free", "tight", "other"]
    assert found["as-is"].rules == load("base/base.yaml").rules
    assert found["as-is"].fingerprint() == load("base/base.yaml").fingerprint()
    assert list(found["free"].rules) == ["coverage", "fair"]
    assert found["tight"].rules["stay"].max_share == 0.05
    assert found["tight"].rules["fair"].price is None
    assert found["tight"].rules["fair"].within == 0.1
    assert found["other"].rules["stay"].kind == "capacity"


def test_a_case_has_its_own_name_and_title() -> None:
    """The base's title does not name a case; the case's own does."""
    found = study("cases: {a: {}, b: {title: Tight, description: why}}").scenarios()
    labels = [(one.name, one.title, one.description) for one in found.values()]
    assert labels == [("a", "", ""), ("b", "Tight", "why")]


def test_a_sweep_tries_every_combination_after_the_cases() -> None:
    """The last setting changes fastest; names say the values, without 'rules.'."""
    found = study(
        "cases: {free: {rules: {stay: null}}}\n"
        "sweep:\n  rules.stay.max_share: [0.05, 0.2]\n  solve.seed: [1, 2]\n"
    ).scenarios()
    assert list(found) == [
        "free",
        "stay.max_share=0.05, solve.seed=1",
        "stay.max_share=0.05, solve.seed=2",
        "stay.max_share=0.2, solve.seed=1",
        "stay.max_share=0.2, solve.seed=2",
    ]
    values = [(s.rules["stay"].max_share, s.solve.seed) for s in list(found.values())[1:]]
    assert values == [(0.05, 1), (0.05, 2), (0.2, 1), (0.2, 2)]
    assert len({one.fingerprint() for one in found.values()}) == 5


def test_swept_values_may_be_anything() -> None:
    """Null removes or says none, a mapping changes several settings, and names stay unique."""
    found = study(
        "cases: {'data.reps.file=a_b.csv': {}}\n"
        "sweep:\n  data.reps.file: [a/b.csv, a_b.csv]\n  rules.stay: [null, {price: 1}]\n"
    ).scenarios()
    assert list(found) == [
        "data.reps.file=a_b.csv",
        "data.reps.file=a_b.csv, stay=null",
        'data.reps.file=a_b.csv, stay={"price": 1}',
        "data.reps.file=a_b.csv, stay=null (2)",
        'data.reps.file=a_b.csv, stay={"price": 1} (2)',
    ]
    second, third = list(found.values())[1:3]
    assert "stay" not in second.rules
    assert (third.rules["stay"].price, third.rules["stay"].max_share) == (1.0, 0.1)


def test_long_names_are_numbered() -> None:
    """A name of more than 120 characters says less than its number."""
    names = "[" + ", ".join(f"{letter * 130}.csv" for letter in "ab") + "]"
    assert list(study(f"sweep: {{data.reps.file: {names}}}").scenarios()) == ["sweep 1", "sweep 2"]


def test_paths_of_a_case_start_at_the_study() -> None:
    """They are kept relative to the base's folder, where all others start."""
    found = study(
        "cases: {hire: {data: {reps: {file: more.csv}}}}\nsweep: {data.accounts.file: [x.csv]}\n"
    ).scenarios()
    assert found["hire"].data.reps.file == "../more.csv"
    assert found["hire"].data.accounts.file == "accounts.csv"
    assert found["data.accounts.file=x.csv"].data.accounts.file == "../x.csv"
    assert found["hire"].folder == Path("base")


def test_a_case_may_change_the_model() -> None:
    """Models can be compared: the base's own rules stay on top of each."""
    for name in ("one", "two"):
        Path(f"{name}.yaml").write_text(f"name: {name}\nrules: {{{name}: {{kind: skills}}}}\n")
    found = study("cases: {a: {model: one.yaml}, b: {model: two.yaml}}").scenarios()
    assert [list(one.rules) for one in found.values()] == [
        ["coverage", "one", "fair", "stay"],
        ["coverage", "two", "fair", "stay"],
    ]


def test_settings_by_hand_come_on_top_of_every_case() -> None:
    """Also over what a case says itself; the origin tells."""
    found = study("cases: {a: {solve: {seconds: 9}}, b: {}}", "solve.seconds=2").scenarios()
    assert [one.solve.seconds for one in found.values()] == [2, 2]
    assert found["a"].origin_of("solve.seconds") == "--set solve.seconds=2"
    assert found["a"].origin_of("rules.fair.within") == "base/base.yaml:8:43"


def test_a_setting_by_hand_may_not_silence_the_sweep() -> None:
    """All swept cases would be one and the same."""
    text = "sweep:\n  solve.seed: [1, 2]\n"
    assert faults(text, "solve.seed=3") == [
        "s.study.yaml:5:3, sweep.solve.seed: is swept and set with --set"
    ]
    assert faults(text, "solve={seed: 3}")[0].endswith("is swept and set with --set")
    assert len(study(text, "solve.seconds=3").scenarios()) == 2


def test_the_baseline_is_today_or_a_case() -> None:
    """Swept cases can be the baseline too."""
    assert study("cases: {a: {}}").baseline == "today"
    assert study("cases: {a: {}}\nbaseline: a").baseline == "a"
    assert study("sweep: {solve.seed: [1]}\nbaseline: solve.seed=1").baseline == "solve.seed=1"


def test_all_faults_of_all_cases_come_together() -> None:
    """Each names its line and its case; those of other cases are not hidden."""
    assert faults(
        "cases:\n"
        "  a: {rules: {stya: null}}\n"
        "  b: {rules.fair.within: -1}\n"
        "  c: {rules.fair.within: -1}\n"
        "  today: {}\n"
        "baseline: d\n"
    ) == [
        "s.study.yaml:5:15, case 'a', rules.stya: "
        "null removes, and there is no such rule to remove",
        "s.study.yaml:6:7, case 'b', rules.fair.within: -1 is not 0 or more",
        "s.study.yaml:7:7, case 'c', rules.fair.within: -1 is not 0 or more",
        "s.study.yaml:8:3, cases.today: the name 'today' is taken",
        "s.study.yaml:9:1, baseline: 'd' is no case of the study",
    ]


def test_a_broken_base_is_told_once() -> None:
    """Not once for every case."""
    Path("base/base.yaml").write_text(BASE + "solve: {seconds: 0}\n")
    assert faults("cases: {a: {}, b: {}}") == [
        "base/base.yaml:10:9, solve.seconds: 0 is not more than 0"
    ]


def test_a_study_can_be_given_as_a_mapping(folder: Path) -> None:
    """It says the same as the file, and keeps nothing of what it was read from."""
    text = "cases: {free: {rules: {stay: null}}}\nsweep: {solve.seed: [1, 2]}\n"
    read = study(text)
    built = Study.from_dict(read.to_dict(), folder)
    assert built.to_dict() == read.to_dict()
    assert built.scenarios() == read.scenarios()


def test_cases_come_in_the_same_order_every_time() -> None:
    """The order written, whatever the names."""
    text = "cases: {z: {}, a: {}, m: {}}\nsweep: {solve.seed: [9, 1, 5]}\n"
    names = ["z", "a", "m", "solve.seed=9", "solve.seed=1", "solve.seed=5"]
    assert list(study(text).scenarios()) == names
    assert list(study(text).scenarios()) == names


def test_a_scenario_is_no_study() -> None:
    """Mixing the two up is told as such."""
    with pytest.raises(SpecError, match="is a scenario, not a study"):
        load_study("base/base.yaml")


def test_every_packaged_study_loads() -> None:
    """What ships runs: each study builds all its cases."""
    for path in sorted(packaged("scenarios").rglob("*.study.yaml")):
        assert load_study(path).scenarios()
