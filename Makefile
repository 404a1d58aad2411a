# Needs only Python >= 3.10 and make; everything else is set up in .venv on first use.
PYTHON ?= python3
PORT ?= 9000
RUNTIME ?= python3.10
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check bundle setup-cloud doctor bench fuzz soak lock

run: $(VENV)/.ready  ## start the function, OSS, STS and the page on this machine
	@exec $(BIN)/python local_server.py --port $(PORT) --data .local

test: $(VENV)/.ready  ## run every test; they reach every branch of function/ and emulator/
	$(BIN)/python -m pytest -n 2 --dist loadfile --cov --cov-report term:skip-covered --cov-fail-under 100

check: $(VENV)/.ready  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bundle: $(VENV)/.ready  ## make build/ as it deploys
	@$(BIN)/python deploy/bundle.py --runtime $(RUNTIME)

setup-cloud: $(VENV)/.ready  ## print the commands that prepare an account
	@$(BIN)/python deploy/setup_cloud.py

doctor: $(VENV)/.ready  ## examine a deployment: make doctor URL=https://... ORIGIN=https://...
	@$(BIN)/python deploy/doctor.py $(URL) $(if $(ORIGIN),--origin $(ORIGIN)) $(if $(TOKEN),--token $(TOKEN)) $(if $(UPLOAD),--upload)

bench: $(VENV)/.ready  ## measure against the floor and against peers
	$(BIN)/python -m bench

fuzz: $(VENV)/.ready  ## 200,000 hostile events
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -q --timeout 0 tests/function/test_hostile_events.py

soak: $(VENV)/.ready  ## mixed load with faults, for minutes
	$(BIN)/python -m bench.soak

lock:  ## pin the newest versions (needs uv)
	uv pip compile --quiet --upgrade --universal --generate-hashes --no-annotate --no-header --python-version 3.10 requirements.in -o requirements.txt
	uv pip compile --quiet --upgrade --universal --generate-hashes --no-annotate --no-header --python-version 3.10 requirements-dev.in -o requirements-dev.txt
	uv pip compile --quiet --upgrade --universal --generate-hashes --no-annotate --no-header --python-version 3.10 deploy/build-constraints.in -o deploy/build-constraints.txt
	uv pip compile --quiet --upgrade --universal --generate-hashes --no-annotate --no-header --python-version 3.10 bench/requirements.in -o bench/requirements.txt

$(VENV)/.ready: requirements-dev.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
