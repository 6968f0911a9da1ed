# `make demo` and `make test` are all a new machine needs; both build the environment first.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
EVENTS ?= 2000000

.PHONY: demo test test-slow lint format bench lock clean

# Installed once per change of the lock file or of the project's own metadata.
$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/runrate demo

test: $(VENV)/.installed
	$(BIN)/python -m pytest -m "not slow" --numprocesses auto --dist loadfile

test-slow: $(VENV)/.installed
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed
	$(BIN)/python -m bench --events $(EVENTS)

# One lock for every supported Python and platform; needs `uv` (pip install uv).
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra dev \
		--output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) .runrate .pytest_cache .mypy_cache .ruff_cache
