# Sourced by run and test: what is needed on Debian 12, and how it is built.

run_packages=(cmake ninja-build g++ ccache pkg-config libfmt-dev nlohmann-json3-dev libhwy-dev libssl-dev librocksdb-dev libhiredis-dev librdkafka-dev
  libboost-dev libcli11-dev libtomlplusplus-dev libeigen3-dev libutf8proc-dev libsqlite3-dev libpq-dev zlib1g-dev libzstd-dev libbz2-dev libarchive-dev libturbojpeg0-dev libpng-dev libwebp-dev libexif-dev curl unzip python3-pip ca-certificates)
test_packages=(libgtest-dev redis-server kcat maven openjdk-17-jre-headless prometheus postgresql clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14 python3 python3-dev python3-venv python3-jsonschema python3-gensim python3-pandas python3-faiss python3-scipy python3-statsmodels fasttext chromium fonts-wqy-microhei nodejs npm git)
package_packages=(debootstrap lintian dpkg-dev mandoc zsh fish skopeo umoci)  # ./test --full
bench_packages=(wrk nginx-light)  # bench/serve_load.sh

# Installs those of the named packages that are missing; npm may come from elsewhere.
install_packages() {
  local missing=() package
  for package in "$@"; do
    case "$package" in
      nodejs|npm|cmake|git|python3|curl|unzip) command -v "${package/nodejs/node}" >/dev/null && continue ;;
    esac
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  echo "installing: ${missing[*]}" >&2
  local sudo=()
  [ "$(id -u)" = 0 ] || sudo=(sudo)
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o APT::Status-Fd=3 "${missing[@]}" \
    3>&1 >/dev/null | apt_progress | show_progress install
}

# "dlstatus:NUMBER:PERCENT:..." while it downloads, "pmstatus:PACKAGE[:MACHINE]:PERCENT:..." while it installs: half of all each.
apt_progress() {
  local kind percent
  sed -unE 's/^(dl|pm)status:[^:]+(:[a-z][a-z0-9]*)?:([0-9]+).*/\1 \3/p' | while read -r kind percent; do
    [ "$kind" = dl ] || percent=$((100 + percent))
    echo "$percent 200"
  done
}

# show_progress STAGE: reads "DONE ALL", a pair a line, and shows the percentage with the time that is left: one line that changes
# in a terminal, a line every tenth elsewhere. Bash, since mawk, Debian's awk, reads a pipe to its end before it looks at a line.
show_progress() {
  local stage="$1" terminal=0 start=$SECONDS shown=-10 part all percent left line
  [ -t 2 ] && terminal=1
  while read -r part all; do
    percent=$((100 * part / all))
    [ "$terminal" = 1 ] || [ "$percent" -ge $((shown + 10)) ] || continue
    left=$((part > 0 ? (SECONDS - start) * (all - part) / part : 0))
    printf -v line '%-9s %3d %%' "$stage" "$percent"
    if [ "$percent" -ge 3 ] && [ "$left" -ge 1 ]; then line+=", about $left s left"; fi
    if [ "$terminal" = 1 ]; then printf '\r%s\033[K' "$line" >&2; else printf '%s\n' "$line" >&2; fi
    shown=$percent
  done
  [ "$terminal" = 0 ] || printf '\r\033[K' >&2
}

# CMake 3.25 (Debian 12) is the least that reads the presets; another cmake may come first in PATH.
cmake=cmake
[ -x /usr/bin/cmake ] && cmake=/usr/bin/cmake

configure() {
  local preset="$1"
  "$cmake" --preset "$preset" >"build-$preset.log" 2>&1 || { cat "build-$preset.log" >&2; rm -f "build-$preset.log"; return 1; }
  rm -f "build-$preset.log"
}

# build PRESET [target...]: configures once, then builds what changed.
build() {
  local preset="$1"
  shift
  configure "$preset" || return 1
  "$cmake" --build --preset "$preset" ${1:+--target "$@"} >>"build-$preset.log" 2>&1 || { tail -n 60 "build-$preset.log" >&2; rm -f "build-$preset.log"; return 1; }
  rm -f "build-$preset.log"
}

# The same with ninja's steps shown as percent and time left.
build_showing_progress() {
  local preset="$1"
  shift
  configure "$preset" || return 1
  local log="build-$preset.log" status
  set +o pipefail
  NINJA_STATUS="[%f/%t] " "$cmake" --build --preset "$preset" --target "$@" 2>&1 | tee "$log" |
    sed -unE 's|^\[([0-9]+)/([0-9]+)\].*|\1 \2|p' | show_progress compile
  status=("${PIPESTATUS[@]}")
  set -o pipefail
  if [ "${status[0]}" -ne 0 ]; then tail -n 60 "$log" >&2; rm -f "$log"; return 1; fi
  rm -f "$log"
}
