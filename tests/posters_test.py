#!/usr/bin/python3
"""`sparrow posters` on a folder of pictures, and the server that shows them: names, changes, damage, addresses that may be kept.

Needs SPARROW_BIN and SPARROW_HOME with a model. Ends with "N passed, N failed".
"""
import json
import os
import pathlib
import random
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zlib

from api_test import BIN, HOME, check, equal
import api_test
from online_test import copy_of
from operations_test import Started


def png(color, width=400, height=600):
    """One color, and a darker half below."""
    lines = b"".join(b"\0" + bytes(c // (1 + (y >= height // 2)) for c in color) * width for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def posters(home, folder, *options):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SPARROW_")}
    return subprocess.run([BIN, "posters", str(folder), *options], capture_output=True, text=True, check=False, env={**clean, "SPARROW_HOME": str(home)})


def get(server, path, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def look(server, item):
    return server.json(f"/api/v1/items/{item}")["item"]["look"]


def command(home, folder):
    def names():
        for name, color in (("589.png", (200, 40, 40)), ("tt0088247.png", (20, 30, 90)), ("more/tmdb-280.png", (9, 9, 9)), ("1.PNG", (30, 140, 220)), ("nobody.png", (0, 0, 0))):
            file = folder / name
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(png(color))
        (folder / "2.jpg").write_bytes(b"<html>not found</html>")
        (folder / "readme.txt").write_text("not a picture")
        done = posters(home, folder)
        equal(done.returncode, 0)
        # tmdb-280 is 589 as well; tt0088247 is The Terminator, 1240.
        for said in ("3 of 9742 items have a picture: 3 made", "nobody.png", "2.jpg: neither JPEG nor PNG nor WebP", "second picture", "more/tmdb-280.png"):
            assert said in done.stderr, (said, done.stderr)
        assert "readme" not in done.stderr

    def again():
        done = posters(home, folder)
        assert "0 made, 3 unchanged" in done.stderr, done.stderr
        (folder / "1.PNG").write_bytes(png((220, 140, 30)))
        assert "1 made, 2 unchanged" in posters(home, folder).stderr

    def by_number():
        with tempfile.TemporaryDirectory() as other:
            pathlib.Path(other, "103064.png").write_bytes(png((1, 2, 3)))  # Terminator 2 at IMDb
            done = posters(home, other)
            assert done.returncode != 0 and "no file is named after an item" in done.stderr and "--by imdb" in done.stderr, done
            done = posters(home, other, "--by", "imdb")
            assert done.returncode == 0 and "1 made" in done.stderr, done

    def refused():
        for where, said in ((folder / "none", "no such folder"), (folder / "2.jpg", "no such folder")):
            done = posters(home, where)
            assert done.returncode != 0 and said in done.stderr, done
        with tempfile.TemporaryDirectory() as empty:
            assert "no file ends in" in posters(home, empty).stderr
            pathlib.Path(empty, "3.png").write_bytes(b"")
            done = posters(home, empty)
            assert done.returncode != 0 and "3.png: an empty file" in done.stderr, done

    check("posters are matched by id, IMDb and TMDB; what is left out is told", names)
    check("only changed pictures are read again", again)
    check("numbers of IMDb are taken as such when asked", by_number)
    check("folders without pictures are refused", refused)


def serving(home, folder):
    with Started(home) as server:
        def address():
            shown = look(server, 589)
            assert shown["poster"].startswith("/posters/589?v=") and len(shown["colors"]) == 36, shown
            status, headers, body = get(server, shown["poster"])
            equal((status, headers["Content-Type"], body[8:12]), (200, "image/webp", b"WEBP"))
            assert "immutable" in headers["Cache-Control"], headers
            equal(get(server, "/posters/589?v=old")[1]["Cache-Control"], "no-cache")
            equal(get(server, shown["poster"], **{"If-None-Match": headers["ETag"]})[0], 304)
            cards = server.json("/api/v1/items/589/similar?size=200&reasons=true")["items"]
            equal(["poster" in card["look"] for card in cards if card["id"] == "1240"], [True])

        def none():
            for path in ("/posters/3", "/posters/nobody", "/posters/..%2F..%2Fetc%2Fpasswd", "/posters/589?w=1"):
                status, _, body = get(server, path)
                assert status in (400, 404) and json.loads(body)["error"]["message"], (path, status, body)

        def while_serving():
            before = look(server, 1)["poster"]
            (folder / "1.PNG").write_bytes(png((90, 10, 90)))
            (folder / "589.png").unlink()
            (folder / "more/tmdb-280.png").unlink()
            equal(posters(home, folder, "--replace").returncode, 0)
            deadline = time.time() + 10
            while look(server, 1)["poster"] == before and time.time() < deadline:
                time.sleep(.05)
            assert look(server, 1)["poster"] != before
            assert "poster" not in look(server, 589), look(server, 589)
            equal(get(server, "/posters/589")[0], 404)

        check("a card has its picture's address, which may be kept for a year", address)
        check("an item without a picture is a 404 in words", none)
        check("a running server takes up pictures that are made, changed and removed", while_serving)


def elsewhere(home):
    def addresses():
        with Started(home, "--poster-url", "https://pictures.example/{tmdb_id}/{id}.jpg") as server:
            equal(look(server, 318)["poster"], "https://pictures.example/278/318.jpg")
            assert look(server, 1)["poster"].startswith("/posters/1?"), "one's own picture comes first"
            assert "img-src 'self' data: https: http:" in get(server, "/movie.html?movieId=318")[1]["Content-Security-Policy"]

    def wrong():
        for address, said in (("pictures/{id}", "begins with"), ("https://x/{ID}", "brace"), ("https://x/{id", "brace"), ("https://x/a.jpg", "one picture")):
            done = subprocess.run([BIN, "--home", str(home), "serve", "--poster-url", address], capture_output=True, text=True, check=False, timeout=20)
            assert done.returncode != 0 and "--poster-url" in done.stderr and said in done.stderr, (address, done)

    check("pictures elsewhere are named by ids of the item, its own come first", addresses)
    check("addresses of pictures that name no item are refused", wrong)


def train(home, *options):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SPARROW_")}
    return subprocess.run([BIN, "train", "--method", "content", *options], capture_output=True, text=True, check=False, env={**clean, "SPARROW_HOME": str(home)})


def as_content(home):
    """Pictures that follow genres count by themselves; pictures that say nothing do not."""
    items = [json.loads(line) for line in pathlib.Path(home, "prepared/catalog.jsonl").read_text(encoding="utf-8").splitlines()]
    known = [item for item in items if item.get("genres")][:600]
    paint = random.Random(1)

    def shelf(color_of):
        folder = tempfile.TemporaryDirectory()
        for item in known:
            pathlib.Path(folder.name, item["id"] + ".png").write_bytes(png(color_of(item), 30, 40))
        pathlib.Path(home, "posters.db").unlink(missing_ok=True)
        equal(posters(home, folder.name).returncode, 0)
        return folder

    def chance(_):
        return tuple(paint.randrange(40, 256) for _ in range(3))

    def too_few():
        pathlib.Path(home, "posters.db").unlink(missing_ok=True)
        done = train(home, "--picture-weight", "1")
        assert done.returncode == 2 and "sparrow posters" in done.stderr, done
        assert "picture" not in train(home, "--force").stderr
        with tempfile.TemporaryDirectory() as folder:
            for item in known[:5]:
                pathlib.Path(folder, item["id"] + ".png").write_bytes(png((9, 99, 199), 30, 40))
            equal(posters(home, folder).returncode, 0)
        done = train(home, "--force")
        assert done.returncode == 0 and "pictures of 5 items are left out (20 are needed)" in done.stderr, done

    def left_out():
        with shelf(chance):
            done = train(home, "--force")
        assert done.returncode == 0 and f"pictures of {len(known)} items are left out" in done.stderr, done
        done = train(home, "--force", "--explain")
        assert f"- Pictures of {len(known)} items are left out (" in done.stdout, done
        done = train(home, "--force", "--picture-weight", "0.03")
        assert f"pictures of {len(known)} items with weight 0.03 (as asked)" in done.stderr, done

    def counted():
        drama, comedy = (200, 30, 30), (30, 60, 220)
        with shelf(lambda item: drama if "Drama" in item["genres"] else comedy if "Comedy" in item["genres"] else (60, 160, 60)):
            done = train(home)
        assert done.returncode == 0 and f"pictures of {len(known)} items with weight 0." in done.stderr, done
        print("     " + re.search("with weight .*", done.stderr)[0])
        assert "up to date" in train(home).stderr
        assert f"- Pictures of {len(known)} items with weight 0." in train(home, "--explain").stdout
        with sqlite3.connect(pathlib.Path(home, "posters.db")) as database:  # as an older program left it
            database.execute("DROP TABLE descriptors")
        assert f"{len(known)} pictures are not described yet" in train(home).stderr
        with tempfile.TemporaryDirectory() as one:
            seed = next(item["id"] for item in known if "Drama" in item["genres"])
            pathlib.Path(one, seed + ".png").write_bytes(png(drama, 30, 40))
            equal(posters(home, one).returncode, 0)
        done = train(home, "--picture-weight", "10")
        assert f"pictures of {len(known)} items with weight 10.00" in done.stderr and "described" not in done.stderr, done
        clean = {k: v for k, v in os.environ.items() if not k.startswith("SPARROW_")}
        newest = "content@" + re.search(r"content (\d{8}T\d{6}Z-\w+)", done.stderr)[1]
        told = subprocess.run([BIN, "--json", "similar", seed, "--model", newest, "--size", "10"], capture_output=True, text=True, check=False,
                              env={**clean, "SPARROW_HOME": str(home)})
        near = [item["id"] for item in json.loads(told.stdout)["items"]]
        genres = {item["id"]: item["genres"] for item in known}
        equal(["Drama" in genres.get(item, ()) for item in near], [True] * 10)

    def torn():
        file = pathlib.Path(home, "posters.db")
        with sqlite3.connect(file) as database:
            database.execute("UPDATE descriptors SET floats = x'0000' WHERE item = (SELECT min(item) FROM descriptors)")
        done = train(home, "--force")
        assert done.returncode == 6 and "another length" in done.stderr and "--picture-weight 0" in done.stderr, done
        with tempfile.TemporaryDirectory() as one:  # makes it again
            pathlib.Path(one, known[0]["id"] + ".png").write_bytes(png((200, 30, 30), 30, 40))
            equal(posters(home, one).returncode, 0)
        done = train(home, "--force")
        assert done.returncode == 0 and "described" not in done.stderr, done
        whole = file.read_bytes()
        with sqlite3.connect(file) as database:
            database.execute("UPDATE posters SET webp = x'00', tag = 'another' WHERE item = (SELECT max(item) FROM posters)")
        with tempfile.TemporaryDirectory() as one:
            pathlib.Path(one, known[0]["id"] + ".png").write_bytes(png((30, 30, 30), 30, 40))
            done = posters(home, one)
        assert done.returncode == 6 and "is damaged" in done.stderr and "remove the file" in done.stderr, done
        file.write_bytes(whole)
        file.write_bytes(file.read_bytes()[:file.stat().st_size // 2])
        done = train(home, "--force")
        assert done.returncode == 6 and "posters.db" in done.stderr and "sparrow posters" in done.stderr, done
        equal(train(home, "--force", "--picture-weight", "0").returncode, 0)

    check("a weight for pictures that are not there is refused, without pictures nothing is said of them, and of too few that", too_few)
    check("pictures that tell nothing about what people like are left out, and that is said", left_out)
    check("pictures that follow genres are content, with a weight that behavior decides", counted)
    check("a descriptor of another length and a torn file are errors that say what helps", torn)


def damaged(home):
    pathlib.Path(home, "posters.db").write_bytes(b"not a database at all, but long enough to look like one" * 99)

    def starts():
        with Started(home) as server:
            assert "poster" not in look(server, 1)
            assert "posters are not taken up" in server.stderr() and "posters.db" in server.stderr(), server.stderr()

    def refuses():
        done = train(home, "--force")
        assert done.returncode == 6 and "posters.db" in done.stderr, done
        equal(train(home, "--force", "--picture-weight", "0").returncode, 0)

    check("training beside a damaged file of posters is refused, unless it is told to leave it out", refuses)
    check("a server starts beside a damaged file of posters, and says so", starts)


def main():
    home = copy_of(HOME)
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        command(home, folder)
        serving(home, folder)
        elsewhere(home)
        as_content(home)
        damaged(home)
    finally:
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{api_test.passed} passed, {api_test.failed} failed")
    return 1 if api_test.failed else 0


if __name__ == "__main__":
    sys.exit(main())
