"""The closed loop on the real server: events in, experiments on lists, reports; with simulated viewers whose tastes are known (viewers.py)."""
import collections
import fcntl
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

import jsonschema

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from api_test import BIN, HOME, check, equal, sparrow  # noqa: E402  pylint: disable=wrong-import-position
import api_test  # noqa: E402  pylint: disable=wrong-import-position
from online_test import TokenServer, copy_of  # noqa: E402  pylint: disable=wrong-import-position
from viewers import Viewers  # noqa: E402  pylint: disable=wrong-import-position

TOKEN = "loop-secret"
FEEDBACK = 1  # events that came as feedback, not through the intake of events
SEEDS = ["589", "1", "260", "296", "318", "356", "480", "527", "593", "2571"]


def rows(home, sql):
    return [row for file in sorted((home / "events").glob("events-*.db")) for row in sqlite3.connect(file).execute(sql)]


def intake(server, home):
    def send(body, token=TOKEN):
        return server.send("/api/v1/events", body, token)

    def once():
        event = {"id": "once", "type": "click", "user": "u1", "item": 589, "request_id": "r", "position": 2}
        equal(send({"events": [event]})[1], {"saved": 1, "known": 0, "expired": 0, "unknown_items": 0})
        equal(send([event, {**event, "id": "other", "item": "no such film"}])[1], {"saved": 1, "known": 1, "expired": 0, "unknown_items": 1})
        equal(rows(home, "SELECT item, position FROM events WHERE id='once'"), [("589", 2)])
    check("an event is kept once, whether sent alone, in a list or again", once)

    def ubi():
        document = {"application": "films", "action_name": "click_through", "query_id": "00112233-4455-6677-8899-aabbccddeeff", "client_id": "browser",
                    "session_id": "s", "timestamp": "2026-11-29T20:20:39+00:00", "message_type": "CLICK", "message": "",
                    "event_attributes": {"object": {"object_id": "589", "object_id_field": "movieId"}, "position": {"ordinal": 3}}}
        equal(send([document])[1]["saved"], 1)
        equal(send([document])[1]["known"], 1)
        equal(rows(home, "SELECT type, user, item, position FROM events WHERE request LIKE '0011%'"), [("click", "browser", "589", 2)])
    check("documents of User Behavior Insights are accepted as they are", ubi)

    def refused():
        for body, part in (({"events": [{"type": "click"}]}, '"item"'), ({"type": "rating", "item": "1"}, '"value"'), ({"events": 3}, "must be"),
                           ([{"type": "click", "item": "1"}, {"type": "click", "item": "1", "when": 3}], "event 1"),
                           ([{"type": "click", "item": "1", "time": "2190-01-01"}], '"time"')):
            status, answer = send(body)
            equal(status, 400)
            assert part in answer["error"]["message"], answer
        before = len(rows(home, "SELECT 1 FROM events"))
        send([{"id": "good", "type": "click", "item": "1"}, {"type": "click"}])
        equal(len(rows(home, "SELECT 1 FROM events")), before)
    check("a wrong event is named, and nothing of its batch is kept", refused)

    def numbers():
        metrics = server.get("/metrics")[1].decode()
        assert "\nsparrow_events_total 3\n" in metrics, metrics[-2000:]
        equal(server.json("/api/v1/status")["events"]["trouble"], "")
        equal(server.get("/api/v1/events")[0], 401)
    check("metrics and status count events; the last ones need a token", numbers)

    def forgotten():
        server.get("/api/v1/items/589/similar?user=u1")
        server.send("/api/v1/feedback", {"user": "u1", "item": "589", "kind": "hide"})
        time.sleep(0.6)  # lists are written within half a second
        status, said = server.send("/api/v1/users/u1", None, TOKEN, "DELETE")
        equal(status, 200)
        equal((said["events"], said["impressions"], said["feedback"], said["remains"]), (2 + 1, 1, 1, []))
        assert not rows(home, "SELECT 1 FROM events WHERE user='u1' UNION ALL SELECT 1 FROM impressions WHERE user='u1'")
        assert server.send("/api/v1/users/1", None, TOKEN, "DELETE")[1]["remains"], "user 1 is in the training data"
    check("a user's traces are removed, and where more are is said", forgotten)


