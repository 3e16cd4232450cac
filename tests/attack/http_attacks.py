"""Bytes that two programs could read in two ways, and what HTTP asks a server to bear."""
import gzip
import re
import resource
import socket
import subprocess
import time

from ground import BIN, Attacked, check, clean_environment, equal, small_home

HOST = b"Host: localhost\r\n"
END = b"Connection: close\r\n\r\n"


def main():
    with small_home() as home, Attacked(home) as server:
        refused(server)
        accepted(server)
        trailers(server)
        pages(server)
        methods(server)
        check("the server still answers", server.alive)
    with small_home() as home:
        check("out of file descriptors it waits instead of spinning", lambda: no_files(home))


def refused(server):
    body = b'{"user":"u","item":"m1","kind":"seen"}'
    post = b"POST /api/v1/feedback HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
    cases = [
        ("HTTP/1.0 with chunked", b"POST /api/v1/feedback HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("chunked and a length", post + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
        ("a folded header", b"GET /api/v1/healthz HTTP/1.1\r\n" + HOST + b"X-A: b\r\n c\r\n" + END, 400),
        ("a folded Content-Length", post + b"Content-Length:\r\n %d\r\n" % len(body) + END + body, 400),
        ("a folded Transfer-Encoding", post + b"Transfer-Encoding:\r\n\tchunked\r\n" + END + b"0\r\n\r\n", 400),
        ("two Hosts in HTTP/1.0", b"GET /api/v1/healthz HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("no Host in HTTP/1.1", b"GET /api/v1/healthz HTTP/1.1\r\n" + END, 400),
        ("an expectation that nobody knows", post + b"Expect: nonsense\r\nContent-Length: 2\r\n" + END, 417),
        ("headers of 9 KB", b"GET /api/v1/healthz HTTP/1.1\r\n" + HOST + b"X-A: " + b"a" * 9000 + b"\r\n" + END, 431),
        ("headers of 12 KB in two", b"GET /api/v1/healthz HTTP/1.1\r\n" + HOST + b"X-A: " + b"a" * 6000 + b"\r\nX-B: " + b"b" * 6000 + b"\r\n" + END, 431),
        ("a URL of 9 KB", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + END, 414),
        ("a bare line feed", b"GET /api/v1/healthz HTTP/1.1\n" + HOST + b"\n", 0),
    ]
    for name, request, want in cases:
        def one(request=request, want=want):
            status, answer = server.raw(request, 1.0)
            assert status in ((want,) if want else (0, 400)), answer[:200]
            assert len(re.findall(rb"HTTP/1\.1 \d{3} ", answer)) <= 1, "one request had two answers"
        check(f"{name}: {want or 'no answer'}", one)


def accepted(server):
    cases = [
        ("absolute-form", b"GET http://example.org/api/v1/healthz HTTP/1.1\r\n" + HOST + END),
        ("absolute-form in capitals", b"GET HTTP://example.org/api/v1/healthz HTTP/1.1\r\n" + HOST + END),
        ("an empty line before the request", b"\r\nGET /api/v1/healthz HTTP/1.1\r\n" + HOST + END),
        ("Expect in HTTP/1.0 is not heard", b"GET /api/v1/healthz HTTP/1.0\r\nExpect: nonsense\r\n\r\n"),
        ("headers of 7 KB", b"GET /api/v1/healthz HTTP/1.1\r\n" + HOST + b"X-A: " + b"a" * 7000 + b"\r\n" + END),
    ]
    for name, request in cases:
        check(f"{name}: 200", lambda request=request: equal(server.raw(request)[0], 200))

    def waits_for_continue():
        body = b'{"user":"u","item":"m1","kind":"seen"}'
        with socket.create_connection(("127.0.0.1", server.port), timeout=3) as connection:
            connection.sendall(b"POST /api/v1/feedback HTTP/1.1\r\n" + HOST + b"Expect: 100-Continue\r\nContent-Type: application/json\r\n"
                               + b"Content-Length: %d\r\n" % len(body) + END)
            assert connection.recv(100).startswith(b"HTTP/1.1 100 "), "no 100"
            connection.sendall(body)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 "), "no 200"
    check("100-continue is told once", waits_for_continue)

    def head_is_empty():
        for path in (b"/api/v1/healthz", b"/api/v1/nothing", b"/"):
            _, answer = server.raw(b"HEAD " + path + b" HTTP/1.1\r\n" + HOST + END)
            assert answer.endswith(b"\r\n\r\n"), (path, answer[-80:])
    check("HEAD has no body", head_is_empty)


def trailers(server):
    """Authorization in a trailer was taken as if it stood in the header."""
    body = b'{"title":"x"}'
    chunks = b"%x\r\n" % len(body) + body + b"\r\n0\r\n"
    request = (b"PUT /api/v1/items/trailer HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
               b"Trailer: Authorization\r\nConnection: close\r\n\r\n" + chunks + b"Authorization: Bearer attack-secret\r\n\r\n")
    check("a token in a trailer opens nothing: 401", lambda: equal(server.raw(request)[0], 401))
    twice = (b"POST /api/v1/feedback HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
             + b"2\r\n{}\r\n0\r\nHost: other\r\nContent-Length: 9\r\n\r\n")
    check("a Host and a length in a trailer change nothing", lambda: equal(server.raw(twice)[0], 400))


def pages(server):
    status, body, headers = server.get("/", headers={"Accept-Encoding": "gzip"})
    tag = headers["ETag"]

    def packed(accept):
        _, answer, got = server.get("/", headers={"Accept-Encoding": accept})
        is_packed = got.get("Content-Encoding") == "gzip"
        equal(gzip.decompress(answer) if is_packed else answer, gzip.decompress(body))
        return is_packed
    check("gzip is asked for", lambda: equal(status, 200))
    for accept, want in (("gzip", True), ("GZIP", True), ("br, gzip;q=0.5", True), ("gzip;q=0", False), ("gzip; q=0.000", False), ("gzip;q=0, *", False),
                         ("*", True), ("*;q=0", False), ("identity", False), ("xgzip", False), ("br;q=1.0, gzip;q=0", False)):
        check(f"Accept-Encoding: {accept}", lambda accept=accept, want=want: equal(packed(accept), want))
    for value, want in ((tag, 304), (f"W/{tag}", 304), (f'"other", {tag}', 304), (f'"other",W/{tag} , "more"', 304), ("*", 304), ('"other"', 200),
                        (tag.strip('"'), 200)):
        check(f"If-None-Match: {value}", lambda value=value, want=want: equal(
            server.get("/", headers={"Accept-Encoding": "gzip", "If-None-Match": value})[0], want))


def methods(server):
    for path in ("feedback", "batch", "judgements/import", "rules/what-if", "models/fusion/promote", "models/fusion/rollback"):
        def one(path=path):
            status, _, headers = server.get(f"/api/v1/{path}")
            equal(status, 405)
            assert "POST" in headers["Allow"] and "GET" not in headers["Allow"], headers["Allow"]
        check(f"GET {path}: 405", one)


def no_files(home):
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    server = subprocess.Popen([BIN, "serve", "--port", "0", "--poll-ms", "60000", "--threads", "1"], stderr=subprocess.PIPE, text=True, preexec_fn=few,
                              env=clean_environment(home))
    held = []
    try:
        port = None
        while port is None:
            line = server.stderr.readline()
            assert line or server.poll() is None, "the server ended"
            found = re.search(r"http://localhost:(\d+)/", line)
            port = int(found.group(1)) if found else None
        for _ in range(100):
            held.append(socket.create_connection(("127.0.0.1", port), timeout=2))
        time.sleep(0.3)

        def ticks():
            fields = open(f"/proc/{server.pid}/stat", encoding="utf-8").read().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])
        before = ticks()
        time.sleep(2)
        spent = (ticks() - before) / 200  # share of a core, at 100 ticks a second
        assert spent < 0.2, f"{100 * spent:.0f} % of a core for nothing"
        for connection in held:
            connection.close()
        held.clear()
        time.sleep(1)
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET /api/v1/healthz HTTP/1.1\r\n" + HOST + END)
            assert connection.recv(100).startswith(b"HTTP/1.1 200 "), "no answer once files are free"
    finally:
        for connection in held:
            connection.close()
        server.kill()
        server.wait()
