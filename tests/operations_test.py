"""Running the server: configuration, tokens, rate limit, logs, remote ranker, channels, raw sockets, drain, rules by file."""
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from api_test import BIN, HOME, ROOT, check, equal
import api_test
from online_test import EDITOR, TokenServer, ids, similar

HOST = b"Host: localhost\r\n"
CLOSE = b"Connection: close\r\n"


def run(*arguments, home=HOME, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SPARROW_")}
    return subprocess.run([BIN, *arguments], capture_output=True, text=True, check=False, env={**clean, "SPARROW_HOME": home, **environment})


class Started(TokenServer):
    """A server that is stopped when the block ends."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def stderr(self):
        return pathlib.Path(self.log.name).read_text(encoding="utf-8")


def configuration(folder):
    file = pathlib.Path(folder, "sparrow.toml")

    def explained(*flags, **environment):
        done = run("--config", str(file), "--json", "config", "explain", *flags, **environment)
        equal(done.returncode, 0)
        return {entry["name"]: entry for entry in json.loads(done.stdout)}

    def precedence():
        file.write_text("threads = 3\n[serve]\nport = 7001\npoll-ms = 700\nrequest-timeout-ms = 7000\n", encoding="utf-8")
        said = explained("--port", "9001", SPARROW_PORT="8001", SPARROW_POLL_MS="800")
        want = {"port": ("9001", "flag"), "poll-ms": ("800", "environment"), "request-timeout-ms": ("7000", "file"), "slow-threads": ("2", "default"),
                "threads": ("3", "file")}
        equal({name: (said[name]["value"], said[name]["source"]) for name in want}, want)

    def the_server_follows():
        file.write_text("[serve]\nport = 1\nmax-body-kb = 1\n", encoding="utf-8")
        with Started(HOME, "--config", str(file)) as server:  # its own flag --port 0 wins over port = 1
            equal(server.send("/api/v1/similar", {"seeds": ["1"], "exclude": ["1"] * 1000})[0], 413)

    def secrets():
        said = run("--json", "config", "explain", SPARROW_TOKENS="editor:very-secret-1,admin:very-secret-2", SPARROW_STORE="redis://u:hidden-pass@h:1/0").stdout
        assert "very-secret" not in said and "hidden-pass" not in said and "editor:***" in said, said

    def nonsense():
        for text, line, key in (("[serve]\nport = 1\ncolour = 3\n", 3, "colour"), ("[serve\nport = 1\n", 1, ""), ("[serve]\nport = \"many\"\n", 2, "port"),
                                ("\n[server]\nport = 1\n", 2, "server"), ("[serve]\npoll-ms = 1\n", 2, "poll-ms"), ("port = 1\n", 1, "port"),
                                ("[serve]\nhost = 1979-05-27\n", 2, "host")):
            file.write_text(text, encoding="utf-8")
            done = run("--config", str(file), "config", "check")
            equal(done.returncode, 2)
            assert f"{file}:{line}:" in done.stderr and key in done.stderr, (text, done.stderr)
        for text, word in (('channel = ["magic=on"]', "--channel magic=on"), ('channel = ["embedding=off"]', "empty"), ('rank-weight = ["beauty=1"]', "beauty"),
                           ('ranker = "ftp://x"', "--ranker"), ('cors = ["example.org"]', "--cors"), ('pool = "mysql:x"', "--pool")):
            file.write_text(f"[serve]\n{text}\n", encoding="utf-8")
            done = run("--config", str(file), "config", "check")
            assert done.returncode == 2 and word in done.stderr, (text, done.returncode, done.stderr)
        equal(run("--config", "/nonexistent.toml", "config", "check").returncode, 2)

    def example():
        equal(run("--config", str(ROOT / "examples/sparrow.toml"), "config", "check").returncode, 0)

    check("flags win over the environment, that over the file, that over defaults", precedence)
    check("the server follows its file", the_server_follows)
    check("config explain shows no secret", secrets)
    check("nonsense in the file names file, line and key", nonsense)
    check("the example configuration is sound", example)


def unit_file():
    if shutil.which("systemd-analyze"):
        copy = pathlib.Path(tempfile.mkdtemp(), "sparrow.service")
        copy.write_text((ROOT / "packaging/systemd/sparrow.service").read_text(encoding="utf-8").replace("/usr/bin/sparrow", BIN), encoding="utf-8")
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False)
        problems = [line for line in done.stderr.splitlines() if "sparrow.service" in line]
        equal(problems, [])


def limits_and_logs(folder):
    log = pathlib.Path(folder, "requests.jsonl")

    def lines():
        time.sleep(0.4)
        return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]

    def log_lines(server):
        status, _, headers = server.get("/api/v1/items/1/similar?size=3")
        line = lines()[-1]
        equal((line["status"], line["path"], line["query"], line["method"], status), (200, "/api/v1/items/1/similar", "size=3", "GET", 200))
        equal(line["request_id"], headers["X-Request-Id"])
        equal(line["request_id"], server.json("/api/v1/items/1/similar?size=3")["request_id"].rsplit("-", 1)[0] + "-" + line["request_id"].rsplit("-", 1)[1])

    def nothing_forged(server):
        before = len(lines())
        forged = b'/api/v1/search?q=a%0A%7B%22status%22:1%7D","status":200,"x":"'
        server.talk(b"GET " + forged + b" HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n")
        server.talk(b"GET /\xff\xfe\x01 HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n")
        server.talk(b"nonsense\nwith lines\n\n\r\n\r\n")
        server.talk(b"GET / HTTP/1.1\r\n" + HOST + b"X-Request-Id: forged\r\n" + CLOSE + b"\r\n")
        after = lines()  # each line must be JSON
        equal(len(after) - before, 4)
        assert all("x" not in line and line.get("request_id") != "forged" for line in after), after[before:]
        equal([line.get("refused", False) for line in after[before:]].count(True), 2)

    def too_many(server):
        codes, waits = [], set()
        for _ in range(30):
            status, body, headers = server.get("/api/v1/items/1")
            codes.append(status)
            if status == 429:
                waits.add(headers["Retry-After"])
                equal(json.loads(body)["error"]["code"], "too_many_requests")
        assert 429 in codes and codes.count(200) >= 8 and all(int(w) >= 1 for w in waits), codes
        equal(server.get("/metrics")[0], 200)
        equal(server.get("/api/v1/healthz")[0], 200)
        time.sleep(1.2)
        equal(server.get("/api/v1/items/1")[0], 200)
        # A token has a bucket of its own; an invented one has not.
        while server.get("/api/v1/items/1")[0] != 429:
            pass
        equal(server.get("/api/v1/items/1", headers={"Authorization": f"Bearer {EDITOR}"})[0], 200)
        equal(server.get("/api/v1/items/1", headers={"Authorization": "Bearer invented-one"})[0], 429)

    with Started(HOME, "--log", str(log), "--token", f"editor:{EDITOR}") as server:
        check("each request is a line of JSON with its id", lambda: log_lines(server))
        check("nothing a client sends forges a line", lambda: nothing_forged(server))
    with Started(HOME, "--requests-per-second", "2", "--burst", "8", "--token", f"editor:{EDITOR}") as server:
        check("too many requests are 429 with Retry-After", lambda: too_many(server))


class RankerServer:
    """Speaks the REST protocol of TensorFlow Serving; `mode` says how well."""

    def __init__(self):
        self.mode, self.asked, self.trace = "good", [], None
        ranker = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802
                instances = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["instances"]
                ranker.asked.append((self.path, instances))
                ranker.trace = self.headers["traceparent"]
                if ranker.mode == "slow":
                    time.sleep(1)
                # The worse the match, the better: unlike any order of ours.
                good = {"predictions": [[1 - i["features"][0]] for i in instances]}
                answer = {"good": good, "slow": good, "few": {"predictions": [0.5]}, "words": {"predictions": ["x"] * len(instances)},
                          "object": {"outputs": 1}, "error": good, "text": None, "huge": {"predictions": [0.25] * 400_000}}[ranker.mode]
                body = b"<html>" if answer is None else json.dumps(answer).encode()
                try:
                    self.send_response(500 if ranker.mode == "error" else 200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/models/related:predict"


def remote_ranker(folder):
    ranker = RankerServer()
    log = pathlib.Path(folder, "traced.jsonl")

    def ranks(server, plain):
        answer = similar(server, 1, size=20, parts="true")
        equal((ranker.asked[-1][0], len(answer["items"]), answer["degraded"]), ("/v1/models/related:predict", 20, []))
        assert len(ranker.asked[-1][1]) >= 40 and len(ranker.asked[-1][1][0]["features"]) == 6
        matches = [item["parts"]["match"] for item in answer["items"]]
        equal(matches, sorted(matches))  # its order, not ours
        assert set(ids(answer)) != set(ids(plain))

    def traced(server):
        trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
        spans = set()
        for path in ("/api/v1/items/1/similar?size=3", "/api/v1/similar?seeds=1,589"):
            equal(server.get(path, headers={"traceparent": f"00-{trace}-{parent}-01"})[0], 200)
            version, asked_trace, span, flags = ranker.trace.split("-")
            equal((version, asked_trace, flags), ("00", trace, "01"))
            time.sleep(0.3)
            line = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
            equal((line["trace_id"], line["span_id"], line["parent_id"]), (trace, span, parent))
            spans.add(span)
        equal(len(spans - {parent}), 2)
        for wrong in (None, f"00-{trace}-{parent}", f"00-{trace}-{parent}-01-more", f'00-{trace[:-1]}"-{parent}-01'):
            equal(server.get("/api/v1/items/1/similar?size=3", headers={"traceparent": wrong} if wrong else None)[0], 200)
            equal(ranker.trace, None)
        time.sleep(0.3)
        assert "trace_id" not in log.read_text(encoding="utf-8").splitlines()[-1]

    def falls_back(server, plain):
        for mode in ("few", "words", "object", "error", "text", "huge", "slow"):
            time.sleep(5.2 if len(ranker.asked) > 100 else 0)
            ranker.mode = "good"
            similar(server, 1)  # five failures in a row make a pause
            ranker.mode = mode
            began = time.time()
            answer = similar(server, 1, size=20)
            assert time.time() - began < 0.6, "the time-out does not hold"
            equal(ids(answer), ids(plain))
            assert any("remote ranker" in text for text in answer["degraded"]), (mode, answer["degraded"])

    def pauses(server):
        ranker.mode = "error"
        for _ in range(8):
            similar(server, 1)
        asked = len(ranker.asked)
        answer = similar(server, 1)
        equal((len(ranker.asked), len(answer["items"])), (asked, 20))
        assert any("not asked just now" in text for text in answer["degraded"])
        metrics = server.get("/metrics")[1].decode()
        assert float(re.search(r"^sparrow_remote_ranker_failures_total (\d+)", metrics, re.M)[1]) >= 5

    with Started(HOME) as own:
        plain = similar(own, 1, size=20)
    with Started(HOME, "--ranker", ranker.url, "--ranker-timeout-ms", "200", "--log", str(log)) as server:
        check("a remote ranker orders the list", lambda: ranks(server, plain))
        check("a traceparent is passed on to it, and in the log", lambda: traced(server))
        check("a slow, failing or senseless ranker costs the order only, and is said", lambda: falls_back(server, plain))
        check("after failures in a row it is left alone for a while", lambda: pauses(server))
    ranker.server.shutdown()
    with Started(HOME, "--ranker", ranker.url) as server:
        check("a ranker that is not there", lambda: equal(ids(similar(server, 1, size=20)), ids(plain)))


def channels_and_weights():
    def parts(server):
        item = similar(server, 1, parts="true", size=1)["items"][0]
        assert {"match", "adjusted", "similarity", "co_watch", "content", "years", "quality", "popularity"} <= set(item["parts"]), item["parts"]

    def weights(server, plain):
        weighted = similar(server, 1, size=20, parts="true")
        assert ids(weighted) != ids(plain)
        quality = [sum(i["parts"]["quality"] for i in a["items"]) for a in (weighted, plain)]
        assert quality[0] > quality[1], quality

    def in_configuration(server):
        answer = similar(server, 1, size=20)
        channels = {c["name"] for i in answer["items"] for c in i.get("channels", [])}
        assert {"embedding", "co-watch"} <= channels, channels
        off = similar(server, 1, size=20, channels="popular")
        assert any("popular is switched off" in text for text in off["degraded"]) and len(off["items"]) == 20
        metrics = server.get("/metrics")[1].decode()
        assert int(re.search(r'channel="co-watch",result="ok"} (\d+)', metrics)[1]) >= 1

    with Started(HOME) as server:
        plain = similar(server, 1, size=20, parts="true")
        check("the parts of a score are told on request", lambda: parts(server))
        check("recall_at_k is exported", lambda: equal(float(re.search(r'^sparrow_recall_at_k{model="fusion",k="10"} (\S+)', server.get("/metrics")[1].decode(), re.M)[1]), 1.0))
    with Started(HOME, "--rank-weight", "quality=20") as server:
        check("ranking weights move the list", lambda: weights(server, plain))
    with Started(HOME, "--channel", "co-watch=on,quota=50,weight=5", "--channel", "popular=off") as server:
        check("channels are on, off, limited and weighted by configuration", lambda: in_configuration(server))


def answer_cache():
    def counted(server):
        metrics = server.get("/metrics")[1].decode()
        return [int(float(re.search(rf"^sparrow_answer_cache_{name} (\S+)", metrics, re.M)[1])) for name in ("hits_total", "misses_total", "bytes")]

    def keeps(server):
        first, again = similar(server, 1, size=20, diversity=0.3), similar(server, 1, size=20, diversity=0.3)
        equal(counted(server)[:2], [1, 1])
        assert first["request_id"] != again["request_id"]
        different = {"request_id": None, "took_ms": None}
        equal({**first, **different}, {**again, **different})
        equal(server.get("/api/v1/items/1/similar?size=20&diversity=0.3")[2]["X-Request-Id"].rsplit("-", 1)[0], first["request_id"].rsplit("-", 1)[0])
        rows = [server.json("/api/v1/items/1/rows?size=5") for _ in range(2)]
        equal(rows[0]["rows"], rows[1]["rows"])
        equal(counted(server)[:2], [3, 2])

    def nothing_personal(server):
        before = counted(server)
        lists = [ids(similar(server, 1, user="somebody", size=5, fatigue=1)) for _ in range(2)]
        assert not set(lists[0]) & set(lists[1]), lists  # shown once: tiring
        for _ in range(2):
            similar(server, 1, budget_ms=50)
            server.get("/api/v1/items/1/similar?size=-1")
        after = counted(server)
        equal((after[0], after[2]), (before[0], before[2]))

    def nothing_across_a_swap(server):
        first = ids(similar(server, 589))
        similar(server, 589)
        equal(server.send("/api/v1/rules", {"rules": [{"type": "block_pair", "a": "589", "b": first[0]}]}, EDITOR, "PUT")[0], 200)
        equal(ids(similar(server, 589))[:19], first[1:20])
        equal(server.send("/api/v1/items/" + first[1], {"hidden": True}, EDITOR, "PATCH")[0], 200)
        assert first[1] not in ids(similar(server, 589))
        equal(server.send("/api/v1/items/" + first[1], {"hidden": False}, EDITOR, "PATCH")[0], 200)
        equal(server.send("/api/v1/rules", {"rules": []}, EDITOR, "PUT")[0], 200)
        equal(ids(similar(server, 589)), first)

    def bounded(server):
        for item in similar(server, 1, size=1000)["items"]:
            server.get(f"/api/v1/items/{item['id']}/similar?size=20")
        assert 700_000 < counted(server)[2] <= 1 << 20, counted(server)

    folder = tempfile.mkdtemp()
    home = pathlib.Path(folder, "home")
    shutil.copytree(HOME, home)
    for name in ("rules.json", "items.jsonl"):
        pathlib.Path(home, name).unlink(missing_ok=True)
    with Started(str(home), "--token", f"editor:{EDITOR}") as server:
        check("an answer is kept, with a request id of its own each time", lambda: keeps(server))
        check("personal, hurried and wrong requests are not kept", lambda: nothing_personal(server))
        check("no kept answer outlives what it was made of", lambda: nothing_across_a_swap(server))
    with Started(HOME, "--answer-cache-mb", "1") as server:
        check("kept answers stay below their bound", lambda: bounded(server))
    with Started(HOME, "--answer-cache-mb", "0") as server:
        check("none is kept where there is no room", lambda: equal((ids(similar(server, 1)), counted(server)), (ids(similar(server, 1)), [0, 0, 0])))
    shutil.rmtree(folder)


def raw(server):
    get = b"GET /api/v1/items/1/similar"
    table = ((b"nonsense\r\n\r\n", 400), (b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n", 400), (b"GET / HTTP/9.9\r\n" + HOST + b"\r\n", 400),
             (b"GET / HTTP/1.1\r\n\r\n", 400), (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
             (b"POST /api/v1/similar HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
             (b"POST /api/v1/similar HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
             (b"POST /api/v1/similar HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
             (b"POST /api/v1/similar HTTP/1.1\r\n" + HOST + b"Content-Length: 3, 3\r\n\r\nabc", 400),
             (b"POST /api/v1/similar HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
             (b"POST /api/v1/similar HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
             (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
             (b"POST /api/v1/similar HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", 400),
             (b"POST /api/v1/similar HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999999999999999\r\n\r\n", 400),
             (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 100_000 + b"\r\n\r\n", 431), (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 10_000 + b"\r\n", 431),
             (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
             (b"POST /api/v1/similar HTTP/1.1\r\n" + HOST + b"Content-Length: 100000000\r\n\r\n" + b"x" * 1000, 413),
             (b"POST /api/v1/similar HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + (b"8000\r\n" + b"x" * 0x8000 + b"\r\n") * 20, 413),
             (b"POST /api/v1/similar HTTP/1.1\r\n" + HOST + CLOSE + b"Content-Type: application/json\r\nContent-Length: 4\r\n\r\n{\"\xff}", 400),
             (b"GET /api/v1/search?q=%ff%fe HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", 400), (b"GET /api/v1/items/%ff HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", 400),
             (get + b"?size=-1 HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", 400), (get + b"?size=1e9 HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", 400),
             (get + b"?size=99999999999999999999 HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", 400), (get + b"?size=%00 HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", 400),
             (b"DELETE /api/v1/search HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", 405), (b"BREW /api/v1/search HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", 405),
             (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400))
    for data, status in table:
        def one(d=data, s=status):
            answer = server.talk(d)
            equal(int(answer[9:12]), s)
            assert b"Connection: close" in answer and json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"]["message"]
        check(f"raw {data[:48]!r} ({len(data)} bytes) gives {status}", one)

    def methods():
        answer = server.talk(b"HEAD /api/v1/items/1/similar HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n")
        head, body = answer.split(b"\r\n\r\n", 1)
        assert b" 200 " in head and body == b"" and b"Date: " in head and int(re.search(rb"Content-Length: (\d+)", head)[1]) > 1000
        for path, allow in ((b"/api/v1/items/1", b"GET, HEAD, OPTIONS, PUT, PATCH, DELETE"), (b"/api/v1/rules", b"GET, HEAD, OPTIONS, PUT"), (b"/api/v1/search", b"GET, HEAD, OPTIONS")):
            assert b"\r\nAllow: " + allow + b"\r\n" in server.talk(b"OPTIONS " + path + b" HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n")
        refused = server.talk(b"PUT /api/v1/search HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n")
        assert b" 405 " in refused and b"\r\nAllow: GET, HEAD, OPTIONS\r\n" in refused
        old = server.talk(b"GET /api/v1/items/1 HTTP/1.0\r\n\r\n")
        assert b" 200 " in old and b"Connection: close" in old

    def pipelining():
        one = b"GET /api/v1/items/%d HTTP/1.1\r\n" + HOST + b"%s\r\n"
        answer = server.talk(b"".join(one % (i, b"") for i in (1, 589, 50) * 20) + one % (1, CLOSE))
        titles = re.findall(rb'"title":"(Toy Story|Terminator 2[^"]*|The Usual Suspects)"', answer)
        equal([t[:3] for t in titles], [b"Toy", b"Ter", b"The"] * 20 + [b"Toy"])
        # A refused request ends the connection; what was asked before it is answered.
        mixed = server.talk(one % (1, b"") + b"nonsense\r\n\r\n" + one % (589, b""))
        assert len(re.findall(rb"HTTP/1.1 \d", mixed)) == 2 and b" 200 " in mixed[:20] and b"HTTP/1.1 400 " in mixed

    def dripping():
        # 500 clients send header bytes, one at a time; normal requests go on, all are cut at the limit.
        drips = []
        for _ in range(500):
            drip = socket.create_connection(("127.0.0.1", server.port))
            drip.setblocking(False)
            drips.append(drip)
        began, worst, sent = time.time(), 0, 0
        while time.time() - began < 3.5:
            for drip in drips:
                try:
                    drip.send(b"GET / HTTP/1.1\r\nX: aaaaaaaaaaaaaaaaaaaaaaaa"[sent:sent + 1])
                except OSError:
                    pass
            sent += 1
            asked = time.time()
            equal(len(similar(server, 589)["items"]), 20)
            worst = max(worst, time.time() - asked)
            time.sleep(0.2)
        time.sleep(0.5)
        alive = 0
        for drip in drips:
            try:
                while drip.recv(4096):
                    pass
            except BlockingIOError:
                alive += 1
            except OSError:
                pass
            drip.close()
        assert alive == 0 and worst < 1, (alive, worst)

    check("HEAD, OPTIONS, 405 with Allow, HTTP/1.0, Date", methods)
    check("pipelining, also before a refused request", pipelining)
    check("500 dripping connections are cut at the limit, others are answered", dripping)


def cors_and_drain(home):
    def cors(server):
        _, _, headers = server.get("/api/v1/items/1", headers={"Origin": "https://good.example"})
        equal(headers["Access-Control-Allow-Origin"], "https://good.example")
        _, _, headers = server.get("/api/v1/items/1", headers={"Origin": "https://bad.example"})
        equal(headers["Access-Control-Allow-Origin"], None)
        ask = b"OPTIONS /api/v1/similar HTTP/1.1\r\n" + HOST + CLOSE + b"Access-Control-Request-Method: POST\r\nOrigin: https://%s.example\r\n\r\n"
        answer = server.talk(ask % b"good")
        assert b"\r\nAccess-Control-Allow-Methods: GET, HEAD, OPTIONS, POST\r\n" in answer and b"Allow-Headers: Authorization, Content-Type\r\n" in answer, answer
        assert b"Access-Control" not in server.talk(ask % b"bad")

    def drains():
        server = Started(home, "--token", f"editor:{EDITOR}")
        idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50)]
        for connection in idle[:25]:
            connection.sendall(b"GET /api/v1/items/1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            connection.recv(65536)
        film = {"title": "Made while stopping", "genres": ["Drama"]}
        busy = threading.Thread(target=lambda: server.send("/api/v1/items", {"items": [{"id": f"late-{i}", **film} for i in range(500)]}, EDITOR))
        busy.start()
        time.sleep(0.15)
        began = time.time()
        server.process.send_signal(signal.SIGTERM)
        equal(server.process.wait(10), 0)
        assert time.time() - began < 2, f"{time.time() - began:.2f} s"
        busy.join()
        for connection in idle:
            connection.close()

    with Started(HOME, "--cors", "https://good.example") as server:
        check("only listed origins may read answers", lambda: cors(server))
    check("SIGTERM: gone within 2 s with idle connections and a change under way", drains)

    def stops_while_starting():
        with socket.create_server(("127.0.0.1", 0)) as silent:  # a store that takes connections and says nothing
            clean = {k: v for k, v in os.environ.items() if not k.startswith("SPARROW_")}
            store = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
            starting = subprocess.Popen([BIN, "serve", "--port", "0"], stderr=subprocess.PIPE, text=True, env={**clean, "SPARROW_HOME": HOME, "SPARROW_STORE": store})
            silent.settimeout(20)
            silent.accept()  # it is on its way
            began = time.time()
            starting.send_signal(signal.SIGTERM)
            said = starting.communicate(timeout=20)[1]
            equal((starting.returncode, "before it was ready" in said), (0, True))
            assert time.time() - began < 1, f"after {time.time() - began:.1f} s"
    check("SIGTERM while it starts, with a store that does not answer: gone within 1 s", stops_while_starting)


def rules_by_file():
    guard = str(ROOT / "examples/genre-guard.json")

    def what_if():
        equal(run("rules", "check", guard).returncode, 0)
        done = run("--json", "rules", "what-if", guard, "--seeds", "300")
        effect = json.loads(done.stdout)
        assert 200 <= effect["seeds"] <= 300 and effect["seeds_changed"] > 0 and "genre_shift" in effect and effect["short_lists"] == 0, effect
        assert "lists changed" in run("rules", "what-if", guard, "--seeds", "100").stdout

    def wrong():
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write('{"rules":[{"type":"pin"}]}')
            file.flush()
            done = run("rules", "check", file.name)
            assert done.returncode == 2 and file.name in done.stderr and "rule 1" in done.stderr, done.stderr

    check("sparrow rules what-if on the shipped genre guard", what_if)
    check("rules that are wrong name file and rule", wrong)


def main():
    folder = tempfile.mkdtemp()
    home = pathlib.Path(folder, "home")
    shutil.copytree(HOME, home)
    for name in ("rules.json", "items.jsonl"):
        pathlib.Path(home, name).unlink(missing_ok=True)
    configuration(folder)
    check("systemd accepts the unit file", unit_file)
    limits_and_logs(folder)
    remote_ranker(folder)
    channels_and_weights()
    answer_cache()
    with Started(HOME, "--request-timeout-ms", "2000") as server:
        raw(server)
    cors_and_drain(str(home))
    rules_by_file()
    shutil.rmtree(folder)
    print(f"{api_test.passed} passed, {api_test.failed} failed")
    raise SystemExit(api_test.failed > 0)


if __name__ == "__main__":
    main()
