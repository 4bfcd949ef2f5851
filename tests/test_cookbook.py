"""The cookbook: every policy runs, shows what it states, and is printed as it is in its file.

After a change that is meant to alter plans, write the numbers of the plans anew, here and in
docs/cookbook.md, with ``OPTITERR_GOLDEN=write python -m pytest tests/test_cookbook.py``.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from cookbook_books import Books
from cookbook_figures import FIGURES
from shipped import EXPECTED, assert_as_expected

from optiterr.audit import recount
from optiterr.engine import read, solve
from optiterr.plan import Plan
from optiterr.scenario.loading import load

ROOT = Path(__file__).resolve().parents[1]
BOOK, MAVEN = ROOT / "scenarios" / "cookbook", ROOT / "benchmarks" / "maven"
SOURCE = ROOT.parent / "shared" / "data" / "crm_maven"
PAGE = ROOT / "docs" / "cookbook.md"
WRITE = os.environ.get("OPTITERR_GOLDEN") == "write"

Effect = dict[str, Any]
Effects = dict[str, list[Effect]]

BOUNDS = {"at_most": "≤", "at_least": "≥", "exactly": ""}
EXACT = 1e-6
"""Bounds are kept to this, as by the rules."""
DRIFT = {"share": 0.03, "count": 3.0, "number": 0.0, "millions": 0.0}
"""Numbers that no rule fixes may differ by this, or by a tenth, where another version of the solver
finds another plan within the gap."""


def stated(home: Path) -> Effects:
    """The stated effects of a folder's policies."""
    found: Effects = json.loads((home / "effects.json").read_text(encoding="utf-8"))
    return found


SHIPPED, ELSEWHERE = stated(BOOK), stated(MAVEN)


def effects_of(path: Path) -> list[Effect]:
    """The stated effects of one policy."""
    if path.parent == MAVEN:
        return ELSEWHERE[path.name]
    return SHIPPED[path.relative_to(BOOK).as_posix()]


@cache
def plan_of(path: Path) -> Plan:
    """The plan of a scenario, solved once for all tests."""
    return solve(load(path))


@cache
def books_of(path: Path) -> Books:
    """The books of a scenario's plan."""
    return Books.of(plan_of(path), path.parent)


def figure(effect: Effect, path: Path) -> float:
    """One figure of a plan, counted from the tables."""
    return FIGURES[effect["figure"]](books_of(path), **effect.get("given", {}))


def misses(effect: Effect, found: float) -> bool:
    """Whether the bound that the effect states does not hold."""
    room = EXACT * max(1.0, abs(found))
    if "exactly" in effect:
        return abs(found - effect["exactly"]) > room
    if "at_most" in effect:
        return bool(found > effect["at_most"] + room)
    return bool(found < effect["at_least"] - room)


def assert_shown(effect: Effect, key: str, found: float) -> None:
    """The printed number is about what the plan has; in write mode it becomes so."""
    if WRITE:
        effect[key] = round(found, 6)
    room = max(DRIFT[effect["as"]], 0.1 * abs(effect[key]))
    assert found == pytest.approx(effect[key], abs=room), effect["says"]


@pytest.fixture(scope="module", autouse=True)
def written() -> Iterator[None]:
    """In write mode effects and tables of the page get the numbers that were counted."""
    yield
    if not WRITE:
        return
    page = PAGE.read_text(encoding="utf-8")
    for path, section in ((ROOT / place, part) for place, part in _sections().items()):
        lines = r"^\| what the plan shows.*\n(?:\|.*\n)*"
        new, count = re.subn(lines, table(effects_of(path)) + "\n", section, flags=re.M)
        assert count == 1, path
        page = page.replace(section, new)
    PAGE.write_text(page, encoding="utf-8")
    for home, effects in ((BOOK, SHIPPED), (MAVEN, ELSEWHERE)):
        text = json.dumps(effects, indent=1, ensure_ascii=False) + "\n"
        (home / "effects.json").write_text(text, encoding="utf-8")


