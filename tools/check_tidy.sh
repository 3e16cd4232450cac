#!/bin/sh
# clang-tidy over every source that is no test; needs build/test/compile_commands.json. Fails on any finding.
set -eu
cd "$(dirname "$0")/.."
git ls-files 'sparrow/*.cc' | grep -v '_test\.cc$' |
  xargs -P 2 -n 1 clang-tidy-14 -p build/test --quiet --extra-arg=-Wno-unknown-warning-option
