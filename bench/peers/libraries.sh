#!/bin/sh
# Our log and histograms beside spdlog 1.10 and prometheus-cpp 1.0 (Debian: libspdlog-dev, prometheus-cpp-dev). Needs build/release or build/test.
set -eu
cd "$(dirname "$0")/../.."
core=$(ls build/release/modules/core/libsparrow_core.a build/test/modules/core/libsparrow_core.a 2>/dev/null | head -n 1)
program=$(mktemp)
trap 'rm -f "$program"' EXIT
g++ -std=c++20 -O2 -DFMT_SHARED -DSPDLOG_FMT_EXTERNAL -DSPDLOG_SHARED_LIB -DSPDLOG_COMPILED_LIB -I. bench/peers/libraries.cc sparrow/api/metrics.cc sparrow/http/log.cc \
  "$core" -o "$program" -lspdlog -lfmt -lhwy -lcrypto -lutf8proc -lprometheus-cpp-core -lpthread
grep -m1 'model name' /proc/cpuinfo
"$program"
