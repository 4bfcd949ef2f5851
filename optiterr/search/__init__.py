"""Ways to a plan that stand above single solvers."""
