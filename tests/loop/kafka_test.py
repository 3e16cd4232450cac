"""Several servers, one Kafka: what one of them takes in is in the log of each, once, whatever is killed meanwhile."""
import json
import os
import pathlib
import sqlite3
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "attack"))
import ground  # noqa: E402  pylint: disable=wrong-import-position
from ground import TOKEN, Attacked, check, equal, run, skip, small_home  # noqa: E402  pylint: disable=wrong-import-position
from kafka_broker import Broker, free_ports, jars  # noqa: E402  pylint: disable=wrong-import-position

AWAY = float(os.environ.get("SPARROW_KAFKA_AWAY", "12"))  # seconds for which the broker is killed
TOPIC = "sparrow-events"


def rows(home, sql):
    found = []
    for file in sorted((home / "events").glob("events-*.db")):
        with sqlite3.connect(file, timeout=20) as database:
            found += database.execute(sql).fetchall()
    return found


def ids(home):
    return sorted(row[0] for row in rows(home, "SELECT id FROM events"))


def eventually(condition, seconds=20):
    """The first true answer; the seconds it took."""
    began = time.time()
    while True:
        answer = condition()
        if answer:
            return time.time() - began
        assert time.time() < began + seconds, f"not within {seconds} s"
        time.sleep(.1)


class Load:
    """Posts batches to a server until it is told to stop; what was not acknowledged is sent again under the same ids."""

    def __init__(self, name, server_of):
        self.name, self.server_of = name, server_of
        self.acknowledged = []
        self.failed = 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        number = 0
        while not self.stopped.is_set():
            batch = [{"id": f"{self.name}-{number}-{i}", "type": "click", "user": f"u{i % 7}", "session": f"s{i}", "item": f"m{i % 20}"} for i in range(50)]
            while not self.stopped.is_set():
                try:
                    if self.server_of().send("/api/v1/events", {"events": batch}, TOKEN)[0] == 200:
                        self.acknowledged += [event["id"] for event in batch]
                        break
                except OSError:
                    pass
                self.failed += 1
                time.sleep(.2)
            number += 1
            time.sleep(.05)

    def end(self):
        self.stopped.set()
        self.thread.join()
        return self.acknowledged


def same_logs(homes, acknowledged):
    """Waits until both logs have the same events; nothing that was acknowledged is missing, nothing is there twice."""
    def equal_logs():
        a, b = (ids(home) for home in homes)
        return a == b and set(acknowledged) <= set(a)
    try:
        took = eventually(equal_logs, 30 + AWAY)
    except AssertionError:
        a, b = (ids(home) for home in homes)
        raise AssertionError(f"{len(set(acknowledged) - set(a))} are not in the first log, {len(set(acknowledged) - set(b))} not in the second; "
                             f"{len(a) - len(set(a))} and {len(b) - len(set(b))} are there twice") from None
    found = ids(homes[0])
    equal(len(found), len(set(found)))
    lists = [rows(home, "SELECT request, seed, first, items, count(*) FROM impressions GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4") for home in homes]
    equal([row for row in lists[0] if row[4] > 1], [])
    equal(lists[0], lists[1])
    return took


def kafka_of(server):
    return server.json("/api/v1/status")["events"]["kafka"]


