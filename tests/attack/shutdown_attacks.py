"""The way out: SIGTERM with expensive requests under way and waiting. It ends by itself within four seconds, status 0, many times."""
import json
import pathlib
import socket
import tempfile
import time

from ground import ROUNDS, TOKEN, Attacked, check, equal, run


def request(port, method, path, body=b"", token=None):
    """Sends a request and does not wait for its answer."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=5)
    head = f"{method} /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    if token:
        head += f"Authorization: Bearer {token}\r\n"
    connection.sendall(head.encode() + b"\r\n" + body)
    return connection


def mixed(port):
    """Each kind of slow work at once: more than the pool has threads, so that some of it waits."""
    rules = json.dumps({"version": 0, "rules": [{"type": "filter", "show": f"year >= {1990 + i % 20}"} for i in range(300)]}).encode()
    batch = json.dumps({"requests": [{"seeds": [{"id": str(i + 1)}], "size": 20, "diversity": 0.5} for i in range(50)]}).encode()
    held = [request(port, "POST", "rules/what-if", rules, TOKEN) for _ in range(6)]
    held += [request(port, "POST", "batch", batch, TOKEN) for _ in range(6)]
    held += [request(port, "GET", "judgements") for _ in range(4)]
    held += [request(port, "PUT", f"items/s{i}", b'{"title":"x","genres":["Harbour"]}', TOKEN) for i in range(4)]
    held += [request(port, "POST", "judgements", b'{"grader":"s","seed":"1","item":"2","grade":1}') for _ in range(4)]
    held.append(request(port, "POST", "models/fusion/promote", b'{"version":"none"}', TOKEN))
    return held


def main():
    with tempfile.TemporaryDirectory() as folder:  # large enough for work that takes seconds
        home, times = pathlib.Path(folder, "home"), []
        for arguments in (["synth", "--items", "6000", "--users", "2000", "--interactions", "100000", "--out", f"{folder}/data"],
                          ["build", "--data", f"{folder}/data"]):
            equal(run(*arguments, home=home, timeout=300).returncode, 0)

        def one(delay):
            with Attacked(home) as server:
                held = mixed(server.port)
                time.sleep(delay)
                status, seconds = server.stop(15)
                times.append(seconds)
                for connection in held:
                    connection.close()
                said = server.stderr()
                equal(status, 0)
                assert seconds < 4, f"{seconds:.1f} s"
                assert "stopped" in said and "Sanitizer" not in said, said[-1500:]
        for number in range(ROUNDS):
            check(f"SIGTERM under load, round {number + 1}", lambda number=number: one(0.01 * number))
        print(f"     the slowest took {max(times, default=0):.2f} s", flush=True)

        def idle():
            with Attacked(home) as server:
                status, seconds = server.stop()
                equal(status, 0)
                assert seconds < 1.5, f"{seconds:.1f} s"
        check("SIGTERM without load", idle)
