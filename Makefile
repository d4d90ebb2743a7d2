# Two commands for people: `make demo` and `make test`. Each sets up what it needs in .venv first.

# Any Python from 3.11 on; name another with `make PYTHON=python3.12 test`.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	if $$python -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$python; break; fi; done)
VENV := .venv
READY := $(VENV)/.ready
RUN := $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help demo test crash check generate bench mutants clean

help:  ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python from 3.11 on was found: install one, or say make PYTHON=/path/to/python"; exit 1; }
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Making a virtual environment failed: on Debian and Ubuntu, install python3-venv"; exit 1; }
	@echo "Setting up $(VENV) ..."
	@$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(READY)

demo: $(READY)  ## the bank: real operations from a CSV through the embedded coordinator and back
	@$(RUN) -m examples.bank

test: $(READY)  ## every test (one: .venv/bin/pytest tests/aggregates -k replay)
	@$(RUN) -m pytest

bench: $(READY)  ## what things cost beside a floor, in ratios
	@$(RUN) -m benchmarks.fold
	@$(RUN) -m benchmarks.commands
	@$(RUN) -m benchmarks.snapshots
	@$(RUN) -m benchmarks.guard

crash: $(READY)  ## kill -9 the coordinator 500 times under load, and lose nothing
	@ANGZARR_CRASH_ROUNDS=500 $(RUN) -m pytest -s tests/crash

# In a copy of what is committed, since the tool changes files in place. One process; a module takes minutes, all hours.
MUTANTS := build/mutants
MODULES ?= angzarr_domain/aggregates angzarr_domain/wire/_payloads.py
mutants: $(READY)  ## change lines of aggregates/ and payloads, and count what no test notices (MODULES=... for some)
	@rm -rf $(MUTANTS)/tree $(MUTANTS)/session.sqlite && mkdir -p $(MUTANTS)/tree
	@test -x $(MUTANTS)/venv/bin/cosmic-ray || { $(RUN) -m venv $(MUTANTS)/venv && \
		$(MUTANTS)/venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/mutation.txt; }
	@git archive HEAD | tar -x -C $(MUTANTS)/tree
	@cp mutants.toml $(MUTANTS)/tree/
	@sed -i -e 's|PYTHON|$(CURDIR)/$(RUN)|' \
		-e 's|^module-path = .*|module-path = [$(foreach module,$(MODULES),"$(module)",)]|' $(MUTANTS)/tree/mutants.toml
	@cd $(MUTANTS)/tree && ../venv/bin/cosmic-ray init mutants.toml ../session.sqlite \
		&& ../venv/bin/cosmic-ray baseline mutants.toml \
		&& nice ../venv/bin/cosmic-ray exec mutants.toml ../session.sqlite \
		&& ../venv/bin/cr-report --show-diff --surviving-only ../session.sqlite

check: $(READY)  ## style, types, generated files
	@$(RUN) -m ruff check
	@$(RUN) -m ruff format --check
	@$(RUN) -m mypy
	@$(VENV)/bin/pyright
	@$(RUN) proto/generate.py --check
	@$(RUN) examples/bank/generate.py --check

generate: $(READY)  ## make the generated files anew
	@$(RUN) proto/generate.py
	@$(RUN) examples/bank/generate.py

clean:  ## remove what the others made
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