def assert_effects(effects: list[Effect], path: Path) -> None:
    """The plan holds to all bounds without a breach, and the plan of base.yaml not to all."""
    plan = plan_of(path)
    assert plan.status == "optimal"
    assert not [one for one in plan.findings if one.weight == "breach"]
    telling = []
    for effect in effects:
        found = figure(effect, path)
        assert not misses(effect, found), f"{effect['says']}: {found}"
        assert_shown(effect, "plan", found)
        if "without" in effect:
            other = figure(effect, path.with_name("base.yaml"))
            assert_shown(effect, "without", other)
            telling.append(misses(effect, other))
    if path.name != "base.yaml" and telling:
        assert any(telling), "the plan without the policy shows the same"


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_policy_shows_its_stated_effects(name: str) -> None:
    """Each bound holds, each number is as printed, and without the policy some bound does not.

    The plan is what is expected of the scenario, too.
    """
    assert_effects(SHIPPED[name], BOOK / name)
    assert_as_expected(plan_of(BOOK / name), EXPECTED[f"cookbook/{name}"])


@pytest.fixture(scope="module")
def maven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that build.py makes of the original, with the scenarios."""
    if not SOURCE.is_dir():
        pytest.skip(
            "the original tables (no licence, not shipped) are not in shared/data/crm_maven"
        )
    spec = importlib.util.spec_from_file_location("maven_build", MAVEN / "build.py")
    assert spec is not None
    assert spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    out = tmp_path_factory.mktemp("maven")
    build.main(SOURCE, out)
    return out


@pytest.mark.parametrize("name", ELSEWHERE)
def test_maven_policy_shows_its_stated_effects(maven: Path, name: str) -> None:
    """The same for the policies whose data is not shipped."""
    assert_effects(ELSEWHERE[name], maven / name)


def test_effects_are_stated_for_every_policy() -> None:
    """No file of the cookbook without effects, no effects without a file."""
    shipped = {path.relative_to(BOOK).as_posix() for path in BOOK.rglob("*.yaml")}
    assert shipped == set(SHIPPED)
    assert {path.name for path in MAVEN.glob("*.yaml")} == set(ELSEWHERE)


def test_the_page_of_policies_has_at_least_eighteen() -> None:
    """Base scenarios aside; and every figure that is counted is stated somewhere."""
    used = {
        one["figure"] for known in (SHIPPED, ELSEWHERE) for row in known.values() for one in row
    }
    assert used == set(FIGURES)
    named = [name for name in (*SHIPPED, *ELSEWHERE) if not name.endswith("base.yaml")]
    assert len(named) >= 18


def test_tables_of_stores_are_those_that_build_makes(tmp_path: Path) -> None:
    """build.py makes the shipped tables byte by byte."""
    home = BOOK / "adventureworks"
    spec = importlib.util.spec_from_file_location("cookbook_build", home / "build.py")
    assert spec is not None
    assert spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    build.main(tmp_path)
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == sorted(path.name for path in home.glob("*.csv"))
    for name in made:
        assert (tmp_path / name).read_bytes() == (home / name).read_bytes(), name


def test_the_language_of_the_cookbook_keeps_its_width() -> None:
    """A kind of rule, measure or group that loses its last recipe is noticed."""
    text = "".join(path.read_text(encoding="utf-8") for path in _files())
    kinds = set(re.findall(r"kind: (\w+)", text))
    assert kinds >= {
        "apart", "balance", "capacity", "cost", "disruption", "fit", "focus", "locks", "mix",
        "pool", "protect", "relationships", "skills", "span", "specialists", "together", "travel",
        "walls",
    }  # fmt: skip
    assert kinds >= {"affinity", "cadence", "formula", "index", "lookup", "rollup", "score"}
    for word in ("calendar:", "status:", "backfill_for:", "overrides:", "expires:", "level:"):
        assert word in text


LOOSER = {
    "chains-by-side": "rules.divisions.level=2",
    "chains-preferred": "rules.chains.price=1",
    "healthy-mix": "rules.small.price=5",
    "hires-and-chains": "rules.best-ten.price=20",
    "index": "rules.balance-index.within=0.1",
    "inside-sales": "rules.inside-sales.price=0",
    "large-chains": "rules.large-chains.price=10",
    "leaver": "rules.heir.price=10",
    "locks": "rules.decided.price=50",
    "many-budgets": "rules.pipeline.max_share=0.1",
    "protected": "rules.renewals.price=3",
    "quebec": "rules.french.price=10",
    "reserve": "rules.capacity.price=500",
    "rivals-apart": "rules.rivals.price=10",
    "touring-specialists": "rules.touring.price=5",
    "walls": "rules.teams.crossings=[[274-east, 274-west]]",
    "whole-towns": "rules.towns.price=10",
}
"""What the page says of loosening, as a setting of the command line."""


@pytest.mark.parametrize("name", LOOSER)
def test_what_the_page_calls_looser_is(name: str) -> None:
    """The plan of the policy is a plan of the looser one too, and costs no more there."""
    path = BOOK / "adventureworks" / f"{name}.yaml"
    plan, loose = plan_of(path), load(path, [LOOSER[name]])
    problem = read(loose)
    rep_ids = [plan.assignment.get(one) for one in problem.account_ids]
    assignment = pd.Series(rep_ids, index=problem.account_ids, dtype=object)
    found = recount(loose.rules, problem, assignment)
    assert plan.cost is not None
    assert found.cost <= plan.cost + EXACT * plan.cost
    assert not found.breaches


# ---------------------------------------------------------------------------------- the page


def _files() -> list[Path]:
    return [*(BOOK / name for name in SHIPPED), *(MAVEN / name for name in ELSEWHERE)]


def _sections() -> dict[str, str]:
    """The section of each file that the page names, by the file's place in the repository."""
    parts = re.split(r"^### ", PAGE.read_text(encoding="utf-8"), flags=re.M)[1:]
    found = {}
    for part in parts:
        for name in re.findall(r"\]\(\.\./([\w/-]+\.yaml)\)", part)[:1]:
            found[name] = part
    return found