def plans(server):
    film = "/api/v1/items/589/similar?size=10"

    def put_scenarios(*settings):
        return server.send("/api/v1/scenarios", {"scenarios": [{"name": f"s{i}", "settings": one} for i, one in enumerate(settings)]}, TOKEN, "PUT")

    def sets():
        version = server.json("/api/v1/rules")["version"]
        listed = [item["id"] for item in server.json(film)["items"]]
        rules = [{"type": "block_pair", "a": "589", "b": listed[0]}, {"type": "block_pair", "a": "589", "b": listed[1], "set": "summer"}]
        equal(server.send("/api/v1/rules", {"version": version, "rules": rules}, TOKEN, "PUT")[0], 200)
        equal(put_scenarios({"rules": "summer"}, {"rules": "none"})[0], 200)

        def missing(query):
            shown = [item["id"] for item in server.json(film + query)["items"]]
            return [i for i in (0, 1) if listed[i] not in shown]
        equal((missing(""), missing("&rules=summer"), missing("&rules=none")), ([0], [0, 1], []))
        equal((missing("&scenario=s0"), missing("&scenario=s1")), ([0, 1], []))
        status, answer = server.get(film + "&rules=winter")[:2]
        equal(status, 400)
        assert "summer" in json.loads(answer)["error"]["message"], answer
        equal(server.send("/api/v1/rules", {"version": version + 1, "rules": []}, TOKEN, "PUT")[0], 200)
    check("a list, a scenario or a variant has its own set of the rules", sets)

    def fallback():
        equal(put_scenarios({"model": "nowhere"})[0], 400)
        equal(put_scenarios({"model": "candidate,content"})[0], 200)
        answer = server.json(film + "&scenario=s0")
        equal(answer["model"]["name"], "content")
        assert "content answers" in answer["degraded"][0], answer["degraded"]
        equal(put_scenarios()[0], 200)
    check("a scenario falls back to the next model that is served, and says so; lists follow a changed scenario at once", fallback)


def put(server, experiments):
    status, answer = server.send("/api/v1/experiments", {"experiments": experiments}, TOKEN, "PUT")
    assert status == 200, answer
    for experiment in experiments:
        status, answer = server.send(f"/api/v1/experiments/{experiment['name']}/decision", {"action": "start"}, TOKEN)
        assert status == 200, answer


def experiments(server, home):
    put(server, [{"name": "hidden-gems", "hypothesis": "less known films are clicked more", "variants": [
        {"name": "control"}, {"name": "gems", "settings": {"popularity": "-0.6"}}], "metrics": ["click_through", "watch_minutes"]},
                 {"name": "nothing", "variants": [{"name": "a"}, {"name": "b"}], "metrics": ["click_through"]}])

    def variant_of(user):
        return [server.json(f"/api/v1/experiments/hidden-gems/assignment?unit={user}")["variant"]]
    viewers = Viewers(server.port, seed=5, token=TOKEN, effects={"gems": 1.3})
    for number in range(900):
        viewers.visit(number, SEEDS, variant_of)
    viewers.flush()
    time.sleep(0.6)

    def found():
        report = server.json("/api/v1/experiments/hidden-gems/report")
        equal(report["split"]["mismatch"], False)
        metric = report["metrics"][0]
        variant = metric["variants"][1]
        low, high = variant["fixed"]["lift_interval"]
        print(f"     planted +30 %: found {100 * variant['fixed']['lift']:+.1f} % [{100 * low:.1f}, {100 * high:.1f}], sequential p {variant['sequential']['p']:.2g}")
        assert low <= 0.3 <= high and low > 0, (variant["fixed"]["lift"], low, high)
        equal(report["verdict"]["kind"], "better")
    check("a planted effect of 30 % lies in the interval, and the verdict is \"better\"", found)

    def same():
        printed = json.loads(sparrow("--json", "experiment", "report", "hidden-gems", home=str(home)))
        asked = server.json("/api/v1/experiments/hidden-gems/report")
        equal(printed["metrics"][0]["variants"][1]["fixed"], asked["metrics"][0]["variants"][1]["fixed"])
        assert server.json("/api/v1/experiments/nothing/report")["verdict"]["kind"] in ("undecided", "too_early")
    check("the terminal reports what the server does; an A/A beside it finds nothing", same)

    def honest():
        result = json.loads(sparrow("--json", "experiment", "self-test", "--runs", "1000", home=str(home)))
        fixed, peeking = result["fixed_rate"], result["sequential_rate"]
        print(f"     of 1,000 A/A tests: {fixed:.3f} found something at a fixed end, {peeking:.3f} by looking every day", flush=True)
        assert 0.029 <= fixed <= 0.071 and peeking <= 0.05, result  # 5 % and three standard errors of a thousand splits of the same viewers
    check("of 1,000 A/A tests on these viewers about 5 % find something", honest)


