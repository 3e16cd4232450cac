"""A disk that is full, and a limit on files, during each kind of write: an error that says so, lists go on, nothing is lost."""
import json
import os
import resource
import time

from ground import TOKEN, Attacked, check, equal, fill, run, skip, small_disk, small_home, unpack

WRITES = [
    ("judgements", "POST", {"grader": "d", "seed": "m1", "item": "m9", "grade": 1}),
    ("votes", "POST", {"grader": "d", "seed": "m1", "winner": "tie", "left": {"name": "a", "version": "1"}, "right": {"name": "b", "version": "1"}}),
    ("reports", "POST", {"seed": "m1", "item": "m8", "state": "reported", "block": True}),
    ("feedback", "POST", {"user": "d", "item": "m4", "kind": "hide"}),
    ("judgements/import", "POST", {"grader": "e", "header": "seed\titem\tgrade", "text": "m1\tm3\t2\n"}),
    ("rules", "PUT", {"rules": [{"type": "cap", "by": "genre", "max": 3}]}),
    ("items/fresh", "PUT", {"title": "Another Story", "genres": ["Harbour"]}),
    ("items", "POST", {"items": [{"id": "fresh2", "title": "A Second Story"}], "remove": ["m27"]}),
    ("items/m28", "PATCH", {"title": "A Story With Another Name"}),
    ("items/m29", "DELETE", None),
    ("scenarios", "PUT", {"scenarios": [{"name": "full", "settings": {"size": 5}}]}),
    ("experiments", "PUT", {"experiments": [{"name": "full", "variants": [{"name": "a"}, {"name": "b", "settings": {"popularity": 0.5}}]}]}),
    ("models/content/promote", "POST", None),
    ("models/content/rollback", "POST", None),
    ("events", "POST", {"events": [{"id": f"full{i}", "type": "click", "user": "d", "item": "m6"} for i in range(50)]}),
]  # the last: a database that cannot be made leaves some room again


def main():
    for kind in ("tmpfs", "ext4"):
        with small_disk(6, kind) as disk:
            if disk is None:
                skip(f"full disks, {kind}: this machine mounts none")
                continue
            full_disk(unpack(disk), disk, kind)
        with small_disk(6, kind) as disk:
            check(f"{kind}: a server with changed items starts on a full disk and says so", lambda d=disk: starts_full(unpack(d), d))
        with small_disk(6, kind) as disk:
            check(f"{kind}: promote on the command line: exit 7 and a sentence, no abort", lambda d=disk: command_line(unpack(d), d))
    with small_home() as home:
        check("a limit on the size of files is an error, not the end", lambda: file_limit(home))


def second_version(home):
    """Publishes one more version of "content", not promoted; returns it."""
    for arguments in (["train", "--method", "item2vec", "--name", "content", "--dim", "16"], ["publish", "content"]):
        done = run(*arguments, home=home)
        equal((arguments[0], done.returncode, done.stderr if done.returncode else ""), (arguments[0], 0, ""))
    listed = json.loads(run("--json", "models", home=home).stdout)
    return next(m["version"] for m in listed if m["name"] == "content" and m["where"] == "store" and not m["promoted"])


def kept_events(home):
    """Ids of the events in the log."""
    exported = run("events", "export", "--what", "events", home=home)
    equal((exported.returncode, exported.stderr if exported.returncode else ""), (0, ""))
    return sorted(json.loads(line)["id"] for line in exported.stdout.splitlines())


def refuses(server, path, method, body, version):
    if path.endswith("promote"):
        body = {"version": version}
    if path == "rules":
        body = {**body, "version": server.json("/api/v1/rules")["version"]}
    status, answer = server.send(f"/api/v1/{path}", body if body is not None else {}, TOKEN, method)
    return status, answer


def whole_pages(home):
    """No room is left in the last page of any journal."""
    for file in home.glob("*.jsonl"):
        with open(file, "ab") as out:
            out.write(b"\n" * (-file.stat().st_size % 4096))


