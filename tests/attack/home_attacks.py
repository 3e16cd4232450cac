"""One home, one writer; what killed processes leave; numbers that are none; formats of another version; backup under load."""
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import tempfile
import threading

from ground import TOKEN, Attacked, check, equal, run, small_home


def main():
    with small_home() as home:
        check("a second server in one home is refused, with the process that has it", lambda: one_server(home))
    with small_home() as home:
        check("what killed processes left is removed, and the prepared data are put back", lambda: leftovers(home))
    with small_home() as home:
        numbers(home)
        check("models with a store that cannot be used fails", lambda: unusable_store(home))
    formats()
    with small_home() as home:
        check("a backup under load restores to the same bytes, and serves", lambda: backup_under_load(home))
    with small_home() as home:
        check("a backup while events come in has every event that was acknowledged before", lambda: backup_of_events(home))
    with small_home() as home:
        check("a damaged backup is refused, and nothing is put in place", lambda: damaged_backup(home))


def one_server(home):
    with Attacked(home) as server:
        done = run("serve", "--port", "0", home=home, timeout=20)
        equal(done.returncode, 4)
        assert str(server.process.pid) in done.stderr and "--home" in done.stderr, done.stderr
        server.alive()
        server.process.kill()
        server.process.wait()
    with Attacked(home) as server:  # the lock of a killed process holds nobody up
        server.alive()


def leftovers(home):
    gone = subprocess.Popen(["true"])
    gone.wait()
    names = [f".rules.json.{gone.pid}.3.tmp", f"prepare.{gone.pid}.tmp/run", f"models/fusion/.v1.{gone.pid}.tmp/items.txt"]
    for name in names:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("x", encoding="utf-8")
    mine = home / f".rules.json.{os.getpid()}.1.tmp"
    mine.write_text("x", encoding="utf-8")
    (home / "prepared").rename(home / f"prepared.{gone.pid}.old")  # killed between two renames
    with Attacked(home) as server:
        server.alive()
    left = [str(path.relative_to(home)) for path in home.rglob("*") if path.suffix in (".tmp", ".old")]
    equal(left, [mine.name])


def numbers(home):
    for arguments in (["serve", "--threads", "-1"], ["serve", "--max-connections", "-1"], ["serve", "--poll-ms", "nan"], ["serve", "--burst", "nan"],
                      ["train", "--min-value", "nan"], ["train", "--half-life-days", "inf"], ["train", "--seed", "-1"], ["train", "--session-gap", "-5"],
                      ["prune", "--keep", "-1"], ["evaluate", "--tolerance", "nan"], ["synth", "--users", "-1", "--out", "/nonexistent"],
                      ["serve", "--rank-weight", "co_watch=nan"], ["serve", "--channel", "popular=on,weight=nan"]):
        def one(arguments=arguments):
            done = run(*arguments, home=home, timeout=20)
            equal(done.returncode, 2)
            assert arguments[1] in done.stderr, done.stderr
        check(f"sparrow {' '.join(arguments)}: refused", one)


def unusable_store(home):
    shutil.rmtree(home / "store")
    (home / "store").mkdir()
    (home / "store/CURRENT").write_text("MANIFEST-000001\n", encoding="utf-8")
    done = run("--json", "models", home=home)
    assert done.returncode in (5, 6), (done.returncode, done.stderr)
    assert "rocksdb:" in done.stderr, done.stderr
    equal({m["where"] for m in json.loads(done.stdout)}, {"disk"})  # what could be read is listed


def formats():
    """The home of the release before opens; one of a release to come is refused in a sentence."""
    with small_home() as home:
        def opens():
            equal(run("similar", "m1", "--size", "3", home=home).returncode, 0)
            with Attacked(home) as server:
                equal(server.json("/api/v1/readyz")["status"], "ready")
                equal(len(server.json("/api/v1/judgements")["judgements"]), 6)
                equal(len(server.json("/api/v1/rules")["rules"]), 2)
                equal(server.json("/api/v1/items/new1")["item"]["title"], "A New Story")
                assert "m4" not in [i["id"] for i in server.json("/api/v1/items/m1/similar?size=29&user=bob")["items"]], "bob hid it"
                assert "m5" not in [i["id"] for i in server.json("/api/v1/items/m1/similar?size=29")["items"]], "a rule keeps them apart"
        check("a home of 0.2.0 opens with all that is in it", opens)

    def newer(file, change, *parts):
        with small_home() as home:
            path = home / file if isinstance(file, str) else file(home)
            path.write_text(change(path.read_text(encoding="utf-8") if path.exists() else ""), encoding="utf-8")
            for command in (["serve", "--port", "0"], ["similar", "m1"]):
                done = run(*command, home=home, timeout=20)
                equal(done.returncode, 2)
                for part in ("newer" if parts == () else parts[0], "restore"):
                    assert part in done.stderr, done.stderr
    check("a home of a newer format is refused", lambda: newer(
        "home.json", lambda _: '{"format":"sparrow-home","version":2,"written_by":"9.0.0"}', "9.0.0"))
    check("prepared data of a newer format are refused", lambda: newer(
        "prepared/dataset.json", lambda text: re.sub(r'"version": ?\d+', '"version": 99', text)))


