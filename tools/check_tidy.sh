#!/usr/bin/env bash
# clang-tidy over sources that are neither tests nor programs of peers, which need libraries of their own: the six that were changed
# last (SPARROW_TIDY_SINCE: all that were changed since that commit), or with --all every one. Reads the compile commands of the
# preset dev, which compiles each source alone. Fails on any finding.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh
configure dev
if [ "${1:-}" = --all ]; then
  files=$(git ls-files 'sparrow/*.cc' 'bench/*.cc')
elif [ -n "${SPARROW_TIDY_SINCE:-}" ]; then
  files=$(git diff --name-only --diff-filter=d "$SPARROW_TIDY_SINCE" -- 'sparrow/*.cc' 'bench/*.cc')
else
  files=$({ git diff --name-only HEAD; git log -n 60 --format= --name-only; } | grep -E '^(sparrow|bench)/.*\.cc$' | grep -vE '_test\.cc$|^bench/peers/' |
    awk '!seen[$0]++' | while read -r file; do [ -f "$file" ] && echo "$file"; done | head -n 6 || true)
fi
echo "$files" | { grep -vE '_test\.cc$|^bench/peers/' || true; } | { grep . || true; } |
  xargs -r -P 2 -n 1 clang-tidy-14 -p build/dev --quiet --extra-arg=-Wno-unknown-warning-option
