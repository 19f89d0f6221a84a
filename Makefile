# Every target first sets up .venv with what it needs, once.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt

.PHONY: demo test lint bench fuzz clean

demo: .venv/core
	rm -rf runs/demo
	$(BIN)/gnomon detect samples --out runs/demo --save-heatmaps
	$(BIN)/gnomon report runs/demo

# One thread a worker: threads that wait for each other slow a busy machine down.
test: .venv/dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/dev
	for script in benchmarks/*_*.py; do $(BIN)/python $$script || exit 1; done

# Two minutes of coverage-guided fuzzing of the decoders; more by FUZZ=-max_total_time=3600.
fuzz: .venv/dev
	$(UV) --editable '.[fuzz]'
	$(BIN)/python fuzz/fuzz_decode.py $(FUZZ)

clean:
	rm -rf .venv runs

.venv/uv: constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gnomon needs Python 3.11 or later; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt uv
	touch $@

.venv/core: .venv/uv pyproject.toml
	$(UV) --editable .
	touch $@

.venv/dev: .venv/core
	$(UV) --editable '.[dev]'
	touch $@
