#!/usr/bin/env bash
# build_image.sh PACKAGE.deb OUT.tar: an OCI image of a Debian 12 with the package in it, made without a daemon: debootstrap and this
# script. Needs root. `podman load -i OUT.tar`, `skopeo copy oci-archive:OUT.tar ...` and `docker load` (25 or newer) take it.
# The health check in it is for docker: OCI's own configuration has none, compose.yaml and the Kubernetes manifests name theirs.
# The image runs as the user sparrow, needs nothing writable but /var/lib/sparrow and /tmp, and listens on port 6010.
set -euo pipefail
package="$(realpath "${1:?usage: build_image.sh PACKAGE.deb OUT.tar}")"
out="$(realpath -m "${2:?usage: build_image.sh PACKAGE.deb OUT.tar}")"
folder=$(mktemp -d)
trap 'umount "$folder/tree/proc" 2>/dev/null || true; rm -rf "$folder"' EXIT
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(dpkg-deb --fsys-tarfile "$package" | tar -tv --full-time --utc | awk 'NR == 1 { print $4 " " $5 " UTC" }' | date -f - +%s)}"

if [ -n "${SPARROW_BARE_ROOT:-}" ]; then
  mkdir "$folder/tree"
  tar -C "$folder/tree" -xpf "$SPARROW_BARE_ROOT"
else
  debootstrap --variant=minbase bookworm "$folder/tree" "${SPARROW_DEBIAN:-http://deb.debian.org/debian}"
fi
cp "$package" "$folder/tree/sparrow.deb"
cp /etc/resolv.conf "$folder/tree/etc/resolv.conf"
in_root() { chroot "$folder/tree" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} "$@"; }
in_root apt-get update -qq
in_root apt-get install -y -qq --no-install-recommends /sparrow.deb ca-certificates
in_root apt-get clean
rm -rf "$folder/tree/sparrow.deb" "$folder/tree"/var/lib/apt/lists/* "$folder/tree"/var/log/* "$folder/tree"/var/cache/* "$folder/tree"/tmp/*
find "$folder/tree/usr/share/doc" -mindepth 1 -maxdepth 1 ! -name sparrow -exec sh -c 'for d; do find "$d" -type f ! -name copyright -delete; done' _ {} +
user=$(in_root id -u sparrow):$(in_root id -g sparrow)

# One layer, one configuration, one manifest, one index: https://github.com/opencontainers/image-spec
layout="$folder/layout"
blobs="$layout/blobs/sha256"
mkdir -p "$blobs"
tar -C "$folder/tree" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --clamp-mtime --numeric-owner --exclude=./proc/* --exclude=./sys/* --exclude=./dev/* -cf "$folder/layer.tar" .
diff_id=$(sha256sum "$folder/layer.tar" | cut -d' ' -f1)
gzip -n -6 "$folder/layer.tar"
add_blob() { local sum; sum=$(sha256sum "$1" | cut -d' ' -f1); mv "$1" "$blobs/$sum"; echo "$sum $(stat -c %s "$blobs/$sum")"; }
read -r layer layer_size < <(add_blob "$folder/layer.tar.gz")
version=$(dpkg-deb --field "$package" Version)
python3 - "$user" "$diff_id" "$version" >"$folder/config.json" <<'PYTHON'
import datetime, json, os, sys
user, diff_id, version = sys.argv[1:]
created = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc).isoformat()
print(json.dumps({"created": created, "architecture": "amd64", "os": "linux",
  "config": {"User": user, "ExposedPorts": {"6010/tcp": {}}, "Env": ["PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "SPARROW_HOST=0.0.0.0"],
             "Entrypoint": ["/usr/bin/sparrow", "--config", "/etc/sparrow/sparrow.toml"], "Cmd": ["serve"], "Volumes": {"/var/lib/sparrow": {}},
             "WorkingDir": "/var/lib/sparrow", "StopSignal": "SIGTERM",
             "Healthcheck": {"Test": ["CMD", "/usr/bin/sparrow", "healthcheck"], "Interval": 10000000000, "Timeout": 2000000000},
             "Labels": {"org.opencontainers.image.title": "sparrow", "org.opencontainers.image.version": version, "org.opencontainers.image.licenses": "Apache-2.0"}},
  "rootfs": {"type": "layers", "diff_ids": ["sha256:" + diff_id]}, "history": [{"created": created, "created_by": "packaging/oci/build_image.sh"}]}))
PYTHON
read -r config config_size < <(add_blob "$folder/config.json")
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%d},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:%s","size":%d}]}' \
  "$config" "$config_size" "$layer" "$layer_size" >"$folder/manifest.json"
read -r manifest manifest_size < <(add_blob "$folder/manifest.json")
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%d,"annotations":{"org.opencontainers.image.ref.name":"sparrow:%s"}}]}' \
  "$manifest" "$manifest_size" "$version" >"$layout/index.json"
echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
tar -C "$layout" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --numeric-owner --owner=0 --group=0 -cf "$out" oci-layout index.json blobs
echo "$out: sparrow:$version, sha256:$manifest, $(stat -c %s "$out" | awk '{ printf "%.0f MB", $1 / 1e6 }')"
