# Two commands do everything on a fresh machine with Python 3.11: `make demo` and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
WORKSPACE ?= demo
PORT   ?= 8080
JOBS   ?= 2

.DEFAULT_GOAL := help
.PHONY: help install demo test check format ui serve bench results clean

help:  ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable ".[all,dev]"
	@touch $@

install: $(STAMP)  ## Create .venv and install everything at the locked versions

demo: $(STAMP)  ## Raw data to compared models, a batch of recommendations and a summary
	@$(BIN)/python -m serving.demo

test: $(STAMP)  ## Run all tests with coverage, JOBS files at a time (HUAXIANG_DATA=folder adds the public data sets)
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --cov --cov-report=term

check: $(STAMP)  ## Lint, format, types, import direction and documentation tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --quiet tests/test_docs.py tests/test_house.py

format: $(STAMP)  ## Format the code and apply safe fixes
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

ui: $(STAMP)  ## Open the MLflow UI on http://127.0.0.1:5000
	@echo "Open http://127.0.0.1:5000/#/experiments?workflowType=machine_learning"
	@MLFLOW_DISABLE_TELEMETRY=true MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false $(BIN)/mlflow ui --backend-store-uri sqlite:///$(CURDIR)/mlruns/mlflow.db --host 127.0.0.1 --port 5000

serve: $(STAMP)  ## Start the online endpoint on http://127.0.0.1:$(PORT)
	$(BIN)/python -m serving.api workspace=$(WORKSPACE) port=$(PORT)

bench: $(STAMP)  ## Run every benchmark; each prints ratios against a named reference
	@for file in tests/benchmarks/bench_*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

results: $(STAMP)  ## Rewrite the README's result tables from data/reports, and docs/reference.md
	$(BIN)/python -m training.report
	$(BIN)/python -m serving.reference

clean:  ## Remove the demo's data and runs, keep the environment
	rm -rf data/demo data/demo-summary.json data/reports mlruns/mlflow.db mlruns/artifacts
