#!/usr/bin/env bash
# get_kafka.sh [CACHE]: fetches Apache Kafka (Apache licence 2.0; the version is in tests/loop/kafka/pom.xml) and what it needs from
# Maven Central, once, and prints the folder of its jars; CACHE is build/downloads by default. Exit status 1, with the reason on
# stderr, when that cannot be done.
set -euo pipefail
here="$(cd "$(dirname "$0")/.." && pwd)"
pom="$here/tests/loop/kafka/pom.xml"
cache="${1:-$here/build/downloads}"
version=$(sed -n 's|.*<version>\([0-9.]*\.[0-9.]*\)</version>.*|\1|p' "$pom")
folder="$cache/kafka-$version"
if [ -f "$folder/.complete" ]; then echo "$folder"; exit 0; fi
command -v mvn >/dev/null || { echo "mvn is not there (Debian: maven)" >&2; exit 1; }
rm -rf "$folder.part"
mkdir -p "$folder.part"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! timeout 300 mvn -q -B -f "$pom" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$folder.part" >"$log" 2>&1; then
  echo "Maven Central is out of reach, or refuses: $(grep -m 1 ERROR "$log" | cut -c 1-300)" >&2
  exit 1
fi
ls "$folder.part"/kafka_2.13-"$version".jar >/dev/null
touch "$folder.part/.complete"
rm -rf "$folder"
mv "$folder.part" "$folder"
echo "$folder"