def within(seconds, look):
    """How long it took until look() gave something."""
    began = time.time()
    while time.time() - began < seconds:
        if look():
            return time.time() - began
        time.sleep(0.02)
    raise AssertionError(f"nothing after {seconds} s")


def live(server):
    def send(*pairs):
        equal(server.send("/api/v1/events", {"events": [{"type": "click", "user": user, "item": item} for user, item in pairs]}, TOKEN)[0], 200)

    def co_watch():
        plain = server.json("/api/v1/items/858/similar?size=10")["items"]
        send(("pair", "858"), ("pair", "5618"), ("pair", "no such film"))
        took = within(60, lambda: "5618" in [i["id"] for i in server.json("/api/v1/items/858/similar?size=10&recent_co_watch=100")["items"]])
        print(f"     co-watch changed a list after {took:.2f} s", flush=True)
        equal(server.json("/api/v1/items/858/similar?size=10")["items"], plain)  # who does not ask gets what they got
        item = next(i for i in server.json("/api/v1/items/858/similar?size=10&recent_co_watch=100")["items"] if i["id"] == "5618")
        assert {"name": "recent-co-watch", "rank": 1} in [{"name": c["name"], "rank": c["rank"]} for c in item["channels"]], item
        channels = {c["name"]: c["rank"] for c in server.json("/api/v1/explain?seed=858&item=5618")["channels"]}
        equal((channels["recent-co-watch"], channels["trending"] is not None), (1, True))
    check("a click changes co-watch for those who ask, and the explanation says so", co_watch)

    def trending():
        def row():
            return next((r["items"] for r in server.json("/api/v1/home?size=10")["rows"] if r["name"] == "trending"), [])
        before = [i["id"] for i in row()]
        assert "27904" not in before
        send(*((f"fan{n}", "27904") for n in range(12)), *(("robot", "4993") for _ in range(50)))
        took = within(60, lambda: "27904" in [i["id"] for i in row()])
        print(f"     trending changed after {took:.2f} s", flush=True)
        order = [i["id"] for i in row()]
        assert "4993" not in order or order.index("27904") < order.index("4993"), order  # one who clicks often counts once
        assert server.json("/api/v1/items/1/similar?size=10&channels=trending&fields=id")["items"]
    check("clicks of several change what trends; those of one do not", trending)

    def bounds():
        for wrong in ("trending=-1", "trending=101", "recent_co_watch=many"):
            assert wrong.split("=", maxsplit=1)[0] in server.json(f"/api/v1/items/1/similar?{wrong}", 400)["error"]["message"]
        metrics = server.get("/metrics")[1].decode()
        assert re.search(r"\nsparrow_live_events_total [1-9]", metrics) and "\nsparrow_live_dropped_total 0\n" in metrics
    check("the parameters have bounds, and metrics count what was taken in", bounds)


def run(home, *arguments):
    done = subprocess.run([BIN, "--json", *arguments], capture_output=True, text=True, check=False,
                          env={**os.environ, "SPARROW_HOME": str(home), "SPARROW_DATA": ""})
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")], done.stderr


def small_part(folder, films=600):
    """The films of MovieLens that most people rated, with their ratings: real data that are learned in a second."""
    source = pathlib.Path(os.environ["SPARROW_DATA"])
    ratings = (source / "ratings.csv").read_text(encoding="utf-8").splitlines()
    count = collections.Counter(line.split(",")[1] for line in ratings[1:])
    kept = {film for film, _ in count.most_common(films)}
    folder.mkdir()
    for name, column, lines in (("ratings.csv", 1, ratings), ("movies.csv", 0, (source / "movies.csv").read_text(encoding="utf-8").splitlines())):
        (folder / name).write_text("\n".join([lines[0], *(line for line in lines[1:] if line.split(",")[column] in kept)]) + "\n", encoding="utf-8")
    return str(folder)


