"""CBC, and every other solver that PuLP can call.

CBC gets the model as a file and is run directly. The others are called through PuLP's objects,
which are slow to build, so they take small models only.
"""

from __future__ import annotations

import importlib.metadata
import inspect
import shutil
import signal
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optiterr.errors import SolverError, nearest
from optiterr.linear import Mip, linearise
from optiterr.model import Model
from optiterr.solution import Improvement, Limits, Solution, Status
from optiterr.solvers import Report, Solver, rounded

Floats = NDArray[np.float64]

CBC_STATUS = {
    "Optimal": Status.OPTIMAL,
    "Infeasible": Status.INFEASIBLE,
    "Integer infeasible": Status.INFEASIBLE,
    "Unbounded": Status.UNBOUNDED,
    "Stopped on time": Status.FEASIBLE,
    "Stopped on iterations": Status.FEASIBLE,
    "Stopped on nodes": Status.FEASIBLE,
    "Stopped on ctrl-c": Status.FEASIBLE,
}
"""First words of CBC's solution file to ours, when it does not say that it has no plan."""

SOL_STATUS = {
    1: Status.OPTIMAL,
    2: Status.FEASIBLE,
    0: Status.NO_SOLUTION,
    -1: Status.INFEASIBLE,
    -2: Status.UNBOUNDED,
}
"""PuLP's ``sol_status`` to ours; its ``status`` says "Optimal" for a run that time stopped."""

MOST_ENTRIES = 500_000
"""PuLP's objects take about 40 times as long to build as arrays; larger models are refused."""

WAIT_SECONDS = 0.05

KNOWN = {
    "gurobi": (("GUROBI", "GUROBI_CMD"), "gurobipy", "gurobi_cl"),
    "cplex": (("CPLEX_PY", "CPLEX_CMD"), "cplex", "cplex"),
    "xpress": (("XPRESS_PY", "XPRESS_CMD"), "xpress", "optimizer"),
    "mosek": (("MOSEK",), "mosek", None),
    "copt": (("COPT", "COPT_CMD"), "coptpy", "copt_cmd"),
    "glpk": (("GLPK_CMD",), None, "glpsol"),
    "scip_cmd": (("SCIP_PY", "SCIP_CMD"), "pyscipopt", "scip"),
}
"""Our name: PuLP's names, and the Python module and the program, one of which must be there."""


def cbc(
    model: Model, limits: Limits, start: Floats | None = None, report: Report | None = None
) -> Solution:
    """The best plan that CBC finds; it claims no bound, and stops with its best on request."""
    began, version = perf_counter(), importlib.metadata.version("pulp")
    mip = linearise(model, start)
    built = perf_counter()
    with tempfile.TemporaryDirectory(prefix="optiterr-cbc-") as folder:
        program, answer = Path(folder) / "model.mps", Path(folder) / "answer.sol"
        _write(mip, limits, program)
        command = [_cbc_path(), str(program)]
        if start is not None:
            plan = Path(folder) / "start.sol"
            picked = np.flatnonzero(np.asarray(start) > 0.5)
            lines = [f"{place} c{pair} 1 0\n" for place, pair in enumerate(picked.tolist())]
            plan.write_text("Feasible - objective value 0\n" + "".join(lines))
            command += ["-mips", str(plan)]
        options: dict[str, object] = {
            "sec": max(limits.seconds, 0.01),
            "ratio": limits.gap,
            "threads": limits.threads,
            "randomCbcSeed": limits.seed % (2**31),
            "timeMode": "elapsed",
        }
        for name, value in options.items():
            command += [f"-{name}", str(value)]
        command += ["-solve", "-printingOptions", "all", "-solution", str(answer)]
        handed = perf_counter()
        code = _wait(command, report, began)
        seconds = _seconds(began, built, handed)
        if code != 0 or not answer.exists():
            text = f"CBC ended with exit code {code} and no answer"
            return Solution(Status.FAILED, "cbc", version, seconds=seconds, message=text)
        status, words, values = _read_cbc(answer, len(mip.cost))
    return _finish(model, "cbc", version, status, values[: mip.pairs], seconds, f"CBC: {words}")


