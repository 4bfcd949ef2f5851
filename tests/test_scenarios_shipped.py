"""Everything in models/ and scenarios/ loads, is up to date, and gives the expected answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from shipped import EXPECTED, SCENARIOS, assert_as_expected

from optiterr.engine import solve
from optiterr.explain.statement import model_page
from optiterr.scenario.layers import packaged
from optiterr.scenario.loading import Scenario, load, load_model
from optiterr.scenario.study import load_study

MODELS = packaged("models")
STUDIES = {name: entry for name, entry in EXPECTED.items() if "cases" in entry}
SINGLES = {name: entry for name, entry in EXPECTED.items() if "status" in entry}
ALONE = [name for name in SINGLES if not name.startswith("cookbook/")]
"""Policies of the cookbook are solved once, where their effects are tested."""
TWINS = {name: entry["case_of"] for name, entry in EXPECTED.items() if "case_of" in entry}
MODEL_NAMES = sorted(path.stem for path in MODELS.glob("*.yaml"))


def scenario_of(study: str, case: str) -> Scenario:
    """One case of a shipped study, made small enough to test where the entry says how."""
    return load_study(SCENARIOS / study, EXPECTED[study].get("set", ())).scenarios()[case]


def cases() -> Iterator[tuple[str, str]]:
    """Every case with an expected answer, by study."""
    for study, entry in STUDIES.items():
        for case in entry["cases"]:
            yield study, case


def test_every_shipped_scenario_has_an_expected_answer() -> None:
    """A scenario without an answer, or an answer without its scenario, is a fault."""
    shipped = {path.relative_to(SCENARIOS).as_posix() for path in SCENARIOS.rglob("*.yaml")}
    assert shipped == set(EXPECTED)
    assert set(EXPECTED) == {*STUDIES, *SINGLES, *TWINS}


@pytest.mark.parametrize("study", STUDIES)
def test_every_case_of_a_shipped_study_has_an_expected_answer(study: str) -> None:
    """All cases load, and are answered unless the entry says which ones are."""
    loaded = list(load_study(SCENARIOS / study).scenarios())
    assert list(EXPECTED[study]["cases"]) == EXPECTED[study].get("only", loaded)


@pytest.mark.parametrize("name", ALONE)
def test_shipped_scenario_gives_the_expected_answer(name: str) -> None:
    """Status, cost, proved bound, and for an infeasible one the explanation word by word."""
    entry = SINGLES[name]
    assert_as_expected(solve(load(SCENARIOS / name, entry.get("set", ()))), entry)


@pytest.mark.parametrize(("study", "case"), list(cases()))
def test_shipped_study_gives_the_expected_answers(study: str, case: str) -> None:
    """Each case as promised."""
    assert_as_expected(solve(scenario_of(study, case)), EXPECTED[study]["cases"][case])


@pytest.mark.parametrize("name", TWINS)
def test_base_of_a_study_asks_what_its_first_case_asks(name: str) -> None:
    """The base is not solved twice: its case asks exactly the same."""
    file, case = TWINS[name].split(": ")
    folder = (SCENARIOS / name).parent
    assert (
        load(SCENARIOS / name).fingerprint()
        == load_study(folder / file).scenarios()[case].fingerprint()
    )


def test_adventureworks_is_proved_within_half_a_percent() -> None:
    """(cost - bound) / cost of every case, from the answers that the other tests hold to."""
    answers = EXPECTED["adventureworks/adventureworks.study.yaml"]["cases"]
    gaps = {case: 1 - one["bound_proved"] / one["cost"] for case, one in answers.items()}
    assert max(gaps.values()) < 0.005


def test_adventureworks_improves_with_every_share_that_may_move() -> None:
    """A wider limit on moves never costs more: bounds and costs fall along the sweep."""
    answers = EXPECTED["adventureworks/adventureworks.study.yaml"]["cases"]
    swept = [one for case, one in answers.items() if case.startswith("stay.max_share=")]
    for key in ("cost", "bound_proved"):
        values = [one[key] for one in swept]
        assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_shipped_model_says_what_it_is_for(name: str) -> None:
    """Each model loads alone, is named as its file, and tells when to pick it."""
    model = load_model(name)
    assert model.name == name
    assert model.title
    assert "Pick it" in model.description


def test_every_shipped_model_is_used_by_a_shipped_scenario() -> None:
    """A model that nothing here runs would rot unseen."""
    used = {load(path).model for path in SCENARIOS.rglob("*.yaml") if path.name in _plain()}
    assert set(MODEL_NAMES) <= used


def _plain() -> set[str]:
    return {name.rsplit("/", 1)[-1] for name in (*SINGLES, *TWINS)}


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_page_of_a_shipped_model_is_up_to_date(name: str) -> None:
    """The algebra beside each model is what its rules say; else run explain --model --write."""
    path, text = model_page(name)
    page = path.with_suffix(".md").read_text(encoding="utf-8")
    assert page == text, f"stale: run optiterr explain {name} --model --write"
