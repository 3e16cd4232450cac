#!/bin/sh
# A peer of `sparrow-bench hnsw`, from PyPI in a virtual environment of its own, build/search-peers; versions: search_peers.txt.
# usage: search_peer.sh PEER FOLDER ROWS THREADS RUNS; see search_peer.py. Prints {"skipped": why} where the peer cannot be had.
here=$(dirname "$0")
venv="$here/../../build/search-peers"
pinned=$(grep "^$1==" "$here/search_peers.txt")
installed=$("$venv/bin/python" -c "from importlib.metadata import version; print('$1==' + version('$1'))" 2>/dev/null)
if [ "$installed" != "$pinned" ]; then
  { [ -x "$venv/bin/pip" ] || /usr/bin/python3 -m venv "$venv"; } >&2 && "$venv/bin/pip" install --quiet numpy "$pinned" >&2 || {
    echo "{\"skipped\": \"pip could not install $pinned\"}"
    exit 0
  }
fi
exec "$venv/bin/python" "$here/search_peer.py" "$@"
