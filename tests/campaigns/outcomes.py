"""What comes of a damaged scenario: solved and audited, or refused with where, what and fix."""

from __future__ import annotations

import re
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campaigns.written import cells_changed, differences, has_key_twice
from optiterr.compile import compile_model
from optiterr.engine import read, save, solve_problem
from optiterr.errors import AuditError, OptiterrError, OptiterrWarning
from optiterr.explain.matches import matches
from optiterr.explain.statement import scenario_page, statement
from optiterr.problem import Problem
from optiterr.scenario.loading import Scenario, load
from optiterr.scenario.study import load_study
from optiterr.scenario.tree import Faults
from optiterr.scenario.yamltext import decode, parse
from optiterr.verification import verify

CPU_SECONDS = 20.0
"""Reading and compiling a damaged scenario that takes longer hangs."""
SOLVE_SECONDS = 2.0
JARGON = re.compile(
    r"Traceback|pydantic|validation error|Input should|value_error|<class |object at 0x|NoneType|"
    r"Errno|dtype|KeyError|TypeError|IndexError|ndarray|\bnp\.|Timestamp\(|Series|DataFrame"
)
"""What no user reads: words of our libraries."""


class Hangs(BaseException):
    """The time is up."""


@dataclass(frozen=True)
class Outcome:
    """How far a damaged scenario came (``stage``) and what came then (``end``).

    ``failure`` says what must never happen and did; it is empty otherwise.
    """

    stage: str
    end: str
    failure: str = ""


def judge_file(path: Path, *, solved: bool) -> Outcome:
    """What comes of the scenario file at ``path``."""

    def made() -> tuple[Scenario, Any]:
        scenario = load(path)
        tree = parse(decode(path.read_bytes(), str(path)), str(path), Faults()).plain()
        if has_key_twice(path):
            raise AssertionError("a key stands twice, and the file is read")
        return scenario, tree

    return _judged(made, solved)


def judge_tree(tree: Any, folder: Path, *, solved: bool) -> Outcome:
    """What comes of a scenario handed over as a mapping."""
    return _judged(lambda: (Scenario.from_dict(tree, folder=folder), tree), solved)


def judge_study(path: Path) -> Outcome:
    """What comes of the study file at ``path``: it is read, each of its cases as a scenario."""

    def walked(stage: list[str]) -> str:
        study = load_study(path)
        stage[0] = "cases"
        for scenario in study.scenarios().values():
            assert Scenario.from_dict(scenario.to_dict(), scenario.folder) == scenario
        return "loaded"

    return _ended(walked)


def _judged(made: Any, solved: bool) -> Outcome:
    def walked(stage: list[str]) -> str:
        with limited(CPU_SECONDS):
            found = _walked(made, stage)
        return _solved(*found, stage) if solved else "compiled"

    return _ended(walked)


def _ended(walked: Callable[[list[str]], str]) -> Outcome:
    """How far ``walked`` came, which tells its stage as it goes, and how it ended."""
    stage = ["load"]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            end, failure = walked(stage), ""
        except AuditError as error:
            end, failure = "failed", f"audit: {error}"
        except OptiterrError as error:
            end, failure = "refused", _lacking(error)
        except Hangs:
            end, failure = "failed", f"takes more than {CPU_SECONDS:g} s"
        except Exception as error:  # noqa: BLE001  this is what the campaign looks for
            end, failure = "failed", f"{type(error).__name__}: {str(error)[:400]}"
            failure += f" at {_deepest(error)}"
    others = [one for one in told if not issubclass(one.category, OptiterrWarning)]
    if others and not failure:
        failure = f"warns of {others[0].category.__name__}: {others[0].message}"
    return Outcome(stage[0], "failed" if failure else end, failure)


def _walked(made: Any, stage: list[str]) -> tuple[Scenario, Problem]:
    """Loaded, compared, read, compared and compiled."""
    scenario, written = made()
    silent = list(differences(written, scenario.to_dict()))
    assert not silent, f"silent repair: {silent[:3]}"
    statement(scenario)
    again = Scenario.from_dict(scenario.to_dict(), scenario.folder)
    assert again == scenario, "written out and read again, it says something else"
    stage[0] = "read"
    problem = read(scenario)
    silent = [
        *cells_changed(scenario.data.accounts, "account_id", problem.accounts, scenario.folder),
        *cells_changed(scenario.data.reps, "rep_id", problem.reps, scenario.folder),
    ]
    assert not silent, f"silent repair: {silent[:3]}"
    stage[0] = "compile"
    compile_model(scenario.rules, problem)
    list(matches(scenario.rules, problem))
    return scenario, problem


def _solved(scenario: Scenario, problem: Problem, stage: list[str]) -> str:
    """The status of the plan, which holds in every point when it is verified."""
    stage[0] = "state"
    scenario_page(scenario)
    stage[0] = "solve"
    solve = scenario.solve.model_copy(update={"seconds": SOLVE_SECONDS, "threads": 1})
    asked = scenario.model_copy(update={"solve": solve})
    plan = solve_problem(asked, problem)
    stage[0] = "verify"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        save(plan, asked, path)
        checks = verify(path, folder=asked.folder)
    assert checks.holds, [one for one in checks.checks if not one.holds]
    assert plan.has_plan or plan.blocking or str(plan.status) != "infeasible", "and says no reason"
    return str(plan.status)


def _lacking(error: OptiterrError) -> str:
    """What an error lacks: a place, a reason, a fix, or words that users know."""
    for one in error.faults:
        if not (one.where.strip() and one.what.strip() and one.fix.strip()):
            return f"a fault lacks a part: {one!r}"
        if found := JARGON.search(f"{one.what} {one.fix}"):
            return f"jargon {found[0]!r}: {one!r}"
    return ""


def _deepest(error: BaseException) -> str:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    assert place is not None
    return f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}"


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raises Hangs when the inside takes so many seconds of processor time."""

    def stop(signum: int, frame: Any) -> None:
        raise Hangs

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
