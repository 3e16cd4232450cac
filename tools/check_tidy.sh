#!/usr/bin/env bash
# clang-tidy over sources that are no tests: those that the last commits changed (SPARROW_TIDY_SINCE, ten commits back where it
# is not set), or with --all every one. Reads the compile commands of the preset dev, which compiles each source alone. Fails on any
# finding.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh
configure dev
since="${SPARROW_TIDY_SINCE:-HEAD~10}"
if [ "${1:-}" = --all ] || ! git rev-parse -q --verify "$since" >/dev/null; then
  files=$(git ls-files 'sparrow/*.cc' 'bench/*.cc')
else
  files=$(git diff --name-only --diff-filter=d "$since" -- 'sparrow/*.cc' 'bench/*.cc')
fi
echo "$files" | { grep -v '_test\.cc$' || true; } | { grep . || true; } |
  xargs -r -P 2 -n 1 clang-tidy-14 -p build/dev --quiet --extra-arg=-Wno-unknown-warning-option
