# Each target sets up what it needs; a fresh machine needs Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo up down test check bench docs lock

help: ## Say what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

setup: .venv/.ready ## Make the environment .venv from the lock

.venv/.ready: requirements.lock pyproject.toml
	@echo "Setting up .venv (once; the packages take some 800 MB)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@awk '/^uv==/ {on = 1} on && !/^uv==|^ / {exit} on' requirements.lock > .venv/uv.lock
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.lock
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python requirements.lock --compile-bytecode
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## Run the demo shop through the real DAGs, end to end
	@$(BIN)/python -m activation.orchestration.demo

up: setup ## Start a local Airflow with its UI, the inbox and the unsubscribe endpoint
	@$(BIN)/python -m activation.orchestration.local up

down: ## Stop what `make up` left running
	@$(BIN)/python -m activation.orchestration.local down

test: check ## Run everything that must pass
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

check: setup ## Lint, types, import arrows, SQL style
	@$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar dbt_project/models

bench: setup ## Measure speed, as ratios in one run
	@$(BIN)/python -m benchmarks

docs: setup ## Write the models' documentation as one offline page, and the policy reference
	@$(BIN)/activation docs

lock: setup ## Pin the newest dependencies that pyproject.toml allows
	@$(BIN)/uv pip compile pyproject.toml --group dev --extra postgres --universal --generate-hashes --no-header --quiet --output-file requirements.lock
