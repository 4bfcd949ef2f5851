"""Tables handed over from Python: found by name, as pandas frames with their hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from optiterr.errors import DataError
from optiterr.tables import files


def handed_over(name: str, frames: Mapping[str, Any], key: str) -> pd.DataFrame:
    """The table ``name`` of ``frames``, copied; a named index of it is a column."""
    if name not in frames:
        raise DataError(
            f"{key}.frame",
            f"no frame {name!r} was handed over",
            f"pass it from Python; handed over: {', '.join(sorted(frames)) or 'none'}",
        )
    table = frames[name]
    if isinstance(table, pd.DataFrame):
        named = [one for one in table.index.names if one is not None and one not in table.columns]
        keep = bool(named) and len(named) == table.index.nlevels
        return table.reset_index(drop=not keep)
    import narwhals

    try:
        arrow = narwhals.from_native(table, eager_only=True).to_arrow()
    except TypeError as error:
        raise DataError(
            f"frame {name!r}",
            f"is a {type(table).__name__}, not a table in memory",
            "hand over a pandas, polars or pyarrow table",
        ) from error
    return files.from_arrow(arrow, f"frame {name!r}")


def hash_of(frame: pd.DataFrame) -> str:
    """SHA-256 of a canonical form of names and cells: equal tables have equal hashes."""
    digest = hashlib.sha256()
    for name, column in frame.items():
        if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biufM":
            values = column.to_numpy()
            kind = values.dtype.newbyteorder("<")
            digest.update(json.dumps([name, kind.str, len(values)]).encode())
            digest.update(values.astype(kind, copy=False).tobytes())
        else:
            cells = column.astype(object).where(column.notna(), None).tolist()
            digest.update(json.dumps([name, cells], default=str).encode())
    return digest.hexdigest()
