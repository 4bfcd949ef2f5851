"""One file for each rule: the settings that every test of all rules tries.

A file is named after its kind and holds ``CASES`` (settings tried on every plan of every toy; each
field of the rule differs from its default in at least one), ``PROGRAM`` (the toy and the rules of
its golden program), and ``draw(rng)`` (random settings over the columns of ``random_problem``).
``WORKED_BY_HAND`` may name fields that no toy can try.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from types import ModuleType
from typing import Any

from rulebook.draws import Rng

RULES: dict[str, ModuleType] = {
    module.name: importlib.import_module(f"{__name__}.{module.name}")
    for module in pkgutil.iter_modules(__path__)
    if module.name not in ("draws", "problems")
}
CASES: dict[str, list[dict[str, Any]]] = {kind: rule.CASES for kind, rule in RULES.items()}
PROGRAMS: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {
    kind: rule.PROGRAM for kind, rule in RULES.items()
}
DRAWS: dict[str, Callable[[Rng], dict[str, Any]]] = {
    kind: rule.draw for kind, rule in RULES.items()
}
