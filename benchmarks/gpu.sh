#!/usr/bin/env bash
# The tests and the figures of a GPU, in under eight minutes on one card, for whoever has one;
# without a GPU, a small self-test. Uses the python that it is given, with gnomon's packages:
# PYTHON=.venv/bin/python benchmarks/gpu.sh [--self-test] [--out FILE]
set -uo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python}
export PYTHONPATH="$PWD/src:$PWD/benchmarks${PYTHONPATH:+:$PYTHONPATH}"
failed=0
if "$python" -c "import sys, torch; sys.exit(not torch.cuda.is_available())"; then
  timeout 180 "$python" -m pytest -q tests/occlusion/incremental/test_devices.py \
    tests/occlusion/test_precision.py tests/backprop/test_guided.py || failed=$?
else
  set -- --self-test "$@"
fi
timeout 280 "$python" benchmarks/gpu.py "$@" || failed=$?
exit "$failed"
