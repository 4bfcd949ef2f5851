"""Studies: every case solved in a process of its own, side by side with today's books."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from queue import Empty
from typing import Any

from optiterr.compare import Case, Comparison, compare, summarise, summarise_today
from optiterr.engine import read, solve_problem, versions
from optiterr.errors import AuditError, DataError, Fault, OptiterrError
from optiterr.findings import Finding, Weight
from optiterr.plan import PairCount, Plan, SolverReport
from optiterr.scenario import Scenario
from optiterr.solution import Improvement, Status

Notify = Callable[[str, Improvement | Status | None], None]


@dataclass(frozen=True)
class Answer:
    """What one case came to: its plan and the summary that reports show."""

    plan: Plan
    case: Case


def solve_case(
    name: str,
    scenario: Scenario,
    frames: Mapping[str, Any] | None = None,
    notify: Notify | None = None,
) -> Answer:
    """One case read, solved, audited and summarised.

    A lie caught by the audit does not stop the study: the case is reported as failed, in words.
    """

    def report(step: Improvement) -> None:
        if notify is not None:
            notify(name, step)

    problem = read(scenario, frames)
    try:
        plan = solve_problem(scenario, problem, report=report)
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
    frames: Mapping[str, Any] | None = None,
    workers: int = 2,
    notify: Notify | None = None,
) -> dict[str, Answer]:
    """Every scenario solved, ``workers`` at a time, in processes of their own; in the order given.

    ``notify(name, event)`` hears of starts (None), improvements and final statuses. Faults of all
    cases are raised together, after the other cases have ended.
    """
    if workers <= 1 or len(scenarios) == 1:
        answers, faults = {}, []
        for name, scenario in scenarios.items():
            if notify:
                notify(name, None)
            try:
                answers[name] = solve_case(name, scenario, frames, notify)
            except OptiterrError as error:
                faults.append((name, error))
                continue
            if notify:
                notify(name, answers[name].plan.status)
        return _whole(answers, faults, scenarios)
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        events = manager.Queue()
        done = threading.Event()

        def listen() -> None:
            while not (done.is_set() and events.empty()):
                try:
                    name, event = events.get(timeout=0.1)
                except Empty:
                    continue
                if notify:
                    notify(name, event)

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        answers, faults = {}, []
        try:
            with ProcessPoolExecutor(workers, mp_context=context) as pool:
                waiting: dict[Future[Answer], str] = {
                    pool.submit(_in_process, name, scenario, frames, events): name
                    for name, scenario in scenarios.items()
                }
                while waiting:
                    ended, _ = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in ended:
                        name = waiting.pop(future)
                        try:
                            answers[name] = future.result()
                        except OptiterrError as error:
                            faults.append((name, error))
        finally:
            done.set()
            listener.join()
    return _whole(answers, faults, scenarios)


def _in_process(
    name: str, scenario: Scenario, frames: Mapping[str, Any] | None, events: Any
) -> Answer:
    def notify(case: str, event: Improvement | Status | None) -> None:
        events.put((case, event))

    notify(name, None)
    answer = solve_case(name, scenario, frames, notify)
    notify(name, answer.plan.status)
    return answer


def _whole(
    answers: dict[str, Answer],
    faults: list[tuple[str, OptiterrError]],
    scenarios: Mapping[str, Scenario],
) -> dict[str, Answer]:
    if faults:
        order = list(scenarios)
        faults.sort(key=lambda one: order.index(one[0]))
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
    return {name: answers[name] for name in scenarios}


def compare_answers(
    name: str,
    title: str,
    answers: Mapping[str, Answer],
    base: Scenario,
    baseline: str,
    frames: Mapping[str, Any] | None = None,
) -> Comparison:
    """The comparison of all ``answers`` with today's books under the rules of ``base``."""
    today = summarise_today(read(base, frames), base.rules)
    return compare(name, title, [answer.case for answer in answers.values()], today, baseline)
