"""The closed loop on the real server: events in, experiments on lists, reports; with simulated viewers whose tastes are known (viewers.py)."""
import json
import pathlib
import shutil
import sqlite3
import sys
import time

import jsonschema

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from api_test import HOME, check, equal, sparrow  # noqa: E402  pylint: disable=wrong-import-position
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
    shutil.rmtree(home / "events", ignore_errors=True)
    server = TokenServer(str(home), "--token", f"admin:{TOKEN}")
    try:
        intake(server, home)
        experiments(server, home)
        views(server, home)
    finally:
        server.process.kill()
        shutil.rmtree(home)
    print(f"{api_test.passed} passed, {api_test.failed} failed")
    sys.exit(api_test.failed > 0)


if __name__ == "__main__":
    main()
