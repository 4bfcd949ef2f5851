"""The functions of formulas: how each is written, and what NumPy makes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

USAGE = {
    "if": "if(condition, value where it holds, value elsewhere)",
    "min": "min(a, b)",
    "max": "max(a, b)",
    "abs": "abs(x)",
    "sqrt": "sqrt(x)",
    "log": "log(x)",
    "exp": "exp(x)",
    "round": "round(x) or round(x, 2)",
    "coalesce": "coalesce(x, value where x is empty)",
    "unit": "unit(60, 'km/hours')",
}
"""Every function, as it is written."""

ARGUMENTS = {
    **dict.fromkeys(("abs", "sqrt", "log", "exp"), (1, 1)),
    **dict.fromkeys(("min", "max", "coalesce"), (2, 99)),
    "if": (3, 3),
    "round": (1, 2),
    "unit": (2, 2),
}
"""The fewest and the most arguments of each function."""

Array = Any
"""Numbers of many rows, or one number for all."""

BINARY: dict[str, Callable[[Array, Array], Array]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.true_divide,
    "min": np.minimum,
    "max": np.maximum,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}

UNARY: dict[str, Callable[[Array], Array]] = {
    "-": np.negative,
    "abs": np.abs,
    "sqrt": np.sqrt,
    "log": np.log,
    "exp": np.exp,
}

WRONG = {
    "/": ("is a division by zero", "write max({0}, 1) for the divisor, or if({0} > 0, ..., 0)"),
    "log": ("is the logarithm of no positive number", "write log(max({0}, 1))"),
    "sqrt": ("is the root of a negative number", "write sqrt(max({0}, 0))"),
    "**": ("is no number", "write max({0}, 1) for the base"),
}
"""What is wrong when an operation gives no finite number, and how to mend it, by operation."""

TOO_LARGE = ("is too large for a number", "divide by something, or check the data")
