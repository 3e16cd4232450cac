#!/usr/bin/env bash
# The served latency beside nginx: sparrow on core 0, wrk on core 1, nginx (one worker, core 0) serving a static file of
# the same size in the same run. Model: a generated log shaped like MovieLens 20M (26,744 items), as large as SCALE says.
# Usage: bench/serve_load.sh [SECONDS [ROUNDS]]; SPARROW_BENCH_HOME keeps the model between runs.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/setup.sh
install_packages "${bench_packages[@]}"
seconds="${1:-5}"
rounds="${2:-3}"
scale="${SCALE:-0.05}"
binary="${SPARROW_BIN:-build/release/sparrow}"
home="${SPARROW_BENCH_HOME:-build/bench-serve}"
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT
export SPARROW_HOME="$home"
if [ ! -d "$home/prepared" ]; then
  users=$(awk -v s="$scale" 'BEGIN { printf "%d", 138493 * s }')
  events=$(awk -v s="$scale" 'BEGIN { printf "%d", 20000263 * s }')
  "$binary" -q synth --out "$work/log" --users "$users" --items 26744 --interactions "$events" --clusters 60
  SPARROW_DATA="" "$binary" -q build --data "$work/log"
fi
taskset -c 0 "$binary" --threads 1 serve --port 6190 2>"$work/serve.log" &
sparrow=$!
for _ in $(seq 100); do curl -sf localhost:6190/api/v1/readyz >"$work/ready" && break; sleep 0.1; done
curl -s "localhost:6190/api/v1/items/1/similar?size=20" >"$work/body.json"
bytes=$(stat -c %s "$work/body.json")
cat >"$work/nginx.conf" <<CONF
daemon off; worker_processes 1; pid $work/nginx.pid; error_log $work/error.log;
events { worker_connections 2048; }
http { access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000000; open_file_cache max=100 inactive=600s;
  open_file_cache_valid 600s; types { application/json json; }
  client_body_temp_path $work/b; proxy_temp_path $work/p; fastcgi_temp_path $work/f; uwsgi_temp_path $work/u; scgi_temp_path $work/s;
  server { listen 127.0.0.1:6191 reuseport; root $work; } }
CONF
chmod 755 "$work"
chmod 644 "$work/body.json"
taskset -c 0 nginx -p "$work" -c "$work/nginx.conf" 2>/dev/null &
sleep 0.5
nginx_worker=$(pgrep -P "$(cat "$work/nginx.pid")" | head -1)
cat >"$work/random.lua" <<'LUA'
local n, seed = 0, 1
function init() math.randomseed(os.time()) ; paths = {} for i = 1, 20000 do paths[i] = wrk.format("GET", "/api/v1/items/" .. math.random(1, 26744) .. "/similar?size=20") end end
function request() n = n % #paths + 1 return paths[n] end
LUA
cat >"$work/controls.lua" <<'LUA'
local n = 0
function init() math.randomseed(7) ; paths = {} for i = 1, 20000 do paths[i] = wrk.format("GET", "/api/v1/items/" .. math.random(1, 26744) .. "/similar?size=20&filter=year%3E%3D1960&diversity=0.3&popularity=-0.3&exclude=5,17,99,1000") end end
function request() n = n % #paths + 1 return paths[n] end
LUA
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
# measure NAME PID URL [script]: "requests/s cpu_us p99_us bad"
measure() {
  local before after
  before=$(ticks "$2")
  taskset -c 1 wrk -t1 -c64 -d"${seconds}s" --latency ${4:+-s "$4"} "$3" >"$work/out"
  after=$(ticks "$2")
  awk -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" '
    /requests in/ { n = $1 } /Requests\/sec/ { rps = $2 } /99%/ { p = $2; u = p; sub(/[a-z]+/, "", p); if (u ~ /ms/) p *= 1000; else if (u ~ /[0-9]s/) p *= 1000000 }
    /Non-2xx/ { bad = $NF } /Socket errors/ { bad += $4 + $6 + $8 + $10 }
    END { printf "%.0f %.2f %.0f %d\n", rps, ticks / hz * 1e6 / n, p, bad }' "$work/out"
}
best() { sort -rn | head -1; }
base=http://127.0.0.1
for name in warm-up $(seq "$rounds"); do
  for one in nginx one random controls; do
    case "$one" in
      nginx) row=$(measure nginx "$nginx_worker" $base:6191/body.json) ;;
      one) row=$(measure one "$sparrow" "$base:6190/api/v1/items/1/similar?size=20") ;;
      random) row=$(measure random "$sparrow" $base:6190/ "$work/random.lua") ;;
      controls) row=$(measure controls "$sparrow" $base:6190/ "$work/controls.lua") ;;
    esac
    [ "$name" = warm-up ] || echo "$row" >>"$work/$one"
  done
done
echo "answer of $bytes bytes, 64 connections, $seconds s a run, best of $rounds; cores: server 0, wrk 1"
printf '| request | requests/s | / nginx | CPU us/request | p99 ms | p99 / nginx | bad |\n|---|---|---|---|---|---|---|\n'
read -r nginx_rps _ nginx_p99 _ < <(best <"$work/nginx")
for one in nginx one random controls; do
  best <"$work/$one" | awk -v name="$one" -v rps="$nginx_rps" -v p="$nginx_p99" '{ printf "| %s | %d | %.2f | %.1f | %.2f | %.2f | %d |\n", name, $1, $1 / rps, $2, $3 / 1000, $3 / p, $4 }'
done