def _wait(command: list[str], report: Report | None, began: float) -> int:
    """Run ``command`` to its end; asks it to end early when ``report`` says so."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        asked = False
        while True:
            try:
                return process.wait(timeout=None if report is None or asked else WAIT_SECONDS)
            except subprocess.TimeoutExpired:
                if report is not None and report(Improvement(perf_counter() - began)):
                    process.send_signal(signal.SIGINT)
                    asked = True
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _read_cbc(path: Path, cols: int) -> tuple[Status, str, Floats]:
    """Status, CBC's own words for it, and the value of every column."""
    values = np.zeros(cols)
    with path.open() as file:
        words = file.readline().strip()
        head = words.split(" - ")[0].split(" (")[0].strip()
        status = CBC_STATUS.get(head, Status.FAILED)
        if "no integer solution" in words:
            # The values are then those of the relaxation.
            return Status.NO_SOLUTION, words, values
        if status.has_plan:
            for line in file:
                field = line.replace("**", " ").split()
                if len(field) >= 3 and field[1][0] == "c":
                    values[int(field[1][1:])] = float(field[2])
    return status, words, values


def _write(mip: Mip, limits: Limits, path: Path) -> None:
    """An MPS file of ``mip`` with columns ``c0, c1, ...`` in order."""
    from optiterr.solvers.highs import load

    load(mip, limits, relaxed=False).writeModel(str(path))
    if not path.exists():
        raise OSError(f"the model could not be written to {path}")


def _cbc_path() -> str:
    own = shutil.which("cbc")
    if own is not None:
        return own
    import pulp

    with warnings.catch_warnings():
        # The class is announced to go with PuLP 4; until then it knows where the program is.
        warnings.simplefilter("ignore", DeprecationWarning)
        return str((getattr(pulp, "PULP_CBC_CMD", None) or pulp.COIN_CMD)().path)


def _cbc_missing() -> str | None:
    if shutil.which("cbc") is not None:
        return None
    spec = find_spec("pulp")
    # PuLP 4 brings no CBC of its own.
    if spec is not None and spec.submodule_search_locations:
        where = Path(spec.submodule_search_locations[0]) / "solverdir" / "cbc"
        if where.is_dir() or find_spec("cbcbox") is not None:
            return None
    return "install the program cbc, or pip install 'pulp>=3.3,<4'"


def solve_through_pulp(
    names: tuple[str, ...],
    model: Model,
    limits: Limits,
    start: Floats | None = None,
    report: Report | None = None,
) -> Solution:
    """The plan of the first of PuLP's solvers ``names`` that can run here."""
    import pulp

    known = pulp.listSolvers()
    for name in names:
        if name not in known:
            near = nearest(name, known)
            raise SolverError(
                "solver",
                f"PuLP knows no solver {name!r}",
                f"did you mean 'pulp:{near}'?" if near else f"it knows {', '.join(known)}",
            )
    began = perf_counter()
    mip = linearise(model)
    built = perf_counter()
    ready = [name for name in names if pulp.getSolver(name, msg=False).available()]
    name = ready[0] if ready else names[0]
    label, version = f"pulp:{name}", f"pulp {importlib.metadata.version('pulp')}"
    if not ready:
        text = f"PuLP cannot run {' or '.join(names)} here"
        return Solution(Status.FAILED, label, version, message=text)
    if mip.matrix.nnz > MOST_ENTRIES:
        text = (
            f"{mip.matrix.nnz} matrix entries are too many for PuLP's objects (at most "
            f"{MOST_ENTRIES}); export the model to a file, or use highs, cp_sat, scip or cbc"
        )
        return Solution(Status.FAILED, label, version, message=text)
    program, columns = _objects(mip)
    wanted = {"msg": False, "timeLimit": limits.seconds, "gapRel": limits.gap}
    if limits.threads != 1:
        wanted["threads"] = limits.threads
    native = pulp.getSolver(name, **_accepted(getattr(pulp, name), wanted))
    handed = perf_counter()
    try:
        program.solve(native)
    except pulp.PulpSolverError as error:
        return Solution(Status.FAILED, label, version, message=f"PuLP: {error}")
    seconds = _seconds(began, built, handed)
    status = SOL_STATUS.get(program.sol_status, Status.FAILED)
    values = np.array([column.value() for column in columns[: mip.pairs]], dtype=float)
    words = pulp.LpSolution.get(program.sol_status, str(program.sol_status))
    return _finish(model, label, version, status, values, seconds, f"PuLP: {words}")


