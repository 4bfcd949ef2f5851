"""The tidy tables of a comparison as Parquet files, each column with its meaning and unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from optiterr.comparison.side_by_side import Comparison
from optiterr.frontier.values import Frontier
from optiterr.outputs.forms.gathered import tables_of
from optiterr.outputs.forms.made import File
from optiterr.outputs.forms.tidy import Tidy, dictionary


def parquet(comparison: Comparison, _: Sequence[Frontier] = ()) -> Iterator[File]:
    """Every tidy table as ``parquet/<table>.parquet``; numbers and text are exact."""
    found = tables_of(comparison)
    found["dictionary"] = dictionary(comparison, found)
    for name, table in found.items():
        yield File(f"parquet/{name}.parquet", _bytes(table))


def _bytes(table: Tidy) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet as files

    kinds = {"text": pa.string(), "number": pa.float64(), "whole": pa.int64()}
    fields, arrays = [], []
    for column, values in zip(table.columns, table.values, strict=True):
        kind = kinds[column.kind]
        told = {"meaning": column.meaning, "unit": column.unit}
        fields.append(pa.field(column.name, kind, metadata=told))
        whole = column.kind == "whole"
        exact = [None if one is None else int(one) for one in values] if whole else values
        arrays.append(pa.array(exact, type=kind))
    schema = pa.schema(fields, metadata={"name": table.name, "about": table.about})
    sink = pa.BufferOutputStream()
    files.write_table(pa.Table.from_arrays(arrays, schema=schema), sink)
    return bytes(sink.getvalue().to_pybytes())
