#!/usr/bin/python3
"""A running server takes up newly prepared data: `sparrow build` beside it adds, renames, moves and removes items, and it answers on, right, throughout.

Needs SPARROW_BIN and SPARROW_DATA. Ends with "N passed, N failed".
"""
import csv
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from api_test import BIN, check, equal
import api_test
from online_test import EDITOR, TokenServer, ids, similar

DATA = pathlib.Path(os.environ["SPARROW_DATA"])
FILMS = 800


def run(home, *arguments):
    done = subprocess.run([BIN, "-q", *arguments], capture_output=True, text=True, check=False, env={**os.environ, "SPARROW_HOME": str(home), "SPARROW_DATA": ""})
    assert done.returncode == 0, (arguments, done.stderr)


class Catalogue:
    """A part of the films with their ratings, to be changed and written again."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        with open(DATA / "movies.csv", encoding="utf-8", newline="") as file:
            self.films = list(csv.DictReader(file))[:FILMS]
        kept = {film["movieId"] for film in self.films}
        with open(DATA / "ratings.csv", encoding="utf-8", newline="") as file:
            self.ratings = [row for row in csv.DictReader(file) if row["movieId"] in kept]

    def add(self, number, like):
        """A film that those like who like another."""
        self.films.insert(0, {"movieId": number, "title": f"Brand New {number} (2026)", "genres": "Drama"})
        self.ratings += [{**row, "movieId": number} for row in self.ratings if row["movieId"] == like]

    def remove(self, number):
        self.films = [film for film in self.films if film["movieId"] != number]
        self.ratings = [row for row in self.ratings if row["movieId"] != number]

    def write(self):
        for name, rows in (("movies.csv", self.films), ("ratings.csv", self.ratings)):
            with open(self.folder / name, "w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, rows[0].keys())
                writer.writeheader()
                writer.writerows(rows)


class Visitors:
    """Two people who ask for lists without a pause, from the same server, and check what they get."""

    def __init__(self, server):
        self.server, self.answers, self.wrong, self.ended = server, 0, [], False
        self.threads = [threading.Thread(target=self.ask, args=(path,)) for path in
                        ("/api/v1/items/1/similar?size=10&user=ann", "/getsimilarmovie?movieId=1&size=10&model=emb")]
        for thread in self.threads:
            thread.start()

    def ask(self, path):
        while not self.ended:
            status, body, _ = self.server.get(path)
            answer = json.loads(body)
            items = answer["items"] if isinstance(answer, dict) else answer
            if status != 200 or len(items) != 10:
                self.wrong.append((path, status, body[:300]))
            self.answers += 1

    def end(self):
        self.ended = True
        for thread in self.threads:
            thread.join()


def eventually(look, seconds=20):
    end = time.time() + seconds
    while not look():
        assert time.time() < end, f"not within {seconds} s"
        time.sleep(0.05)


def requests_counted(server):
    return sum(int(count) for count in re.findall(r"^sparrow_requests_total\{[^}]*\} (\d+)$", server.get("/metrics")[1].decode(), re.M))


def changes(server, home, catalogue):
    def has(item):
        return server.get(f"/api/v1/items/{item}")[0] == 200

    hidden = ids(similar(server, 1, size=10, user="ann"))[0]
    gone = ids(similar(server, 1, size=10))[5]
    equal(server.send("/api/v1/feedback", {"user": "ann", "item": hidden, "kind": "hide"})[0], 200)
    equal(server.send("/api/v1/items/77001", {"title": "Added by hand (2025)", "genres": ["Comedy"]}, EDITOR, "PUT")[0], 201)
    guard = [{"type": "filter", "when": "genre = Children", "show": "not genre in (Horror, Crime, Thriller)"}]
    equal(server.send("/api/v1/rules", {"version": server.json("/api/v1/rules")["version"], "rules": guard}, EDITOR, "PUT")[0], 200)
    rules = server.get("/api/v1/rules")[1]
    counted = requests_counted(server)
    catalogue.add("990001", like="1")
    catalogue.remove(gone)
    catalogue.write()
    visitors = Visitors(server)
    try:
        run(home, "build", "--data", str(catalogue.folder))
        eventually(lambda: has("990001"))
        time.sleep(0.5)
    finally:
        visitors.end()

    def none_failed():
        assert visitors.answers > 100, visitors.answers
        equal(visitors.wrong[:3], [])
    check("no list fails or is short while other data are taken up", none_failed)

    def is_there():
        assert "990001" in ids(similar(server, 1, size=5)), similar(server, 1, size=5)  # the same people like it
        assert "1" in ids(similar(server, "990001", size=5))
        assert b"990001" in server.get("/api/v1/search?q=brand+new")[1]
    check("an item that came is listed, has a list and is found", is_there)
    check("an item that went is gone", lambda: equal(server.get(f"/api/v1/items/{gone}/similar")[0], 404))

    def kept():
        assert hidden not in ids(similar(server, 1, size=50, user="ann")) and hidden in ids(similar(server, 1, size=50))
        assert has("77001"), "an item that was added by hand"
        equal(server.get("/api/v1/rules")[1], rules)
        assert requests_counted(server) > counted + visitors.answers, "metrics go on"
    check("marks of users, items added by hand, rules and metrics are kept", kept)

    def goes_on():
        equal(server.send("/api/v1/items/77002", {"title": "Added later (2025)", "genres": ["Comedy"]}, EDITOR, "PUT")[0], 201)
        equal(server.send("/api/v1/items/77001", {}, EDITOR, "DELETE")[0], 200)
        equal(server.send("/api/v1/feedback", {"user": "ann", "item": hidden, "kind": "undo"})[0], 200)
        assert has("77002") and not has("77001") and hidden in ids(similar(server, 1, size=50, user="ann"))
    check("items and marks are changed on as before", goes_on)

    def again():
        for number in ("990002", "990003"):
            catalogue.add(number, like="2")
            catalogue.write()
            run(home, "build", "--data", str(catalogue.folder))
            eventually(lambda number=number: has(number))
        assert has("77002") and not has("77001")
        assert not (home / "served").exists() or len(list((home / "served").iterdir())) < 4
    check("and again, and again", again)

    def only_prepared():
        catalogue.add("990004", like="2")
        catalogue.write()
        version = similar(server, 1)["model"]["version"]
        run(home, "prepare", "--data", str(catalogue.folder))
        time.sleep(1)
        equal((has("990004"), similar(server, 1)["model"]["version"]), (False, version))
        run(home, "train")
        run(home, "publish", "--promote")
        eventually(lambda: has("990004"))
    check("what is only prepared waits for a model of it", only_prepared)

    def cannot_be_read():
        catalogue.add("990005", like="2")
        catalogue.write()
        saved = home.parent / "sound"
        run(home, "prepare", "--data", str(catalogue.folder))
        run(home, "train")
        run(home, "publish")
        shutil.copy(home / "prepared/interactions.bin", saved)
        with open(home / "prepared/interactions.bin", "r+b") as file:
            file.seek(1000)
            file.write(b"\xff" * 64)
        run(home, "promote", "fusion")
        eventually(lambda: b"newly prepared data" in server.get("/api/v1/readyz")[1])
        equal(len(ids(similar(server, 1, size=10))), 10)
        shutil.copy(saved, home / "prepared/interactions.bin")
        eventually(lambda: has("990005"))
        equal(server.get("/api/v1/readyz")[0], 200)
        assert b"newly prepared" not in server.get("/api/v1/readyz")[1]
    check("data that cannot be read are said, lists go on, and sound ones are taken up", cannot_be_read)


def of_other_data(home, catalogue, work):
    """A replica that shares the store but has older data."""
    older = pathlib.Path(work, "older")
    catalogue.remove("990001")
    catalogue.write()
    run(older, "prepare", "--data", str(catalogue.folder))
    server = TokenServer(str(older), "--store", f"rocksdb:{home}/store")
    try:
        def said():
            text = pathlib.Path(server.log.name).read_text(encoding="utf-8")
            assert 'of its items are not in the data prepared here, for example "990001"' in text, text
            equal(server.get("/api/v1/items/990001")[0], 404)
            equal(len(ids(similar(server, 1, size=10))), 10)
        check("a model of other data than are prepared here: what cannot be shown is said", said)
    finally:
        server.process.terminate()
        server.process.wait()


def main():
    with tempfile.TemporaryDirectory() as work:
        home, catalogue = pathlib.Path(work, "home"), Catalogue(pathlib.Path(work, "data"))
        catalogue.write()
        run(home, "build", "--data", str(catalogue.folder))
        server = TokenServer(str(home), "--token", f"editor:{EDITOR}")
        try:
            changes(server, home, catalogue)
            of_other_data(home, catalogue, work)
        finally:
            server.process.terminate()
            server.process.wait()
            if api_test.failed:
                print(pathlib.Path(server.log.name).read_text(encoding="utf-8"))
    print(f"{api_test.passed} passed, {api_test.failed} failed")
    sys.exit(api_test.failed > 0)


if __name__ == "__main__":
    main()
