"""Cost belongs to whom it is caused by: one anonymous client asks for what is dearest, as fast as it can, for a few seconds each.
All the while `healthz` and a plain list must be answered in time, and writes of others must go on."""
import json
import os
import threading
import time
import urllib.error
import urllib.request

from ground import Attacked, check, small_home

SECONDS = float(os.environ.get("SPARROW_ATTACK_SECONDS", "3"))


def main():
    with small_home() as home:
        with Attacked(home) as server:
            base = measured(server, lambda: None)
            for name, attack in ATTACKS.items():
                check(f"healthz and lists go on under {name}", lambda a=attack: goes_on(server, base, a))
            check("memory stays bounded under new user names", lambda: memory(server))
            server.alive()


def send(server, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", data=data, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as error:
        error.read()
        return error.code


RULES = {"rules": [{"type": "boost", "items": "year > 1900", "factor": 1.5}, {"type": "cap", "by": "genre", "max": 2}]}
GRADES = [{"grader": "mob", "seed": "m1", "item": "m2", "grade": 1}] * 1000
ATTACKS = {
    "what-if": lambda server: send(server, "/api/v1/rules/what-if", RULES),
    "batches of long lists": lambda server: send(server, "/api/v1/batch", {"requests": [{"seeds": ["m1"], "size": 1000, "diversity": 1}] * 100}),
    "deep pages of varied lists": lambda server: send(server, "/api/v1/items/m1/similar?size=1000&diversity=1&offset=8000"),
    "unknown members": lambda server: send(server, "/api/v1/similar", {f"member{i}": 1 for i in range(20_000)}),
    "judgements by the thousand": lambda server: send(server, "/api/v1/judgements", GRADES),
    "reading all judgements": lambda server: send(server, "/api/v1/judgements"),
    "reading all votes": lambda server: send(server, "/api/v1/votes"),
}


def measured(server, attack):
    """The slowest healthz and the 99th percentile of a plain list in seconds, while `attack` runs over and over in two threads."""
    stop = time.time() + SECONDS
    statuses = set()

    def again():
        while time.time() < stop:
            try:
                statuses.add(attack())
            except OSError:
                statuses.add(0)

    threads = [threading.Thread(target=again) for _ in range(2)] if attack() is not None else []
    for thread in threads:
        thread.start()
    health, lists = [], []
    while time.time() < stop:
        for path, times in (("/api/v1/healthz", health), ("/api/v1/items/m1/similar?size=5", lists)):
            began = time.time()
            status = send(server, path)
            times.append(time.time() - began)
            assert status == 200, (path, status)
        time.sleep(0.005)
    for thread in threads:
        thread.join()
    assert not statuses & {500, 502}, statuses
    return sorted(health)[int(0.99 * len(health))], sorted(lists)[int(0.99 * len(lists))], statuses


def goes_on(server, base, attack):
    health, lists, statuses = measured(server, lambda: attack(server))
    print(f"     healthz p99 {1000 * health:.1f} ms (idle {1000 * base[0]:.1f}), list p99 {1000 * lists:.1f} ms (idle {1000 * base[1]:.1f}), "
          f"the attack got {sorted(statuses)}", flush=True)
    # The client of this test shares the cores with what it attacks: the bound leaves room for that.
    assert health < max(0.25, 10 * base[0]), (health, base)
    assert lists < max(0.25, 10 * base[1]), (lists, base)
    assert send(server, "/api/v1/feedback", {"user": "other", "item": "m2", "kind": "seen"}) in (200, 429)


def resident_mb(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def memory(server):
    before = resident_mb(server)
    stop = time.time() + 2 * SECONDS
    count = 0
    while time.time() < stop:
        send(server, f"/api/v1/items/m1/similar?size=1000&user=name{count}")
        count += 1
    grown = resident_mb(server) - before
    print(f"     {count} new users, {grown:.1f} MB more", flush=True)
    assert grown < 256, grown