def full_disk(home, disk, kind):
    whole_pages(home)
    with Attacked(home) as server:
        version = second_version(home)
        before = {name: server.json(f"/api/v1/{name}") for name in ("judgements", "votes", "rules", "scenarios", "experiments")}
        time.sleep(2)  # the reader looks at the store each second: what it lets go of is room again
        filler = fill(disk)
        for path, method, body in WRITES:
            def one(path=path, method=method, body=body):
                fill(disk)  # once more: a reader lets go of files that were removed when it looks at the store
                status, answer = refuses(server, path, method, body, version)
                if path.endswith(("promote", "rollback")):
                    assert status in (404, 503, 507), (status, answer)  # 404: nothing to roll back to
                else:
                    equal((status, answer["error"]["code"]), (507, "exhausted"))
                equal(server.process.poll(), None)
                server.alive()
            check(f"{kind}: full disk: {method} {path}", one)

        def nothing_applied():
            for name, value in before.items():
                equal(server.json(f"/api/v1/{name}"), value)
            assert "m4" in [i["id"] for i in server.json("/api/v1/items/m1/similar?size=29&user=d")["items"]], "a refused hide was applied"
            equal(server.get("/api/v1/items/fresh")[0], 404)
            equal(kept_events(home), [])
        check(f"{kind}: full disk: what was refused is not in answers", nothing_applied)
        os.unlink(filler)

        def all_again():
            for path, method, body in WRITES:
                status, answer = refuses(server, path, method, body, version)
                assert status in ((200, 404) if path.endswith("rollback") else (200, 201)), (path, status, answer)
        check(f"{kind}: room again: all of it is accepted", all_again)
    with Attacked(home) as server:
        def kept():
            assert any(e["grader"] == "d" for e in server.json("/api/v1/judgements")["judgements"])
            assert "m4" not in [i["id"] for i in server.json("/api/v1/items/m1/similar?size=29&user=d")["items"]]
            equal(server.json("/api/v1/items/fresh")["item"]["title"], "Another Story")
            equal([name for name in kept_events(home) if not name.startswith("feedback-")], sorted(f"full{i}" for i in range(50)))
            equal([one["name"] for name in ("scenarios", "experiments") for one in server.json(f"/api/v1/{name}")[name]], ["full", "full"])
            equal(server.json("/api/v1/readyz")["status"], "ready")
        check(f"{kind}: after the next start all of it is there", kept)


def starts_full(home, disk):
    lines = (home / "items.jsonl").read_text(encoding="utf-8")
    (home / "items.jsonl").write_text(lines + lines, encoding="utf-8")  # something to write anew
    whole_pages(home)
    fill(disk)
    with Attacked(home) as server:
        ready = server.json("/api/v1/readyz")
        assert ready["status"] == "degraded" and any("No space left" in reason for reason in ready["reasons"]), ready
        equal(server.json("/api/v1/items/new1")["item"]["title"], "A New Story")
        equal(server.send("/api/v1/feedback", {"user": "d", "item": "m4", "kind": "hide"})[0], 507)


def command_line(home, disk):
    version = second_version(home)
    filler = fill(disk)
    for arguments in (["rollback", "content"], ["publish", "content"], ["promote", "content", "--version", version], ["prune", "content", "--keep", "1"]):
        done = run(*arguments, home=home)
        assert done.returncode in (0, 3, 5, 7), (arguments, done.returncode, done.stderr)
        assert "Assertion" not in done.stderr and "core dumped" not in done.stderr, done.stderr
    os.unlink(filler)
    equal(run("promote", "content", home=home).returncode, 0)
    equal(run("verify", "content", home=home).returncode, 0)


def file_limit(home):
    size = (home / "judgements.jsonl").stat().st_size
    with Attacked(home) as server:
        entry = {"grader": "limit", "seed": "m1", "item": "m9", "grade": 1, "note": "x" * 900}
        equal(server.send("/api/v1/judgements", entry)[0], 200)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size + 1500, resource.RLIM_INFINITY))
        status = 200
        for _ in range(5):
            status, answer = server.send("/api/v1/judgements", entry)
            if status != 200:
                break
        assert status in (503, 507), (status, answer)
        equal(server.process.poll(), None)
        server.alive()
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        equal(server.send("/api/v1/judgements", entry)[0], 200)
    time.sleep(.1)
    with Attacked(home) as server:
        equal(server.json("/api/v1/readyz")["status"], "ready")
