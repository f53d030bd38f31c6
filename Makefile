# Everything that a fresh clone needs is made on the way: `make demo` or `make test` is the first command.
# PYTHON=... chooses the Python that .venv is made with.

SHELL := /bin/sh
READY := .venv/.ready
RUN := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help venv servers demo test lint format clean

help: ## say what can be made
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /|/' | while IFS='|' read -r name what; do \
		printf '  make %-8s %s\n' "$$name" "$$what"; done

venv: $(READY) ## make .venv with the locked dependencies and the farm

# Made again where the lock or the project's description is newer than the stamp.
$(READY): requirements.lock pyproject.toml tools/set_up.sh
	@PYTHON='$(PYTHON)' tools/set_up.sh
	@touch $@

servers: $(READY) ## find, or build once for this machine, the Temporal CLI and MinIO
	@$(RUN) -m whisper_farm.servers </dev/null

demo: $(READY) ## transcribe demo/podcast_3min.flac on a farm of its own, and judge the transcript
	@$(RUN) -m whisper_farm.servers temporal </dev/null >/dev/null
	@$(RUN) -m tools.demo </dev/null

lint: $(READY) ## check format, style and types
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy

test: $(READY) servers lint ## run every check and test
	@$(RUN) -m pytest </dev/null

format: $(READY) ## put every file into the house's format
	@$(RUN) -m ruff check --fix --exit-zero --quiet .
	@$(RUN) -m ruff format .

clean: ## remove what was made here: .venv, caches, the demo's files (not the servers in the user's cache)
	@rm -rf .venv .demo .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
