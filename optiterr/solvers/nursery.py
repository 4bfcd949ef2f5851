"""A process that has loaded what most solves need, and forks a process of its own for each.

Loading numpy, scipy and HiGHS takes longer than many a solve. Only on Linux: elsewhere a process
that is forked from one with loaded libraries is not safe, and each solve's loads its own.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import select
import signal
import socket
import struct
from typing import NoReturn

from optiterr.solvers import child

LOADED = ("optiterr.solvers.highs", "highspy")
"""What is loaded before the first fork, with all that it needs."""

WORD = struct.Struct("<q")
"""A number on the pipe that tells of a process: first its id, then how it ended."""


def serve(wire: socket.socket, idle: float) -> None:
    """Fork a process for each job that ``wire`` tells of, until its other end is closed, or nothing
    runs and nobody asks for ``idle`` seconds.

    With a job come four files: what becomes input, output and error output of the process, and a
    pipe that hears of its id and, at the end, of its exit code; less than 0 is a signal.
    """
    for name in LOADED:
        # What cannot be loaded is missed by the solve that needs it, and said there.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    woken, wake = os.pipe()
    for one in (woken, wake):
        os.set_blocking(one, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    told: dict[int, int] = {}
    asked = wire.fileno()
    while True:
        ready, _, _ = select.select([asked, woken], [], [], None if told else idle)
        if not ready:
            return
        if woken in ready:
            os.read(woken, 4096)
            _reap(told)
        if asked in ready:
            message, files, _, _ = socket.recv_fds(wire, child.LONGEST, 4)
            if not message:
                return
            job, environment, folder = pickle.loads(message)
            with contextlib.suppress(OSError):
                # Where nothing can be forked, nothing is told but that the pipe is closed.
                pid = os.fork()
                if not pid:
                    try:
                        wire.close()
                        _become(job, environment, folder, files, [woken, wake, *told.values()])
                    finally:
                        os._exit(1)
                told[pid] = files.pop()
                os.write(told[pid], WORD.pack(pid))
            for one in files:
                os.close(one)


def _reap(told: dict[int, int]) -> None:
    """Tell of every process that has ended, and forget it."""
    while True:
        try:
            # Told before its id is free for another process.
            one = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if one is None:
            return
        pipe = told.pop(one.si_pid)
        code = one.si_status if one.si_code == os.CLD_EXITED else -one.si_status
        with contextlib.suppress(BrokenPipeError):
            os.write(pipe, WORD.pack(code))
        os.close(pipe)
        os.waitpid(one.si_pid, 0)


def _become(
    job: str, environment: dict[str, str], folder: str | None, files: list[int], others: list[int]
) -> NoReturn:
    """Be the process of ``job`` from now on: nothing of the nursery's or of other jobs' stays."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    for place, one in enumerate(files[:3]):
        os.dup2(one, place)
    for one in (*files, *others):
        os.close(one)
    os.environ.clear()
    os.environ.update(environment)
    if folder is not None:
        with contextlib.suppress(OSError):
            os.chdir(folder)
    child.run(job)
