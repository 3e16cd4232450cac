# Sourced: build/python-venv with what python/pyproject.toml pins and the package on the modules of build/test.
#   python_environment STEP EXTRA...   returns 0; where PyPI is out of reach it says so, counts one skipped, and ends the script with 0.
environment=build/python-venv
log=build/python-pip.log

python_environment() {
  local step="$1" packages
  shift
  [ -x "$environment/bin/pip" ] || /usr/bin/python3 -m venv "$environment" || exit 1
  packages=$(/usr/bin/python3 - "$@" <<'END'
import sys
import tomllib
with open("python/pyproject.toml", "rb") as file:
    project = tomllib.load(file)
extras = project["project"]["optional-dependencies"]
print(*project["build-system"]["requires"], *(package for extra in sys.argv[1:] for package in extras[extra]))
END
  ) || exit 1
  # shellcheck disable=SC2086 # one word a package
  if ! "$environment/bin/pip" install --disable-pip-version-check --retries 1 --timeout 20 -q $packages >"$log" 2>&1; then
    cat "$log"
    grep -qE 'NewConnectionError|ConnectionError|Connection (broken|refused|reset)|ConnectTimeout|Read timed out|name resolution|ProxyError|SSLError' "$log" || exit 1
    echo "skip $step: PyPI is out of reach"
    echo "1 skipped"
    echo "0 passed, 0 failed"
    exit 0
  fi
  "$environment/bin/pip" install --disable-pip-version-check -q --no-build-isolation --no-deps --force-reinstall --config-settings=build-dir="$PWD/build/python-wheel" \
    --config-settings=cmake.define.SPARROW_ENGINE="$PWD/build/test" --config-settings=cmake.define.SPARROW_WERROR=ON python/ || exit 1
}

# run_pytest ARGUMENT...: in python/; ends with "N skipped" and "N passed, N failed".
run_pytest() {
  local out status
  out=$(cd python && "../$environment/bin/pytest" -rs --durations=5 "$@" 2>&1)
  status=$?
  echo "$out"
  count() { echo "$out" | tail -n 1 | grep -oE "[0-9]+ $1" | grep -oE '^[0-9]+' || echo 0; }
  echo "$out" | sed -nE 's/^SKIPPED (.*)/skip \1/p'
  echo "$(count skipped) skipped"
  echo "$(count passed) passed, $(($(count failed) + $(count error))) failed"
  return "$status"
}
