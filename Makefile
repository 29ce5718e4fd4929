# `make grade` and `make test` need nothing but a Python 3.11 or newer; see `make help`.
# ARGS is handed on: make grade ARGS="--exercise matmul", make test ARGS="-k wire", make bench ARGS=--profile

VENV ?= .venv
PYTHON ?=
ARGS ?=
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help grade test bench lint clean

help:  ## show this
	@sed -n 's/^\([a-z]*\):.*## /make \1	/p' $(MAKEFILE_LIST) | expand -t 14

$(INSTALLED): pyproject.toml constraints.txt tools/install.sh
	@tools/install.sh "$(VENV)" "$(PYTHON)"
	@touch $@

grade: $(INSTALLED)  ## grade exercises/ and write report.html
	@tools/grade.sh $(BIN)/grade exercises/ --html report.html $(ARGS)

test: $(INSTALLED)  ## run the tests of the grader
	@tools/system.sh
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

bench: $(INSTALLED)  ## measure speed and memory (about two minutes)
	@$(BIN)/python -m tests.bench $(ARGS)

lint: $(INSTALLED)  ## check style and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy

clean:  ## remove everything that make, the tests and the grader left here
	rm -rf "$(VENV)" tests/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	rm -f report.html report.json
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
