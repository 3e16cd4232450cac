"""soak.py --minutes N: the attacks at a tenth of their rate beside ordinary requests, in steps of at most ten minutes, each with a server that
is killed and started again in the same home. All answers to ordinary requests are compared with what they were before, every acknowledged event must
be in the log once at the end, and memory must stay flat.

Prints one line a minute and "N requests, N wrong, memory A .. B MB" at the end; status 1 when something was wrong.
"""
import argparse
import collections
import http.client
import json
import random
import socket
import subprocess
import sys
import threading
import time

from cost_attacks import ATTACKS, resident_mb
from ground import TOKEN, Attacked, run, small_home

STEP_MINUTES = 10
PATHS = [f"/api/v1/items/m{i}/similar?size={size}" for i in range(1, 29) if i not in (2, 9) for size in (5, 20)]
PATHS += ["/api/v1/items/m3", "/api/v1/search?q=story", "/api/v1/genres", "/api/v1/rules", "/api/v1/similar?seeds=m1,m6", "/getmovie?id=m3"]
RAW = [b"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
       b"POST /api/v1/votes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", b"\x00\xff" * 500,
       b"GET /api/v1/healthz HTTP/1.1\r\nHost: localhost\r\n"]  # never ended


def plain(body):
    """What must be the same each time."""
    value = json.loads(body)
    if isinstance(value, dict):
        for name in ("request_id", "took_ms", "popularity_percentile"):  # the last: among all items, and some come and go
            value.pop(name, None)
    return value


class Soak:
    def __init__(self, server, expected, step):
        self.server, self.expected, self.step, self.stop = server, expected, step, threading.Event()
        self.kept = set()  # ids of acknowledged events
        self.requests = self.attacks = 0
        self.wrong, self.slow = [], []

    def ordinary(self, seed):
        rng = random.Random(seed)
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        while not self.stop.wait(0.01):
            path = rng.choice(PATHS)
            began = time.time()
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200 or plain(body) != self.expected[path]:
                    self.wrong.append((path, answer.status, body[:200]))
            except (OSError, ValueError, http.client.HTTPException) as error:
                connection.close()
                if not self.stop.is_set():
                    self.wrong.append((path, repr(error)))
            self.slow.append(time.time() - began)
            self.requests += 1

    def dear(self):
        """Each attack of cost_attacks in turn, one connection, paused nine times as long as it took."""
        number = 0
        while not self.stop.is_set():
            for path, body in ATTACKS.values():
                began = time.time()
                connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
                try:
                    data = None if body is None else json.dumps(body(number)).encode()
                    connection.request("GET" if data is None else "POST", "/api/v1/" + path.replace("{n}", str(number)), data,
                                       {"Content-Type": "application/json"})
                    if number % 7 != 0:  # now and then the client leaves without its answer
                        status = connection.getresponse().status
                        if status in (500, 502):
                            self.wrong.append((path, status))
                except (OSError, http.client.HTTPException) as error:
                    if not self.stop.is_set():  # else the server was killed, as it is after each step
                        self.wrong.append((path, repr(error)))
                connection.close()
                number += 1
                self.attacks += 1
                if self.stop.wait(min(5, max(0.02, 9 * (time.time() - began)))):
                    return

    def raw(self):
        while not self.stop.wait(0.2):
            for data in RAW:
                try:
                    with socket.create_connection(("127.0.0.1", self.server.port), timeout=2) as connection:
                        connection.sendall(data)
                        connection.settimeout(0.2)
                        if connection.recv(100).startswith(b"HTTP/1.1 5"):
                            self.wrong.append(("raw", data[:40]))
                except (OSError, socket.timeout):
                    pass
                self.attacks += 1

    def writes(self):
        """What an editor and users do: promotions, items that come and go, feedback; none of it changes the lists that are compared."""
        number = 0
        while not self.stop.wait(0.5):
            number += 1
            for path, method, body in ((f"items/soak{number % 20}", "PUT", {"title": "x" * 40, "hidden": True}),
                                       ("feedback", "POST", {"user": f"soak{number % 50}", "item": "m9", "kind": "hide"}),
                                       ("reports", "POST", {"seed": "m1", "item": "m8", "state": "reported"}),
                                       ("rules", "PUT", {"version": -1, "rules": []}),
                                       ("models/content/promote", "POST", {"version": "none"}),
                                       (f"users/soak{number % 50}", "DELETE", None)):
                try:
                    status, answer = self.server.send(f"/api/v1/{path}", body, TOKEN, method)
                    if status not in (200, 201, 202, 400, 404, 409, 429, 503):
                        self.wrong.append((path, status, answer))
                except (OSError, ValueError) as error:
                    if not self.stop.is_set():
                        self.wrong.append((path, repr(error)))
                self.attacks += 1

    def events(self):
        """Visitors look at lists, which are recorded, and click; each tenth batch is sent twice, as after a lost answer."""
        number = 0
        while not self.stop.wait(0.1):
            number += 1
            session = f"visit{self.step}-{number // 20}"
            try:
                shown = json.loads(self.server.get(f"/api/v1/items/m1/similar?size=5&session={session}")[1])
                batch = [{"id": f"soak-{self.step}-{number}-{i}", "type": "click", "session": session, "item": item["id"],
                          "request_id": shown["request_id"], "position": i} for i, item in enumerate(shown["items"])]
                for _ in range(1 + (number % 10 == 0)):
                    status, answer = self.server.send("/api/v1/events", {"events": batch}, TOKEN)
                    if status == 200 and answer["saved"] + answer["known"] == len(batch):
                        self.kept.update(event["id"] for event in batch)
                    elif status not in (429, 503):
                        self.wrong.append(("events", status, answer))
            except (OSError, ValueError, KeyError) as error:
                if not self.stop.is_set():
                    self.wrong.append(("events", repr(error)))
            self.requests += 2


