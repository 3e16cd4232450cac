"""The online recommender on real data: controls, seeds, reasons, explanations, rules, feedback, judgements, tokens, pool."""
import http.server
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from api_test import BIN, HOME, Server, check, equal
import api_test

ADMIN, EDITOR = "secret-admin", "secret-editor"


class TokenServer(Server):
    def __init__(self, home, *options):
        self.options = options
        super().__init__(home)

    def send(self, path, data, token=None, method="POST"):
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method, headers=headers,
                                         data=data if isinstance(data, bytes) else json.dumps(data).encode())
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())


def copy_of(home):
    """A home that another server can have: one home, one server."""
    copied = tempfile.mkdtemp()
    shutil.copytree(home, copied, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.lock", "*.tmp"))
    return copied


def ids(answer):
    return [item["id"] for item in answer["items"]]


def similar(server, item, **controls):
    return server.json(f"/api/v1/items/{item}/similar?" + urllib.parse.urlencode(controls))


def controls(server):
    plain = similar(server, 1, size=20)

    def no_control_changes_nothing():
        equal(ids(similar(server, 1, size=20, popularity=0, diversity=0, same_series="true", min_score=0)), ids(plain))

    def dial():
        shift = {dial: similar(server, 589, popularity=dial)["popularity_percentile"] for dial in (-1, 0, 1)}
        assert shift[-1] < shift[0] - 5 and shift[0] <= shift[1], shift

    def filters_never_shorten():
        for text in ("year>=2010", "genre=Western and year<1960", "genre in (War, Western) and not genre = Drama",
                     "year in [seed.year-1, seed.year+1]", "popularity <= 30 and rating >= 3"):
            answer = similar(server, 1, filter=text, size=20)
            equal(len(answer["items"]), 20)
        assert all(item["year"] >= 2010 for item in similar(server, 1, filter="year>=2010")["items"])
        assert all(abs(i["year"] - 1995) <= 1 for i in similar(server, 1, filter="year in [seed.year-1, seed.year+1]")["items"])

    def a_filtered_list_is_exact():
        # The list under a filter is the unfiltered ranking without the others.
        whole = similar(server, 589, size=1000)["items"]
        want = [i["id"] for i in whole if "Comedy" in i["genres"]][:20]
        equal(ids(similar(server, 589, size=20, filter="genre=Comedy")), want)

    def diversity_and_caps():
        genres = [frozenset(i["genres"]) for i in similar(server, 1, size=20)["items"]]
        spread = [frozenset(i["genres"]) for i in similar(server, 1, size=20, diversity=0.8)["items"]]
        assert len(set(spread)) > len(set(genres)), (len(set(spread)), len(set(genres)))
        capped = similar(server, 1, size=20, max_per_genre=8)["items"]
        assert max(sum(g in i["genres"] for i in capped) for g in ("Children", "Animation", "Comedy")) <= 8
        # Fewer of a genre than the nearest items leave room for: further items fill the list.
        answer = similar(server, 1, size=12, max_per_genre=3)
        every = {g for i in answer["items"] for g in i["genres"]}
        equal((len(answer["items"]), answer["degraded"]), (12, []))
        assert max(sum(g in i["genres"] for i in answer["items"]) for g in every) <= 3

    def series_pins_boosts():
        assert "3114" in ids(plain)
        assert "3114" not in ids(similar(server, 1, same_series="false"))
        equal(ids(similar(server, 1, pin="858,318"))[:2], ["858", "318"])
        boosted = similar(server, 1, boost="genre=Musical*2", size=10)["items"]
        assert sum("Musical" in i["genres"] for i in boosted) > sum("Musical" in i["genres"] for i in plain["items"][:10])

    def minimum_instead_of_filler():
        answer = similar(server, 1, min_score=80)
        assert answer["items"] and all(i["score"] >= 80 for i in answer["items"]) and answer["degraded"]

    def seen_and_hidden():
        rated = {r["rating"]["movieId"] for r in server.json("/getuser?id=1")["ratings"]}
        assert not rated & {int(i) for i in ids(similar(server, 1, user=1, size=200))}
        first = ids(plain)[0]
        equal(server.send("/api/v1/feedback", {"user": "tester", "seed": "1", "item": first, "kind": "hide"})[0], 200)
        assert first not in ids(similar(server, 1, user="tester"))
        taken_back(first)
        before = ids(similar(server, 858, user="tired", size=5))
        assert not set(before) & set(ids(similar(server, 858, user="tired", size=5, fatigue=1)))

    def taken_back(first):
        feedback = pathlib.Path(server.home, "feedback.jsonl")
        undo = {"user": "tester", "item": first, "kind": "undo"}
        lines = feedback.read_text(encoding="utf-8").count("\n")
        equal(server.send("/api/v1/feedback", {**undo, "of": "seen"})[1], {"saved": 0})  # it was hidden
        equal(server.send("/api/v1/feedback", {**undo, "user": "somebody"})[1], {"saved": 0})
        assert first not in ids(similar(server, 1, user="tester"))
        equal(feedback.read_text(encoding="utf-8").count("\n"), lines)
        equal(server.send("/api/v1/feedback", {**undo, "of": "hide"})[1], {"saved": 1})
        assert first in ids(similar(server, 1, user="tester"))
        second = ids(plain)[1]
        equal(server.send("/api/v1/feedback", {"user": "tester", "item": second, "kind": "seen"})[1], {"saved": 1})
        again = TokenServer(copy_of(server.home))  # reads the journal: the undo too
        listed = ids(similar(again, 1, user="tester"))
        assert first in listed and second not in listed
        again.process.terminate()
        equal(again.process.wait(), 0)
        for wrong, parameter in (({**undo, "of": "play"}, "of"), ({**undo, "kind": "hide", "of": "hide"}, "of"), ({**undo, "kind": "redo"}, "kind")):
            status, answer = server.send("/api/v1/feedback", wrong)
            equal((status, answer["error"]["parameter"]), (400, parameter))

    def fields_paging_budget():
        equal(set(similar(server, 1, fields="id,score", size=1)["items"][0]), {"id", "score"})
        equal(ids(similar(server, 1, size=5, offset=5, diversity=0.3)), ids(similar(server, 1, size=10, diversity=0.3))[5:])
        hurried = similar(server, 1, budget_ms=1, filter="genre=Western", size=20)
        assert len(hurried["items"]) == 20 or hurried["degraded"], hurried

    for name, body in (("no control changes nothing", no_control_changes_nothing), ("the popularity dial moves the list", dial),
                       ("filters never shorten a list", filters_never_shorten), ("a filtered list is the exact one", a_filtered_list_is_exact),
                       ("diversity and caps", diversity_and_caps), ("series switch, pins and boosts", series_pins_boosts),
                       ("a minimum score shortens and says so", minimum_instead_of_filler), ("seen, hidden and tiring items go", seen_and_hidden),
                       ("fields, paging, budget", fields_paging_budget)):
        check(name, body)


def seeds(server):
    def blend():
        answer = server.json("/api/v1/similar?seeds=1,589&size=10")
        assert not {"1", "589"} & set(ids(answer))
        without = server.json("/api/v1/similar?seeds=1&not=3114&size=20")
        assert ids(without) != ids(similar(server, 1, size=20))
        equal(ids(server.json("/api/v1/similar?seeds=589&size=20")), ids(similar(server, 589, size=20)))

    def by_json():
        status, one = server.send("/api/v1/similar", {"seeds": [{"id": "1", "weight": 2}, "589"], "size": 7})
        equal((status, len(one["items"])), (200, 7))
        status, batch = server.send("/api/v1/batch", {"requests": [{"seeds": ["1"], "size": 3}, {"user": "7", "size": 4}]})
        equal([len(a["items"]) for a in batch["answers"]], [3, 4])
        model = next(m for m in server.json("/api/v1/models")["models"] if m["default"])
        status, by_vector = server.send("/api/v1/similar", {"vector": [0.1] * model["dim"], "size": 5})
        equal((status, len(by_vector["items"])), (200, 5))

    def wrong():
        for data, parameter in (({"seeds": ["nope"]}, "seeds"), ({"seeds": [{"id": "1", "weight": -1}]}, "seeds"), ({}, "seeds"),
                                ({"seeds": ["1"], "size": 0}, "size"), ({"vector": [1, 2]}, "vector"), ({"vector": ["x"]}, "vector"),
                                ({"seeds": ["1"], "colour": "red"}, "colour"), (b"{nonsense", "body"), ([1], "body")):
            status, answer = server.send("/api/v1/similar", data)
            equal((status, answer["error"].get("parameter")), (400, parameter))
        for query in ("filter=year", "filter=(year%3E3", "filter=colour%3Dred", "boost=genre%3DWar", "channels=magic", "row=first",
                      "popularity=2", "diversity=x", "genres=Nope", "fields=secret", "same_series=maybe"):
            status, body, _ = server.get(f"/api/v1/items/1/similar?{query}")
            equal(status, 400)
            equal(json.loads(body)["error"]["parameter"], query.split("=")[0])

    check("several seeds, weights, negative seeds", blend)
    check("seeds by JSON, batches, vectors, a user's history", by_json)
    check("wrong seeds and controls say which and why", wrong)


def reasons(server):
    def sentences():
        items = similar(server, 589, reasons="true", size=20)["items"]
        assert sum(bool(i["reason"]) for i in items) >= 18, [i["reason"] for i in items]
        first = next(i for i in items if i["title"] == "The Terminator")
        assert "series" in first["reason"] and first["reason_parts"]["together"]["users"] > 20

    def why_and_why_not():
        top = ids(similar(server, 1, size=20))
        for rank, item in enumerate(top[:5], 1):
            told = server.json(f"/api/v1/explain?seed=1&item={item}")
            equal((told["rank"], told["in_list"], told["why_not"]), (rank, True, []))
        far = server.json("/api/v1/explain?seed=1&item=380")
        assert not far["in_list"] and "closer" in far["why_not"][0] and far["parts"]
        barred = server.json("/api/v1/explain?seed=1&item=3114&same_series=false")
        assert barred["rank"] is None and "series" in barred["why_not"][0]
        filtered = server.json("/api/v1/explain?seed=1&item=3114&year_min=2005")
        assert "filter" in filtered["why_not"][0]
        assert "seed itself" in server.json("/api/v1/explain?seed=1&item=1")["why_not"][0]

    def rows():
        named = {r["name"]: r["items"] for r in server.json("/api/v1/items/589/rows?size=8")["rows"]}
        assert {"watched-together", "similar-story", "hidden-gems"} <= set(named)
        assert all(items for items in named.values())

    check("reasons on a list", sentences)
    check("why, and why not", why_and_why_not)
    check("named rows", rows)


def rules(server):
    guard = [{"type": "filter", "when": "genre = Children", "show": "not genre in (Horror, Crime, Thriller)"}]

    def tokens():
        equal(server.send("/api/v1/rules", {"version": 0, "rules": []}, method="PUT")[0], 401)
        equal(server.send("/api/v1/rules", {"version": 0, "rules": []}, "wrong-secret", "PUT")[0], 401)
        equal(server.send("/api/v1/models/fusion/rollback", {}, EDITOR)[0], 403)

    def what_if_then_publish():
        status, told = server.send("/api/v1/rules/what-if", {"rules": guard})
        equal(status, 200)
        assert told["seeds_changed"] > 0 and told["genre_shift"] and told["examples"], told
        before = ids(similar(server, 1, size=50))
        version = server.json("/api/v1/rules")["version"]
        equal(server.send("/api/v1/rules", {"version": version, "rules": guard}, EDITOR, "PUT")[0], 200)
        equal(server.send("/api/v1/rules", {"version": version, "rules": guard}, EDITOR, "PUT")[0], 409)
        after = similar(server, 1, size=50)["items"]
        equal(len(after), 50)
        assert not any({"Horror", "Crime", "Thriller"} & set(i["genres"]) for i in after)
        assert ids({"items": after}) != before
        assert json.loads((pathlib.Path(server.home) / "rules.json").read_text())["rules"] == guard

    def wrong_rules():
        version = server.json("/api/v1/rules")["version"]
        for rule in ({"type": "magic"}, {"type": "filter"}, {"type": "boost", "items": "year>1990", "factor": -1}, {"type": "cap", "by": "mood", "max": 1},
                     {"type": "block_pair", "a": "1", "b": "nope"}, {"type": "filter", "show": "year >"}, {"type": "cap", "by": "genre", "max": 2, "x": 1}):
            status, answer = server.send("/api/v1/rules", {"version": version, "rules": [rule]}, EDITOR, "PUT")
            equal(status, 400)
            assert "rule 1" in answer["error"]["message"], answer
        equal(server.json("/api/v1/rules")["version"], version)

    def report_blocks():
        bad = ids(similar(server, 589, size=3))[0]
        equal(server.send("/api/v1/reports", {"seed": "589", "item": bad, "state": "reported", "block": True}, EDITOR)[0], 200)
        assert bad not in ids(similar(server, 589, size=20))
        assert "589" not in ids(similar(server, bad, size=20))
        equal(server.json("/api/v1/reports")["reports"][0]["state"], "reported")
        equal(server.send("/api/v1/rules", {"version": server.json("/api/v1/rules")["version"], "rules": []}, EDITOR, "PUT")[0], 200)
        assert bad in ids(similar(server, 589, size=20))

    check("tokens: 401 without, 403 for the wrong role", tokens)
    check("what-if, publish, conflict, persistence", what_if_then_publish)
    check("wrong rules change nothing", wrong_rules)
    check("a report blocks a pair both ways", report_blocks)


def judging(server):
    def judgements():
        grades = [{"grader": g, "seed": "1", "item": i, "grade": n} for g, n in (("ann", 3), ("bob", 2)) for i in ("3114", "2355")]
        equal(server.send("/api/v1/judgements", grades)[1], {"saved": 4})
        equal(server.send("/api/v1/judgements", [{"grader": "ann", "seed": "1", "item": "3114", "grade": 4}])[0], 400)
        text = server.get("/api/v1/judgements?format=tsv")[1].decode()
        assert "1\t3114\t2.5" in text, text
        equal(server.send("/api/v1/judgements", {"grader": "bob", "seed": "1", "item": "2355", "grade": None})[1], {"saved": 1})
        assert "1\t2355\t3\n" in server.get("/api/v1/judgements?format=tsv")[1].decode(), "bob's 2 still counts"
        equal([j["item"] for j in server.json("/api/v1/judgements?grader=bob")["judgements"]], ["3114"])
        equal(server.json("/api/v1/judgements")["agreement"]["shared_pairs"], 1)
        equal(server.send("/api/v1/judgements", grades[3:])[1], {"saved": 1})
        equal(server.get("/api/v1/judgements?format=tsv")[1].decode(), text)
        file = pathlib.Path(server.home) / "judged.tsv"
        file.write_text(text, encoding="utf-8")
        done = subprocess.run([BIN, "-q", "--json", "evaluate", "--methods", "content", "--splits", "1", "--ground-truth", str(file)],
                              capture_output=True, text=True, check=False, env={**os.environ, "SPARROW_HOME": HOME})
        equal(done.returncode, 0)

    def votes():
        models = {m["name"]: {"name": m["name"], "version": m["version"]} for m in server.json("/api/v1/models")["models"]}
        for winner in ("left", "left", "tie"):
            equal(server.send("/api/v1/votes", {"grader": "ann", "seed": "1", "left": models["fusion"], "right": models["content"], "winner": winner})[0], 200)
        pair = server.json("/api/v1/votes")["pairs"][0]
        equal((pair["wins_a"], pair["wins_b"], pair["ties"]), (0, 2, 1))  # content comes first by name

    def metrics():
        text = server.get("/metrics")[1].decode()
        for name in ("sparrow_requests_total", "sparrow_request_seconds_bucket", "sparrow_channel_answers_total", "sparrow_model_info"):
            assert name in text, name

    check("judgements: saved, agreement, ground truth for evaluate", judgements)
    check("blind votes are counted", votes)
    check("metrics", metrics)


def live_items(server):
    film = {"title": "Steel Dawn Seven", "year": 1992, "genres": ["Action", "Sci-Fi"], "tags": ["cyborg", "time travel"]}

    def a_new_item_answers_at_once():
        status, told = server.send("/api/v1/items/new-1", film, EDITOR, "PUT")
        equal((status, told["state"], told["live"], told["created"]), (201, "shown", True, True))
        answer = similar(server, "new-1", size=20)
        equal((len(answer["items"]), answer["degraded"], answer["seed_source"]), (20, [], "content"))
        assert sum("Sci-Fi" in i["genres"] for i in answer["items"]) >= 15
        equal(ids(server.json("/api/v1/search?q=steel+dawn+seven")), ["new-1"])
        assert any("new-1" in ids(similar(server, i, size=100)) for i in ids(answer)[:10]), "in no list of its neighbours"
        # Where it stands in another's table is where an exact search would put it.
        near = ids(answer)[0]
        whole = ids(similar(server, near, size=1000))
        if "new-1" in ids(similar(server, near, size=100)):
            equal(whole.index("new-1"), ids(similar(server, near, size=100)).index("new-1"))

    def changed_hidden_removed():
        equal(server.send("/api/v1/items/new-1", {"year": 2001}, EDITOR, "PATCH")[0], 200)
        equal(server.json("/api/v1/items/new-1")["item"]["year"], 2001)
        near = ids(similar(server, "new-1"))[0]
        equal(server.send("/api/v1/items/new-1", {"hidden": True}, EDITOR, "PATCH")[1]["state"], "hidden")
        assert "new-1" not in ids(similar(server, near, size=200)) and ids(server.json("/api/v1/search?q=steel+dawn+seven")) == []
        equal(server.send("/api/v1/items/new-1", b"", EDITOR, "DELETE")[1]["state"], "removed")
        server.json("/api/v1/items/new-1", 404)
        equal(server.send("/api/v1/items/new-1", b"", EDITOR, "DELETE")[0], 404)
        top = ids(similar(server, 589))[0]
        equal(server.send(f"/api/v1/items/{top}", b"", EDITOR, "DELETE")[0], 200)
        answer = similar(server, 589)
        assert top not in ids(answer) and len(answer["items"]) == 20 and answer["degraded"] == []
        equal(server.send("/api/v1/items/296", {"year": 1995}, EDITOR, "PATCH")[0], 200)  # more tags than a request may have
        return top

    def wrong():
        for data, parameter in (({}, "title"), ({"title": "x", "year": "a"}, "year"), ({"title": "x", "colour": 1}, "colour"), ([], "body"), (b"zz", "body"),
                                ({"title": "x", "id": "other"}, "id"), ({"title": "x", "genres": "War"}, "genres"), ({"title": "x" * 600}, "title"),
                                ({"title": "x", "tags": [["a", -1]]}, "tags"), ({"title": "a\u0001"}, "title"), ({"title": "x", "hidden": 1}, "hidden")):
            status, answer = server.send("/api/v1/items/new-2", data, EDITOR, "PUT")
            equal((status, answer["error"].get("parameter")), (400, parameter))
        equal(server.send("/api/v1/items/new-2", film, method="PUT")[0], 401)
        equal(server.send("/api/v1/items/nope", {"year": 3}, EDITOR, "PATCH")[0], 404)
        equal(server.send("/api/v1/items", {"items": [{"id": "a", **film}, {"id": "b"}]}, EDITOR)[0], 400)
        server.json("/api/v1/items/a", 404)  # all or nothing
        equal(server.send("/api/v1/items", {"items": [{"id": "a", **film}], "remove": ["nope"]}, EDITOR)[0], 404)
        server.json("/api/v1/items/a", 404)

    def many_under_load():
        problems, stop = [], threading.Event()

        def ask():
            while not stop.is_set():
                answer = similar(server, 1, size=20, filter="year>1950")
                if len(answer["items"]) != 20 or any("title" not in i for i in answer["items"]):
                    problems.append(answer)

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for batch in range(4):
            status, told = server.send("/api/v1/items", {"items": [{"id": f"bulk-{batch}-{i}", **film} for i in range(50)]}, EDITOR)
            assert status in (200, 202) and len(told["items"]) == 50, told
        stop.set()
        for thread in threads:
            thread.join()
        assert not problems, problems[:1]

    def survives_a_restart(removed):
        deadline = time.time() + 20
        while server.get("/api/v1/items/bulk-3-49")[0] != 200 and time.time() < deadline:
            time.sleep(0.1)
        with open(pathlib.Path(server.home, "items.jsonl"), "a", encoding="utf-8") as file:
            file.write('{"state":"shown","item":{"id":"cut')  # as a crash leaves it
        again = TokenServer(copy_of(server.home), "--token", f"editor:{EDITOR}")
        answer = similar(again, "bulk-3-49")
        assert len(answer["items"]) == 20, (answer, pathlib.Path(again.log.name).read_text(encoding="utf-8"))
        equal(again.json("/api/v1/items/296")["item"]["year"], 1995)
        for gone in ("new-1", removed):
            again.json(f"/api/v1/items/{gone}", 404)
        # The bulk items are alike: in which order of ties they stand depends on their rows.
        lists = [similar(s, 589, size=50)["items"] for s in (again, server)]
        equal(*[[(i["score"], i["id"].split("-")[0]) for i in items] for items in lists])
        again.process.terminate()
        equal(again.process.wait(), 0)

    removed = []
    check("a new item answers at once and stands in others' lists", a_new_item_answers_at_once)
    check("items are changed, hidden, removed", lambda: removed.append(changed_hidden_removed()))
    check("wrong items change nothing", wrong)
    check("bulk changes while requests run", many_under_load)
    check("changes survive a restart and half a line", lambda: survives_a_restart(removed[0]))


def pool(home):
    folder = tempfile.mkdtemp()
    database = pathlib.Path(folder, "pool.db")
    with sqlite3.connect(database) as db:
        db.execute("CREATE TABLE items(id TEXT, available INT)")
        db.executemany("INSERT INTO items VALUES (?, ?)", [("1", 1), ("589", 1), ("3114", 0)] + [(str(i), 1) for i in range(100, 3000)])
    server = TokenServer(home, "--pool", f"sqlite:{database}", "--pool-refresh-s", "1")

    def hidden_items_go():
        answer = similar(server, 1, size=50)
        equal(len(answer["items"]), 50)
        assert "3114" not in ids(answer) and all(i in ("1", "589") or 100 <= int(i) < 3000 for i in ids(answer))
        assert "candidate pool" in server.json("/api/v1/explain?seed=1&item=3114")["why_not"][0]

    def refreshes_and_survives():
        with sqlite3.connect(database) as db:
            db.execute("UPDATE items SET available = 1 WHERE id = '3114'")
        deadline = time.time() + 10
        while "3114" not in ids(similar(server, 1)) and time.time() < deadline:
            time.sleep(0.2)
        assert "3114" in ids(similar(server, 1))
        database.unlink()
        while server.json("/api/v1/readyz")["status"] != "degraded" and time.time() < deadline + 10:
            time.sleep(0.2)
        equal(server.json("/api/v1/readyz")["status"], "degraded")
        equal(len(similar(server, 1)["items"]), 20)

    check("candidate pool from SQLite hides what may not be shown", hidden_items_go)
    check("the pool is refreshed, and the last good one survives its source", refreshes_and_survives)
    server.process.terminate()
    server.process.wait()
    listed = [str(i) for i in range(1, 400)]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802
            body = json.dumps(listed).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    source = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=source.serve_forever, daemon=True).start()
    server = TokenServer(home, "--pool", f"http://127.0.0.1:{source.server_port}/ids")
    check("candidate pool over HTTP", lambda: equal(all(int(i) < 400 for i in ids(similar(server, 1))), True))
    server.process.terminate()
    server.process.wait()
    source.shutdown()
    shutil.rmtree(folder)


def main():
    home = tempfile.mkdtemp()
    shutil.copytree(HOME, home, dirs_exist_ok=True)
    for name in ("rules.json", "items.jsonl", "judgements.jsonl", "votes.jsonl", "reports.jsonl", "feedback.jsonl"):
        pathlib.Path(home, name).unlink(missing_ok=True)
    server = TokenServer(home, "--token", f"admin:{ADMIN}", "--token", f"editor:{EDITOR}")
    server.home = home
    for part in (controls, seeds, reasons, rules, judging, live_items):
        part(server)
    server.process.terminate()
    server.process.wait()
    pathlib.Path(home, "items.jsonl").unlink(missing_ok=True)
    pool(home)
    shutil.rmtree(home)
    print(f"{api_test.passed} passed, {api_test.failed} failed")
    raise SystemExit(api_test.failed > 0)


if __name__ == "__main__":
    main()