def shown(value: float | None, kind: str) -> str:
    """A number as the page prints it."""
    if value is None:
        return ""
    if kind == "share":
        return f"{100 * value:.1f} %"
    if kind == "millions":
        return f"{value / 1e6:.1f}"
    return f"{value:,.0f}"


def table(effects: list[Effect]) -> str:
    """The effects of a policy as a table of the page."""
    rows = [
        "| what the plan shows | stated | with it | without it |",
        "| --- | ---: | ---: | ---: |",
    ]
    for one in effects:
        (bound,) = BOUNDS.keys() & one.keys()
        asked = f"{BOUNDS[bound]} {shown(one[bound], one['as'])}".strip()
        numbers = [shown(one.get(key), one["as"]) for key in ("plan", "without")]
        rows.append(f"| {one['says']} | {asked} | {numbers[0]} | {numbers[1]} |")
    return "\n".join(rows)


def test_every_policy_has_a_section_of_the_page() -> None:
    """And every section a policy."""
    assert set(_sections()) == {path.relative_to(ROOT).as_posix() for path in _files()}


@pytest.mark.parametrize("path", _files(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_page_prints_the_policy_as_it_is_in_its_file(path: Path) -> None:
    """The leader's sentence, the lines that differ from the base, and the table of effects."""
    section = _sections()[path.relative_to(ROOT).as_posix()]
    text = path.read_text(encoding="utf-8")
    (said,) = re.findall(r"^description: >-\n((?:  .*\n)+)", text, re.M)
    quoted = " ".join(line[2:] for line in re.findall(r"^> .*", section, re.M))
    assert quoted == " ".join(said.split())
    (block,) = re.findall(r"^```yaml\n(.*?)^```", section, re.S | re.M)
    assert text.endswith(block)
    assert re.search(r"^To loosen|^To go further", section, re.M)
    stale = "stale: run OPTITERR_GOLDEN=write pytest tests/test_cookbook.py"
    assert WRITE or f"\n\n{table(effects_of(path))}\n\n" in section, stale
