"""A solve that always comes back: in a process of its own, with a deadline and a memory limit.

Whatever the solver does - hang, crash, eat memory, print, answer nonsense - becomes one
:class:`Solution` whose message names it.
"""

from __future__ import annotations

import contextlib
import pickle
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import IO, Any

import numpy as np
import psutil
from numpy.typing import NDArray

from optiterr.cases import Case
from optiterr.errors import SolverError
from optiterr.model import Model
from optiterr.solution import Improvement, Limits, Solution, Status
from optiterr.solvers import Solve, Solver, child, demands, ensure, solver
from optiterr.solvers.processes import START_SECONDS, Process, begun

Floats = NDArray[np.float64]
Stop = Callable[[], bool] | threading.Event

TICK = 0.05
"""Seconds between two looks at deadline, memory and the word to stop."""

GRACE = 2.0
"""Seconds beyond the limit (plus a tenth of it) before the process is killed."""


def supervised(
    name: str | Solver,
    model: Model,
    limits: Limits,
    start: Floats | None = None,
    report: Callable[[Improvement], object] | None = None,
    stop: Stop | None = None,
    needs: Iterable[str] = (),
    grace: float = GRACE,
) -> Solution:
    """A plan for ``model`` by solver ``name``, in a child process that is watched.

    Refuses with SolverError, before anything runs, what the solver cannot do (``needs``, threads, a
    seed, a start). The solver is asked to stop at its limit or when ``stop`` says so; when it does
    not within ``grace`` seconds (and a tenth of the limit), its processes are killed and the best
    plan that it reported comes back as ``feasible``, or ``no_solution`` without one.
    """
    one = solver(name) if isinstance(name, str) else name
    ensure(one, {"mip", *needs, *demands(limits, start)})
    assert one.solve is not None
    return _Watch(one.name, one.solve, model, limits, report, stop, grace).run(start, whole=True)


def supervised_relax(
    name: str | Solver,
    model: Model,
    limits: Limits,
    stop: Stop | None = None,
    needs: Iterable[str] = (),
    grace: float = GRACE,
) -> Solution:
    """The relaxation of ``model`` by solver ``name``, watched like :func:`supervised`.

    ``x`` holds fractions and is no plan; ask for ``{"prices"}`` to be sure to get row prices.
    """
    one = solver(name) if isinstance(name, str) else name
    ensure(one, {"lp", *needs, *demands(limits, None)})
    assert one.relax is not None
    return _Watch(one.name, one.relax, model, limits, None, stop, grace).run(None, whole=False)


