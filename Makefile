# Needs only Python >= 3.10 and make: each command first sets up what it needs in .venv.
PYTHON ?= python3
PORT ?= 9000
RUNTIME ?= python3.10
SET_UP := "$(PYTHON)" -m deploy.virtualenv
VENV_PYTHON := .venv/bin/python
LOCK := $(SET_UP) -- -m uv pip compile --quiet --upgrade --universal --generate-hashes --no-strip-extras \
	--no-annotate --no-header --python-version 3.10

.PHONY: run test check bundle rehearse setup-cloud doctor bench fuzz soak lock

run:  ## start the function, OSS, STS and the page on this machine: make run [OPTIONS=--help]
	@$(SET_UP) run
	@exec $(VENV_PYTHON) local_server.py --port $(PORT) --data .local $(OPTIONS)

test:  ## run every test; they reach every branch of function/ and emulator/
	@$(SET_UP) test
	$(VENV_PYTHON) -m pytest -n 2 --dist loadfile --cov --cov-report term:skip-covered --cov-fail-under 100

check:  ## format, lint, types
	@$(SET_UP) test
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m mypy

bundle:  ## make build/ as it deploys
	@exec $(SET_UP) bundle -- -m deploy.bundle --runtime $(RUNTIME)

rehearse:  ## take a deployment without an account: then s deploy -y in a second terminal
	@$(SET_UP) run
	@exec $(VENV_PYTHON) -m deploy.rehearsal --port $(PORT)

setup-cloud:  ## print the script that prepares an account: make setup-cloud [CREATE_BUCKET=1]
	@$(SET_UP)
	@"$(PYTHON)" -m deploy.setup_cloud $(if $(CREATE_BUCKET),--create-bucket)

doctor:  ## check a deployment: [TOKEN=...] make doctor URL=https://... ORIGIN=https://...
	@$(SET_UP)
	@"$(PYTHON)" -m deploy.doctor $(URL) $(if $(ORIGIN),--origin $(ORIGIN)) $(if $(UPLOAD),--upload)

bench:  ## measure against the floor and against peers
	@$(SET_UP) test
	$(VENV_PYTHON) -m bench

fuzz:  ## 200,000 hostile events
	@$(SET_UP) test
	HYPOTHESIS_PROFILE=fuzz $(VENV_PYTHON) -m pytest -q --timeout 0 tests/function/test_hostile_events.py

soak:  ## mixed load with faults, for minutes: make soak [OPTIONS=--events]
	@$(SET_UP) test
	$(VENV_PYTHON) -m bench.soak $(OPTIONS)

lock:  ## pin the newest versions
	@$(SET_UP) bundle
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) deploy/requirements.in -o deploy/requirements.txt
	$(LOCK) deploy/build-constraints.in -o deploy/build-constraints.txt
	$(LOCK) requirements-run.in -c requirements.txt -o requirements-run.txt
	$(LOCK) requirements-test.in -c requirements-run.txt -c deploy/requirements.txt -o requirements-test.txt
	$(LOCK) bench/requirements.in -o bench/requirements.txt
