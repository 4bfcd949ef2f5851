"""A model as an MPS or LP file, with names that lead back to accounts, reps, rules and labels.

Names are readable where ids are plain: ``x(a17,r3)`` picks rep ``r3`` for account ``a17``,
``serve(a17)`` says that it is served once, ``row(capacity,r3)`` is a rule's row. Any character
outside ``A-Z a-z 0-9 _ .`` is written as ``~`` and two hexadecimal digits for each byte of UTF-8.
LP files allow short names only, so an id that gets too long is written as ``@`` and a number, and
explained in a comment at the top of the file.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from optiterr.errors import DataError, SolverError
from optiterr.linear import Mip, linearise
from optiterr.model import Model
from optiterr.solution import Limits

LONGEST = 100
"""Longest escaped word; two of them and the signs around stay below the 255 of LP files."""

COMMENT = {".mps": "*", ".lp": "\\"}
LINE = 80
MARK = "optiterr name"

_UNSAFE = re.compile(rb"[^A-Za-z0-9_.]")


def escaped(word: str) -> str:
    """``word`` in letters, digits, ``_``, ``.`` and ``~``; different words stay different."""
    raw = word.encode("utf-8", "surrogatepass")
    return _UNSAFE.sub(lambda found: b"~%02X" % found[0][0], raw).decode("ascii")


def unescaped(word: str) -> str:
    """The word that :func:`escaped` wrote."""
    raw = re.sub(rb"~([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), word.encode("ascii"))
    return raw.decode("utf-8", "surrogatepass")


def write_model(model: Model, path: str | Path) -> Path:
    """Write ``model`` to ``path`` (``.mps`` or ``.lp``, or either with ``.gz``); returns the path.

    The file holds the model as solvers are handed it, numbers with 15 digits. Read its names back
    with :func:`column_pair`.
    """
    path = Path(path)
    kind, packed = _kind(path)
    words = _Words()
    mip = linearise(model)
    columns, rows = _columns(model, mip, words), _rows(model, mip, words)
    with tempfile.TemporaryDirectory(prefix="optiterr-export-") as folder:
        plain = Path(folder) / f"model{kind}"
        _write(mip, columns, rows, plain)
        with plain.open("rb") as body, _opened(path, packed) as file:
            file.writelines(words.comments(COMMENT[kind]))
            shutil.copyfileobj(body, file)
    return path


def column_pair(name: str, names: Mapping[str, str] | None = None) -> tuple[str, str] | None:
    """The account id and rep id that column ``name`` picks; None for any other column.

    ``names`` are the file's long ids (:func:`read_names`), needed where ``name`` holds an ``@``.
    """
    found = re.fullmatch(r"x\(([^,()]*),([^,()]*)\)", name)
    if found is None:
        return None
    account, rep = (_word(part, names or {}) for part in found.groups())
    return account, rep


def read_names(path: str | Path) -> dict[str, str]:
    """The long ids of a file of :func:`write_model`: from ``@`` and number to the id."""
    path = Path(path)
    kind, packed = _kind(path)
    start = f"{COMMENT[kind]} {MARK} ".encode()
    parts: dict[str, str] = {}
    with gzip.open(path, "rb") if packed else path.open("rb") as file:
        for line in file:
            if not line.startswith(start):
                break
            token, _, part = line[len(start) :].decode("ascii").rstrip("\n").partition(" ")
            parts[token] = parts.get(token, "") + part
    return {token: unescaped(word) for token, word in parts.items()}


def _word(part: str, names: Mapping[str, str]) -> str:
    if not part.startswith("@"):
        return unescaped(part)
    if part not in names:
        raise DataError(
            f"name {part!r}",
            "stands for a long id that is not given",
            "pass read_names(path) of the file that it comes from",
        )
    return names[part]


class _Words:
    """Escapes words and keeps those that are too long for a name."""

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}

    def __call__(self, word: str) -> str:
        written = escaped(word)
        if len(written) <= LONGEST:
            return written
        return self._tokens.setdefault(written, f"@{len(self._tokens)}")

    def comments(self, sign: str) -> Iterator[bytes]:
        for written, token in self._tokens.items():
            for at in range(0, len(written), LINE):
                yield f"{sign} {MARK} {token} {written[at : at + LINE]}\n".encode()


def _columns(model: Model, mip: Mip, words: _Words) -> list[str]:
    accounts = [words(str(one)) for one in model.account_ids]
    reps = [words(str(one)) for one in model.rep_ids]
    ends = zip(model.pairs.account.tolist(), model.pairs.rep.tolist(), strict=True)
    names = [f"x({accounts[account]},{reps[rep]})" for account, rep in ends]
    firsts = [first for first, _ in mip.extra] + [len(mip.cost)]
    for block, first, last in zip(model.blocks, firsts, firsts[1:], strict=False):
        name = words(block.name)
        names += [f"extra({name},{place})" for place in range(last - first)]
    return names


def _rows(model: Model, mip: Mip, words: _Words) -> list[str]:
    names = [f"serve({words(str(one))})" for one in model.account_ids]
    labels = [
        f"row({words(block.name)},{words(label)}"
        for block in model.blocks
        for label in block.labels
    ]
    seen: dict[str, int] = {}
    for source in mip.source.tolist():
        # A row function may need several rows for one label.
        count = seen[labels[source]] = seen.get(labels[source], -1) + 1
        names.append(f"{labels[source]},{count})" if count else f"{labels[source]})")
    return names


def _write(mip: Mip, columns: Sequence[str], rows: Iterable[str], path: Path) -> None:
    from optiterr.solvers.highs import load

    highs = load(mip, Limits(), relaxed=False)
    for place, name in enumerate(columns):
        highs.passColName(place, name)
    for place, name in enumerate(rows):
        highs.passRowName(place, name)
    highs.writeModel(str(path))
    if not path.exists():
        raise SolverError("export", "HiGHS could not write the model", "try the other format")


def _kind(path: Path) -> tuple[str, bool]:
    packed = path.suffix == ".gz"
    kind = Path(path.stem).suffix if packed else path.suffix
    if kind not in COMMENT:
        raise SolverError(
            f"export to {path.name!r}",
            "the ending names no format",
            "use .mps or .lp, or either followed by .gz",
        )
    return kind, packed


@contextlib.contextmanager
def _opened(path: Path, packed: bool) -> Iterator[IO[bytes]]:
    with path.open("wb") as file:
        if packed:
            # No file name and no clock inside: same model, same bytes.
            with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as wrapped:
                yield wrapped  # type: ignore[misc]
        else:
            yield file
