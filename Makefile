# Only Python (3.11 or newer) and make are assumed. Every target does its own set-up, once.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
# What is set up: what running needs, and then, in the same place, what developing needs beside it.
READY := $(VENV)/.ready
READY_TO_DEVELOP := $(VENV)/.ready-to-develop
INSTALL := $(RUN) -m pip install --quiet --disable-pip-version-check
PYTEST := $(RUN) -m pytest -n $(or $(PROCESSES),3) --dist worksteal
# Keeps the versions that stand in a lock; UPGRADE names what is to be raised.
LOCK := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate $(if $(filter all,$(UPGRADE)),--upgrade,$(addprefix --upgrade-package=,$(UPGRADE)))

.DEFAULT_GOAL := help
.PHONY: help demo run test test-long check lock wheel sbom bench simulate mutants mutate torture screenshots

help: ## list these targets
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12

demo: $(READY) ## the bot at work, between a stand-in Slack and a stand-in Fincart
	$(RUN) -m bot demo

run: $(READY) ## serve, with the settings of the environment and .env
	$(RUN) -m bot serve

test: $(READY_TO_DEVELOP) ## run the tests, PROCESSES=3 at a time
	$(PYTEST) -m "not long"

test-long: $(READY_TO_DEVELOP) ## the others: the page in a browser, stories on PostgreSQL, processes killed, hundreds of histories
	$(PYTEST) -m long

check: $(READY_TO_DEVELOP) ## formatting, lint, types and import rules; changes nothing
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

lock: $(READY_TO_DEVELOP) ## write the locks anew after pyproject.toml: make lock UPGRADE="httpx starlette" (or all)
	$(LOCK) pyproject.toml --output-file requirements.lock
	$(LOCK) --group build --output-file requirements-build.lock
	$(LOCK) pyproject.toml --group dev --constraint requirements.lock --constraint requirements-build.lock \
	  --output-file requirements-dev.lock

wheel: $(READY) ## build dist/cancel_orders_bot-VERSION-py3-none-any.whl, which installs the command cancel-orders
	rm -rf build
	$(RUN) -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

sbom: $(READY_TO_DEVELOP) ## write dist/sbom.json: every package that requirements.lock installs, with its hashes, as CycloneDX
	mkdir -p dist
	$(RUN) -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml --output-reproducible \
	  --output-file $(or $(OUT),dist/sbom.json) requirements.lock

bench: $(READY_TO_DEVELOP) ## measure what the documentation promises; DATABASE=postgresql: several processes on one PostgreSQL
	$(RUN) -m bench $(if $(filter postgresql,$(DATABASE)),many)

simulate: $(READY_TO_DEVELOP) ## play histories full of faults: make simulate SEEDS=100000 BEFORE=auto
	$(RUN) -m tests.simulation SEEDS=$(or $(SEEDS),1000) FROM=$(or $(FROM),0) $(if $(BEFORE),BEFORE=$(BEFORE))

mutants: $(READY_TO_DEVELOP) ## try broken copies of the bot: make mutants SAMPLE=12 SEED=7 ONLY=lease
	$(RUN) -m tests.mutants $(foreach name,SAMPLE SEED ONLY,$(if $($(name)),$(name)=$($(name))))

mutate: $(READY_TO_DEVELOP) ## break the pure modules line by line: make mutate ONLY=outcome,policy PROCESSES=2 WRITE=1
	$(RUN) -m tests.mutation $(foreach name,ONLY PROCESSES WRITE,$(if $($(name)),$(name)=$($(name))))

torture: $(READY_TO_DEVELOP) ## kill and race the real process: make torture ROUNDS=1000 DATABASE=sqlite PART=random SECONDS=600
	$(RUN) -m tests.torture $(foreach name,ROUNDS DATABASE PART SEED SECONDS,$(if $($(name)),$(name)=$($(name))))

screenshots: $(READY_TO_DEVELOP) ## take the pictures of the README and docs/operations anew, in Chromium; Prometheus is needed
	$(RUN) tests/browser/screenshots.py
	$(RUN) tests/browser/operations_pictures.py

# Exactly the locked files, by their hashes; then the project itself, so that `cancel-orders` and `python -m bot` work
# from any directory.
$(READY): requirements.lock requirements-build.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --require-hashes -r requirements.lock -r requirements-build.lock
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(READY_TO_DEVELOP): $(READY) requirements-dev.lock
	$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@