def first_steps(a, b, homes):
    def arrives():
        event = {"id": "first", "type": "watch_seconds", "user": "ann", "session": "s1", "item": "m1", "value": 61.5, "request_id": "r", "position": 2}
        equal(a.send("/api/v1/events", event, TOKEN)[1]["saved"], 1)
        latest = {}

        def there():
            headers = {"Authorization": f"Bearer {TOKEN}"}
            latest["events"] = json.loads(b.get("/api/v1/events", headers=headers)[1])["events"]
            return latest["events"]
        took = eventually(there)
        print(f"     an event posted to one server was in the other's log after {took:.1f} s")
        equal(len(latest["events"]), 1)
        equal({name: latest["events"][0][name] for name in event}, event)
        equal(b.send("/api/v1/events", event, TOKEN)[1], {"saved": 0, "known": 1, "expired": 0, "unknown_items": 0})
    check("an event posted to one server is in the other's log and answers within seconds, once", arrives)

    def lists():
        a.json("/api/v1/items/m1/similar?user=ann&size=3")
        eventually(lambda: rows(homes[1], "SELECT 1 FROM impressions WHERE user='ann' AND origin IS NOT NULL"))
        text = "SELECT request, time, user, model, rules, seed, first, items, channels, propensities FROM impressions"
        equal(rows(homes[0], text), rows(homes[1], text))
    check("a list that one server gave is in the other's log, the same", lists)

    def exposures():
        plan = [{"name": "dial", "hypothesis": "none", "variants": [{"name": "a"}, {"name": "b", "settings": {"popularity": "-0.6"}}], "metrics": ["click_through"]}]
        equal(a.send("/api/v1/experiments", {"experiments": plan}, TOKEN, "PUT")[0], 200)
        equal(a.send("/api/v1/experiments/dial/decision", {"action": "start"}, TOKEN)[0], 200)
        for user in range(20):
            a.json(f"/api/v1/items/m1/similar?user=x{user}&size=3")

        def units(home):
            with sqlite3.connect(home / "events/exposures.db", timeout=20) as database:
                return database.execute("SELECT experiment, unit, variant, time FROM exposures ORDER BY 1, 2").fetchall()
        eventually(lambda: len(units(homes[0])) == 20 and units(homes[0]) == units(homes[1]))
    check("who met which variant is known to both", exposures)

    def marks():
        def shown(server):
            return [item["id"] for item in server.json("/api/v1/items/m1/similar?user=eve&size=3")["items"]]
        first = shown(a)[0]
        equal(a.send("/api/v1/feedback", {"user": "eve", "item": first, "kind": "hide"})[0], 200)
        eventually(lambda: first not in shown(b))
        equal(b.send("/api/v1/feedback", {"user": "eve", "item": first, "kind": "undo", "of": "hide"})[0], 200)
        eventually(lambda: first in shown(a))
    check("what somebody hides on one server is hidden on the other, and taken back from either", marks)
    felt_by_both(a, b)


def felt_by_both(a, b):
    def felt():
        pair = [{"type": "click", "user": f"pair{n}", "item": item} for n in range(6) for item in ("m1", "m20")]
        began = time.time()
        equal(a.send("/api/v1/events", {"events": pair}, TOKEN)[0], 200)
        for server in (a, b):
            def together(asked=server):
                items = asked.json("/api/v1/items/m1/similar?size=20&recent_co_watch=100")["items"]
                return any(channel["name"] == "recent-co-watch" for item in items if item["id"] == "m20" for channel in item.get("channels", []))

            def trends(asked=server):
                items = asked.json("/api/v1/items/m5/similar?size=20&trending=100")["items"]
                return any(channel["name"] == "trending" for item in items if item["id"] == "m20" for channel in item.get("channels", []))
            eventually(together, 60)
            eventually(trends, 60)
        print(f"     both servers' lists had followed after {time.time() - began:.1f} s")
    check("clicks on one server change what trends and what is used together on both within a minute", felt)


def broker_away(broker, servers, homes):
    a, b = servers
    loads = [Load("a", lambda: a), Load("b", lambda: b)]
    time.sleep(1)
    broker.kill()
    killed = time.time()

    def serves():
        eventually(lambda: json.loads(a.get("/api/v1/readyz")[1])["status"] == "degraded", 25)
        said = json.loads(a.get("/api/v1/readyz")[1])
        equal(len(said["reasons"]), 1)
        assert broker.address in said["reasons"][0] and "Kafka" in said["reasons"][0], said
        assert "\nsparrow_events_kafka_up 0\n" in a.get("/metrics")[1].decode()
        assert kafka_of(a)["waiting"] > 50, kafka_of(a)
        equal(len(a.json("/api/v1/items/m1/similar?user=bob&size=3")["items"]), 3)
    check("while the broker is away lists and intake go on; readyz, metrics and status say so", serves)
    time.sleep(max(0.0, killed + AWAY - time.time()))
    broker.start(wait=False)
    eventually(broker.answers, 60)
    away = time.time() - killed
    time.sleep(1)
    acknowledged = [one for load in loads for one in load.end()]

    def all_there():
        took = same_logs(homes, acknowledged)
        print(f"     {len(acknowledged)} events acknowledged, the broker killed for {away:.0f} s: the logs were the same {took:.1f} s after the last")
        equal(sum(load.failed for load in loads), 0)
        eventually(lambda: kafka_of(a)["waiting"] == 0 and json.loads(a.get("/api/v1/readyz")[1])["status"] == "ready")
    check("a broker that was killed under load: nothing lost, nothing twice", all_there)
    return acknowledged


