"""How much of a gap is there because accounts are whole: what no search can close.

    python benchmarks/integrality.py books 20000 300 --whole 100 --seconds 60

Solves the relaxation, in which accounts may be divided among reps, then once more with the
weightiest accounts whole, by HiGHS, over all pairs. How much more the best plan costs at least is
HiGHS's claim: it shows where a gap comes from. An account weighs what its loads are worth at the
row prices. ``--without`` leaves rules out of both, to see which of them it is that
whole accounts run into. HiGHS may take longer than ``--seconds``: while it looks for cuts it does
not look at its clock.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from instance_files import which_instance
from instances import make
from machine import append, setting

from optiterr.search.ascent import Passes, ascend
from optiterr.search.core import Core
from optiterr.search.decompose import STEPS
from optiterr.search.diving import worth
from optiterr.search.relaxation import Relaxed, Restricted, relaxed

ALL_RELAXATION = 600.0
"""Seconds that the relaxation may take."""


def solved_relaxation(core: Core, threads: int) -> Relaxed:
    """The relaxation, proved over all pairs."""
    end = perf_counter() + ALL_RELAXATION
    with closing(Passes(core, threads)) as passes:
        price = ascend(core, passes, STEPS, lambda: perf_counter() > end).price
        found = relaxed(core, passes, core.inside(price), end, lambda bound: None)
    if not found.solved:
        raise SystemExit(f"the relaxation is not solved within {ALL_RELAXATION:.0f} s")
    return found


def with_whole(core: Core, found: Relaxed, count: int, seconds: float) -> dict[str, Any]:
    """What HiGHS claims once the ``count`` weightiest accounts are whole."""
    every = np.arange(len(core.pairs))
    kernel = Restricted(core, every, found.choice, found.price, ALL_RELAXATION)
    part = kernel.part
    begins = part.model.pairs.start
    weight = worth(core, part.pair, np.abs(found.price))
    weight = np.maximum.reduceat(weight, begins[: len(part.account)])
    heavy = np.argsort(-weight, kind="stable")[:count].tolist()
    columns = np.concatenate([np.arange(begins[one], begins[one + 1]) for one in heavy])
    began = perf_counter()
    claimed = kernel.claim(columns, seconds)
    return {
        "whole": len(heavy),
        "their_pairs": len(columns),
        "pairs": len(part.pair),
        "relaxation": found.bound,
        "claimed": claimed,
        "rise": (claimed - found.bound) / abs(found.bound),
        "seconds": perf_counter() - began,
    }


def main(arguments: list[str] | None = None) -> int:
    """Measures one instance."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    which_instance(parser)
    parser.add_argument("--whole", type=int, default=100, help="accounts that are whole")
    parser.add_argument("--without", nargs="+", default=[], help="rules to leave out")
    parser.add_argument("--seconds", type=float, default=60.0, help="of HiGHS, about")
    parser.add_argument("--threads", type=int, default=2, help="for the relaxation")
    parser.add_argument("-o", "--output", type=Path, help="a JSON file to write the record to")
    asked = parser.parse_args(arguments)
    case = make(asked.family, asked.accounts, asked.reps, asked.seed)
    blocks = case.model.blocks
    unknown = set(asked.without) - {block.rule for block in blocks}
    if unknown:
        known = ", ".join(dict.fromkeys(block.rule for block in blocks))
        parser.error(f"no rows of {', '.join(sorted(unknown))}: use some of {known}")
    told = {"instance": case.name, **setting(), "without": asked.without}
    kept = tuple(block for block in blocks if block.rule not in asked.without)
    core = Core.of(replace(case.model, blocks=kept))
    told |= with_whole(core, solved_relaxation(core, asked.threads), asked.whole, asked.seconds)
    print(
        f"{case.name}{''.join(f', without {rule}' for rule in asked.without)}: with "
        f"{told['whole']} accounts whole at least {told['rise']:.2%} above the "
        f"relaxation, HiGHS claims after {told['seconds']:.0f} s"
    )
    if asked.output is not None:
        append(told, asked.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
