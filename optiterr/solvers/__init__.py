"""Solvers: functions from a model to an answer, found by name, asked only for what they give."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from optiterr.errors import SolverError, meant
from optiterr.model import Model
from optiterr.solution import Improvement, Limits, Solution

Floats = NDArray[np.float64]

ABILITIES: dict[str, str] = {
    "mip": "finds plans",
    "lp": "solves the relaxation (picks may be fractions)",
    "bound": "claims a lower bound",
    "prices": "gives the row prices of the relaxation",
    "proof": "gives, with its plan, row prices that prove its bound",
    "start": "takes a plan to start from",
    "threads": "uses as many threads as it is given",
    "seed": "gives the same answer for the same seed and one thread",
    "progress": "reports improvements while it works and stops with its best plan on request",
}
"""What a solver may be able to do, by the word that asks for it."""

ROUNDING = 1e-5
"""A pick this close to 0 or 1 counts as 0 or 1; anything between is no plan."""


class Report(Protocol):
    """Is told of each improvement, with the plan when there is a new one.

    Returns True to ask the solver to stop with its best plan. An improvement that names neither
    incumbent nor bound tells that another phase began, or, without one, only asks whether to stop.
    """

    def __call__(self, improvement: Improvement, x: Floats | None = None) -> bool:
        """Whether to stop now."""
        ...


Solve = Callable[[Model, Limits, Floats | None, Report | None], Solution]
"""``solve(model, limits, start, report)``; ``start`` (a plan) and ``report`` may be None."""


@dataclass(frozen=True)
class Solver:
    """A solver by name: what it gives, what it misses, and the functions that call it.

    ``solve`` looks for a plan and ``relax`` solves the relaxation, whose ``x`` holds fractions and
    is no plan; each exists exactly when ``gives`` says so. ``missing`` tells what to install (None:
    nothing) without importing it. Functions must be importable: they run in a child process.
    """

    name: str
    doc: str
    gives: frozenset[str]
    missing: Callable[[], str | None]
    solve: Solve | None = None
    relax: Solve | None = None

    def __post_init__(self) -> None:
        unknown = self.gives - set(ABILITIES)
        if unknown:
            raise ValueError(f"solver {self.name!r}: unknown abilities {sorted(unknown)}")
        if ("mip" in self.gives) != (self.solve is not None):
            raise ValueError(f"solver {self.name!r}: 'mip' and a solve function come together")
        if ("lp" in self.gives) != (self.relax is not None):
            raise ValueError(f"solver {self.name!r}: 'lp' and a relax function come together")


def requires(module: str, install: str) -> Callable[[], str | None]:
    """A ``missing`` function: tells to install ``install`` unless ``module`` can be found."""

    def missing() -> str | None:
        return None if find_spec(module) else f"pip install {install!r}"

    return missing


_added: dict[str, Solver] = {}


def register(added: Solver) -> Solver:
    """Let ``added`` be found by its name; for solvers that stand on a higher floor."""
    known = _added.get(added.name) or _found().get(added.name)
    if known is not None and known != added:
        raise SolverError(
            f"solver {added.name!r}",
            "two solvers have this name",
            "rename one of the two",
        )
    _added[added.name] = added
    return added


@cache
def _found() -> dict[str, Solver]:
    """The solvers of this package's files, then those of entry points ``optiterr.solvers``."""
    found: dict[str, Solver] = {}
    modules = [
        importlib.import_module(f"{__name__}.{info.name}")
        for info in pkgutil.iter_modules(__path__)
    ]
    own = [one for module in modules for one in getattr(module, "SOLVERS", ())]
    foreign = [entry.load() for entry in entry_points(group="optiterr.solvers")]
    for one in (*own, *foreign):
        if found.setdefault(one.name, one) is not one:
            raise SolverError(
                f"solver {one.name!r}",
                "two solvers have this name",
                "uninstall or rename one of the two",
            )
    return found


def register_of_solvers() -> dict[str, Solver]:
    """Every known solver by name, installed or not."""
    return dict(sorted({**_found(), **_added}.items()))


def solver(name: str) -> Solver:
    """The solver of that name; SolverError with the nearest known name when there is none.

    ``pulp:NAME`` is any solver by the name that PuLP gives it.
    """
    if name.startswith("pulp:"):
        from optiterr.solvers.pulp_any import named

        return named(name.removeprefix("pulp:"))
    known = register_of_solvers()
    if name in known:
        return known[name]
    raise SolverError(
        "solver",
        f"unknown solver {name!r}",
        meant(name, known, f"known solvers: {', '.join(known)}"),
    )


def able(needs: Iterable[str]) -> tuple[str, ...]:
    """Names of the installed solvers that give all of ``needs``."""
    needed = frozenset(needs)
    return tuple(
        name
        for name, one in register_of_solvers().items()
        if needed <= one.gives and one.missing() is None
    )


def demands(limits: Limits, start: Floats | None) -> frozenset[str]:
    """What ``limits`` and ``start`` ask of a solver beyond a plain run."""
    asked = {
        "threads": limits.threads != 1,
        "seed": limits.seed != 0,
        "start": start is not None,
    }
    return frozenset(word for word, wanted in asked.items() if wanted)


def ensure(one: Solver, needs: Iterable[str]) -> None:
    """Refuse, before anything runs, a solver that is not installed or cannot do what is asked.

    Raises SolverError that names the solvers that can.
    """
    needed = frozenset(needs)
    unknown = sorted(needed - set(ABILITIES))
    if unknown:
        raise SolverError(
            f"solver {one.name!r}",
            f"nobody can give {', '.join(map(repr, unknown))}",
            f"ask for some of {', '.join(ABILITIES)}",
        )
    lacking = sorted(needed - one.gives)
    if lacking:
        can = able(needed)
        raise SolverError(
            f"solver {one.name!r}",
            f"cannot give {', '.join(map(repr, lacking))}",
            f"use one that can: {', '.join(can)}"
            if can
            else "no installed solver can give all this",
        )
    install = one.missing()
    if install is not None:
        raise SolverError(f"solver {one.name!r}", "is not installed", install)


def rounded(values: Floats) -> Floats | None:
    """``values`` as zeros and ones, or None when one is further than ``ROUNDING`` from both."""
    picks = np.rint(values)
    if not np.isfinite(values).all() or np.abs(values - picks).max(initial=0.0) > ROUNDING:
        return None
    if picks.min(initial=0.0) < 0 or picks.max(initial=0.0) > 1:
        return None
    return np.asarray(picks + 0.0)
