"""What a measurement was made on: the machine, its load, the commit, and versions of libraries."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

LIBRARIES = ("optiterr", "numpy", "scipy", "numba", "highspy", "ortools", "pyscipopt", "PuLP")
"""Those whose version can change a measurement."""


def machine() -> dict[str, Any]:
    """Processor, cores, memory, system and Python."""
    info = Path("/proc/cpuinfo")
    names = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    cpu = next((line.partition(":")[2].strip() for line in names if "model name" in line), "")
    pages = (
        os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
    )
    return {
        "cpu": cpu or platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(pages / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def load() -> float | None:
    """Processes that want a core, on average over a minute; None where the system cannot tell."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def versions() -> dict[str, str]:
    """Versions of the installed libraries that solve or count."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def commit() -> dict[str, str]:
    """The commit, and the files of package and benchmarks that were changed since."""
    return {
        "commit": _git("rev-parse", "HEAD"),
        "changed_since": _git("status", "--porcelain", "--", "optiterr", "benchmarks"),
    }


def setting() -> dict[str, Any]:
    """All of it, as a record begins."""
    return {"machine": machine(), "versions": versions(), "load": load(), **commit()}


def append(record: dict[str, Any], file: Path) -> None:
    """Adds ``record`` to the list in the JSON file ``file``, which need not be there yet."""
    old = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    file.write_text(json.dumps([*old, record], indent=1) + "\n", encoding="utf-8")


def _git(*words: str) -> str:
    try:
        done = subprocess.run(
            ["git", *words], capture_output=True, text=True, check=False, cwd=ROOT
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip()
