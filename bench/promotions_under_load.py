#!/usr/bin/python3
"""Promotions and rollbacks under full load: how many answers failed, how many were not those of the version that they name.

    SPARROW_DATA=DIR python3 bench/promotions_under_load.py [--store redis://127.0.0.1:6379/0] [--changes 100] [--clients 4]

The right list of every seed is asked for beforehand, from each of the two versions while nothing changes.
"""
import argparse
import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = os.environ.get("SPARROW_BIN", str(ROOT / "build/release/sparrow"))
TOKEN = "promotions-under-load"


def sparrow(*arguments):
    done = subprocess.run([BIN, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"sparrow {' '.join(arguments)}: {done.stderr}")
    return done.stdout


class Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def ask(self, path, method="GET", body=None):
        self.connection.request(method, path, body and json.dumps(body), {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def list_of(self, seed):
        status, body = self.ask(f"/api/v1/items/{seed}/similar?size=20")
        if status != 200:
            return None, status
        return body["model"]["version"], tuple(item["id"] for item in body["items"])


def start(store):
    log = tempfile.NamedTemporaryFile("w+", suffix=".log")
    process = subprocess.Popen([BIN, *store, "serve", "--port", "0", "--poll-ms", "50", "--token", f"admin:{TOKEN}"], stderr=log)
    for _ in range(400):
        found = re.search(r"http://localhost:(\d+)/", pathlib.Path(log.name).read_text(encoding="utf-8"))
        if found:
            return process, int(found.group(1))
        time.sleep(0.05)
    sys.exit("the server did not start: " + pathlib.Path(log.name).read_text(encoding="utf-8"))


def promote(client, version):
    status, body = client.ask("/api/v1/models/fusion/promote", "POST", {"version": version})
    assert status == 200, body
    wait_for(client, version)


def wait_for(client, version):
    until = time.time() + 10
    while client.list_of("589")[0] != version:
        assert time.time() < until, "the server did not follow the promotion"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--store")
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    store = ["--store", options.store] if options.store else []
    os.environ["SPARROW_HOME"] = tempfile.mkdtemp(prefix="sparrow-promotions-")
    sparrow(*store, "build", "--data", os.environ["SPARROW_DATA"])
    sparrow("train", "--force", "--seed", "2")
    sparrow(*store, "publish")
    process, port = start(store)
    try:
        return measure(options, port)
    finally:
        process.terminate()
        process.wait(10)


def measure(options, port):
    client = Client(port)
    versions = sorted(os.listdir(pathlib.Path(os.environ["SPARROW_HOME"], "models", "fusion")))[-2:]
    seeds = sorted(pathlib.Path(os.environ["SPARROW_DATA"], "movies.csv").read_text(encoding="utf-8").splitlines()[1:])
    seeds = [line.split(",")[0] for line in seeds[::20]]
    right = {}
    for version in versions:
        promote(client, version)
        for seed in seeds:
            named, ids = client.list_of(seed)
            assert named == version
            right[version, seed] = ids
    differ = sum(right[versions[0], seed] != right[versions[1], seed] for seed in seeds)
    stop = threading.Event()
    counts = {"answers": 0, "failed": 0, "mixed": 0}
    lock = threading.Lock()

    def load(number):
        mine = Client(port)
        n = number
        while not stop.is_set():
            seed = seeds[n % len(seeds)]
            n += 7
            try:
                version, ids = mine.list_of(seed)
            except Exception as error:  # pylint: disable=broad-except
                version, ids = None, error
                mine = Client(port)
            with lock:
                counts["answers"] += 1
                counts["failed"] += version is None
                counts["mixed"] += version is not None and right.get((version, seed)) != ids

    threads = [threading.Thread(target=load, args=(n,)) for n in range(options.clients)]
    for thread in threads:
        thread.start()
    began = time.time()
    for change in range(options.changes):
        if change % 2 == 0:
            promote(client, versions[0])
        else:
            status, body = client.ask("/api/v1/models/fusion/rollback", "POST")
            assert status == 200, body
            wait_for(client, versions[1])
    seconds = time.time() - began
    stop.set()
    for thread in threads:
        thread.join()
    print(f"{options.store or 'rocksdb'}: {options.changes} promotions and rollbacks in {seconds:.1f} s, {counts['answers']} answers, "
          f"{counts['failed']} failed, {counts['mixed']} mixed; lists of {differ} of {len(seeds)} seeds differ between the versions")
    return 1 if counts["failed"] or counts["mixed"] or differ == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
