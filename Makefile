# Two commands on a machine that has Python 3.11 and nothing else: make run, make test.

VENV ?= .venv
# The first Python that is new enough; an old one is still called, to say so itself.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && { echo $$p; exit; }; done; echo python3)
BIN := $(VENV)/bin
PYTEST := $(BIN)/pytest

.PHONY: run test check drills bench translations setup setup-dev format clean

run: setup
	@$(BIN)/python -m app.runtime

test: setup-dev check
	$(PYTEST) -q -n 2 --dist worksteal

# Everything that needs no database: seconds.
check:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/djlint app --lint --quiet
	$(BIN)/djlint simulator --lint --quiet --ignore=J018,H015,H043
	$(BIN)/mypy

drills: setup-dev
	$(PYTEST) -q -n 2 --dist worksteal -m drill -rA --no-header

bench: setup-dev
	$(BIN)/python -m benchmarks

# New texts go into the English catalogue, empty: fill them in by hand.
translations: setup-dev
	$(BIN)/pybabel -q extract -F pyproject.toml -k lazy_gettext -k _l --no-location --sort-output -o messages.pot .
	$(BIN)/pybabel -q update -N -w 0 --ignore-obsolete -i messages.pot -d app/translations -l en
	rm messages.pot

setup:
	@$(PYTHON) app/runtime/bootstrap.py $(VENV)

setup-dev:
	@$(PYTHON) app/runtime/bootstrap.py $(VENV) --dev

format:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) node_modules app/ui/static/vendor
