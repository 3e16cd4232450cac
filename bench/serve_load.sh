#!/usr/bin/env bash
# What is served beside nginx: sparrow on core 0, wrk on core 1, nginx (one worker, core 0) serving a static file of the
# same size in the same run. Model: a generated log shaped like MovieLens 20M (26,744 items), as large as SCALE says.
# Usage: bench/serve_load.sh [SECONDS [ROUNDS]]
#   SPARROW_BENCH_HOME keeps the model between runs; BENCH_PORT is the first of four ports; ROWS chooses rows of the table.
# Rows: nginx; one id; random ids; random ids with filter, diversity, dial and exclude list; the latter two once more by
# a server without an answer cache ("each made"); one id while 500 clients drip header bytes (bench/drip.py).
# Exit status 1 when an answer was not 2xx or a dripping client was not cut.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/setup.sh
install_packages "${bench_packages[@]}"
seconds="${1:-5}"
rounds="${2:-3}"
rows="${ROWS:-nginx one random controls random-made controls-made drip}"
scale="${SCALE:-0.05}"
port="${BENCH_PORT:-6190}"
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
base=http://127.0.0.1
# start_sparrow PORT [options]: sets $started
start_sparrow() {
  taskset -c 0 "$binary" --threads 1 serve --port "$@" 2>>"$work/serve.log" &
  started=$!
  for _ in $(seq 100); do curl -sf "$base:$1/api/v1/readyz" >"$work/ready" && return; sleep 0.1; done
  cat "$work/serve.log" >&2
  return 1
}
start_sparrow "$port"; cached=$started
start_sparrow $((port + 1)) --answer-cache-mb 0; made=$started
curl -s "$base:$port/api/v1/items/1/similar?size=20" >"$work/body.json"
bytes=$(stat -c %s "$work/body.json")
cat >"$work/nginx.conf" <<CONF
daemon off; worker_processes 1; pid $work/nginx.pid; error_log $work/error.log;
events { worker_connections 2048; }
http { access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000000; open_file_cache max=100 inactive=600s;
  open_file_cache_valid 600s; types { application/json json; }
  client_body_temp_path $work/b; proxy_temp_path $work/p; fastcgi_temp_path $work/f; uwsgi_temp_path $work/u; scgi_temp_path $work/s;
  server { listen 127.0.0.1:$((port + 2)) reuseport; root $work; } }
CONF
chmod 755 "$work"
chmod 644 "$work/body.json"
taskset -c 0 nginx -p "$work" -c "$work/nginx.conf" 2>/dev/null &
for _ in $(seq 50); do curl -sf "$base:$((port + 2))/body.json" >"$work/ready" && break; sleep 0.1; done
nginx_worker=$(pgrep -P "$(cat "$work/nginx.pid")" | head -1)
random_ids() {
  cat <<LUA
local n = 0
function init() math.randomseed($1) ; paths = {} for i = 1, 20000 do paths[i] = wrk.format("GET", "/api/v1/items/" .. math.random(1, 26744) .. "/similar?size=20$2") end end
function request() n = n % #paths + 1 return paths[n] end
LUA
}
random_ids 1 "" >"$work/random.lua"
random_ids 7 "&filter=year%3E%3D1960&diversity=0.3&popularity=-0.3&exclude=5,17,99,1000" >"$work/controls.lua"
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
# measure PID PORT PATH [script]: "requests/s cpu_us p99_us bad"
measure() {
  local before after
  before=$(ticks "$1")
  taskset -c 1 wrk -t1 -c64 -d"${seconds}s" --latency ${4:+-s "$4"} "$base:$2$3" >"$work/out"
  after=$(ticks "$1")
  awk -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" '
    /requests in/ { n = $1 } /Requests\/sec/ { rps = $2 } /99%/ { p = $2; u = p; sub(/[a-z]+/, "", p); if (u ~ /ms/) p *= 1000; else if (u ~ /[0-9]s/) p *= 1000000 }
    /Non-2xx/ { bad = $NF } /Socket errors/ { bad += $4 + $6 + $8 + $10 }
    END { printf "%.0f %.2f %.0f %d\n", rps, ticks / hz * 1e6 / n, p, bad }' "$work/out"
}
# The server's own times of lists so far, as "count under1ms under300us": what the client waits for a core is not in them.
server_times() {
  curl -s "$base:$1/metrics" | awk '/^sparrow_request_seconds_bucket\{endpoint="similar",le="/ { split($1, q, "\""); at[q[4]] = $2 }
    END { printf "%d %d %d %d\n", at["+Inf"], at["0.001"], at["0.0003"], at["0.0001"] }'
}
times_before=$(server_times $((port + 1)))
for name in warm-up $(seq "$rounds"); do
  for one in $rows; do
    case "$one" in
      nginx) row=$(measure "$nginx_worker" $((port + 2)) /body.json) ;;
      one) row=$(measure "$cached" "$port" "/api/v1/items/1/similar?size=20") ;;
      random) row=$(measure "$cached" "$port" / "$work/random.lua") ;;
      controls) row=$(measure "$cached" "$port" / "$work/controls.lua") ;;
      random-made) row=$(measure "$made" $((port + 1)) / "$work/random.lua") ;;
      controls-made) row=$(measure "$made" $((port + 1)) / "$work/controls.lua") ;;
      drip) continue ;;
    esac
    [ "$name" = warm-up ] || echo "$row" >>"$work/$one"
  done
done
times_after=$(server_times $((port + 1)))
status=0
if [[ " $rows " == *" drip "* ]]; then
  # Both limits of the normal traffic are of one run: without drips, then with them.
  taskset -c 1 python3 bench/drip.py "$port" 500 $((seconds > 12 ? seconds + 1 : 13)) >"$work/drip.txt" &
  drip=$!
  sleep 1
  seconds=$((seconds > 11 ? seconds : 11)) measure "$cached" "$port" "/api/v1/items/1/similar?size=20" >"$work/drip"
  wait "$drip" || status=1
fi
echo "answer of $bytes bytes, 64 connections, $seconds s a run, best of $rounds; cores: server 0, wrk 1"
printf '| request | requests/s | / nginx | CPU us/request | p99 ms | p99 / nginx | bad |\n|---|---|---|---|---|---|---|\n'
best() { sort -rn "$1" | head -1; }
read -r nginx_rps _ nginx_p99 _ < <(best "$work/nginx")
for one in $rows; do
  best "$work/$one" | awk -v name="$one" -v rps="$nginx_rps" -v p="$nginx_p99" '{ printf "| %s | %d | %.2f | %.1f | %.2f | %.2f | %d |\n", name, $1, $1 / rps, $2, $3 / 1000, $3 / p, $4 }'
  awk '{ bad += $4 } END { exit bad > 0 }' "$work/$one" || status=1
done
echo "$times_before $times_after" | awk '{ n = $5 - $1; if (n > 0) printf "server time of %d lists that were each made: %.3f %% under 1 ms, %.3f %% under 0.3 ms, %.3f %% under 0.1 ms\n", n, 100 * ($6 - $2) / n, 100 * ($7 - $3) / n, 100 * ($8 - $4) / n }'
[ ! -f "$work/drip.txt" ] || cat "$work/drip.txt"
if [ -f "$work/drip" ] && [ -f "$work/one" ]; then
  awk 'NR == FNR { if ($1 > one) one = $1; next } { printf "normal requests beside them: %.2f x of those without\n", $1 / one }' "$work/one" "$work/drip"
fi
exit "$status"
