"""The tests that a rule or a solver must pass: yours too, and without any test framework.

``check_rule`` tries every assignment of tiny problems and compares what a rule compiles with what
it says of the finished plan. ``check_solver`` compares a solver with the counting of every plan.
Both raise AssertionError with what was promised, what came instead, and for which plan.
"""

from optiterr.conformance.counting import as_series, assignments, least_cost, plans
from optiterr.conformance.rules import check_rule
from optiterr.conformance.solvers import check_solver, solver_models
from optiterr.conformance.toys import toys

__all__ = [
    "as_series",
    "assignments",
    "check_rule",
    "check_solver",
    "least_cost",
    "plans",
    "solver_models",
    "toys",
]