def _objects(mip: Mip) -> tuple[Any, list[Any]]:
    """``mip`` as a PuLP program, and its columns in order."""
    import pulp

    program = pulp.LpProblem("model", pulp.LpMinimize)
    ends = zip(mip.lower.tolist(), mip.upper.tolist(), mip.integer.tolist(), strict=True)
    columns = [
        program.add_variable(f"c{place}", low, high, "Integer" if whole else "Continuous")
        for place, (low, high, whole) in enumerate(ends)
    ]
    cost = mip.cost.tolist()
    program += pulp.LpAffineExpression(zip(columns, cost, strict=True), mip.offset)
    matrix = mip.matrix
    for row in range(matrix.shape[0]):
        own = slice(matrix.indptr[row], matrix.indptr[row + 1])
        entries = zip(matrix.indices[own].tolist(), matrix.data[own].tolist(), strict=True)
        load = pulp.LpAffineExpression([(columns[col], value) for col, value in entries])
        low, high = float(mip.row_lower[row]), float(mip.row_upper[row])
        if not len(load) and not low <= 0.0 <= high:
            # PuLP drops empty rows; one that cannot hold must stay.
            program += columns[0] >= 2.0 if columns else load >= 1.0
        elif low == high:
            program += load == low
        else:
            if np.isfinite(low):
                program += load >= low
            if np.isfinite(high):
                program += load <= high
    return program, columns


def _accepted(made_by: Callable[..., Any], wanted: dict[str, Any]) -> dict[str, Any]:
    known = inspect.signature(made_by).parameters
    return {name: value for name, value in wanted.items() if name in known}


def _finish(
    model: Model,
    name: str,
    version: str,
    status: Status,
    values: Floats,
    seconds: dict[str, float],
    words: str,
) -> Solution:
    if not status.has_plan:
        return Solution(status, name, version, seconds=seconds, message=words)
    x = rounded(values)
    if x is None:
        text = f"{words}; a pick is neither 0 nor 1"
        return Solution(Status.FAILED, name, version, seconds=seconds, message=text)
    value = model.value(x)
    if not np.isfinite(value):
        text = f"{words}; its plan breaks a hard row"
        return Solution(Status.FAILED, name, version, seconds=seconds, message=text)
    text = "" if status is Status.OPTIMAL else words
    return Solution(status, name, version, x, value, seconds=seconds, message=text)


def _seconds(began: float, built: float, handed: float) -> dict[str, float]:
    return {
        "build": built - began,
        "handover": handed - built,
        "solve": perf_counter() - handed,
    }


def _missing(module: str | None, program: str | None) -> str | None:
    if find_spec("pulp") is None:
        return "pip install 'pulp>=3.3,<5'"
    if module is not None and find_spec(module) is not None:
        return None
    if program is not None and shutil.which(program) is not None:
        return None
    ways = [f"pip install {module}"] * (module is not None)
    ways += [f"put the program {program} on the path"] * (program is not None)
    return " or ".join(ways)


def named(name: str) -> Solver:
    """The solver that PuLP calls ``name`` (``COPT_CMD``, say), as ``pulp:name``."""
    return Solver(
        f"pulp:{name}",
        f"{name}, called through PuLP; small models only.",
        frozenset({"mip"}),
        partial(_missing, "pulp", None),
        partial(solve_through_pulp, (name,)),
    )


SOLVERS = (
    Solver(
        "cbc",
        "CBC, run as a program on a model file; claims no bound.",
        frozenset({"mip", "start", "threads", "seed"}),
        _cbc_missing,
        cbc,
    ),
    *(
        Solver(
            name,
            f"{name}, called through PuLP; small models only.",
            frozenset({"mip"}),
            partial(_missing, module, program),
            partial(solve_through_pulp, names),
        )
        for name, (names, module, program) in KNOWN.items()
    ),
)
