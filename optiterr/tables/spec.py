"""Where the tables of a scenario come from, and each of them as a frame with its hash."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pandas as pd
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    field_validator,
    model_validator,
)

from optiterr.errors import DataError, nearest
from optiterr.filters import Filter
from optiterr.tables import files
from optiterr.tables.calendar import CalendarSpec
from optiterr.tables.frames import handed_over, hash_of
from optiterr.tables.places import Place
from optiterr.units import UnitText

Name = Annotated[str, StringConstraints(min_length=1)]
"""The name of a column, a table or a frame; an id."""

SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet", ".xlsx")
"""Kinds of files that can be read, by how the name ends."""


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Source(_Spec):
    """What every description of a table may say."""

    file: Name | None = Field(
        None,
        description="CSV, TSV (either may end in .gz), Parquet or Excel (.xlsx) file, "
        "relative to the scenario's folder",
    )
    records: tuple[dict[str, Any], ...] | None = Field(
        None, description="the rows themselves, each a mapping from column to value"
    )
    frame: Name | None = Field(
        None, description="name of a pandas, polars or pyarrow table handed over from Python"
    )
    sheet: Name | None = Field(
        None, description="sheet of an Excel file; may be left out when there is only one"
    )
    columns: dict[Name, Name] = Field(
        default_factory=dict,
        description="our name of a column: the table's name of it; all others keep their names",
    )
    where: Filter | None = Field(
        None,
        description="rows that belong to the scenario, by our names of columns; without it all do",
    )
    units: dict[Name, UnitText] = Field(
        default_factory=dict,
        description="unit of a column by our name of it: hours, currency, count, hours/count",
    )

    @field_validator("records")
    @classmethod
    def _plain_cells(
        cls, records: tuple[dict[str, Any], ...] | None
    ) -> tuple[dict[str, Any], ...] | None:
        for row, record in enumerate(records or (), start=1):
            for column, cell in record.items():
                if not isinstance(cell, str | int | float | bool | dt.date | None):
                    raise ValueError(
                        f"record {row}, {column!r}: {type(cell).__name__} is no cell; "
                        "write text, a number, true, false, a date or null"
                    )
                if isinstance(cell, float) and not math.isfinite(cell):
                    raise ValueError(
                        f"record {row}, {column!r}: {cell} is no number; write null when empty"
                    )
        return records

    def _require_one_of(self, *names: str) -> None:
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) != 1:
            said = "no source is given" if not given else f"{' and '.join(given)} are given"
            raise ValueError(f"{said}; give exactly one of {', '.join(names)}")
        if self.file is not None and not self.file.lower().endswith(SUFFIXES):
            raise ValueError(f"file {self.file!r} must end in one of {', '.join(SUFFIXES)}")
        if self.sheet is not None and not (self.file or "").lower().endswith(".xlsx"):
            raise ValueError("sheet goes with an Excel file (.xlsx) only; leave it out")

    def _refuse_mapped(self, **keys: str) -> None:
        for name, key in keys.items():
            if name in self.columns:
                raise ValueError(
                    f"columns may not name {name!r}; write {key}: {self.columns[name]} instead"
                )


class TableSource(_Source):
    """A table: exactly one of a file, inline records, or a frame handed over from Python."""

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        self._require_one_of("file", "records", "frame")
        return self


class AccountSource(TableSource):
    """The table of accounts: one row per customer account that must be served."""

    id: Name = Field("account_id", description="column with the account's id, unique and not empty")
    owner: Name | None = Field(
        None,
        description="column with the id of the rep who owns the account today, empty where nobody "
        "does; without it nobody owns anything",
    )
    departed: tuple[Name, ...] = Field(
        (),
        description="ids of reps who have left and need not be in the roster; their accounts "
        "must move",
    )

    @model_validator(mode="after")
    def _own_names(self) -> Self:
        self._refuse_mapped(account_id="id", owner_id="owner")
        return self


class RepSource(TableSource):
    """The table of reps: one row per rep of the roster."""

    id: Name = Field("rep_id", description="column with the rep's id, unique and not empty")
    leaves: Name | None = Field(
        None,
        description="column that says (true or false) whether the rep leaves: no candidate for any "
        "account, and the accounts owned today must move",
    )
    status: Name | None = Field(
        None,
        description="column with the rep's state: active, leaver, vacancy, backfill, placeholder "
        "or on_leave; instead of leaves",
    )
    backfill_for: Name | None = Field(
        None,
        description="column with the id of the leaver or vacancy that a backfill replaces; goes "
        "with status",
    )
    calendar: dict[Name, CalendarSpec] = Field(
        default_factory=dict,
        description="rep columns that are made here, each the hours that its calendar gives a rep",
    )

    @model_validator(mode="after")
    def _own_names(self) -> Self:
        self._refuse_mapped(rep_id="id")
        if self.leaves is not None and self.status is not None:
            raise ValueError(
                "leaves and status both say who leaves; keep status, where a leaver is one who "
                "leaves, or keep leaves"
            )
        if self.backfill_for is not None and self.status is None:
            raise ValueError(
                "backfill_for says whom a backfill replaces, and nothing says who is one; "
                "add status: the column with the reps' states"
            )
        return self


class Coordinates(_Spec):
    """Names of the columns, in accounts and in reps, that hold degrees north and east."""

    latitude: Name = Field("latitude", description="column with degrees north, -90 to 90")
    longitude: Name = Field("longitude", description="column with degrees east, -180 to 180")


class PairSource(_Source):
    """Which account-rep pairs may be picked: the nearest reps, or those that a table lists."""

    nearest: int | None = Field(
        None, ge=1, description="each account may go to this many nearest reps, or to its owner"
    )
    by: Coordinates = Field(
        default_factory=lambda: Coordinates.model_validate({}),
        description="where accounts and reps are; goes with nearest",
    )
    account: Name = Field("account_id", description="column with the account's id")
    rep: Name = Field("rep_id", description="column with the rep's id")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        self._require_one_of("nearest", "file", "records", "frame")
        self._refuse_mapped(account_id="account", rep_id="rep")
        idle = {"columns", "account", "rep", "units"} if self.nearest is not None else {"by"}
        for name in sorted(idle & self.model_fields_set):
            if getattr(self, name) != type(self).model_fields[name].get_default(
                call_default_factory=True
            ):
                other = "a table of pairs" if self.nearest is not None else "nearest"
                raise ValueError(f"{name} goes with {other} only; leave it out")
        return self


def _pair_kind(value: Any) -> str:
    return "word" if isinstance(value, str) else "source"


class DataSpec(_Spec):
    """The tables of a scenario."""

    accounts: AccountSource = Field(description="the accounts")
    reps: RepSource = Field(description="the reps")
    pairs: Annotated[
        Annotated[Literal["all"], Tag("word")] | Annotated[PairSource, Tag("source")],
        Discriminator(_pair_kind),
    ] = Field("all", description="which account-rep pairs may be picked; 'all' or a source")
    tables: dict[Name, TableSource] = Field(
        default_factory=dict, description="further tables that rules name"
    )


def place_of(source: TableSource | PairSource, key: str) -> Place:
    """How messages name the table of ``source``, written at ``key``, and its rows."""
    if source.file is not None:
        name = source.file if source.sheet is None else f"{source.file}, sheet {source.sheet!r}"
        parquet = source.file.lower().endswith(".parquet")
        return Place(name, "record", 1) if parquet else Place(name)
    if source.frame is not None:
        return Place(f"frame {source.frame!r}", "record", 1)
    return Place(f"{key}.records", "record", 1)


def read_table(
    source: TableSource | PairSource,
    folder: Path,
    frames: Mapping[str, Any] | None = None,
    key: str = "data",
) -> tuple[pd.DataFrame, str]:
    """The table of ``source`` with the columns' names and cells as written, and its SHA-256.

    The hash is of the file's bytes, or of a canonical form of records and frames. The cells of text
    files are text. A frame handed over is copied, never modified; a named index of it is a
    column. ``key`` is where the scenario describes the table.
    """
    name = place_of(source, key).name
    if source.file is not None:
        return _read_file(source.file, source.sheet, folder, name)
    if source.frame is not None:
        frame = handed_over(source.frame, frames or {}, key)
        files.check_header(list(frame.columns), name)
        return frame, hash_of(frame)
    records = source.records or ()
    names = list(dict.fromkeys(column for record in records for column in record))
    files.check_header(names, name)
    frame = pd.DataFrame(
        {column: [record.get(column) for record in records] for column in names},
        index=pd.RangeIndex(len(records)),
        dtype=object,
    )
    text = json.dumps(records, sort_keys=True, default=str, ensure_ascii=False)
    return frame, hashlib.sha256(text.encode()).hexdigest()


def _read_file(file: str, sheet: str | None, folder: Path, name: str) -> tuple[pd.DataFrame, str]:
    path = folder / file
    try:
        data = path.read_bytes()
    except OSError as error:
        there = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
        near = nearest(path.name, sorted(there))
        absent = isinstance(error, FileNotFoundError)
        raise DataError(
            file,
            "there is no such file" if absent else f"cannot be read: {error.strerror}",
            f"did you mean {near!r}?"
            if near and near != path.name
            else "name a file that is there",
        ) from error
    sha256 = hashlib.sha256(data).hexdigest()
    kind = file.lower()
    if kind.endswith(".gz"):
        data, kind = files.unpack(data, name), kind.removesuffix(".gz")
    if kind.endswith(".parquet"):
        return files.read_parquet(data, name), sha256
    if kind.endswith(".xlsx"):
        return files.read_workbook(data, sheet, name), sha256
    return files.read_delimited(data, "\t" if kind.endswith(".tsv") else ",", name), sha256
