"""Seconds and peak memory of one process, phase by phase; nothing heavy is imported here."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def _kept(key: str) -> float:
    line = next(one for one in STATUS.read_text().splitlines() if one.startswith(f"{key}:"))
    return int(line.split()[1]) / 1024


def resident_mb() -> float | None:
    """Memory that the process holds now, in MiB; None where the system does not tell."""
    return _kept("VmRSS") if STATUS.exists() else None


def peak_mb() -> float:
    """Most memory that the process has held since :func:`forget_peak`, in MiB.

    Since its start where the system cannot forget (any but Linux).
    """
    if STATUS.exists():
        return _kept("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def forget_peak() -> bool:
    """Whether the peak now starts again from what is held."""
    try:
        RESET.write_text("5")
    except OSError:
        return False
    return True


class Watch:
    """What each phase took: ``seconds`` on the clock, ``cpu`` seconds, and ``peak`` memory in MiB.

    ``forgets`` tells whether each peak is of its own phase; else it is of all phases so far.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu: dict[str, float] = {}
        self.peak: dict[str, float] = {}
        self.forgets = True

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measures the block and books it under ``name``."""
        self.forgets &= forget_peak()
        begun, busy = perf_counter(), process_time()
        yield
        self.seconds[name] = round(perf_counter() - begun, 4)
        self.cpu[name] = round(process_time() - busy, 4)
        self.peak[name] = round(peak_mb(), 1)
