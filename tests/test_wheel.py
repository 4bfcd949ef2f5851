"""The built wheel carries its models and scenarios and runs the quickstart."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    words = [
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--disable-pip-version-check",
        "-w",
    ]
    subprocess.run([sys.executable, "-m", *words, str(folder), str(ROOT)], check=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_models_scenarios_and_templates(wheel: Path) -> None:
    """Everything that is read at run time is inside, and nothing from the tests."""
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "optiterr/models/balanced.yaml",
        "optiterr/models/balanced.md",
        "optiterr/scenarios/quickstart/quickstart.yaml",
        "optiterr/scenarios/adventureworks/accounts.csv",
        "optiterr/outputs/templates/report.html",
        "optiterr/explain/examples/capacity.yaml",
        "optiterr/py.typed",
    ):
        assert wanted in names
    assert not [name for name in names if name.startswith(("tests", "benchmarks"))]


def test_the_installed_wheel_runs_the_quickstart(wheel: Path, tmp_path: Path) -> None:
    """From another folder, with the package taken from the wheel alone."""
    home = tmp_path / "site"
    words = [
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--disable-pip-version-check",
        "--target",
    ]
    subprocess.run([sys.executable, "-m", *words, str(home), str(wheel)], check=True)
    environment = {**os.environ, "PYTHONPATH": str(home)}
    where = subprocess.run(
        [sys.executable, "-c", "import optiterr; print(optiterr.__file__)"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(home)
    done = subprocess.run(
        [sys.executable, "-m", "optiterr.cli", "solve", "quickstart", "-o", "out"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "plan.json").exists()
    checked = subprocess.run(
        [sys.executable, "-m", "optiterr.cli", "verify", "out/plan.json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
