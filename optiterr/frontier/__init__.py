"""The frontier between goals: exact points, each with its proof, and a line nothing can cross."""

from __future__ import annotations

from optiterr.frontier.making import frontier, saved
from optiterr.frontier.values import Frontier, Goal, Line, Point
from optiterr.frontier.verifying import verify_frontier

__all__ = ["Frontier", "Goal", "Line", "Point", "frontier", "saved", "verify_frontier"]
