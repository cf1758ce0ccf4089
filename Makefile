# Two commands: `make demo` trains, exports and proves a model; `make test` runs every check.
# `make check` is lint and the fast tests alone, for between two edits.
# Both create .venv and install what they need. Options go in ARGS: make demo ARGS="--help".
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check lint index page clean

demo: $(VENV)/.train
	$(BIN)/python recipes/conv_vae.py $(ARGS)

test: $(VENV)/.test lint
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadscope $(ARGS)

check: $(VENV)/.test lint
	$(BIN)/python -m pytest -m "not slow" -n logical --maxprocesses 4 --dist loadscope $(ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

index: $(VENV)/.train
	$(BIN)/python exports/index.py
	$(BIN)/python tests/architecture.py

# The explorer's page: wants Node.js 20 or newer; a release's wheel holds it.
page:
	cd zoo/explorer/web && npm install --no-audit --no-fund && npm run build

$(VENV)/.%: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	  "error: Python 3.11 or newer is wanted, %s is %d.%d: make PYTHON=python3.12" \
	  % (sys.executable, *sys.version_info[:2]))'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e ".[$*]"
	touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .mypy_cache
