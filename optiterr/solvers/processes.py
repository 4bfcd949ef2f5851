"""A process for each solve: forked from a nursery that has loaded what it needs, or begun anew."""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import threading
from math import inf
from pathlib import Path
from time import perf_counter, sleep
from typing import IO

import psutil

from optiterr.solvers import child
from optiterr.solvers.nursery import WORD

START_SECONDS = 120.0
"""Longest time that a process may take to load what it needs: the nursery, or that of a solve."""

IDLE_SECONDS = 60.0
"""When no solve has begun for so long, and none runs, the nursery ends; the next solve begins a new
one."""

MOST_BYTES = 150_000
"""A longer message, of a very long environment, may not fit: the process is begun anew."""

TICK = 0.01
"""Seconds between two looks at a process that nobody tells of any more."""

FORKS = sys.platform == "linux"
"""Elsewhere a fork of a process with loaded libraries is not safe."""


class Forked:
    """A process that the nursery forked, used like a ``subprocess.Popen``.

    ``pipe`` tells how it ended; where its other end is closed before that, somebody has ended the
    nursery, and the process counts as ended in the same way once it is gone.
    """

    def __init__(self, pid: int, stdin: IO[bytes], stdout: IO[bytes], pipe: int) -> None:
        self.pid, self.stdin, self.stdout = pid, stdin, stdout
        self.returncode: int | None = None
        self._pipe = pipe

    def poll(self) -> int | None:
        """The exit code, less than 0 for a signal; None while it runs."""
        return self._ended(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code once it has ended; ``subprocess.TimeoutExpired`` after ``timeout`` s."""
        code = self._ended(timeout)
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired("a solve", timeout)
        return code

    def kill(self) -> None:
        """End it at once."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        end = inf if timeout is None else perf_counter() + timeout
        while self.returncode is None:
            left = max(0.0, end - perf_counter())
            word = _word(self._pipe, left)
            if word is None:
                break
            if word:
                self._over(*WORD.unpack(word))
            elif not _lives(self.pid):
                self._over(-signal.SIGKILL)
            elif left <= 0.0:
                break
            else:
                sleep(min(TICK, left))
        return self.returncode

    def _over(self, code: int) -> None:
        self.returncode = code
        os.close(self._pipe)


def _word(pipe: int, seconds: float) -> bytes | None:
    """The next number on ``pipe``, nothing where its other end is closed, None where it is silent
    for ``seconds``."""
    silent = select.poll()
    silent.register(pipe, select.POLLIN)
    ready = silent.poll(None if seconds == inf else 1000.0 * seconds)
    return os.read(pipe, WORD.size) if ready else None


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Nursery:
    """The nursery of this process: begun with the first solve, and anew where it has ended.

    It ends when ``idle`` for so many seconds.
    """

    def __init__(self, idle: float = IDLE_SECONDS) -> None:
        self._idle = idle
        self._turn = threading.Lock()
        self._wire: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process; None while there is none."""
        return None if self._process is None else self._process.pid

    def fork(self, job: Path, printed: IO[bytes]) -> Forked | None:
        """A process for ``job`` whose error output goes to ``printed``; None where none is made."""
        folder = None
        with contextlib.suppress(OSError):
            folder = os.getcwd()
        message = pickle.dumps((str(job), dict(os.environ), folder))
        if len(message) > MOST_BYTES:
            return None
        for _ in range(2):
            wire = self.begin()
            if wire is None:
                return None
            forked = _asked(wire, message, printed)
            if forked is not None:
                return forked
            # It was idle and has ended, or somebody has ended it.
            self.end(wire)
        return None

    def begin(self) -> socket.socket | None:
        """Begin it unless it runs; None where it cannot be begun."""
        with self._turn:
            return self._wire or self._begin()

    def _begin(self) -> socket.socket | None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self._process = subprocess.Popen(
                    # Safe path: neither the current folder nor the script's own is searched.
                    [sys.executable, "-P", child.__file__, "nursery", str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                    pass_fds=[theirs.fileno()],
                )
                ours.send(pickle.dumps((child.ROOT, sys.path, self._idle)))
            except OSError:
                ours.close()
                return None
        self._wire = ours
        return ours

    def end(self, wire: socket.socket | None = None) -> None:
        """End it, or only that of ``wire`` where given; what it has forked goes on."""
        with self._turn:
            if self._wire is None or (wire is not None and wire is not self._wire):
                return
            self._wire.close()
            self._wire, process = None, self._process
        if process is not None:
            process.kill()
            process.wait()

    def forget(self) -> None:
        """In a fork of this process: the nursery is that of the other."""
        self._turn = threading.Lock()
        if self._wire is not None:
            self._wire.close()
        self._wire = self._process = None


def _asked(wire: socket.socket, message: bytes, printed: IO[bytes]) -> Forked | None:
    """The process that the nursery at ``wire`` forks for ``message``; None where it does not."""
    (their_in, our_in), (our_out, their_out), (our_end, their_end) = os.pipe(), os.pipe(), os.pipe()
    with contextlib.suppress(OSError):
        socket.send_fds(wire, [message], [their_in, their_out, printed.fileno(), their_end])
    for one in (their_in, their_out, their_end):
        os.close(one)
    pid = _word(our_end, START_SECONDS)
    if not pid:
        for one in (our_in, our_out, our_end):
            os.close(one)
        return None
    (number,) = WORD.unpack(pid)
    return Forked(number, os.fdopen(our_in, "wb"), os.fdopen(our_out, "rb"), our_end)


Process = subprocess.Popen[bytes] | Forked

NURSERY = Nursery()
if FORKS:
    os.register_at_fork(after_in_child=NURSERY.forget)
    atexit.register(NURSERY.end)


def prepare() -> None:
    """Begin the nursery, so that it has loaded by the time of the first solve."""
    if FORKS:
        NURSERY.begin()


def begun(job: Path, printed: IO[bytes]) -> Process:
    """A process that runs the job in the file ``job``; its error output goes to ``printed``."""
    if FORKS:
        forked = NURSERY.fork(job, printed)
        if forked is not None:
            return forked
    return subprocess.Popen(
        [sys.executable, "-P", child.__file__, str(job)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=printed,
        start_new_session=True,
    )
