#!/usr/bin/env bash
# Fetches the table of token vectors that `sparrow train` embeds texts with: WordLlama (MIT licence, 16 MB, 256 dimensions), out of
# its wheel on the Python package registry, whose hash is pinned. Usage: get_text_table.sh [FOLDER], default HOME/text; prints
# the folder. Does nothing when the table is there. The licence is kept beside it.
set -euo pipefail
folder="${1:-${SPARROW_HOME:-.sparrow}/text}"
version=0.4.0.post1
wheel_hash=42c2c88907ace0b0681ac6f9092d6a300a6409a5d2d61071a3fb5e7159370c97
table=l2_supercat_256.safetensors
tokenizer=l2_supercat_tokenizer_config.json
if [ ! -f "$folder/$table" ] || [ ! -f "$folder/$tokenizer" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # The wheel of one platform: its data are the same in all, and only they are taken.
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.11 \
    --implementation cp --platform manylinux2014_x86_64 --dest "$work" "wordllama==$version" >&2
  wheel=$(ls "$work"/*.whl)
  echo "$wheel_hash  $wheel" | sha256sum --check --quiet >&2 || { echo "the wheel of wordllama $version is not the one that was reviewed" >&2; exit 1; }
  unzip -q -o -j "$wheel" "wordllama/weights/$table" "wordllama/tokenizers/$tokenizer" "wordllama-$version.dist-info/licenses/LICENSE" -d "$work"
  mkdir -p "$folder"
  mv "$work/LICENSE" "$folder/LICENSE"
  mv "$work/$tokenizer" "$folder/"
  mv "$work/$table" "$folder/"
fi
echo "$folder"
