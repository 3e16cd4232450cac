#!/usr/bin/env bash
# get_movielens.sh NAME CACHE: downloads a MovieLens set once, checks it against the MD5 that GroupLens publishes beside
# it, unpacks it, and prints its folder. Exit status 1, with the reason on stderr, when that cannot be done.
set -euo pipefail
name="$1"
cache="$2"
base="${SPARROW_MOVIELENS_URL:-https://files.grouplens.org/datasets/movielens}"
case "$name" in
  ml-latest-small|ml-latest|ml-1m|ml-10m|ml-20m|ml-25m|ml-32m) ;;
  *) echo "there is no data set \"$name\"; known are ml-latest-small ml-latest ml-1m ml-10m ml-20m ml-25m ml-32m" >&2; exit 1 ;;
esac
# Archives unpack to these folders.
case "$name" in ml-10m) folder=ml-10M100K ;; *) folder="$name" ;; esac
if [ -f "$cache/$folder/.complete" ]; then echo "$cache/$folder"; exit 0; fi
mkdir -p "$cache"
progress=(-sS)
[ -t 2 ] && progress=(--progress-bar)
fetch() { curl --fail --location --connect-timeout 10 --retry 2 "$@"; }
sum=$(fetch -sS "$base/$name.zip.md5" | grep -oE '[0-9a-f]{32}' | head -n 1) || { echo "$base is out of reach" >&2; exit 1; }
[ -n "$sum" ] || { echo "no checksum at $base/$name.zip.md5" >&2; exit 1; }
fetch "${progress[@]}" -o "$cache/$name.zip.part" "$base/$name.zip" || { echo "$base/$name.zip: download failed" >&2; exit 1; }
if [ "$(md5sum "$cache/$name.zip.part" | cut -d' ' -f1)" != "$sum" ]; then
  rm -f "$cache/$name.zip.part"
  echo "$name.zip does not have the published checksum $sum; it is not used" >&2
  exit 1
fi
mv "$cache/$name.zip.part" "$cache/$name.zip"
unzip -q -o "$cache/$name.zip" -d "$cache"
touch "$cache/$folder/.complete"
rm -f "$cache/$name.zip"
echo "$cache/$folder"
