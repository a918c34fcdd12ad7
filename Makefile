# Everything a fresh clone needs: Python 3.11 to 3.13 and make. `make run` installs and runs.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install run test pythons lint format erd bench up down deploy worker clean lock

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

install: $(INSTALLED) ## make .venv with the locked requirements

# Compiled to bytecode here, because an environment that forbids it later would pay on every start.
$(INSTALLED): requirements.txt requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "error: no python3 found; install Python 3.11 or set PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "error: $(PYTHON) is not Python 3.11, 3.12 or 3.13; set PYTHON=/path/to/one" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python requirements.txt requirements-dev.txt || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --compile \
			--requirement requirements.txt --requirement requirements-dev.txt
	@touch $(INSTALLED)

run: $(INSTALLED) ## the whole job once, with nothing configured (ARGS="--as-of 2026-11-21 --json")
	@$(BIN)/python flows/main.py $(ARGS)

test: $(INSTALLED) ## all tests (ARGS="-k digest")
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder \
		--max-worker-restart 0 $(ARGS)

pythons: $(INSTALLED) ## the lock and the unit tests on each of Python 3.11, 3.12 and 3.13 that is here
	@BIN=$(BIN) sh tests/pythons.sh

lint: $(INSTALLED) ## what CI checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --disable-progress-bar dbt
	$(BIN)/sqlfluff lint --disable-progress-bar --templater placeholder flows blocks

format: $(INSTALLED) ## rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix --disable-progress-bar --quiet dbt
	$(BIN)/sqlfluff fix --disable-progress-bar --quiet --templater placeholder flows blocks

erd: $(INSTALLED) ## draw docs/erd.md and dbt/assets/erd.svg anew from the models' yml (needs Graphviz)
	@$(BIN)/dbt parse --quiet --project-dir dbt --profiles-dir dbt
	@$(BIN)/python docs/draw_erd.py dbt/target/manifest.json

bench: $(INSTALLED) ## every figure with its reference: figure, target, met or not
	@$(BIN)/python -m bench $(ARGS)

up: $(INSTALLED) ## Prefect server with UI, a worker and the local stand-ins, in the background
	@$(BIN)/python -m local.stack up

down: $(INSTALLED) ## stop what `make up` started
	@$(BIN)/python -m local.stack down

# What .env says, if it is there, goes before what the shell says.
WITH_ENV := set -a; [ ! -f .env ] || . ./.env; set +a;

deploy: $(INSTALLED) ## blocks, work pool, deployments and watchdog, on the server that PREFECT_API_URL names
	@$(WITH_ENV) $(BIN)/python -m blocks.register
	@$(WITH_ENV) $(BIN)/prefect work-pool inspect order-monitoring >/dev/null 2>&1 || \
		$(BIN)/prefect work-pool create order-monitoring --type process >/dev/null
	@$(WITH_ENV) $(BIN)/prefect --no-prompt deploy --all
	@$(WITH_ENV) $(BIN)/python -m flows.watchdog register --heartbeat "$${PREFECT_FLOWS_HEARTBEAT_FREQUENCY:-30}"

worker: $(INSTALLED) ## take runs of the deployments, until stopped; runs that are at work are finished first
	@$(WITH_ENV) export ORDER_MONITORING_HOME="$(CURDIR)"; \
		export PREFECT_FLOWS_HEARTBEAT_FREQUENCY="$${PREFECT_FLOWS_HEARTBEAT_FREQUENCY:-30}"; \
		exec $(BIN)/prefect worker start --pool order-monitoring --type process

clean: ## stop what is up; remove data/local and caches; .venv stays
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m local.stack down; fi
	rm -rf data/local test-artifacts dbt/target dbt/logs .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

lock: $(INSTALLED) ## compile requirements.txt from pyproject.toml anew
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --upgrade --quiet \
		--custom-compile-command "make lock" --output-file requirements.txt
	$(BIN)/uv pip compile --group pyproject.toml:dev --universal --python-version 3.11 --upgrade --quiet \
		--constraint requirements.txt --custom-compile-command "make lock" --output-file requirements-dev.txt
