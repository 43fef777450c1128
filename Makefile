# threadwatch. Everything below needs Python 3.11+, git and make; `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test lint bench outage told eval eval-scoring train train-links train-whom dashboards lock clean

help:  ## List these targets.
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "threadwatch needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.12" >&2; exit 2; }
	@echo "setup: making $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { echo "python3-venv is missing; on Debian: apt-get install python3-venv" >&2; exit 2; }

$(VENV)/.core: requirements/core.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@echo "setup: installing what threadwatch needs (pinned, hashes checked)"
	@$(PIP) install --progress-bar=$(if $(CI),off,on) -q --require-hashes -r requirements/core.txt
	@$(PIP) install -q --require-hashes -r requirements/build.txt
	@$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.all: requirements/all.txt $(VENV)/.core
	@echo "setup: installing what tests and Detoxify need (pinned, hashes checked; torch is large)"
	@$(PIP) install --progress-bar=$(if $(CI),off,on) -q --require-hashes -r requirements/all.txt
	@touch $@

setup: $(VENV)/.core  ## .venv with pinned, hashed requirements and the package; nothing to do the second time.

setup-dev: $(VENV)/.all

demo: setup  ## The main job: real Kafka, worker, an invented sample, a scraped page. PAGE=path, ONCE=1, SCORER=name.
	@$(BIN)/threadwatch demo $(if $(PAGE),--page "$(PAGE)") $(if $(ONCE),--once) $(if $(SCORER),--scorer "$(SCORER)")

test: setup-dev  ## Every test, on the real broker that they start; installs what it needs.
	@$(BIN)/python -m tests.support.debian
	@$(BIN)/python -m pytest $(PYTEST)

lint: setup-dev  ## Format, lint, types, import contracts.
	@$(BIN)/ruff format --check streams tests deploy
	@$(BIN)/ruff check streams tests deploy
	@$(BIN)/mypy streams
	@$(BIN)/mypy -p deploy.grafana.generator
	@$(BIN)/lint-imports

bench: setup-dev  ## Comments a second, delay, memory; prints the machine.
	@$(BIN)/python -m tests.bench

outage: setup-dev  ## Receivers away for ten minutes (MINUTES=n), with the whole program: what is lost, what comes twice.
	@$(BIN)/python -m tests.support.debian
	@$(BIN)/python -m tests.bench.receiver_down $(if $(MINUTES),--minutes $(MINUTES))

told: setup-dev  ## Break things (ROUNDS=n): after how many seconds has a receiver of Alertmanager read of it?
	@$(BIN)/python -m tests.support.debian
	@$(BIN)/python -m tests.bench.told $(if $(ROUNDS),--rounds $(ROUNDS))

eval: setup-dev  ## How good it is: AUC of the scorer; pile-on detectors on a simulated site and real trees, as eval/eval.html. QUICK=1: small.
	@$(BIN)/python -m streams.scorers.train --evaluate
	@$(BIN)/python -m streams.evaluation --out eval $(if $(QUICK),--quick)

eval-scoring: setup-dev  ## Recall in disguise, false positives, AUC per set, hatecheck, identity terms, calibration; a page with plots.
	@$(BIN)/python -m tests.evaluation

train: setup-dev  ## Train the linear scorer, or MODEL=compact (SEED=1, EPOCHS=1, TEACHER=.7), from ../shared/datasets; prints AUC per set.
	@$(if $(filter compact,$(MODEL)),$(PIP) install -q --require-hashes -r requirements/train.txt)
	@$(BIN)/python -m streams.scorers.train $(if $(MODEL),--model $(MODEL)) $(if $(SEED),--seed $(SEED)) $(if $(EPOCHS),--epochs $(EPOCHS)) $(if $(TEACHER),--teacher-epochs $(TEACHER))

train-links: setup-dev  ## Train the rankers of earlier messages from the chats in ../shared/datasets (five minutes).
	@$(BIN)/python -m streams.evaluation.links.train

train-whom: setup-dev  ## Fit the model of whom hostility is for, from ../shared/datasets and invented replies (a minute).
	@$(BIN)/python -m streams.evaluation.whom.train

dashboards: setup-dev  ## Write Grafana's dashboards, and draw each with data of the running program (docs/dashboards).
	@$(BIN)/python -m deploy.grafana.generator
	@$(BIN)/python -m tests.support.debian
	@$(BIN)/python -m tests.support.preview

lock: setup-dev  ## Resolve the requirements and Kafka's jars again (for developers, when something is upgraded).
	@$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe -o requirements/core.txt pyproject.toml
	@$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe -c requirements/core.txt --extra compact --extra dev --extra detoxify --extra oidc --extra parquet -o requirements/all.txt pyproject.toml
	@$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe -c requirements/all.txt --extra oidc -o requirements/image.txt pyproject.toml
	@$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe -c requirements/all.txt --extra train -o requirements/train.txt pyproject.toml
	@$(BIN)/python -m streams.kafka.jars

clean:  ## Remove .venv, caches and the embedded broker's data.
	@rm -rf $(VENV) .threadwatch .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
