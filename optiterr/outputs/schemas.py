"""JSON schemas of every file: those that people write, and those that are written for them."""

from __future__ import annotations

from typing import Any, cast

from pydantic import BaseModel

from optiterr.errors import SpecError, meant
from optiterr.scenario.schema import DRAFT, KINDS, FileKind, json_schema

RESULTS = ("comparison", "frontier", "ladder", "portfolio", "robust")
"""Files that commands write; plans are among the kinds of :mod:`optiterr.scenario.schema`."""


def schema_of(kind: str) -> dict[str, Any]:
    """The schema (draft 2020-12) of one kind of file; SpecError names the kinds there are.

    Files that commands write are described as they are written; fields with a default may be
    absent in files of earlier versions.
    """
    if kind in RESULTS:
        written = _result(kind).model_json_schema(by_alias=True, mode="serialization")
        return {"$schema": DRAFT, **written}
    known = (*KINDS, *RESULTS)
    if kind not in known:
        fix = meant(kind, known, f"write one of: {', '.join(known)}")
        raise SpecError("schema", f"there is no file of kind {kind!r}", fix)
    return json_schema(cast("FileKind", kind))


def _result(kind: str) -> type[BaseModel]:
    from optiterr.comparison.side_by_side import Comparison
    from optiterr.frontier.values import Frontier
    from optiterr.ladder.records import Ladder
    from optiterr.portfolio.records import Portfolio
    from optiterr.robust.record import RobustPlan

    found: dict[str, type[BaseModel]] = {
        "comparison": Comparison,
        "frontier": Frontier,
        "ladder": Ladder,
        "portfolio": Portfolio,
        "robust": RobustPlan,
    }
    return found[kind]
