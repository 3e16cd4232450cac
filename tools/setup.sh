# Sourced by run and test: what is needed on Debian 12, and how it is built.

run_packages=(cmake ninja-build g++ ccache pkg-config libfmt-dev nlohmann-json3-dev libhwy-dev libssl-dev librocksdb-dev libhiredis-dev librdkafka-dev
  libboost-dev libcli11-dev libtomlplusplus-dev libeigen3-dev libutf8proc-dev libsqlite3-dev libpq-dev libhnswlib-dev zlib1g-dev libzstd-dev libbz2-dev libarchive-dev curl unzip python3-pip ca-certificates)
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
  # Status lines are "dlstatus:PACKAGE:PERCENT:..." while it downloads, "pmstatus:..." while it installs.
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o APT::Status-Fd=3 "${missing[@]}" \
    3>&1 >/dev/null | awk -F: '/^(dl|pm)status:/ { print ($1 == "dlstatus" ? $3 / 2 : 50 + $3 / 2) }' | show_progress install
}

# show_progress STAGE: reads percents, one a line, and shows them with the time that is left: one line that changes in a
# terminal, a line every tenth elsewhere.
show_progress() {
  local terminal=0
  [ -t 2 ] && terminal=1
  awk -v stage="$1" -v terminal="$terminal" '
    BEGIN { "date +%s" | getline start; close("date +%s"); shown = -10 }
    {
      percent = $1 + 0
      if (!terminal && percent < shown + 10) next
      "date +%s" | getline now; close("date +%s")
      left = percent > 0 ? (now - start) * (100 - percent) / percent : 0
      line = sprintf("%-9s %3d %%%s", stage, percent, percent >= 3 && left >= 1 ? sprintf(", about %d s left", left) : "")
      printf terminal ? "\r%s\033[K" : "%s\n", line
      fflush()
      shown = percent
    }
    END { if (terminal) printf "\r\033[K" }' >&2
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
    sed -unE 's|^\[([0-9]+)/([0-9]+)\].*|\1 \2|p' | awk '{ print 100 * $1 / $2; fflush() }' | show_progress compile
  status=("${PIPESTATUS[@]}")
  set -o pipefail
  if [ "${status[0]}" -ne 0 ]; then tail -n 60 "$log" >&2; rm -f "$log"; return 1; fi
  rm -f "$log"
}
