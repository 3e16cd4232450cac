"""Documents that the server writes must be such that it reads them again; a bad one never keeps it from starting."""
import json

from ground import TOKEN, Attacked, check, equal, run, small_home


def main():
    with small_home() as home:
        check("a rules file is read again after the most that is accepted", lambda: full_rules(home))
    with small_home() as home:
        check("nested bodies are refused and nothing is written", lambda: nested(home))
    with small_home() as home:
        check("a rules file that is no JSON is set aside, and readyz says so", lambda: broken_rules(home))
    with small_home() as home:
        check("rules that name what is gone rest, the others hold", lambda: resting_rules(home))
    with small_home() as home:
        check("damaged changes of items are skipped and named", lambda: damaged_items(home))


def full_rules(home):
    with Attacked(home) as server:
        rules = server.json("/api/v1/rules")
        rule = {"type": "block_pair", "a": "m1", "b": "m2", "note": "n"}
        (home / "rules.json").write_text(json.dumps({"version": rules["version"], "rules": [rule] * 9_999}), encoding="utf-8")
    with Attacked(home) as server:
        report = {"seed": "m3", "item": "m4", "state": "reported", "block": True}
        equal(server.send("/api/v1/reports", report, TOKEN)[0], 200)  # rule 10,000
        status, answer = server.send("/api/v1/reports", {**report, "item": "m5"}, TOKEN)
        equal((status, answer["error"]["code"]), (400, "invalid_input"))
        equal(len(server.json("/api/v1/rules")["rules"]), 10_000)
    with Attacked(home) as server:
        equal(len(server.json("/api/v1/rules")["rules"]), 10_000)
        equal(server.json("/api/v1/readyz")["status"], "ready")
        listed = [item["id"] for item in server.json("/api/v1/items/m3/similar?size=29")["items"]]
        assert "m4" not in listed and "m5" in listed, listed


def nested(home):
    before = (home / "rules.json").stat().st_size
    with Attacked(home) as server:
        version = server.json("/api/v1/rules")["version"]
        for depth in (20, 10_000, 100_000):
            note = "[" * depth + "]" * depth
            for path, method, text in (("rules", "PUT", '{"version":%d,"rules":[{"type":"cap","by":"genre","max":3,"note":%s}]}' % (version, note)),
                                       ("feedback", "POST", '{"user":%s,"item":"m1","kind":"seen"}' % note),
                                       ("judgements", "POST", note), ("items", "POST", '{"items":[{"id":"n","title":%s}]}' % note)):
                status, _ = server.send(f"/api/v1/{path}", text.encode(), TOKEN, method)
                assert status in (400, 413), (path, depth, status)
        note = {"a": {"b": "c"}}
        status, _ = server.send("/api/v1/rules", {"version": version, "rules": [{"type": "cap", "by": "genre", "max": 3, "note": note}]}, TOKEN, "PUT")
        equal(status, 400)
        equal(server.json("/api/v1/rules")["version"], version)
        server.alive()
    equal((home / "rules.json").stat().st_size, before)


def broken_rules(home):
    (home / "rules.json").write_text('{"rules":[', encoding="utf-8")
    with Attacked(home) as server:
        ready = server.json("/api/v1/readyz")
        assert ready["status"] == "degraded" and any("set aside" in reason for reason in ready["reasons"]), ready
        equal((home / "rules.json.unreadable").read_text(encoding="utf-8"), '{"rules":[')
        rule = {"type": "cap", "by": "genre", "max": 3}
        equal(server.send("/api/v1/rules", {"version": 0, "rules": [rule]}, TOKEN, "PUT")[0], 200)
    with Attacked(home) as server:
        equal(server.json("/api/v1/readyz")["status"], "ready")
        equal(len(server.json("/api/v1/rules")["rules"]), 1)


def resting_rules(home):
    rules = [{"type": "block_pair", "a": "gone", "b": "m1"}, {"type": "block_pair", "a": "m1", "b": "m4"}, {"type": "of tomorrow"}]
    (home / "rules.json").write_text(json.dumps({"version": 4, "rules": rules}), encoding="utf-8")
    with Attacked(home) as server:
        ready = server.json("/api/v1/readyz")
        assert ready["status"] == "degraded" and any("2 rules rest" in reason for reason in ready["reasons"]), ready
        equal(server.json("/api/v1/rules")["rules"], rules)
        assert "m4" not in [item["id"] for item in server.json("/api/v1/items/m1/similar?size=29")["items"]]
    equal(run("rules", "show", home=home).returncode, 0)


def damaged_items(home):
    lines = (home / "items.jsonl").read_text(encoding="utf-8").splitlines()
    (home / "items.jsonl").write_text("\n".join([lines[0], '{"item":{"id":7}}', "nonsense", *lines[1:]]) + "\n", encoding="utf-8")
    with Attacked(home) as server:
        ready = server.json("/api/v1/readyz")
        assert ready["status"] == "degraded" and any("2 changes of items" in reason for reason in ready["reasons"]), ready
        equal(server.json("/api/v1/items/new1")["item"]["title"], "A New Story")
        assert "m2" not in [item["id"] for item in server.json("/api/v1/items/m1/similar?size=29")["items"]], "it is hidden"
    assert "nonsense" in (home / "items.jsonl").read_text(encoding="utf-8"), "what cannot be read is kept for whoever can"