@dataclass
class _Watch:
    """One supervised run, from writing the job to the last word about it."""

    name: str
    function: Solve
    model: Model
    limits: Limits
    report: Callable[[Improvement], object] | None
    stop: Stop | None
    grace: float
    lines: list[Improvement] = field(default_factory=list)
    choice: NDArray[np.int32] | None = None
    began: float = field(default_factory=perf_counter)
    peak: float = 0.0

    def run(self, start: Floats | None, *, whole: bool) -> Solution:
        with tempfile.TemporaryDirectory(prefix="optiterr-", ignore_cleanup_errors=True) as folder:
            job, notes = Path(folder) / "job", Path(folder) / "notes"
            self._write(job, start)
            with notes.open("wb") as printed:
                process = begun(job, printed)
            events: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
            assert process.stdout is not None
            reader = threading.Thread(target=_read, args=(process.stdout, events), daemon=True)
            reader.start()
            try:
                kind, *rest = self._follow(process, events)
            finally:
                kill(process)
                reader.join(timeout=1.0)
                for pipe in (process.stdin, process.stdout):
                    if pipe is not None and not (pipe is process.stdout and reader.is_alive()):
                        with contextlib.suppress(OSError):
                            pipe.close()
            tail = notes.read_bytes()[-2000:].decode(errors="replace").strip()
            return self._judge(kind, rest, process.returncode, tail, whole=whole)

    def _write(self, job: Path, start: Floats | None) -> None:
        try:
            function = pickle.dumps(self.function, protocol=5)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise SolverError(
                f"solver {self.name!r}",
                f"its function cannot be sent to a child process ({error})",
                "define it at the top level of a module",
            ) from error
        body = {"model": child.pack(self.model), "limits": self.limits, "start": start}
        arrays: list[pickle.PickleBuffer] = []
        rest = pickle.dumps(body, protocol=5, buffer_callback=arrays.append)
        head = {
            "root": child.ROOT,
            "path": sys.path,
            "function": function,
            "memory_gb": self.limits.memory_gb,
            "sizes": [one.raw().nbytes for one in arrays],
        }
        with job.open("wb") as file:
            pickle.dump(head, file, protocol=5)
            pickle.dump(rest, file, protocol=5)
            for one in arrays:
                file.write(bytes(-file.tell() % child.ALIGNED))
                file.write(one.raw())

    def _follow(
        self, process: Process, events: queue.SimpleQueue[tuple[Any, ...]]
    ) -> tuple[Any, ...]:
        """Wait for the last message; ends early at the deadline, at the memory limit or on stop."""
        ready = asked = None
        grace = self.grace + 0.1 * self.limits.seconds
        looked = 0.0
        while True:
            with contextlib.suppress(queue.Empty):
                message = events.get(timeout=TICK)
                if message[0] == "ready":
                    ready = perf_counter()
                elif message[0] == "improvement":
                    self._improve(message[1], message[2])
                else:
                    return message
            now = perf_counter()
            if now - looked >= TICK:
                looked = now
                if self._too_big(process):
                    return ("memory",)
                if asked is None and (wanted := _wanted(self.stop)):
                    asked = (now, wanted)
                    _say_stop(process)
            if asked is not None and now - asked[0] > grace:
                return asked[1], grace
            if ready is None and now - self.began > START_SECONDS:
                return ("slow start",)
            if (
                ready is not None
                and asked is None
                and now - ready > self.limits.seconds + grace / 2
            ):
                # Past its limit: a last chance to hand in its best before it is killed.
                asked = (now - grace / 2, "deadline")
                _say_stop(process)

    def _improve(self, improvement: Improvement, choice: NDArray[np.int32] | None) -> None:
        if not improvement.empty:
            self.lines.append(improvement)
        if choice is not None:
            self.choice = choice
        if self.report is not None:
            self.report(improvement)

    def _too_big(self, process: Process) -> bool:
        if self.limits.memory_gb is None:
            return False
        used = 0
        with contextlib.suppress(psutil.Error):
            top = psutil.Process(process.pid)
            for each in (top, *top.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    used += each.memory_info().rss
        self.peak = max(self.peak, used / 2**30)
        return self.peak > self.limits.memory_gb

    def _judge(
        self, kind: str, rest: list[Any], code: int | None, tail: str, *, whole: bool
    ) -> Solution:
        limits = self.limits
        if kind == "solution":
            return self._checked(rest[0], whole=whole)
        if kind == "deadline":
            text = (
                f"ran past its limit of {limits.seconds:g} s and was killed {rest[0]:.1f} s later"
            )
            return self._best(text)
        if kind == "stop":
            return self._best(f"was asked to stop, did not within {rest[0]:.1f} s and was killed")
        if kind == "memory":
            used = f"used {self.peak:.2f} GB" if self.peak > (limits.memory_gb or 0) else "ran out"
            return self._best(
                f"memory: {used} of the {limits.memory_gb:g} GB allowed and was ended"
            )
        texts = {
            "broken": "raised {0}",
            "malformed": "gave a malformed answer: {0}",
            "slow start": f"did not start within {START_SECONDS:g} s",
            "end": _ending(code),
        }
        text = texts[kind].format(*rest)
        if kind != "end":
            return self._failed(text)
        best = self._best(text)
        return best if best.x is not None else self._failed(f"{text}{_quoted(tail)}")

    def _best(self, text: str) -> Solution:
        """The best plan that was reported before the end, if it is one."""
        text = f"{self.name} {text}"
        bound = next((line.bound for line in self.lines[::-1] if line.bound is not None), None)
        if self.choice is not None and (self.choice >= 0).all():
            x = self.model.picks(self.choice.astype(np.int64))
            value = self.model.value(x)
            if np.isfinite(value):
                return self._said(
                    Status.FEASIBLE, f"{text}; this is its best until then", x, value, bound
                )
            text += "; the plan that it had reported breaks a hard row"
        return self._said(Status.NO_SOLUTION, text, bound=bound)

    def _failed(self, text: str) -> Solution:
        return self._said(Status.FAILED, f"{self.name} {text}")

    def _said(
        self,
        status: Status,
        text: str,
        x: Floats | None = None,
        value: float | None = None,
        bound: float | None = None,
    ) -> Solution:
        seconds = {"process": perf_counter() - self.began}
        log = tuple(self.lines)
        return Solution(
            status, self.name, "", x, value, bound, seconds=seconds, log=log, message=text
        )

    def _checked(self, answer: object, *, whole: bool) -> Solution:
        """The child's answer, if it is one: types and shapes only; its claims are for the audit."""
        if not isinstance(answer, Solution):
            return self._failed(f"gave a malformed answer: {type(answer).__name__}, not a Solution")
        wrong = _wrong(answer, self.model, whole=whole)
        if wrong is not None:
            return self._failed(f"gave a malformed answer: {wrong}")
        spent = perf_counter() - self.began - sum(answer.seconds.values())
        return replace(
            answer,
            seconds={**answer.seconds, "process": max(spent, 0.0)},
            log=answer.log or tuple(self.lines),
        )


def _wrong(answer: Solution, model: Model, *, whole: bool) -> str | None:
    """What is wrong with the form of ``answer``, or None."""
    if not isinstance(answer.status, Status):
        return f"status {answer.status!r}"
    if (answer.x is not None) != answer.status.has_plan:
        return f"{'x' if answer.x is not None else 'no x'} beside status {answer.status}"
    shapes = {
        "x": (len(model.pairs),),
        "prices": (model.rows,),
        "stakes": (model.pairs.accounts,),
    }
    for name, shape in shapes.items():
        wrong = _misshapen(name, getattr(answer, name), shape)
        if wrong is not None:
            return wrong
    for case in answer.cases:
        if not isinstance(case, Case):
            return f"{type(case).__name__} is no case"
        for name in ("prices", "stakes"):
            wrong = _misshapen(f"{name} of a case", getattr(case, name), shapes[name])
            if wrong is not None:
                return wrong
        if not all(
            0 <= one.account < model.pairs.accounts and 0 <= one.rep < len(model.rep_ids)
            for one in case.where
        ):
            return "a case is about an account or a rep that does not exist"
    if whole and answer.x is not None and not np.isin(answer.x, (0.0, 1.0)).all():
        return "x holds values other than 0 and 1"
    for name in ("objective", "bound"):
        number = getattr(answer, name)
        if number is not None and not (isinstance(number, float) and np.isfinite(number)):
            return f"{name} is {number!r}, not a finite number"
    return None


def _misshapen(name: str, values: object, shape: tuple[int, ...]) -> str | None:
    """What is wrong with an array that an answer may hold, or None."""
    if values is None:
        return None
    if not isinstance(values, np.ndarray) or values.dtype.kind != "f":
        return f"{name} is no array of floats"
    if values.shape != shape:
        return f"{name} has shape {values.shape}, not {shape}"
    if not np.isfinite(values).all():
        return f"{name} holds values that are not finite"
    return None


def _read(wire: IO[bytes], events: queue.SimpleQueue[tuple[Any, ...]]) -> None:
    """Turn the child's bytes into messages until they end."""
    with contextlib.suppress(OSError, ValueError):
        while head := wire.read(8):
            size = int.from_bytes(head, "little")
            raw = wire.read(size)
            if len(raw) < size:
                break
            try:
                events.put(pickle.loads(raw))
            except Exception as error:  # noqa: BLE001 - the edge of a process
                events.put(("malformed", f"a message that cannot be read ({error})"))
                return
    events.put(("end",))


def _wanted(stop: Stop | None) -> str | None:
    if stop is None:
        return None
    wanted = stop.is_set() if isinstance(stop, threading.Event) else stop()
    return "stop" if wanted else None


def _say_stop(process: Process) -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.write(b"s")
        process.stdin.flush()


def kill(process: Process) -> None:
    """End ``process`` and everything that it started, and wait until they are gone."""
    family: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        family = psutil.Process(process.pid).children(recursive=True)
    if process.poll() is None and not family:
        # It has said its last word; let it end by itself, so that its exit code is its own.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.2)
    for each in family:
        with contextlib.suppress(psutil.Error):
            each.kill()
    if process.poll() is None:
        process.kill()
    process.wait()
    psutil.wait_procs(family, timeout=5)


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        more = " (out of memory, or ended from outside)" if name == "SIGKILL" else ""
        return f"crashed with {name}{more}"
    return f"ended without an answer (exit code {code})"


def _quoted(tail: str) -> str:
    return f"; it printed last: {tail[-400:]}" if tail else ""
