# Everything a person or CI does here. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export PYTHON
# Nothing here may spend money: a key or an address in your shell stays in your shell.
unexport KLING_API_KEY KLING_ACCESS_KEY KLING_SECRET_KEY KLING_BASE_URL KLING_PROFILE KLING_DIALECT
# The tests start a Python a thousand times; without its cache each compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE

PY := .venv/bin/python
# Every run gets its own empty Blender user folder, so that no add-on or setting of this machine is seen or changed.
# Software drawing works on every machine and gives the same pictures on all.
in_blender = @user=$$(mktemp -d) && trap 'rm -rf "$$user"' EXIT && BLENDER_USER_RESOURCES=$$user LIBGL_ALWAYS_SOFTWARE=1
KILLS ?= 2000
HISTORIES ?= 100000
SEED ?= 0
DIALECT ?= mixed
MATRIX ?= 4.2.23 4.5.15 5.0.1 5.1.2 5.2.3 newest-libraries window-5.2 window-4.3

.PHONY: help setup demo test lint check wheels build site licenses matrix torture simulate bench clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name what; do printf '  make %-8s %s\n' "$$name" "$$what"; done

setup: ## install what is missing, make .venv (the others do this by themselves)
	@.ci/setup.sh

demo: setup ## two shots, from a small scene to their strips on the timeline; no key, no cost
	$(in_blender) $(PY) docs/demo/demo.py

test: setup ## all tests on the bpy wheel
	$(in_blender) $(PY) -m pytest -n auto --dist loadgroup --no-loadscope-reorder $(PYTEST_ARGS)

lint: ## style, types and the direction of imports
	@.ci/setup.sh dev
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo

check: lint test ## lint, then test

wheels: setup ## fetch the runtime wheels of the extension, unmodified, and check their hashes
	@$(PY) .ci/extension.py wheels

build: wheels ## dist/kling_omni-VERSION.zip, the same bytes every time
	@$(PY) .ci/extension.py build

site: wheels ## dist/site, a repository that Blender installs from and updates from; put the folder on any web server
	@$(PY) .ci/extension.py site

licenses: wheels ## docs/dev/dependencies.md: what travels in the zip, its licenses and hashes
	@$(PY) .ci/licenses.py

matrix: wheels ## the installed zip on every bpy, with the newest libraries, in windows; one table (MATRIX="4.2.23 5.0.1")
	@.ci/matrix.sh $(MATRIX)

torture: setup ## kill -9 on real processes, at every moment (KILLS=2000 SEED=0 DIALECT=new)
	@$(PY) tests/torture/torture.py --kills $(KILLS) --seed $(SEED) --dialect $(DIALECT)

simulate: setup ## histories in virtual time (HISTORIES=1000000 SEED=0 DIALECT=new; VERBOSE=1 tells them)
	@$(PY) -m tests.simulation.run --histories $(HISTORIES) --seed $(SEED) --dialect $(DIALECT) $(if $(VERBOSE),--verbose)

bench: setup ## every figure that is claimed, beside what one would write instead (BENCH="polling journal", BENCH=--long)
	$(in_blender) $(PY) -m benchmarks.bench $(BENCH)

clean: ## remove all that was made
	rm -rf .python .venv .venv-bpy-* .wheels-* wheels dist demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
