"""A benchmark instance as a scenario file and its tables, at any size.

    python benchmarks/instance_files.py books 5000 100 --seed 1 -o out/books
    optiterr solve out/books/books-5000x100-seed1-slack8.yaml

Tables are written by pyarrow, a block of rows at a time. The scenario has the same rules over the
same pairs as the model that ``instances.make`` gives: the same plan costs the same.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from instance_tables import Tables
from instances import FAMILIES, tables
from numpy.typing import NDArray
from pyarrow import csv, parquet
from ruamel.yaml import YAML

BLOCK = 2_000_000
"""Rows of a table that are written at a time."""

Form = Literal["csv", "parquet"]


def write(
    said: Tables, folder: Path, form: Form = "parquet", solve: Mapping[str, Any] | None = None
) -> Path:
    """The scenario file of an instance, with its tables beside it; ``solve`` is its section."""
    folder.mkdir(parents=True, exist_ok=True)
    account_ids, rep_ids = said.account_ids, said.rep_ids
    accounts: dict[str, Any] = {"account_id": account_ids}
    data: dict[str, dict[str, Any]] = {"accounts": {"file": f"accounts.{form}"}}
    if said.owner is not None:
        accounts["owner"] = rep_ids[said.owner]
        data["accounts"]["owner"] = "owner"
    accounts |= {**said.account, **said.account_text}
    reps = {"rep_id": rep_ids, **said.rep, **said.rep_text}
    data |= {"reps": {"file": f"reps.{form}"}, "pairs": {"file": f"pairs.{form}"}}
    _write_table(folder / f"accounts.{form}", pa.table(accounts))
    _write_table(folder / f"reps.{form}", pa.table(reps))
    _write_table(folder / f"pairs.{form}", _pairs(said, account_ids, rep_ids))
    path = folder / f"{said.name.replace('.', '_')}.yaml"
    scenario = {
        "schema": 1,
        "name": path.stem,
        "title": f"Benchmark instance {said.name}",
        "data": data,
        "rules": {name: dict(rule) for name, rule in said.rules.items()},
    }
    if solve is not None:
        scenario["solve"] = dict(solve)
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(scenario, file)
    return path


def _pairs(
    said: Tables, account_ids: NDArray[np.object_], rep_ids: NDArray[np.object_]
) -> pa.Table:
    """The candidate pairs; each id stands in memory once."""
    columns = {
        "account_id": pa.DictionaryArray.from_arrays(said.pairs.account, pa.array(account_ids)),
        "rep_id": pa.DictionaryArray.from_arrays(said.pairs.rep, pa.array(rep_ids)),
    }
    return pa.table(columns | dict(said.pair))


def _write_table(path: Path, table: pa.Table) -> None:
    """The table as a file, ids as plain text."""
    plain = pa.schema(
        [
            pa.field(one.name, pa.string() if pa.types.is_dictionary(one.type) else one.type)
            for one in table.schema
        ]
    )
    made = csv.CSVWriter if path.suffix == ".csv" else parquet.ParquetWriter
    with made(path, plain) as writer:
        for first in range(0, max(1, table.num_rows), BLOCK):
            writer.write_table(table.slice(first, BLOCK).cast(plain))


def which_instance(parser: argparse.ArgumentParser) -> None:
    """The arguments that say which instance: family, accounts, reps, seed."""
    parser.add_argument("family", choices=list(FAMILIES))
    parser.add_argument("accounts", type=int)
    parser.add_argument("reps", type=int)
    parser.add_argument("--seed", type=int, default=1)


def main(arguments: list[str] | None = None) -> int:
    """Writes what was asked for and prints the scenario file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    which_instance(parser)
    parser.add_argument("--slack", type=float, help="room in both capacities of books, a share")
    parser.add_argument("--form", choices=["csv", "parquet"], default="parquet")
    parser.add_argument("--solver", default="auto")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--gap", type=float, default=1e-4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder to write into")
    asked = parser.parse_args(arguments)
    said = tables(asked.family, asked.accounts, asked.reps, asked.seed, asked.slack)
    solve = {key: getattr(asked, key) for key in ("solver", "seconds", "gap", "threads")}
    print(write(said, asked.output, asked.form, solve))
    return 0


if __name__ == "__main__":
    sys.exit(main())