def learn(server, home, work):
    data = small_part(work / "data")
    turn = ("loop", "--data", data, "--method", "cooccurrence", "--splits", "1")

    def ingest():
        status, said, error = run(home, "ingest", "--most-caused", "50", "--out", str(work / "rows.csv"))
        equal(status, 0)
        kept = (work / "rows.csv").read_text().splitlines()
        equal(kept[0], "user,item,value,time")
        equal(len(kept) - 1, said[0]["rows"])
        equal(said[0]["rows"], said[0]["own"] + said[0]["explored"] + said[0]["by_lists"])
        assert said[0]["dropped"] > 0 and said[0]["unknown_items"] == 1, said  # viewers only click what lists show them
        again = run(home, "ingest", "--most-caused", "50", "--out", str(work / "again.csv"))
        equal((work / "again.csv").read_text(), (work / "rows.csv").read_text())
        equal(again[1][0]["dropped"], said[0]["dropped"])
        whole = run(home, "ingest", "--most-caused", "100", "--out", str(work / "all.csv"))[1][0]
        equal((whole["dropped"], whole["rows"]), (0, said[0]["rows"] + said[0]["dropped"]))
        assert not error or "Traceback" not in error
    check("ingest makes a training log, and leaves out what lists caused above the share", ingest)

    def version():
        status, body, _ = server.get("/api/v1/items/1/similar?size=1&model=cooccurrence")
        return json.loads(body)["model"]["version"] if status == 200 else None

    def gate():
        (work / "gate.json").write_text('{"/held_out_users/hit": 0.9}')
        status, stages, error = run(home, *turn, "--gate", str(work / "gate.json"))
        equal((status, [s["stage"] for s in stages], stages[-1]["state"]), (8, ["ingest", "prepare", "train", "evaluate"], "stopped"))
        assert "/held_out_users/hit fell to" in error, error
        assert version() is None
    check("the loop stops at its gate with a reason and a status of its own, and nothing is promoted", gate)

    def promoted():
        status, stages, error = run(home, *turn)
        equal((status, [s["stage"] for s in stages]), (0, ["ingest", "prepare", "train", "evaluate", "publish", "promote"]), )
        assert all(s["state"] == "done" for s in stages), (stages, error)
        print(f"     {stages[0]['text']}; {stages[1]['text']}", flush=True)
        assert stages[0]["rows"] > 300 and stages[0]["new_users"] > 100, stages[0]
        within(20, lambda: version() == stages[2]["version"])
        gated = json.loads((home / "loop/gate.json").read_text())
        assert gated["/held_out_users/hit"] > 0.05, gated
        equal([s["stage"] for s in json.loads((home / "loop/last.json").read_text())["stages"]], [s["stage"] for s in stages])
    check("the loop learns from events and data, and the server serves what it promoted", promoted)

    def again():
        status, stages, _ = run(home, *turn)
        equal((status, stages[-1]["stage"], stages[-1]["state"]), (0, "train", "stopped"))
        equal(run(home, *turn, "--gate", str(work / "none.json"))[0], 3)
        with open(home / "loop/lock", "a", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            equal(run(home, *turn)[0], 5)
    check("with nothing new the loop stops; one turn at a time", again)

    def killed():
        process = subprocess.Popen([BIN, "-q", *turn, "--force"], env={**os.environ, "SPARROW_HOME": str(home), "SPARROW_DATA": ""}, stdout=subprocess.DEVNULL)
        time.sleep(0.5)
        process.kill()
        process.wait()
        equal(run(home, *turn)[0], 0)
    check("a turn that is killed leaves a home in which the next one goes on", killed)

    def build():
        users = json.loads((home / "prepared/dataset.json").read_text())["info"]["users"]
        sparrow("build", "--data", data, "--method", "cooccurrence", "--events", "--most-caused", "0", home=str(home))
        fewer = json.loads((home / "prepared/dataset.json").read_text())["info"]
        assert fewer["users"] < users and any("event log" in note for note in fewer["notes"]), fewer
        sparrow("verify", "cooccurrence", home=str(home))
    check("build --events joins data and events, and leaves out what lists caused", build)


def validated(server, template, query=""):
    """The answer at this path, which is as docs/api/openapi.json says."""
    status, body, _ = server.get(template + query, headers={"Authorization": f"Bearer {TOKEN}"})
    equal(status, 200)
    schema = api_test.SPEC["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    answer = json.loads(body)
    jsonschema.validate(answer, {**api_test.as_json_schema(schema), **api_test.SCHEMAS})
    return answer


def views(server, home):
    """What the pages show, against sums made by SQL."""
    def summary():
        answer = validated(server, "/api/v1/events/summary")
        equal(len(answer["minutes"]), 60)
        came = sum(minute["events"] for minute in answer["minutes"])
        equal(came, answer["log"]["events"] + sum(minute["known"] for minute in answer["minutes"]) - FEEDBACK)
        clicks = answer["quality"]["clicks"]
        assert clicks["judged"] > 0 and clicks["not_in_list"] == 0 and clicks["wrong_position"] == 0 and clicks["not_seen"] == 0, clicks
    check("the summary counts what came in, and viewers who do everything right look sound", summary)

    def tail():
        answer = validated(server, "/api/v1/events", "?type=click&size=20")
        equal({event["type"] for event in answer["events"]}, {"click"})
        user = answer["events"][0]["user"]
        equal({event["user"] for event in validated(server, "/api/v1/events", f"?user={user}")["events"]}, {user})
    check("the tail is filtered by type and user", tail)

    def usage():
        answer = validated(server, "/api/v1/usage")
        assert answer["complete"]
        clicks, seen = (sum(count for (count,) in rows(home, f"SELECT count(*) FROM events WHERE type='{kind}' AND request IN (SELECT request FROM impressions)"))
                        for kind in ("click", "impression"))
        everything = [cell for day in answer["days"] for cell in day["cells"] if cell["scenario"] is None and cell["model"] is None]
        equal(sum(cell["lists"] for cell in everything), sum(count for (count,) in rows(home, "SELECT count(*) FROM impressions")))
        equal((sum(cell["metrics"]["click_through"]["numerator"] for cell in everything), sum(cell["metrics"]["click_through"]["denominator"] for cell in everything)),
              (clicks, seen))
    check("use by day has the sums that SQL has", usage)

    def planning():
        splits = {split["name"]: split for split in validated(server, "/api/v1/experiments/splits")["splits"]}
        report = server.json("/api/v1/experiments/hidden-gems/report")
        equal([variant["n"] for variant in splits["hidden-gems"]["variants"]], [variant["n"] for variant in report["split"]["variants"]])
        equal(splits["hidden-gems"]["p"], report["split"]["p"])
        size = validated(server, "/api/v1/experiments/size", "?metric=click_through&lift=0.1")
        printed = json.loads(sparrow("--json", "experiment", "size", "--metric", "click_through", "--lift", "0.1", home=str(home)))
        equal(size["control"], printed["control"])
        again = validated(server, "/api/v1/experiments/size", f"?mean={size['value']}&sd={size['deviation']}&lift=0.1")
        assert abs(again["control"] / size["control"] - 1) < 1e-6, (again, size)
        validated(server, "/api/v1/experiments/options")
    check("splits are those of the report; sizes those of the terminal, by the log and by its mean and deviation", planning)


def main():
    home = pathlib.Path(copy_of(HOME))
    work = pathlib.Path(tempfile.mkdtemp())
    shutil.rmtree(home / "events", ignore_errors=True)
    server = TokenServer(str(home), "--token", f"admin:{TOKEN}")
    try:
        intake(server, home)
        plans(server)
        live(server)
        experiments(server, home)
        views(server, home)
        learn(server, home, work)
    finally:
        server.process.kill()
        shutil.rmtree(home)
        shutil.rmtree(work)
    print(f"{api_test.passed} passed, {api_test.failed} failed")
    sys.exit(api_test.failed > 0)


if __name__ == "__main__":
    main()
