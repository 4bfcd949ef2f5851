"""Studies: cases solved side by side and compared with each other and with today's books."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from optiterr.comparison.case import TODAY, Case
from optiterr.comparison.side_by_side import Comparison, compare
from optiterr.comparison.summary import summarise, summarise_today
from optiterr.engine import read, save, solve_problem, versions
from optiterr.errors import AuditError, DataError, Fault, OptiterrError
from optiterr.findings import Finding, Weight
from optiterr.plan import PairCount, Plan, SolverReport
from optiterr.scenario.loading import Scenario, load
from optiterr.scenario.study import Study, load_study
from optiterr.solution import Improvement, Status
from optiterr.solving import Stop
from optiterr.verification import verify

Notify = Callable[[str, Improvement | Status | None], None]


@dataclass(frozen=True)
class Answer:
    """What one case came to: its plan and the summary that reports show."""

    plan: Plan
    case: Case


def solve_case(
    name: str,
    scenario: Scenario,
    notify: Notify | None = None,
    stop: Stop | None = None,
) -> Answer:
    """One case read, solved, audited and summarised.

    A lie caught by the audit does not stop the study: the case is reported as failed, in words.
    """

    def report(step: Improvement) -> None:
        if notify is not None:
            notify(name, step)

    problem = read(scenario)
    try:
        plan = solve_problem(scenario, problem, report=report, stop=stop)
    except AuditError as error:
        plan = _caught(scenario, error)
    case = summarise(name, plan, problem, scenario.rules, scenario_title=scenario.title)
    return Answer(plan, case)


def _caught(scenario: Scenario, error: AuditError) -> Plan:
    told = tuple(
        Finding(
            rule="audit", weight=Weight.BREACH, where=fault.where, amount=0.0, message=fault.what
        )
        for fault in error.faults
    )
    return Plan(
        status=Status.FAILED,
        name=scenario.name,
        title=scenario.title,
        pairs=PairCount(considered=0, possible=0),
        solver=SolverReport(name=scenario.solve.solver, message="the audit caught a lie"),
        fingerprint=scenario.fingerprint(),
        scenario=scenario.to_dict(),
        blocking=told,
        versions=versions(),
    )


def solve_cases(
    scenarios: Mapping[str, Scenario],
    *,
    workers: int = 2,
    notify: Notify | None = None,
    keep: Callable[[str, Answer], object] | None = None,
    stop: Stop | None = None,
) -> dict[str, Answer]:
    """Every scenario solved, ``workers`` at a time, each in solver processes of its own.

    Answers come in the order given. ``notify(name, event)`` hears of starts (None), improvements
    and final statuses, and ``keep(name, answer)`` gets each answer as soon as its case ends, both
    from several threads. Once ``stop()`` is true, cases that have begun hand in the best plan they
    have, and the others are left out. Faults of all cases are raised together, after the other
    cases have ended; an interrupt stops every solver.
    """
    halted = threading.Event()

    def stopping() -> bool:
        return halted.is_set() or (stop is not None and stop())

    def one(name: str, scenario: Scenario) -> Answer | None:
        if stopping():
            return None
        if notify is not None:
            notify(name, None)
        answer = solve_case(name, scenario, notify, stopping)
        if keep is not None:
            keep(name, answer)
        if notify is not None:
            notify(name, answer.plan.status)
        return answer

    answers: dict[str, Answer] = {}
    faults: list[tuple[str, OptiterrError]] = []
    other: list[Exception] = []
    with ThreadPoolExecutor(max(1, workers)) as pool:
        waiting = {name: pool.submit(one, name, each) for name, each in scenarios.items()}
        try:
            for name, future in waiting.items():
                try:
                    answer = future.result()
                    if answer is not None:
                        answers[name] = answer
                except OptiterrError as error:
                    faults.append((name, error))
                except Exception as error:  # noqa: BLE001 - raised below, when all cases have ended
                    error.add_note(f"in case {name!r}")
                    other.append(error)
        except BaseException:
            halted.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if other:
        raise other[0]
    return _whole(answers, faults, scenarios)


def _whole(
    answers: dict[str, Answer],
    faults: list[tuple[str, OptiterrError]],
    scenarios: Mapping[str, Scenario],
) -> dict[str, Answer]:
    if faults:
        kinds = {type(error) for _, error in faults}
        kind = kinds.pop() if len(kinds) == 1 else DataError
        raise kind.of(
            Fault(
                f"case {name!r}: {fault.where}" if len(scenarios) > 1 else fault.where,
                fault.what,
                fault.fix,
            )
            for name, error in faults
            for fault in error.faults
        )
    return answers


@dataclass(frozen=True)
class Running:
    """What a study asks for: scenarios by case name, and the one that stands for today."""

    name: str
    title: str
    scenarios: Mapping[str, Scenario]
    base: Scenario
    baseline: str


def running_of(study: Path | Study, sets: Iterable[str] = ()) -> Running:
    """What a study or its file asks for; a scenario's file counts as a study of one case."""
    if isinstance(study, Path) and study.name.endswith((".study.yaml", ".study.yml")):
        study = load_study(study, sets)
    if isinstance(study, Study):
        base = load(study.folder / study.base)
        return Running(study.name, study.title, study.scenarios(), base, study.baseline)
    scenario = load(study, sets)
    return Running(scenario.name, scenario.title, {scenario.name: scenario}, scenario, TODAY)


