#!/usr/bin/env bash
# The tests and the figures of a GPU, in under eight minutes on one card, for whoever has one.
# Uses the python that it is given: PYTHON=.venv/bin/python benchmarks/gpu.sh [--self-test]
set -uo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python}
export PYTHONPATH="$PWD/src:$PWD/benchmarks${PYTHONPATH:+:$PYTHONPATH}"
failed=0
if [ "${1:-}" != --self-test ]; then
  timeout 200 "$python" -m pytest -q -x -k "cuda or gpu" tests/occlusion tests/backprop \
    tests/conformance tests/classifier || failed=$?
  [ "$failed" -eq 5 ] && failed=0 # no test was chosen
fi
timeout 280 "$python" benchmarks/gpu.py "$@" || failed=$?
exit "$failed"
