"""Journals whose last line is torn, whose lines are damaged or of wrong types, and kill -9: what was acknowledged stays."""
import http.client
import json
import random
import sqlite3
import threading

from ground import ROUNDS, TOKEN as TOKEN_, Attacked, check, equal, small_home

JOURNALS = {
    "judgements": ("judgements", {"grader": "bob", "seed": "m1", "item": "m9", "grade": 2}),
    "votes": ("votes", {"grader": "bob", "seed": "m1", "winner": "tie", "left": {"name": "a", "version": "1"}, "right": {"name": "b", "version": "1"}}),
    "reports": ("reports", {"seed": "m1", "item": "m8", "state": "reported"}),
    "feedback": ("feedback", {"user": "u", "item": "m7", "kind": "hide"}),
    "items": ("items/torn", {"title": "A Story", "genres": ["Harbour"]}),
}


def main():
    with small_home() as home:
        torn(home)
    with small_home() as home:
        check("lines of wrong types are skipped, named, and give no 500", lambda: wrong_types(home))
    with small_home() as home:
        check("a journal that cannot be read is an error, not empty", lambda: unreadable(home))
    with small_home() as home:
        check(f"kill -9, {ROUNDS} times under load: nothing acknowledged is lost or doubled", lambda: killed(home, ROUNDS))


def torn(home):
    """Each journal, at sampled bytes of its last line, cut off there or followed by zeros as a file system may leave it: all before it is
    kept, the entry after it stands alone."""
    rng = random.Random(7)
    for name, (path, entry) in JOURNALS.items():
        file = home / f"{name}.jsonl"
        method = "PUT" if path.startswith("items/") else "POST"
        with Attacked(home) as server:
            assert server.send(f"/api/v1/{path}", entry, TOKEN_, method)[0] in (200, 201)
        whole = file.read_bytes()
        begin = whole.rstrip(b"\n").rfind(b"\n") + 1
        inside = range(begin + 1, len(whole) - 2)
        cuts = sorted({begin + 1, len(whole) - 1, len(whole) - 2, *rng.sample(inside, min(len(inside), max(5, ROUNDS - 3)))})

        def one(file=file, whole=whole, begin=begin, cuts=cuts, path=path, method=method, entry=entry):
            for number, cut in enumerate(cuts):
                zeros = b"\0" * (len(whole) - cut) if number % 2 else b""
                file.write_bytes(whole[:cut] + zeros)
                with Attacked(home) as server:
                    assert server.send(f"/api/v1/{path}", entry, TOKEN_, method)[0] in (200, 201), cut
                lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
                if path.startswith("items/"):  # written anew at the start, each item once
                    equal([line["item"]["id"] for line in lines].count("torn") in (1, 2), True)
                    equal({line["item"]["id"] for line in lines}, {"new1", "m2", "torn"})
                else:
                    kept = cut >= len(whole) - 1 and not zeros  # only its newline was missing
                    equal((cut, len(lines)), (cut, whole[:begin].count(b"\n") + 1 + kept))
                if number % 8 == 0:
                    with Attacked(home) as server:
                        equal(server.json("/api/v1/readyz")["status"], "ready")
        check(f"{name}.jsonl torn at {len(cuts)} of the {len(whole) - begin} bytes of its last line", one)