def run(
    study: str | Path | Study, output: str | Path | None = None, *, workers: int = 2
) -> Comparison:
    """The comparison of all cases of ``study`` with today's books; plans go to ``output``.

    ``study`` is a study, or the path of a study's or a scenario's file. Write the report with
    ``render(comparison, folder)``.
    """
    running = running_of(Path(study) if isinstance(study, str) else study)
    folder = None if output is None else Path(output)
    return run_study(running, folder, workers=workers)[0]


def run_study(
    running: Running,
    output: Path | None = None,
    *,
    workers: int = 2,
    notify: Notify | None = None,
    stop: Stop | None = None,
) -> tuple[Comparison, dict[str, Answer]]:
    """Every case solved and compared with today's books; plans are written to ``output``.

    Each plan goes to ``<case>/plan.json`` as soon as its case ends, so a fault in one case loses no
    other. Once ``stop()`` is true, cases that have begun hand in the best plan they have and the
    others are left out; today's books are the baseline where the study's is among these. Raises
    OSError before anything is solved when a plan could not be written, and KeyboardInterrupt when
    it was stopped before any case had begun.
    """
    files = {}
    if output is not None:
        files = {name: output / folder_name(name) / "plan.json" for name in running.scenarios}
        make_ready(output, files.values())

    def keep(name: str, answer: Answer) -> None:
        if name in files:
            save(answer.plan, running.scenarios[name], files[name])

    answers = solve_cases(running.scenarios, workers=workers, notify=notify, keep=keep, stop=stop)
    if not answers:
        raise KeyboardInterrupt
    today = summarise_today(read(running.base), running.base.rules)
    cases = [answer.case for answer in answers.values()]
    baseline = running.baseline if running.baseline in answers else TODAY
    return compare(running.name, running.title, cases, today, baseline), answers


def make_ready(folder: Path, files: Iterable[Path]) -> None:
    """Make ``folder`` and the folders of ``files``; OSError when one of these cannot be written.

    Files that exist stay as they are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        known = os.path.lexists(path)
        with path.open("ab"):
            pass
        if not known:
            path.unlink()


def compare_plans(paths: Sequence[Path]) -> Comparison:
    """The comparison of plans in files, recounted from their tables; the first names today.

    Raises DataError when a file is no plan or two plans have one name, and AuditError when a plan
    does not hold (see verification).
    """
    cases: dict[str, Case] = {}
    today: Case | None = None
    for path in paths:
        plan = Plan.read(path)
        name = plan.name if plan.name not in cases else path.parent.name
        if name in cases:
            raise DataError(
                str(path),
                f"a plan named {name!r} is compared already",
                "put plans of one name into folders of different names",
            )
        result = verify(path)
        if not result.holds:
            raise AuditError.of(
                Fault(
                    f"{path}, {one.what}",
                    f"the file says {one.claimed or 'yes'}, a recount gives {one.recounted}",
                    "solve again; do not compare a plan that does not hold",
                )
                for one in result.checks
                if not one.holds
            )
        scenario = Scenario.from_dict(plan.scenario, folder=path.parent / plan.folder)
        problem = read(scenario)
        cases[name] = summarise(name, plan, problem, scenario.rules, scenario_title=plan.title)
        today = today or summarise_today(problem, scenario.rules)
    assert today is not None
    return compare("comparison", "Comparison of plans", list(cases.values()), today, TODAY)


def folder_name(case: str) -> str:
    """A folder's name for a case: letters, digits, dot, minus and underscore stay, the rest is _.

    Two cases whose names differ only in other signs get different folders.
    """
    plain = "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in case)
    if plain == case and plain.strip("."):
        return plain
    return f"{plain}-{hashlib.sha256(case.encode()).hexdigest()[:6]}"
