#!/bin/sh
# Starts the real server on published data and checks its answers against docs/api/openapi.json.
# SPARROW_BIN: the binary; SPARROW_HOME: the folder with a published model.
set -eu
cd "$(dirname "$0")/.."
exec /usr/bin/python3 tests/api_test.py
