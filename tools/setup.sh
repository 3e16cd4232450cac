# Sourced by run and test: what is needed on Debian 12, and how it is built.

run_packages=(cmake ninja-build g++ ccache pkg-config libfmt-dev nlohmann-json3-dev libhwy-dev libssl-dev librocksdb-dev libhiredis-dev
  libboost-dev libcli11-dev libtomlplusplus-dev libeigen3-dev libutf8proc-dev libsqlite3-dev libpq-dev libhnswlib-dev zlib1g-dev libzstd-dev curl unzip python3-pip ca-certificates)
test_packages=(libgtest-dev redis-server postgresql clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14 python3 python3-jsonschema python3-gensim python3-pandas python3-faiss fasttext chromium fonts-wqy-microhei nodejs npm git)
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
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
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