def wrong_types(home):
    lines = ['{"grader":5,"seed":"m1","item":"m2","grade":1}', '{"grader":"x","seed":"m1","item":"m2","grade":"three"}', "[]", "nonsense",
             '{"grader":"x","seed":{"a":1},"item":"m2","grade":1}', '{"grader":"x","seed":"m1","item":"m2","grade":1e30}']
    with open(home / "judgements.jsonl", "a", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")
    for name in ("votes", "reports", "feedback"):
        with open(home / f"{name}.jsonl", "a", encoding="utf-8") as out:
            out.write('{"seed":[1],"item":2,"state":{},"user":7,"kind":null,"left":0,"history":5,"note":{"a":[]}}\n')
    with Attacked(home) as server:
        ready = server.json("/api/v1/readyz")
        equal(ready["status"], "degraded")
        assert any(f"{len(lines)} entries" in reason for reason in ready["reasons"]), ready
        for path in ("judgements", "judgements?format=full", "votes", "reports", "seeds?kind=worst"):
            equal(server.get(f"/api/v1/{path}")[0], 200)
        equal(len(server.json("/api/v1/judgements")["judgements"]), 6)


def unreadable(home):
    file = home / "judgements.jsonl"
    kept = file.read_bytes()
    file.unlink()
    file.mkdir()  # also for root, who may read any file
    with Attacked(home) as server:
        equal(server.json("/api/v1/readyz")["status"], "degraded")
        status, body, _ = server.get("/api/v1/judgements")
        assert status == 503 and b"judgements.jsonl" in body, (status, body)
        equal(server.send("/api/v1/judgements", JOURNALS["judgements"][1])[0], 503)
        file.rmdir()
        file.write_bytes(kept)
        equal(len(server.json("/api/v1/judgements")["judgements"]), 6)  # as soon as it can be read
        equal(server.send("/api/v1/judgements", JOURNALS["judgements"][1])[0], 200)


def killed(home, rounds):
    """Six clients write into all journals, the event log and the rules until the server is killed; after the last round all that was acknowledged is there."""
    rng = random.Random(3)
    done = {"judgements": [], "votes": [], "feedback": [], "items": [], "events": [], "rules": [0]}
    pair = {"left": {"name": "a", "version": "1"}, "right": {"name": "b", "version": "1"}}
    for number in range(rounds):
        with Attacked(home) as server:
            version = server.json("/api/v1/rules")["version"]
            # What was not acknowledged may have been written all the same; what was is not less.
            assert version >= done["rules"][-1], (version, done["rules"][-1])

            def requests(kind, name, i, version=version):
                return {"judgements": ("judgements", "POST", {"grader": name, "seed": "m1", "item": "m2", "grade": 1}),
                        "votes": ("votes", "POST", {"grader": name, "seed": "m1", "winner": "tie", **pair}),
                        "feedback": ("feedback", "POST", {"user": name, "item": "m6", "kind": "hide"}),
                        "items": (f"items/{name}", "PUT", {"title": name}),
                        "events": ("events", "POST", {"id": name, "type": "click", "user": name, "item": "m6"}),
                        "rules": ("rules", "PUT", {"version": version + i, "rules": [{"type": "cap", "by": "genre", "max": 3}]})}[kind]

            def write(kind, number=number, server=server, version=version, requests=requests):
                for i in range(10_000):
                    name = f"{kind[0]}{number}-{i}"
                    path, method, body = requests(kind, name, i)
                    try:
                        status, _ = server.send(f"/api/v1/{path}", body, TOKEN_, method)
                    except (OSError, ValueError, http.client.HTTPException):
                        return
                    if status in (200, 201):
                        done[kind].append(version + i + 1 if kind == "rules" else name)
            workers = [threading.Thread(target=write, args=(kind,)) for kind in done]
            for worker in workers:
                worker.start()
            threading.Event().wait(rng.uniform(.05, .3))
            server.process.kill()
            for worker in workers:
                worker.join()
    with Attacked(home) as server:
        found = {"judgements": [e["grader"] for e in server.json("/api/v1/judgements")["judgements"] if e["grader"] != "ann"],
                 "feedback": [json.loads(line)["user"] for line in (home / "feedback.jsonl").read_text(encoding="utf-8").splitlines()],
                 "votes": [json.loads(line)["grader"] for line in (home / "votes.jsonl").read_text(encoding="utf-8").splitlines()],
                 "events": [row[0] for file in sorted((home / "events").glob("events-*.db"))
                            for row in sqlite3.connect(file).execute("SELECT id FROM events WHERE type='click'")]}
        for kind, names in found.items():
            lost = set(done[kind]) - set(names)
            assert done[kind] and not lost, f"{kind}: {len(lost)} of {len(done[kind])} lost"
            equal((kind, len(names)), (kind, len(set(names))))
        for name in rng.sample(done["items"], min(300, len(done["items"]))) + done["items"][-20:]:
            equal(server.json(f"/api/v1/items/{name}")["item"]["title"], name)
        for name in rng.sample(done["feedback"], min(100, len(done["feedback"]))):
            listed = [i["id"] for i in server.json(f"/api/v1/items/m1/similar?size=29&user={name}")["items"]]
            assert listed and "m6" not in listed, name
        assert server.json("/api/v1/rules")["version"] >= done["rules"][-1]
        equal(server.json("/api/v1/readyz")["status"], "ready")
    print("     acknowledged: " + ", ".join(f"{len(names)} {kind}" for kind, names in done.items()), flush=True)
