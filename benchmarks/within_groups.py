"""How good a plan is within groups of a few reps: accounts whole, and accounts divided.

    python benchmarks/within_groups.py books 5000 100 --seed 3 --seconds 60 --size 5 --each 60

The reps of the search's plan are cut into groups of neighbours. Group after group, everything else
held fast, HiGHS looks for the best use of all pairs between the reps of the group, once with
accounts whole and once with accounts divided among reps. What is gained with accounts whole, the
search had missed. What dividing gains beyond that is a part of the gap that no plan can have which
differs from this one within groups only: it is there because accounts are whole. What HiGHS did not
finish within ``--each`` seconds is told: so much more might be gained with accounts whole.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from instance_files import which_instance
from instances import make
from machine import append, setting

from optiterr.search import decompose
from optiterr.search.core import Core, Floats, Ints
from optiterr.search.ground import neighbours
from optiterr.search.neighbourhoods import State, adopt, between
from optiterr.search.part import Part, has_choice, part_of
from optiterr.solution import Limits, Status
from optiterr.solvers import highs

EXACT = 1e-7
"""Relative gap at which a group counts as solved."""


@dataclass(frozen=True)
class Within:
    """Costs of a plan: as found, with every group at its best, and with every group divided.

    ``open`` is how much less the groups that HiGHS did not finish might cost in all; ``finished``
    of ``groups`` it did finish. ``bound`` is that of the whole problem.
    """

    cost: float
    bound: float
    whole: float
    open: float
    divided: float
    groups: int
    finished: int

    def share(self, amount: float) -> float:
        """``amount`` as a share of the plan's cost."""
        return amount / abs(self.cost)


def groups_of(core: Core, choice: Ints, size: int) -> list[Ints]:
    """All reps in groups of at most ``size``, each next one being nearest to those before it."""
    shared = neighbours(core, np.arange(len(core.pairs)), choice, core.reps).toarray()
    left = np.ones(core.reps, dtype=bool)
    found = []
    while left.any():
        # The rep with the fewest neighbours left would be alone later.
        links = np.where(left, (shared * left).sum(axis=1), np.inf)
        members = [int(np.argmin(links))]
        left[members[0]] = False
        while len(members) < size and left.any():
            near = np.where(left, shared[members].sum(axis=0), -1.0)
            members.append(int(np.argmax(near)))
            left[members[-1]] = False
        found.append(np.array(sorted(members), dtype=np.int64))
    return found


def group_part(core: Core, members: Ints, choice: Ints, loads: Floats) -> Part:
    """The program of all pairs between the reps ``members``; ``loads`` are those of everything."""
    pairs = between(np.arange(len(core.pairs)), members, core, choice)
    return part_of(core, pairs[has_choice(core, pairs)], choice, loads)


def within(core: Core, choice: Ints, bound: float, size: int, each: float, threads: int) -> Within:
    """What the plan ``choice`` gains within groups of ``size`` reps; ``each`` seconds a program."""
    groups = groups_of(core, choice, size)
    cost = core.worth(choice)
    limits = Limits(seconds=each, gap=EXACT, threads=threads)
    state, missed, finished = State(choice, core.loads(choice), cost), 0.0, 0
    for members in groups:
        part = group_part(core, members, state.choice, state.load)
        start = part.model.picks(part.choice(state.choice))
        answer = highs.solve(part.model, limits, start)
        assert answer.x is not None
        assert answer.objective is not None
        finished += answer.status is Status.OPTIMAL
        claimed = answer.bound
        if claimed is None:
            claimed = highs.relax(part.model, Limits()).objective
        assert claimed is not None
        missed += max(answer.objective - claimed, 0.0)
        picked = part.model.choice(answer.x)[: len(part.account)]
        adopt(core, state, part.account, part.pair[picked])
    divided = divided_cost(core, groups, state.choice)
    return Within(cost, bound, state.cost, missed, divided, len(groups), finished)


def divided_cost(core: Core, groups: list[Ints], choice: Ints) -> float:
    """What it costs when, group after group, accounts are divided among the group's reps."""
    loads, fixed = core.loads(choice), core.constant + float(core.cost[choice].sum())
    for members in groups:
        part = group_part(core, members, choice, loads)
        relaxed = highs.relax(part.model, Limits())
        assert relaxed.x is not None
        x: Floats = relaxed.x[: len(part.pair)]
        old = choice[part.account]
        loads = loads - core.loads(old) + core.columns[:, part.pair] @ x
        fixed += float(core.cost[part.pair] @ x) - float(core.cost[old].sum())
    return fixed + core.charge(loads)


def main(arguments: list[str] | None = None) -> int:
    """Measures one instance."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    which_instance(parser)
    parser.add_argument("--seconds", type=float, default=60.0, help="of the search")
    parser.add_argument("--size", type=int, default=5, help="reps of a group")
    parser.add_argument("--each", type=float, default=60.0, help="seconds of HiGHS for a group")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("-o", "--output", type=Path, help="a JSON file to write the record to")
    asked = parser.parse_args(arguments)
    case = make(asked.family, asked.accounts, asked.reps, asked.seed)
    told = {"instance": case.name, **setting()}
    told |= {name: getattr(asked, name) for name in ("seconds", "size", "each")}
    plan = decompose.solve(case.model, Limits(seconds=asked.seconds, threads=asked.threads))
    if plan.x is None or plan.bound is None:
        raise SystemExit(f"no plan: {plan.message}")
    core = Core.of(case.model)
    choice = case.model.choice(plan.x)
    found = within(core, choice, plan.bound, asked.size, asked.each, asked.threads)
    told |= asdict(found)
    cost = found.cost
    whole, more = found.share(cost - found.whole), found.share(found.open)
    print(
        f"{case.name}: gap {found.share(cost - found.bound):.2%} of the plan's cost; within "
        f"{found.groups} groups of {asked.size} reps ({found.finished} solved to the end) accounts "
        f"whole gain {whole:.2%}, at most {more:.2%} more, and accounts divided "
        f"{found.share(cost - found.divided):.2%}"
    )
    if asked.output is not None:
        append(told, asked.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
