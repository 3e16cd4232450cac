#!/usr/bin/env bash
# The Python package: a virtual environment, the native module on the modules of build/test, pytest with the notebooks.
# Ends with "N passed, N failed"; where PyPI is out of reach it says so and counts one skipped.
set -uo pipefail
cd "$(dirname "$0")/.."
environment=build/python-venv
log=build/python-pip.log
[ -x "$environment/bin/pip" ] || /usr/bin/python3 -m venv "$environment" || exit 1

# What pyproject.toml pins: for building, and the extra "test".
packages=$(/usr/bin/python3 - <<'END'
import tomllib
with open("python/pyproject.toml", "rb") as file:
    project = tomllib.load(file)
print(*project["build-system"]["requires"], *project["project"]["optional-dependencies"]["test"])
END
) || exit 1
# shellcheck disable=SC2086 # one word a package
if ! "$environment/bin/pip" install --disable-pip-version-check --retries 1 --timeout 20 -q $packages >"$log" 2>&1; then
  cat "$log"
  grep -qE 'NewConnectionError|ConnectionError|Connection (broken|refused|reset)|ConnectTimeout|Read timed out|name resolution|ProxyError|SSLError' "$log" || exit 1
  echo "skip the Python package: PyPI is out of reach"
  echo "1 skipped"
  echo "0 passed, 0 failed"
  exit 0
fi
"$environment/bin/pip" install --disable-pip-version-check -q --no-build-isolation --no-deps --force-reinstall --config-settings=build-dir="$PWD/build/python-wheel" \
  --config-settings=cmake.define.SPARROW_ENGINE="$PWD/build/test" --config-settings=cmake.define.SPARROW_WERROR=ON python/ || exit 1
out=$(cd python && "../$environment/bin/pytest" -rs --durations=5 2>&1)
status=$?
echo "$out"
count() { echo "$out" | tail -n 1 | grep -oE "[0-9]+ $1" | grep -oE '^[0-9]+' || echo 0; }
echo "$out" | sed -nE 's/^SKIPPED (.*)/skip \1/p'
echo "$(count skipped) skipped"
echo "$(count passed) passed, $(($(count failed) + $(count error))) failed"
exit "$status"
