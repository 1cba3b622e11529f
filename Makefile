# Only Python (3.11 or newer) and make are assumed. Every target does its own set-up, once.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo run test check bench simulate mutants torture screenshots

help: ## list these targets
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12

demo: $(READY) ## the bot at work, between a stand-in Slack and a stand-in Fincart
	$(RUN) -m bot demo

run: $(READY) ## serve, with the settings of the environment and .env
	$(RUN) -m bot serve

test: $(READY) ## run the tests, PROCESSES=3 at a time
	$(RUN) -m pytest -n $(or $(PROCESSES),3) --dist worksteal

check: $(READY) ## formatting, lint, types and import rules; changes nothing
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: $(READY) ## measure what the documentation promises
	$(RUN) -m bench

simulate: $(READY) ## play histories full of faults: make simulate SEEDS=100000
	$(RUN) -m tests.simulation SEEDS=$(or $(SEEDS),1000)

mutants: $(READY) ## try broken copies of the bot: make mutants SAMPLE=12 SEED=7 ONLY=lease
	$(RUN) -m tests.mutants $(foreach name,SAMPLE SEED ONLY,$(if $($(name)),$(name)=$($(name))))

torture: $(READY) ## kill and race the real process: make torture ROUNDS=1000 DATABASE=sqlite PART=random SECONDS=600
	$(RUN) -m tests.torture $(foreach name,ROUNDS DATABASE PART SEED SECONDS,$(if $($(name)),$(name)=$($(name))))

screenshots: $(READY) ## take the pictures of the README anew, in Chromium
	$(RUN) tests/browser/screenshots.py

# Exactly the locked files, by their hashes; then the project itself, so that `python -m bot` works from any directory.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