def tree(folder):
    import hashlib
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in pathlib.Path(folder).rglob("*")
            if path.is_file() and path.name not in ("LOCK", "serve.lock") and not path.name.startswith("LOG")}


def backup_under_load(home):
    with tempfile.TemporaryDirectory() as folder:
        file = str(pathlib.Path(folder, "home.tar.zst"))
        stop = threading.Event()
        counts = {"acknowledged": 0, "promoted": 0}
        with Attacked(home) as server:
            def judge(worker):
                number = 0
                while not stop.is_set():
                    number += 1
                    status, _ = server.send("/api/v1/judgements", {"grader": f"w{worker}-{number}", "seed": "m1", "item": "m2", "grade": 1})
                    counts["acknowledged"] += status == 200

            def promote():
                while not stop.is_set():
                    version = json.loads(run("--json", "models", home=home).stdout)[0]["version"]
                    counts["promoted"] += run("promote", "content", "--version", version, home=home).returncode == 0
                    server.send("/api/v1/items/busy", {"title": f"Busy {counts['promoted']}"}, TOKEN, "PUT")
            workers = [threading.Thread(target=judge, args=(w,)) for w in range(2)] + [threading.Thread(target=promote)]
            for worker in workers:
                worker.start()
            while counts["acknowledged"] < 20:
                stop.wait(.01)
            before = counts["acknowledged"]
            done = run("backup", file, home=home)
            stop.set()
            for worker in workers:
                worker.join()
            equal((done.returncode, done.stderr if done.returncode else ""), (0, ""))
            server.alive()
        restored = [pathlib.Path(folder, name) for name in ("one", "two")]
        equal(run("restore", file, home=restored[0]).returncode, 0)
        equal(run("backup", file + "2", home=restored[0]).returncode, 0)
        equal(run("restore", file + "2", home=restored[1]).returncode, 0)
        equal(tree(restored[0]), tree(restored[1]))
        equal(run("verify", "fusion", home=restored[0]).returncode, 0)
        with Attacked(restored[0]) as server:
            kept = len(server.json("/api/v1/judgements")["judgements"]) - 6
            assert kept >= before, f"{kept} of {before} judgements that were acknowledged before"
            equal(server.json("/api/v1/readyz")["status"], "ready")
            server.alive()
        equal(run("restore", file, home=restored[0]).returncode, 4)  # nothing is written over


def backup_of_events(home):
    """Databases are copied as SQLite sees them: a file and its write-ahead log, copied one after the other, may be of two states."""
    with tempfile.TemporaryDirectory() as folder, Attacked(home) as server:
        stop, acknowledged = threading.Event(), []

        def send(worker):
            number = 0
            while not stop.is_set():
                number += 1
                ids = [f"w{worker}-{number}-{i}" for i in range(500)]
                events = [{"id": i, "type": "click", "user": f"u{number}", "item": "m2", "value": 1} for i in ids]
                if server.send("/api/v1/events", {"events": events}, TOKEN)[0] == 200:
                    acknowledged.extend(ids)
        workers = [threading.Thread(target=send, args=(w,)) for w in range(2)]
        for worker in workers:
            worker.start()
        try:
            for number in range(2):
                seen = len(acknowledged)
                while len(acknowledged) < seen + 20_000:
                    assert not stop.wait(.01)
                before = set(acknowledged)
                file, restored = str(pathlib.Path(folder, f"{number}.tar.zst")), pathlib.Path(folder, str(number))
                for arguments in (("backup", file), ("restore", file)):
                    done = run(*arguments, home=home if arguments[0] == "backup" else restored)
                    equal((done.returncode, done.stderr if done.returncode else ""), (0, ""))
                equal([p.name for p in restored.rglob("*") if p.name.endswith(("-wal", "-shm", "-journal"))], [])
                kept = set()
                for day in sorted((restored / "events").glob("*.db")):
                    with sqlite3.connect(day) as database:
                        equal(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
                        if database.execute("SELECT 1 FROM sqlite_master WHERE name='events'").fetchone():
                            kept |= {row[0] for row in database.execute("SELECT id FROM events")}
                equal(len(before - kept), 0)
        finally:
            stop.set()
            for worker in workers:
                worker.join()
        equal([p.name for p in pathlib.Path(folder).iterdir() if p.suffix == ".tmp"], [])


def damaged_backup(home):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "b")
        equal(run("backup", str(file), home=home).returncode, 0)
        whole = file.read_bytes()
        for number, bad in enumerate((whole[:len(whole) // 2], whole[:-40], whole[:len(whole) // 2] + b"\x00\xff" + whole[len(whole) // 2 + 2:], b"nonsense")):
            file.write_bytes(bad)
            target = pathlib.Path(folder, f"home{number}")
            done = run("restore", str(file), home=target)
            equal(done.returncode, 6)
            assert not any(path.name != "serve.lock" for path in target.rglob("*")), list(target.rglob("*"))
        equal(run("backup", str(home / "inside"), home=home).returncode, 2)
        equal(run("restore", str(pathlib.Path(folder, "none")), home=pathlib.Path(folder, "x")).returncode, 3)
