#!/usr/bin/python3
"""The server under load for minutes while models are swapped, rules and items change, the pool is refreshed and the store
goes away: every answer is checked against what it names, and memory is watched.

    SPARROW_DATA=DIR python3 bench/soak.py [--seconds 600] [--clients 4] [--store redis://127.0.0.1:6379/0]

An hour is six steps of ten minutes. The right list of every seed is asked for beforehand in each state (model version x
rules x pool) while nothing changes; an answer is right when it is the list that some state valid while it was under way
gives for the version it names. Faults: the store's folder is taken away, the pool's source fails, connections are cut in
mid-request, requests are nonsense. Exit status 1 for a wrong or failed answer, or memory that grows by more than 5 % and
8 MB between the second quarter and the last.
"""
import argparse
import http.client
import json
import os
import pathlib
import random
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = os.environ.get("SPARROW_BIN", str(ROOT / "build/release/sparrow"))
TOKEN = "soaking-for-an-hour"
FORMS = ("size=20", "size=10&diversity=0.4&popularity=-0.3", "size=12&filter=year%3E1980", "size=20&offset=20")
RULES = {"off": [], "on": [{"type": "cap", "by": "genre", "max": 6}, {"type": "filter", "when": "genre = Children", "show": "not genre in (Horror, Crime)"}]}
NONSENSE = (b"GET /api/v1/items/1/similar?size=-1 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x00\x01\x02\r\n\r\n", b"POST /api/v1/similar HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{",
            b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20_000)


