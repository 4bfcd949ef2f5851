# Everything a fresh machine with Python >= 3.11 and make needs.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed
WORKERS ?= 2

.PHONY: demo test lint types bench docs wheel clean

demo: $(STAMP)
	$(BIN)/optiterr run scenarios/adventureworks/adventureworks.study.yaml -o out/adventureworks

test: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy optiterr

docs: $(STAMP)
	for model in balanced calm growth specialist greenfield; do \
		$(BIN)/optiterr explain --model $$model --write || exit 1; done
	$(BIN)/optiterr explain --rule all --write

bench: $(STAMP)
	$(BIN)/python benchmarks/phases.py --sizes 10000 100000 --repeats 3

wheel: $(STAMP)
	$(BIN)/python -m pip wheel -q --no-deps -w dist .

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("optiterr needs Python 3.11 or newer") if sys.version_info < (3, 11) else 0'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[test,lint]'
	touch $(STAMP)

clean:
	rm -rf .venv out dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
