"""Journals whose last line is torn, whose lines are damaged or of wrong types, and kill -9: what was acknowledged stays."""
import json
import random
import threading

from ground import TOKEN as TOKEN_, Attacked, check, equal, small_home

JOURNALS = {
    "judgements": ("judgements", {"grader": "bob", "seed": "m1", "item": "m9", "grade": 2}),
    "votes": ("votes", {"grader": "bob", "seed": "m1", "winner": "tie", "left": {"name": "a", "version": "1"}, "right": {"name": "b", "version": "1"}}),
    "reports": ("reports", {"seed": "m1", "item": "m8", "state": "reported"}),
    "feedback": ("feedback", {"user": "u", "item": "m7", "kind": "hide"}),
}


def main():
    with small_home() as home:
        torn(home)
    with small_home() as home:
        check("lines of wrong types are skipped, named, and give no 500", lambda: wrong_types(home))
    with small_home() as home:
        check("a journal that cannot be read is an error, not empty", lambda: unreadable(home))
    with small_home() as home:
        check("kill -9, 20 times under load: nothing acknowledged is lost or doubled", lambda: killed(home, 20))


def torn(home):
    """Each journal, at sampled bytes of its last line: the entry after it stands alone."""
    rng = random.Random(7)
    for name, (path, entry) in JOURNALS.items():
        file = home / f"{name}.jsonl"
        with Attacked(home) as server:
            equal(server.send(f"/api/v1/{path}", entry, TOKEN_)[0], 200)
        whole = file.read_bytes()
        begin = whole.rstrip(b"\n").rfind(b"\n") + 1
        cuts = sorted({begin + 1, len(whole) - 1, len(whole) - 2, *(rng.randrange(begin + 1, len(whole)) for _ in range(5))})

        def one(file=file, whole=whole, begin=begin, cuts=cuts, path=path, entry=entry):
            for cut in cuts:
                file.write_bytes(whole[:cut])
                with Attacked(home) as server:
                    equal(server.send(f"/api/v1/{path}", entry, TOKEN_)[0], 200)
                lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
                before = whole[:begin].count(b"\n")
                kept = cut >= len(whole) - 1  # only its newline was missing
                equal(len(lines), before + 1 + kept)
                with Attacked(home) as server:
                    equal(server.json("/api/v1/readyz")["status"], "ready")
        check(f"{name}.jsonl torn at {len(cuts)} bytes of its last line", one)


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
    rng = random.Random(3)
    acknowledged = []
    for number in range(rounds):
        with Attacked(home) as server:
            lock = threading.Lock()

            def write(worker, number=number, server=server, lock=lock):
                for i in range(10_000):
                    name = f"r{number}-{worker}-{i}"
                    try:
                        status, _ = server.send("/api/v1/judgements", {"grader": name, "seed": "m1", "item": "m2", "grade": 1})
                    except (OSError, ValueError):
                        return
                    if status == 200:
                        with lock:
                            acknowledged.append(name)
            workers = [threading.Thread(target=write, args=(w,)) for w in range(3)]
            for worker in workers:
                worker.start()
            threading.Event().wait(rng.uniform(.05, .3))
            server.process.kill()
            for worker in workers:
                worker.join()
    with Attacked(home) as server:
        graders = [entry["grader"] for entry in server.json("/api/v1/judgements")["judgements"]]
    lost = set(acknowledged) - set(graders)
    assert acknowledged and not lost, f"{len(lost)} of {len(acknowledged)} lost"
    equal(len(graders), len(set(graders)) + 5)  # the fixture's grader has six