def sparrow(*arguments):
    done = subprocess.run([BIN, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"sparrow {' '.join(arguments)}: {done.stderr}")


class Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def ask(self, path, method="GET", body=None):
        self.connection.request(method, path, body and json.dumps(body), {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


class Soak:
    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sparrow-soak-"))
        os.environ["SPARROW_HOME"] = str(self.folder / "home")
        self.store = ["--store", options.store] if options.store else []
        sparrow(*self.store, "build", "--data", os.environ["SPARROW_DATA"])
        sparrow("train", "--force", "--seed", "2")
        sparrow(*self.store, "publish")
        self.versions = sorted(os.listdir(self.folder / "home/models/fusion"))[-2:]
        lines = pathlib.Path(os.environ["SPARROW_DATA"], "movies.csv").read_text(encoding="utf-8").splitlines()[1:]
        self.items = sorted(line.split(",")[0] for line in lines)
        self.seeds = self.items[::100]
        self.database = self.folder / "pool.db"
        self.pool("all")
        self.start()
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.counts = dict.fromkeys(("answers", "failed", "wrong", "swaps", "rules", "pools", "items", "faults", "nonsense"), 0)
        self.problems = []
        self.memory = []

    def start(self):
        self.log = self.folder / "serve.log"
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([BIN, *self.store, "--threads", "2", "serve", "--port", "0", "--poll-ms", "100", "--token", f"admin:{TOKEN}",
                                             "--pool", f"sqlite:{self.database}", "--pool-refresh-s", "1", "--answer-cache-mb", "8", "--log", str(self.folder / "requests.jsonl")], stderr=log)
        for _ in range(400):
            found = re.search(r"http://localhost:(\d+)/", self.log.read_text(encoding="utf-8"))
            if found:
                self.port = int(found.group(1))
                return
            time.sleep(0.05)
        sys.exit("the server did not start: " + self.log.read_text(encoding="utf-8"))

    def pool(self, which):
        with sqlite3.connect(self.database) as db:
            db.execute("CREATE TABLE IF NOT EXISTS items(id TEXT PRIMARY KEY, available INT)")
            db.executemany("INSERT OR REPLACE INTO items VALUES (?, ?)", [(item, int(which == "all" or n % 3 > 0)) for n, item in enumerate(self.items)])

    # Each of these returns when the server answers in the new state.
    def set_model(self, client, version):
        client.ask("/api/v1/models/fusion/promote", "POST", {"version": version})
        self.until(lambda: client.ask("/api/v1/items/589/similar?size=1")[1]["model"]["version"] == version)

    def set_rules(self, client, which):
        status, body = client.ask("/api/v1/rules", "PUT", {"rules": RULES[which]})
        assert status == 200, body

    def set_pool(self, client, which):
        self.pool(which)
        # An item added at run time may be hidden as well.
        self.until(lambda: (client.ask("/api/v1/status")[1]["candidate_pool"]["hidden"] > 1) == (which == "part"))

    @staticmethod
    def set_item(client, number):
        """The catalogue is swapped as a whole; no list changes, for the item is hidden and there from the beginning (one more
        item moves the popularity that the dial measures with)."""
        status, body = client.ask("/api/v1/items/soaked", "PUT", {"title": f"Soaked {number}", "genres": ["Drama"], "hidden": True})
        assert status in (200, 201, 202), body

    @staticmethod
    def until(condition):
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end, "the server did not follow"
            time.sleep(0.02)

    def learn(self, client):
        """The right lists: {(version, rules, pool): {(seed, form): ids}}."""
        right = {}
        self.set_item(client, 0)
        for pool in ("all", "part"):
            self.set_pool(client, pool)
            for rules in RULES:
                self.set_rules(client, rules)
                for version in self.versions:
                    self.set_model(client, version)
                    right[version, rules, pool] = {(seed, form): self.list_of(client, seed, form)[1] for seed in self.seeds for form in FORMS}
        self.right = right
        self.valid = [{("on", "part")}]  # (rules, pool) that may be answered with, and all there was before

    @staticmethod
    def list_of(client, seed, form):
        status, body = client.ask(f"/api/v1/items/{seed}/similar?{form}")
        if status != 200:
            return None, status
        return body["model"]["version"], tuple(item["id"] for item in body["items"])

    def load(self, number):
        random_of = random.Random(number)
        client = Client(self.port)
        while not self.stop.is_set():
            seed, form = random_of.choice(self.seeds), random_of.choice(FORMS)
            began = len(self.valid) - 1
            try:
                version, ids = self.list_of(client, seed, form)
            except Exception as error:  # pylint: disable=broad-except
                version, ids, client = None, repr(error), Client(self.port)
            states = set().union(*self.valid[began:])
            with self.lock:
                self.counts["answers"] += 1
                if version is None:
                    self.counts["failed"] += 1
                    self.problems.append(f"{seed} {form}: {ids}")
                elif all(self.right[version, *state][seed, form] != ids for state in states):
                    self.counts["wrong"] += 1
                    self.problems.append(f"{seed} {form} of {version} in {states}: {ids}")

    def change(self, rules, pool, act):
        """While `act` runs the old and the new state are both right; it returns when only the new one is."""
        self.valid.append(self.valid[-1] | {(rules, pool)})
        act()
        self.valid.append({(rules, pool)})

    def turn(self, client, number):
        (rules, pool), = self.valid[-1]
        kind = number % 7
        if kind in (0, 3):
            version = self.versions[number % 2]
            self.counts["swaps"] += 1
            self.set_model(client, version)
        elif kind == 1:
            other = "off" if rules == "on" else "on"
            self.counts["rules"] += 1
            self.change(other, pool, lambda: self.set_rules(client, other))
        elif kind == 2:
            other = "all" if pool == "part" else "part"
            self.counts["pools"] += 1
            self.change(rules, other, lambda: self.set_pool(client, other))
        elif kind == 4:
            self.counts["items"] += 1
            self.set_item(client, number)
        elif kind == 5:
            self.counts["faults"] += 1
            self.fault(client)
        else:
            for text in NONSENSE:
                with socket.create_connection(("127.0.0.1", self.port)) as raw:
                    raw.sendall(text)  # and gone, without reading the answer
                self.counts["nonsense"] += 1
            time.sleep(0.3)

    def fault(self, client):
        """The store and the pool's source are away for a while: answers go on, readyz says degraded."""
        away = [(self.database, self.folder / "pool.away")]
        if not self.store:
            away.append((self.folder / "home/store", self.folder / "home/store.away"))
        for path, other in away:
            path.rename(other)
        self.until(lambda: client.ask("/api/v1/readyz")[1]["status"] == "degraded")
        time.sleep(1)
        for path, other in away:
            other.rename(path)
        self.until(lambda: client.ask("/api/v1/readyz")[1]["status"] == "ready")

    def resident(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024

    def run(self):
        client = Client(self.port)
        self.learn(client)
        threads = [threading.Thread(target=self.load, args=(n,)) for n in range(self.options.clients)]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        turn = 0
        try:
            while time.monotonic() - began < self.options.seconds:
                self.turn(client, turn)
                self.memory.append((time.monotonic() - began, self.resident()))
                turn += 1
        finally:
            self.stop.set()
            for thread in threads:
                thread.join()
        return time.monotonic() - began

    def report(self, seconds):
        quarters = [[mb for at, mb in self.memory if q / 4 <= at / seconds <= (q + 1) / 4] for q in range(4)]
        means = [sum(q) / max(1, len(q)) for q in quarters]
        lists = len({ids for answers in self.right.values() for ids in answers.values()})
        print(f"{self.options.store or 'rocksdb'}: {seconds:.0f} s, {self.options.clients} clients, {lists} different right lists in {len(self.right)} states: "
              + ", ".join(f"{value} {name}" for name, value in self.counts.items()))
        print("resident memory, mean of each quarter: " + ", ".join(f"{mean:.1f}" for mean in means)
              + f" MB ({len(self.memory)} readings, most {max(mb for _, mb in self.memory):.1f})")
        for problem in self.problems[:5]:
            print("PROBLEM", problem)
        return 1 if self.problems or means[3] > means[1] * 1.05 + 8 else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--store")
    soak = Soak(parser.parse_args())
    try:
        return soak.report(soak.run())
    finally:
        soak.process.terminate()
        soak.process.wait(10)


if __name__ == "__main__":
    sys.exit(main())
