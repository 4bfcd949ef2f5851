"""What docs/report.md shows runs, and the links, files and limits that it names are there."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path

import pandas as pd
import pytest

from optiterr import cli
from optiterr.comparison.accounts import MOST_SWITCHES
from optiterr.comparison.side_by_side import Comparison
from optiterr.comparison.worth import MOST_JUDGED
from optiterr.outputs.charts import DRAWN, NAMED
from optiterr.outputs.forms.writing import FORMS
from optiterr.outputs.html import MOST_BOOKS, MOST_MOVES
from optiterr.outputs.schemas import schema_of

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.S | re.M)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the commands of the page have run, from top to bottom."""
    made = tmp_path_factory.mktemp("report")
    (made / "scenarios").symlink_to(ROOT / "scenarios")
    (made / "models").symlink_to(ROOT / "models")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        for line in (line for block in blocks("bash") for line in block.splitlines()):
            patch.setattr(sys, "argv", shlex.split(line))
            with pytest.raises(SystemExit) as end:
                cli.main()
            assert not end.value.code
    return made


def test_the_code_prints_what_the_report_opens_with(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every block of Python runs; sentences, moves and spreads are those of the comparison."""
    monkeypatch.chdir(folder)
    for block in blocks("python"):
        exec(compile(block, "docs/report.md", "exec"), {})
    printed = capsys.readouterr().out
    told = Comparison.read(folder / "out/report/comparison.json")
    page = (folder / "out/report/report.html").read_text(encoding="utf-8")
    for sentence in told.summary:
        assert sentence.text in printed
        for part in sentence.parts:
            assert part.text.strip(". ") in page.replace("&#39;", "'")
    for case in told.cases:
        assert f"{case.title} {case.moves[0].account_id} " in printed
        assert re.search(rf"^{case.name} +{case.values['spread:revenue']:.6f}", printed, re.M)


def test_every_file_of_the_page_is_written(folder: Path) -> None:
    """Files, forms and columns that the page names; one for each case and rep where it says so."""
    report = folder / "out" / "report"
    told = Comparison.read(report / "comparison.json")
    columns = re.search(r"some of\n`([a-z,]+)`", TEXT)
    assert columns is not None
    assert columns[1].split(",") == list(FORMS)
    named = re.findall(r"`([\w./<>-]+(?:\.(?:csv|json|geojson|kml|xlsx|md|html)|/))`", TEXT)
    assert len(named) >= 14
    for name in named:
        for case in told.cases:
            for rep in told.reps:
                file = name.replace("<case>", case.name).replace("<rep>", rep.rep_id)
                assert (report / file).exists(), file
    for table in ("books", "moves", "flows", "figures"):
        assert "case" in pd.read_parquet(report / "parquet" / f"{table}.parquet")
    places = json.loads((report / "accounts.geojson").read_text(encoding="utf-8"))
    assert "rep quickstart" in places["features"][0]["properties"]
    assert schema_of("comparison")["properties"]


def test_links_of_the_page_name_what_there_is(folder: Path) -> None:
    """The rep, account and case in the addresses are those of the comparison."""
    told = Comparison.read(folder / "out/report/comparison.json")
    links = re.findall(r"`report\.html#([^`]+)`", TEXT)
    asked = [part.split("=") for link in links for part in link.split("&")]
    assert {key for key, _ in asked} == {"rep", "account", "team", "case"}
    assert told.accounts is not None
    there = {
        "rep": [rep.rep_id for rep in told.reps],
        "account": told.accounts.ids,
        "case": [case.name for case in told.cases],
    }
    assert [(key, name) for key, name in asked if key in there and name not in there[key]] == []


def test_words_and_limits_are_those_of_the_code() -> None:
    """Reasons that the page explains are said by the code; numbers of limits are its own."""
    source = (ROOT / "optiterr/comparison/reasons.py").read_text(encoding="utf-8")
    words = ("needed", "no gain of its own", "undoing it alone would save", "frees capacity")
    for said in (*words, "nearer by", "balances"):
        assert said in TEXT.replace("\n", " ")
        assert said in source
    flat = " ".join(TEXT.split())
    assert f"largest {MOST_MOVES} moves and {MOST_BOOKS} lines of books" in flat
    assert f"the {MOST_SWITCHES} accounts that matter most" in flat
    assert f"beyond the {MOST_JUDGED:,} largest" in flat
    assert f"Above {NAMED} reps" in flat
    assert DRAWN == 12
    assert "Twelve cases are drawn" in flat
