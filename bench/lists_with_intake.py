#!/usr/bin/env python3
"""p99 of lists while events come in, against p99 without.

A server on a copy of the home SPARROW_HOME, one client that asks for lists one after the other, and in every other round a second process that
sends EVENTS events a second in batches of 500, each acknowledged when it is on disk. Rounds alternate, so that what else the machine does falls on
both. Usage: bench/lists_with_intake.py [--events 10000] [--seconds 10] [--rounds 3] [--lists "size=20"]; needs SPARROW_BIN and a built home.
"""
import argparse
import http.client
import json
import multiprocessing
import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import time

BIN, HOME, BATCH = os.environ.get("SPARROW_BIN", "build/test/sparrow"), os.environ.get("SPARROW_HOME", ".sparrow"), 500


def bodies(count, items, run):
    rng = random.Random(run)
    for number in range(count):
        yield json.dumps({"events": [{"id": f"{rng.getrandbits(64):016x}{number}", "type": "click", "user": f"u{rng.randrange(1000000)}",
                                      "session": f"{rng.getrandbits(32):08x}", "item": rng.choice(items), "request_id": f"{rng.getrandbits(32):08x}-{number:x}",
                                      "position": rng.randrange(20)} for _ in range(BATCH)]})


def send(port, ready, per_second, seconds, items, run, sent):
    every = BATCH / per_second
    made = list(bodies(int(seconds / every), items, run))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    os.nice(19)  # who sends stands on another machine: here it shall not take the processor from who asks
    ready.wait()
    began = time.perf_counter()
    for number, body in enumerate(made):
        wait = began + number * every - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        connection.request("POST", "/api/v1/events", body, {"Content-Type": "application/json", "Authorization": "Bearer bench-secret"})
        answer = connection.getresponse()
        assert answer.read() and answer.status == 200, answer.status
    sent.value = len(made) * BATCH / (time.perf_counter() - began)


def ask(port, seconds, items, lists):
    rng, times = random.Random(1), []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        path = f"/api/v1/items/{rng.choice(items)}/similar?{lists}"
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.read() and answer.status == 200, answer.status
        times.append(time.perf_counter() - began)
    times.sort()
    return [1e6 * times[int(len(times) * share)] for share in (0.5, 0.99)] + [len(times)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lists", default="size=20")
    options = parser.parse_args()
    copy = tempfile.mkdtemp()
    shutil.copytree(HOME, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.lock", "*.tmp", "events"))
    with open(f"{copy}/serve.log", "w+", encoding="utf-8") as log:
        server = subprocess.Popen([BIN, "serve", "--port", "0", "--token", "admin:bench-secret", "--max-body-kb", "1024"], stderr=log,
                                  env={**os.environ, "SPARROW_HOME": copy})
        try:
            port = None
            while port is None:
                found = re.search(r"http://localhost:(\d+)/", pathlib.Path(log.name).read_text(encoding="utf-8"))
                port = int(found[1]) if found else None
                time.sleep(0.05)
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/api/v1/search?q=the&size=100")
            items = [entry["id"] for entry in json.loads(connection.getresponse().read())["items"]]
            ask(port, 1, items, options.lists)
            found = {False: [], True: []}
            for number in range(2 * options.rounds):
                intake = number % 2 == 1
                ready, sent = multiprocessing.Event(), multiprocessing.Value("d", 0)
                process = multiprocessing.Process(target=send, args=(port, ready, options.events, options.seconds, items, number, sent))
                if intake:
                    process.start()
                    time.sleep(3)  # until its bodies are made
                    ready.set()
                median, p99, count = ask(port, options.seconds, items, options.lists)
                if intake:
                    process.join()
                found[intake].append(p99)
                print(f"{'with   ' if intake else 'without'} intake: p50 {median:7.0f} us, p99 {p99:7.0f} us, {count} lists" +
                      (f", {sent.value:.0f} events/s" if intake else ""), flush=True)
            middle = {intake: sorted(values)[len(values) // 2] for intake, values in found.items()}
            print(f"p99 with intake / without: {middle[True] / middle[False]:.2f} (medians of {options.rounds} rounds)")
        finally:
            server.kill()
            server.wait()
            shutil.rmtree(copy)


if __name__ == "__main__":
    main()
