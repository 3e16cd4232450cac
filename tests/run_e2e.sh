#!/bin/sh
# Starts the real server on published data and drives Chromium through it.
# SPARROW_BIN: the binary; SPARROW_HOME: the folder with a published model.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
: "${SPARROW_BIN:=$root/build/release/sparrow}"
: "${SPARROW_HOME:=$root/.sparrow}"
export SPARROW_BIN SPARROW_HOME

cd "$root/tests/e2e"
stamp=node_modules/.sparrow-lock
if ! cmp -s package-lock.json "$stamp"; then
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  cp package-lock.json "$stamp"
fi
exec node e2e.mjs
