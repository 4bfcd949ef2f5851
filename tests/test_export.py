"""Exported models are the model: same optimum, and names that lead back to accounts and reps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from model_library import brute_force, library

from optiterr.errors import DataError, SolverError
from optiterr.model import Model, ModelBuilder
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band, worst
from optiterr.solvers.export import column_pair, escaped, read_names, unescaped, write_model

highspy = pytest.importorskip("highspy")

HOSTILE = [
    "plain_1.2",
    "two words",
    "x(a,b)",
    "Zoë & Söhne",
    "北京",
    "[bracket] <= 3 + 1e5",
    "~20",
    "@0",
    "",
    "e9",
    "\\comment *",
    "tab\tnewline\n",
    "a" * 200,
    "ü" * 200,
    "st",
    "\ud800",
]


def hostile_model() -> Model:
    """Every hostile id as account and as rep; each account may have two reps."""
    count = len(HOSTILE)
    ids = np.array(HOSTILE, dtype=object)
    rep = np.sort(np.stack([np.arange(count), (np.arange(count) + 5) % count], axis=1), axis=1)
    pairs = Pairs.of(np.repeat(np.arange(count), 2), rep.ravel(), count)
    build = ModelBuilder(ids, ids, pairs)
    build.add_cost("travel", np.random.default_rng(3).permutation(2 * count) / 8)
    labels = [*HOSTILE]
    entries = (pairs.rep, np.arange(len(pairs)), 1.0)
    build.add_rows("capacity (hours)", Band.of(count, high=1.0, price_above=1.5), labels, *entries)
    build.add_rows("worst", worst(np.zeros(count), 1.0, 2.0), labels, *entries)
    build.add_constant("travel", 10.0)
    return build.build()


def solved(path: Path) -> tuple[float, dict[str, float]]:
    """What HiGHS makes of a file: the optimum, and the value of each column."""
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("mip_rel_gap", 0.0)
    assert highs.readModel(str(path)) == highspy.HighsStatus.kOk
    highs.run()
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    names = [highs.getColName(place)[1] for place in range(highs.getNumCol())]
    values = list(highs.getSolution().col_value)
    return highs.getInfo().objective_function_value, dict(zip(names, values, strict=True))


@pytest.mark.parametrize("ending", [".mps", ".lp"])
def test_hostile_ids_come_back_from_the_file(tmp_path: Path, ending: str) -> None:
    """Every pair is found by name, and the file's optimum is the plan of those pairs."""
    model = hostile_model()
    path = write_model(model, tmp_path / f"model{ending}")
    names = read_names(path)
    optimum, values = solved(path)
    ends = {column_pair(name, names) for name in values} - {None}
    account, rep = model.account_ids[model.pairs.account], model.rep_ids[model.pairs.rep]
    assert ends == set(zip(account, rep, strict=True))
    x = np.array(
        [
            round(value)
            for pair in zip(account, rep, strict=True)
            for name, value in values.items()
            if column_pair(name, names) == pair
        ],
        dtype=float,
    )
    assert model.value(x) == pytest.approx(optimum, abs=1e-6)
    from optiterr.solution import Limits
    from optiterr.solvers import solver

    solve = solver("highs").solve
    assert solve is not None
    ours = solve(model, Limits(gap=0.0), None, None)
    assert ours.objective == pytest.approx(optimum, abs=1e-6)


@pytest.mark.parametrize("ending", [".mps", ".lp"])
def test_names_keep_to_what_lp_files_allow(tmp_path: Path, ending: str) -> None:
    """At most 255 signs, all of them allowed, none twice."""
    path = write_model(hostile_model(), tmp_path / f"model{ending}")
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.readModel(str(path))
    columns = [highs.getColName(place)[1] for place in range(highs.getNumCol())]
    rows = [highs.getRowName(place)[1] for place in range(highs.getNumRow())]
    for name in (*columns, *rows):
        assert len(name) <= 255
        assert set(name) <= set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~@(),"
        )
    assert len(set(columns)) == len(columns)
    assert len(set(rows)) == len(rows)
    assert "serve(plain_1.2)" in rows
    assert "row(capacity~20~28hours~29,plain_1.2)" in rows
    assert "row(worst,plain_1.2,1)" in rows


@pytest.mark.parametrize("ending", [".mps", ".lp"])
def test_a_written_model_has_the_same_optimum(tmp_path: Path, ending: str) -> None:
    """Every family of the library survives the file, constants included."""
    seen = 0
    for each in library(40):
        best, _ = brute_force(each.model)
        if not np.isfinite(best):
            continue
        optimum, _ = solved(write_model(each.model, tmp_path / f"model{ending}"))
        assert optimum == pytest.approx(best, rel=1e-6, abs=1e-6), each.name
        seen += 1
    assert seen >= 25


@pytest.mark.parametrize("ending", [".mps", ".lp"])
def test_packed_files_hold_the_same_bytes_each_time(tmp_path: Path, ending: str) -> None:
    """``.gz`` packs exactly the plain file, without a clock inside."""
    import gzip

    model = hostile_model()
    plain = write_model(model, tmp_path / f"model{ending}")
    first = write_model(model, tmp_path / f"one{ending}.gz")
    second = write_model(model, tmp_path / f"two{ending}.gz")
    assert gzip.decompress(first.read_bytes()) == plain.read_bytes()
    assert first.read_bytes() == second.read_bytes()
    assert read_names(first) == read_names(plain) != {}


def test_escaped_words_stay_apart_and_come_back() -> None:
    """Escaping has a way back, so no two ids share a name."""
    words = [*HOSTILE, "~", "~7E", "~7e", "~~20", "a b", "a~20b", "A", "a"]
    assert [unescaped(escaped(word)) for word in words] == words
    assert len({escaped(word) for word in words}) == len(set(words))


def test_other_columns_are_no_pairs() -> None:
    """Columns of row functions lead to no pair."""
    assert column_pair("extra(capacity,0)") is None
    assert column_pair("x(a~20b,r1)") == ("a b", "r1")


def test_a_long_id_without_the_file_is_refused() -> None:
    """A number for a long id means nothing without the file's comments."""
    with pytest.raises(DataError) as caught:
        column_pair("x(@0,r1)")
    assert str(caught.value) == (
        "name '@0': stands for a long id that is not given\n"
        "    fix: pass read_names(path) of the file that it comes from"
    )


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    """Only formats that are written are taken."""
    with pytest.raises(SolverError) as caught:
        write_model(hostile_model(), tmp_path / "model.txt")
    assert str(caught.value) == (
        "export to 'model.txt': the ending names no format\n"
        "    fix: use .mps or .lp, or either followed by .gz"
    )
    assert not list(tmp_path.iterdir())