def replica_killed(a, holder, homes, options, acknowledged):
    loads = [Load("c", lambda: a), Load("d", lambda: holder["b"])]
    for _ in range(3):
        time.sleep(.7)
        holder["b"].process.kill()
        holder["b"].process.wait()
        time.sleep(.3)
        holder["b"] = Attacked(homes[1], *options)
    time.sleep(.5)
    acknowledged = acknowledged + [one for load in loads for one in load.end()]

    def all_there():
        took = same_logs(homes, acknowledged)
        print(f"     {len(acknowledged)} events acknowledged by now: the logs were the same {took:.1f} s after the last")
    check("a server that is killed three times under load: nothing lost, nothing twice", all_there)


def other_producers(broker, a, b, homes):
    def skipped():
        ubi = {"application": "shop", "action_name": "click_through", "query_id": "ubi-query", "client_id": "browser", "timestamp": "2026-11-29T20:20:39+00:00",
               "event_attributes": {"object": {"object_id": "m2"}, "position": {"ordinal": 3}}}
        before = [kafka_of(server)["malformed"] for server in (a, b)]
        broker.say(TOPIC, "nonsense", '{"kind":"visit"}', "[" * 9000, '{"kind":"event","type":"click"}', json.dumps(ubi), json.dumps({"type": "play", "item": "m3", "user": "kafka"}))
        for home in homes:
            eventually(lambda home=home: len(rows(home, "SELECT 1 FROM events WHERE user IN ('browser', 'kafka')")) == 2)
            equal(rows(home, "SELECT type, item, position FROM events WHERE request='ubi-query'"), [("click", "m2", 2)])
        eventually(lambda: [kafka_of(server)["malformed"] for server in (a, b)] == [n + 4 for n in before])
        assert a.stderr().count("cannot be read and is skipped") == 1, a.stderr()[-1500:]
        equal(json.loads(a.get("/api/v1/readyz")[1])["status"], "ready")
    check("messages that cannot be read are skipped, counted and said once; other programs' documents are taken", skipped)


def forgotten(a, b, homes):
    def erased():
        times = [{"id": f"z{i}", "type": "click", "user": "zoe", "session": "zoe-visit", "item": "m1"} for i in range(3)]
        for server, event in ((a, times[0]), (b, times[1])):
            equal(server.send("/api/v1/events", event, TOKEN)[1]["saved"], 1)
        b.send("/api/v1/feedback", {"user": "zoe", "item": "m4", "kind": "hide"})
        b.json("/api/v1/items/m1/similar?session=zoe-visit&size=3")
        eventually(lambda: all(len(rows(home, "SELECT 1 FROM events WHERE user='zoe'")) == 3 and rows(home, "SELECT 1 FROM impressions WHERE session='zoe-visit'") for home in homes))
        status, said = a.send("/api/v1/users/zoe", None, TOKEN, "DELETE")
        equal((status, said["events"], said["impressions"]), (200, 3, 1))
        assert "Kafka" in said["remains"][-1], said
        eventually(lambda: not any(rows(home, "SELECT 1 FROM events WHERE user='zoe' UNION ALL SELECT 1 FROM impressions WHERE session='zoe-visit'") for home in homes))
        eventually(lambda: "zoe" not in (homes[1] / "feedback.jsonl").read_text(encoding="utf-8"))
        old = {"kind": "event", **times[2], "time": "2026-11-29T10:00:00Z", "origin": "elsewhere"}
        new = {"kind": "event", **times[2], "id": "zoe-again", "time": int(time.time() * 1000) + 2000, "origin": "elsewhere"}
        return old, new
    messages = []
    check("a user who is erased on one server is erased on the other, marks too", lambda: messages.extend(erased()))
    return messages


def stays_forgotten(broker, homes, messages):
    def refused():
        broker.say(TOPIC, *(json.dumps(message) for message in messages))
        for home in homes:
            eventually(lambda home=home: rows(home, "SELECT id FROM events WHERE user='zoe'") == [("zoe-again",)])
    check("what is older than the erasure does not come back; what the user does later is kept", refused)


