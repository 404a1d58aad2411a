# Needs only Python >= 3.10 and make; everything else is set up in .venv on first use.
PYTHON ?= python3
PORT ?= 9000
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check lock

run: $(VENV)/.ready  ## start the function, OSS, STS and the page on this machine
	@exec $(BIN)/python local_server.py --port $(PORT) --data .local

test: $(VENV)/.ready  ## run every test
	$(BIN)/python -m pytest -n 2

check: $(VENV)/.ready  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

lock:  ## pin the newest versions (needs uv)
	uv pip compile --quiet --upgrade --universal --generate-hashes --no-annotate --no-header --python-version 3.10 requirements.in -o requirements.txt
	uv pip compile --quiet --upgrade --universal --generate-hashes --no-annotate --no-header --python-version 3.10 requirements-dev.in -o requirements-dev.txt

$(VENV)/.ready: requirements-dev.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
