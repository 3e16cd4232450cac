#!/usr/bin/env bash
# The Python package: a virtual environment, the native module on the modules of build/test, pytest with the notebooks.
# Ends with "N passed, N failed"; where PyPI is out of reach it says so and counts one skipped.
set -uo pipefail
cd "$(dirname "$0")/.."
source tests/python_environment.sh
python_environment "the Python package" test
run_pytest
