#!/usr/bin/env bash
# page_image.sh BINARY: takes docs/images/movie-page.png anew, from a server on the bundled sample (films are facts, viewers are simulated,
# posters are drawn by the page). Needs chromium.
set -euo pipefail
binary="$(realpath "${1:?usage: page_image.sh BINARY}")"
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
export SPARROW_HOME="$work/home" SPARROW_DATA=
"$binary" -q build --sample testdata/sample/items.csv
"$binary" serve --port 6098 2>"$work/log" &
server=$!
until "$binary" healthcheck --port 6098 --ready; do sleep 0.2; done
chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/chromium" --window-size=1280,1180 \
  --force-device-scale-factor=0.75 --lang=en --virtual-time-budget=8000 --screenshot=docs/images/movie-page.png \
  'http://localhost:6098/movie.html?movieId=317' 2>/dev/null
ls -l docs/images/movie-page.png
