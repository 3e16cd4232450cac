#!/usr/bin/env python3
"""make_home.py BINARY OUT.tar.gz: a small home with everything in it, written by a released binary from a made-up catalogue.

tests/upgrade/home-0.2.0.tar.gz was made by the binary of 0.2.0 (commit a0be811). Make one for each release and keep it.
"""
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request

GENRES = ["Harbour", "Mountain", "Garden"]


def write_data(folder):
    rng = random.Random(1)
    with open(folder / "items.csv", "w", encoding="utf-8") as out:
        out.write("id,title,year,genres,keywords\n")
        for i in range(30):
            out.write(f"m{i},Made-up Story {i},{1990 + i},{GENRES[i % 3]},word{i % 5}|word{i % 7}\n")
    with open(folder / "interactions.csv", "w", encoding="utf-8") as out:
        out.write("user,item,value,time\n")
        for user in range(60):
            taste = user % 3
            for at in range(12):
                item = rng.randrange(10) * 3 + (taste if rng.random() < .85 else rng.randrange(3))
                out.write(f"u{user},m{item},{rng.choice([4, 4.5, 5])},{1600000000 + user * 1000 + at}\n")


def send(port, method, path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/{path}", json.dumps(body).encode(), method=method,
                                     headers={"Authorization": "Bearer made-up-secret", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def main():
    binary, out = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder, "data")
        data.mkdir()
        write_data(data)
        home = pathlib.Path(folder, "home")
        environment = {**os.environ, "SPARROW_HOME": str(home)}
        subprocess.run([binary, "build", "--data", str(data), "--also", "content"], env=environment, check=True)
        log = open(pathlib.Path(folder, "log"), "w+", encoding="utf-8")
        server = subprocess.Popen([binary, "serve", "--port", "0", "--token", "admin:made-up-secret"], env=environment, stderr=log)
        port = None
        while port is None:
            time.sleep(.1)
            found = re.search(r"http://localhost:(\d+)/", pathlib.Path(folder, "log").read_text(encoding="utf-8"))
            port = int(found.group(1)) if found else None
        send(port, "POST", "judgements", [{"grader": "ann", "seed": "m1", "item": f"m{i}", "grade": i % 4} for i in range(2, 8)])
        model = {"name": "fusion", "version": "v"}
        send(port, "POST", "votes", {"grader": "ann", "seed": "m1", "winner": "left", "left": model, "right": {**model, "name": "content"}})
        send(port, "POST", "reports", {"seed": "m1", "item": "m5", "state": "reported", "note": "no", "block": True})
        send(port, "POST", "feedback", {"user": "bob", "item": "m4", "kind": "hide"})
        send(port, "PUT", "items/new1", {"title": "A New Story", "year": 2024, "genres": ["Harbour"]})
        send(port, "PATCH", "items/m2", {"hidden": True})
        rules = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/rules"))
        rules["rules"].append({"type": "boost", "items": "genre = Garden", "factor": 1.1, "note": "kept"})
        send(port, "PUT", "rules", rules)
        server.send_signal(signal.SIGTERM)
        server.wait()
        with tarfile.open(out, "w:gz") as archive:
            archive.add(home, "home", filter=lambda entry: None if "/LOG" in entry.name else entry)


if __name__ == "__main__":
    main()
