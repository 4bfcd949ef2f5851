"""The command line: plans, comparisons and statements, trades between goals, and the outlook.

Exit codes: 0 good; 1 the answer is bad (infeasible, or a claim that does not hold); 2 the caller
must mend something; 3 the solver failed or found nothing in time. Results go to stdout or to
``-o``, messages to stderr.
"""

from optiterr.cli import comparing, outlook, solving, stating, trading, verifying
from optiterr.cli.common import BAD, FAILED, MEND, app, err, main, out

__all__ = ["BAD", "FAILED", "MEND", "app", "err", "main", "out"]

ROOMS = (solving, verifying, comparing, stating, trading, outlook)
"""Importing a room registers its commands."""