def secured(broker, home, homes):
    """A broker that speaks TLS and asks for a password."""
    def settings(**changed):
        keys = {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "ssl.ca.location": broker.authority, "sasl.username": broker.user,
                "sasl.password": broker.password, **{name.replace("_", "."): value for name, value in changed.items()}}
        file = home / "kafka.properties"
        file.write_text("".join(f"{key}={value}\n" for key, value in keys.items()), encoding="utf-8")
        file.chmod(0o600)
        return ("--events-kafka", broker.secure_address, "--events-topic", TOPIC, "--events-kafka-properties", str(file))

    def exchanges():
        with Attacked(home, *settings()) as server:
            equal(server.send("/api/v1/events", {"id": "by-tls", "type": "click", "item": "m1"}, TOKEN)[1]["saved"], 1)
            eventually(lambda: all("by-tls" in ids(one) for one in homes))
            eventually(lambda: ids(home) == ids(homes[0]))
            equal(json.loads(server.get("/api/v1/readyz")[1])["status"], "ready")
    check("by TLS and with a password events go both ways", exchanges)

    def refused(part, **changed):
        with Attacked(home, *settings(**changed)) as server:
            eventually(lambda: json.loads(server.get("/api/v1/readyz")[1])["status"] == "degraded", 25)
            said = server.get("/api/v1/readyz")[1].decode() + server.stderr() + json.dumps(kafka_of(server))
            assert part in said.lower(), said[-1500:]
            assert broker.password not in said and "wrong-one" not in said, "a password is in what the server says"
            server.alive()
    check("a wrong password is said, and not shown", lambda: refused("authentication", sasl_password="wrong-one"))
    check("a broker whose certificate is not known is not talked to, and said", lambda: refused("certificate", ssl_ca_location="/etc/ssl/certs/ca-certificates.crt"))


def wrong_at_start(home, port):
    def said():
        for options, part in ((("--events-kafka", "nowhere"), "--events-kafka"), (("--events-kafka", "a:1", "--no-events"), "--no-events"),
                              (("--events-kafka", "a:1", "--events-topic", "a b"), "--events-topic"),
                              (("--events-kafka", "a:1", "--events-kafka-properties", "/nowhere"), "--events-kafka-properties")):
            done = run("serve", "--port", "0", *options, home=home, timeout=20)
            equal(done.returncode, 2)
            assert part in done.stderr, done.stderr
    check("wrong settings are refused at the start, by their names", said)
    server = Attacked(home, "--events-kafka", f"127.0.0.1:{port}")

    def at_once():
        server.alive()
        equal(server.send("/api/v1/events", {"type": "click", "item": "m1"}, TOKEN)[1]["saved"], 1)
    check("with an address where nothing answers: serves at once", at_once)

    def serves():
        eventually(lambda: "Kafka" in server.get("/api/v1/readyz")[1].decode(), 25)
        eventually(lambda: "degraded: events are not exchanged with Kafka" in server.stderr())
        server.alive()
        status, seconds = server.stop()
        equal(status, 0)
        assert seconds < 2, seconds

    def later():
        with server:
            check("with an address where nothing answers: says so after a while, and stops in time", serves)
    return later


def main():
    folder, why = jars()
    if folder is None:
        skip("Kafka: " + why.splitlines()[-1])
    else:
        with small_home() as home_a, small_home() as home_b, small_home() as home_c, Broker(folder) as broker:
            later = wrong_at_start(home_c, free_ports(1)[0])
            homes = [home_a, home_b]
            options = ("--events-kafka", broker.address, "--events-topic", TOPIC)
            holder = {"b": Attacked(home_b, *options)}
            with Attacked(home_a, *options) as a:
                try:
                    first_steps(a, holder["b"], homes)
                    acknowledged = broker_away(broker, (a, holder["b"]), homes)
                    later()
                    replica_killed(a, holder, homes, options, acknowledged)
                    other_producers(broker, a, holder["b"], homes)
                    stays_forgotten(broker, homes, forgotten(a, holder["b"], homes))
                    secured(broker, home_c, homes)
                finally:
                    holder["b"].process.kill()
                    holder["b"].process.wait()
    print(f"{len(ground.skipped)} skipped")
    print(f"{ground.api_test.passed} passed, {ground.api_test.failed} failed")
    sys.exit(ground.api_test.failed > 0)


if __name__ == "__main__":
    main()
