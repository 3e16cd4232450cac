#!/bin/sh
# Peer of `sparrow-bench hnsw`: plain hnswlib, compiled for this machine as its README says.
# usage: hnswlib_search.sh FOLDER ROWS DIM THREADS RUNS; see hnswlib_search.cc
set -e
peer="$1/hnswlib_search"
g++ -std=c++17 -O3 -march=native -w -o "$peer" "$(dirname "$0")/hnswlib_search.cc" -lpthread
exec "$peer" "$@"
