# Every target first sets up .venv with what it needs, once.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt

# Of .venv, for what is said before it is made.
SIZE := about 6 GB
MORE := about 2 GB more

.PHONY: demo test lint bench mutants fuzz clean

# Done a second time, it goes on with the run that is there: nothing in runs/ is ever removed.
demo: .venv/core
	$(BIN)/gnomon detect samples --out runs/demo --save-heatmaps --resume
	$(BIN)/gnomon report runs/demo

# One thread a worker: threads that wait for each other slow a busy machine down.
test: .venv/dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# One alone: make bench BENCHMARKS=refine_speed. Those of parts need a run, and say which.
BENCHMARKS := refine_speed dense_speed peak_memory known_truth export_speed page_speed pipeline \
  killed_run occlusion_speed outline_limit default_preset default_ablation train_cub10 viewpoint \
  keypoint_quality families found_again gpu
bench: .venv/dev
	@missed=; for name in $(BENCHMARKS); do \
	  echo $$name; $(BIN)/python benchmarks/$$name.py || missed="$$missed $$name"; \
	done; test -z "$$missed" || { echo "missed their goals, or failed:$$missed"; exit 1; }

# Plants small faults one at a time, and tells which the tests notice: an hour or two.
MUTANTS := --count 60
mutants: .venv/dev
	$(BIN)/python benchmarks/mutants.py $(MUTANTS)

# Coverage-guided fuzzing: two minutes of the decoders, a quarter of one of each reader of foreign
# files; then annotation files with one wrong record, 500 of each format; then random networks,
# others each time: dense equal to incremental in float64.
# More by FUZZ=-max_total_time=3600; one alone by READERS=import-cvat.
NETWORKS := 2000
MUTATIONS := 500
READERS :=
READER := PYTHONPATH=tests/support $(BIN)/python fuzz/fuzz_readers.py
fuzz: .venv/dev
	$(UV) --editable '.[fuzz]'
	$(BIN)/python fuzz/fuzz_decode.py $(FUZZ)
	@names="$(READERS)"; names="$${names:-$$($(READER) --list)}" || exit 1; \
	for name in $$names; do echo $$name; $(READER) $$name $(FUZZ) || exit 1; done
	MUTATIONS=$(MUTATIONS) $(BIN)/python -m pytest tests/datasets/test_mutated_sets.py tests/corrections/test_mutated_imports.py
	NETWORKS=$(NETWORKS) $(BIN)/python -m pytest tests/occlusion/incremental/test_random_networks.py -k float64

# What make made, and no results: runs/ is the user's.
clean:
	rm -rf .venv

.venv/uv: constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gnomon needs Python 3.11 or later; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt uv
	touch $@

.venv/core: .venv/uv pyproject.toml
	@echo "Installing gnomon and what it needs, PyTorch above all, into .venv: $(SIZE), some minutes."
	$(UV) --editable .
	touch $@

.venv/dev: .venv/core
	@echo "Installing what the tests need as well, into .venv: $(MORE), some minutes."
	$(UV) --editable '.[dev]'
	touch $@
