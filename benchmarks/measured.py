"""One way of building one model in one process: what phases.py starts again for each run."""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from watch import Watch, resident_mb

MODULES = {
    "optiterr": ("way_optiterr", {}),
    "pulp": ("way_pulp", {}),
    "pulp-quick": ("way_pulp", {"QUICK": True}),
    "linopy": ("way_linopy", {}),
    "linopy-sparse": ("way_linopy", {"SPARSE": True}),
}
"""Module of each way, and the settings that make it so."""


def main() -> None:
    """Builds, and solves and audits when asked; writes what was measured as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=[*MODULES, "books"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("into", type=Path)
    parser.add_argument("--first", type=Path, help="small books that are built first, unmeasured")
    parser.add_argument("--pairs", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0.0, help="of solving; 0 for none")
    parser.add_argument("--gap", type=float, default=0.01)
    asked = parser.parse_args()
    if asked.way == "books":
        importlib.import_module("books").write(asked.folder, asked.pairs, asked.seed)
        return
    asked.into.write_text(json.dumps(_measured(asked)))


def _measured(asked: argparse.Namespace) -> dict[str, Any]:
    begun = perf_counter()
    name, settings = MODULES[asked.way]
    module = importlib.import_module(name)
    for key, value in settings.items():
        setattr(module, key, value)
    imported = perf_counter() - begun
    if asked.first is not None:
        # What libraries import or compile on first use belongs to no phase.
        module.Way(asked.first, Watch())
    watch, base = Watch(), resident_mb()
    way = module.Way(asked.folder, watch)
    highs = way.highs
    found: dict[str, Any] = {
        "rows": highs.getNumRow(),
        "columns": highs.getNumCol(),
        "nonzeros": highs.getNumNz(),
        "columns_more": module.COLUMNS_MORE,
        "versions": module.VERSIONS,
        "import_seconds": round(imported, 4),
        "import_mb": None if base is None else round(base, 1),
    }
    x, objective = None, None
    if asked.seconds:
        found["solve"], x = _solved(highs, watch, asked)
        objective = found["solve"]["objective"]
    found |= way.audit(watch, x, objective)
    return found | {
        "seconds": watch.seconds,
        "cpu_seconds": watch.cpu,
        "peak_mb": watch.peak,
        "peak_by_phase": watch.forgets,
    }


def _solved(highs: Any, watch: Watch, asked: argparse.Namespace) -> tuple[dict[str, Any], Any]:
    import numpy as np

    options = {
        "output_flag": False,
        "threads": 1,
        "random_seed": asked.seed,
        "time_limit": asked.seconds,
        "mip_rel_gap": asked.gap,
    }
    for key, value in options.items():
        highs.setOptionValue(key, value)
    begun = process_time()
    with watch.phase("solve"):
        highs.run()
    info = highs.getInfo()
    has_plan = info.primal_solution_status == 2
    told = {
        "status": highs.modelStatusToString(highs.getModelStatus()),
        "objective": info.objective_function_value if has_plan else None,
        "bound": info.mip_dual_bound if np.isfinite(info.mip_dual_bound) else None,
        "gap": info.mip_gap if np.isfinite(info.mip_gap) else None,
        "box_seconds": asked.seconds,
        "gap_asked": asked.gap,
        "cpu_seconds": round(process_time() - begun, 3),
    }
    return told, np.array(highs.getSolution().col_value) if has_plan else None


if __name__ == "__main__":
    main()