def one_step(home, seconds, expected, totals):
    with Attacked(home) as server:
        if not expected:
            expected.update({path: plain(server.get(path)[1]) for path in PATHS})
        soak = Soak(server, expected, len(totals["steps"]))
        threads = [threading.Thread(target=soak.ordinary, args=(n,)) for n in range(3)]
        threads += [threading.Thread(target=work) for work in (soak.dear, soak.raw, soak.writes, soak.events)]
        for thread in threads:
            thread.start()
        end, minute = time.time() + seconds, 0
        while time.time() < end and server.process.poll() is None:
            time.sleep(min(60, max(0.1, end - time.time())))
            minute += 1
            memory = resident_mb(server) if server.process.poll() is None else 0
            totals["memory"].append(memory)
            ordered = sorted(soak.slow) or [0]
            print(f"minute {minute}: {soak.requests} requests, {soak.attacks} attacks, {len(soak.wrong)} wrong, {memory:.0f} MB, "
                  f"p50 {1000 * ordered[len(ordered) // 2]:.1f} ms, p99 {1000 * ordered[int(.99 * len(ordered))]:.1f} ms", flush=True)
        if server.process.poll() is not None:
            soak.wrong.append(("the server ended", server.stderr()[-500:]))
        soak.stop.set()
        server.process.kill()
        for thread in threads:
            thread.join()
        totals["requests"] += soak.requests
        totals["attacks"] += soak.attacks
        totals["wrong"] += soak.wrong
        totals["steps"].append(len(soak.kept))
        totals["kept"] |= soak.kept


def check_events(home, totals):
    """What was acknowledged is in the log, once."""
    exported = run("events", "export", "--what", "events", home=home, timeout=300)
    found = collections.Counter(json.loads(line).get("id") for line in exported.stdout.splitlines())
    lost = [name for name in totals["kept"] if found[name] != 1]
    if exported.returncode != 0 or lost:
        totals["wrong"].append(("events", exported.stderr, len(lost), lost[:5]))
    print(f"{len(totals['kept'])} events acknowledged, {len(lost)} of them not in the log exactly once", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=60)
    left = parser.parse_args().minutes
    totals, expected = {"requests": 0, "attacks": 0, "wrong": [], "memory": [], "steps": [], "kept": set()}, {}
    with small_home() as home:
        while left > 0:
            one_step(home, 60 * min(left, STEP_MINUTES), expected, totals)
            left -= STEP_MINUTES
        check_events(home, totals)
        verified = run("verify", "fusion", home=home)
        if verified.returncode != 0:
            totals["wrong"].append(("verify", verified.stderr))
    for wrong in totals["wrong"][:20]:
        print("wrong:", wrong, flush=True)
    memory = [m for m in totals["memory"] if m > 0]
    print(f"{totals['requests']} requests, {totals['attacks']} attacks, {len(totals['wrong'])} wrong, memory {min(memory):.0f} .. {max(memory):.0f} MB")
    sys.exit(bool(totals["wrong"]))


if __name__ == "__main__":
    main()
