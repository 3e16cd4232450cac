#!/usr/bin/env bash
# sparrow.spark on a standalone cluster of one master and two workers on loopback, with a real Redis and a real server.
# SPARROW_SPARK_ALL=1: the slow ones too. Ends with "N passed, N failed"; where PyPI, Java 17 or Redis is missing it says so and counts one skipped.
set -uo pipefail
cd "$(dirname "$0")/.."
source tests/python_environment.sh
missing() {
  echo "skip sparrow.spark: $1"
  echo "1 skipped"
  echo "0 passed, 0 failed"
  exit 0
}
java=$(java -version 2>&1 | sed -nE '1s/.*version "([0-9]+).*/\1/p') || true
[ "${java:-0}" -ge 17 ] || missing "Java 17 is not there (Debian: openjdk-17-jre-headless)"
command -v redis-server >/dev/null || missing "redis-server is not there (Debian: redis-server)"
python_environment sparrow.spark test spark
only=(-m "not slow")
[ -z "${SPARROW_SPARK_ALL:-}" ] || only=()
run_pytest tests/spark "${only[@]}"
