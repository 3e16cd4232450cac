"""Cost belongs to whom it is caused by: one anonymous client asks for what is dearest, as fast as it can. All the while `healthz` and a plain
list must be answered in time, and writes of others must go on. Each attacker is a process of its own, so that no lock of this one's stands in
what is measured; where the machine allows it, it gets what this process and the server leave of the cores, as if it were another machine.

SPARROW_ATTACK_SECONDS: of each measurement (default 3). SPARROW_ATTACK_ENTRIES: in journals, for their memory (default 20,000).
`cost_attacks.py attack PORT NAME SECONDS` is one attacker.
"""
import contextlib
import http.client
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

from ground import Attacked, check, equal, small_home

SECONDS = float(os.environ.get("SPARROW_ATTACK_SECONDS", "3"))
HEALTH, LIST = "/api/v1/healthz", "/api/v1/items/m1/similar?size=5"
MEMORY_MB = 256  # more than idle, at most
CONNECTIONS = 4  # of an attacker

RULES = {"rules": [{"type": "boost", "items": "year > 1900", "factor": 1.5}, {"type": "cap", "by": "genre", "max": 2}]}
ATTACKS = {  # name: path, body of the n-th request
    "rules what-if": ("rules/what-if", lambda n: RULES),
    "batches of long lists": ("batch", lambda n: {"requests": [{"seeds": ["m1"], "size": 1000, "diversity": 1}] * 100}),
    "deep pages of varied lists": ("items/m1/similar?size=1000&diversity=1&offset=8000", None),
    "unknown members": ("similar", lambda n: {f"member{i}": 1 for i in range(12_000)}),  # what a body may hold
    "judgements by the thousand": ("judgements", lambda n: [{"grader": f"mob{n}", "seed": "m1", "item": "m2", "grade": 1}] * 1000),
    "imports": ("judgements/import", lambda n: {"grader": "mob", "header": "seed\titem\tgrade\tgrader",
                                                "text": "".join(f"m1\tm2\t1\tmob{n}-{i}\n" for i in range(9000))}),
    "feedback of new users": ("feedback", lambda n: {"user": f"mob{n}", "item": "m2", "kind": "hide"}),
    "lists for new users": ("items/m1/similar?size=1000&user=mob{n}", None),
    "reading all judgements": ("judgements", None),
    "reading all votes": ("votes", None),
    "choosing seeds": ("seeds?kind=worst", None),
    "measuring a model": ("models/fusion/health", None),
}


def attack(port, name, seconds):
    """One client with a few connections, as fast as answers come."""
    path, body = ATTACKS[name]
    end, statuses, lock = time.time() + seconds, {}, threading.Lock()
    prepared = [json.dumps(body(n)).encode() for n in range(20)] if body else [None]

    def one(worker):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        number = worker
        while time.time() < end:
            data = prepared[number % len(prepared)]
            try:
                connection.request("GET" if data is None else "POST", "/api/v1/" + path.replace("{n}", str(number)), data,
                                   {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException):
                status = 0
                connection.close()
            with lock:
                statuses[status] = statuses.get(status, 0) + 1
            number += CONNECTIONS

    threads = [threading.Thread(target=one, args=(worker,)) for worker in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(statuses))


def attacker(port, name, seconds):
    return subprocess.Popen([sys.executable, __file__, "attack", str(port), name, str(seconds)], stdout=subprocess.PIPE, text=True,
                            preexec_fn=lambda: os.nice(10))


def ask(connection, path):
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    return answer.status, time.perf_counter() - began


def measured(port, seconds):
    """The 99th percentiles of healthz and of a plain list in ms, on two connections that stay open."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    times = {HEALTH: [], LIST: []}
    end = time.time() + seconds
    while time.time() < end:
        for path, taken in times.items():
            status, took = ask(connection, path)
            equal((path, status), (path, 200))
            taken.append(1000 * took)
        time.sleep(0.002)
    connection.close()
    return [sorted(taken)[int(0.99 * len(taken))] for taken in times.values()], len(times[HEALTH])


def goes_on(server, name, table):
    idle, _ = measured(server.port, SECONDS / 2)
    process = attacker(server.port, name, SECONDS + 1)
    try:
        time.sleep(0.5)  # it is under way
        (health, lists), count = measured(server.port, SECONDS)
        equal(server.send("/api/v1/feedback", {"user": "other", "item": "m2", "kind": "seen"})[0] in (200, 429), True)
        statuses = {int(k): v for k, v in json.loads(process.communicate(timeout=60)[0]).items()}
    finally:
        process.kill()
    again, _ = measured(server.port, SECONDS / 2)
    idle = [max(pair) for pair in zip(idle, again)]
    table.append((name, idle[0], health, idle[1], lists, statuses))
    print(f"     p99 of {count}: healthz {health:.2f} ms (idle {idle[0]:.2f}), list {lists:.2f} ms (idle {idle[1]:.2f}); "
          f"the attacker got {statuses}", flush=True)
    assert not set(statuses) & {0, 500, 502}, statuses
    assert health < 50, f"healthz {health:.1f} ms"
    # Three times idle; where that is less than what one turn of another process on a core takes, that.
    assert lists < max(3 * idle[1], 10), f"list {lists:.1f} ms, idle {idle[1]:.1f}"


def resident_mb(server):
    text = pathlib.Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS")) / 1024


def new_names(server):
    before = resident_mb(server)
    process = attacker(server.port, "lists for new users", 2 * SECONDS)
    statuses = json.loads(process.communicate(timeout=60)[0])
    grown = resident_mb(server) - before
    print(f"     {statuses} new users, {grown:.1f} MB more", flush=True)
    assert grown < MEMORY_MB, grown


@contextlib.contextmanager
def preferred():
    """The server and what measures it before other programs of this machine, where that is allowed."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, before - 10)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, before)


def fill_journals(home, entries):
    """Judgements and votes, so that reading them all is dear."""
    with open(home / "judgements.jsonl", "a", encoding="utf-8") as out:
        out.writelines(f'{{"grade":{i % 4},"grader":"g{i % 40}","item":"m{i % 25 + 2}","seed":"m1","time":"2026-11-29T20:26:14Z"}}\n' for i in range(entries))
    with open(home / "votes.jsonl", "a", encoding="utf-8") as out:
        out.writelines(f'{{"grader":"g{i}","left":"fusion@v","right":"content@v","seed":"m1","time":"2026-11-29T20:26:14Z","winner":"left"}}\n'
                       for i in range(entries))


def a_name_each(home):
    """One client who calls itself a new name for each grade of one pair: who agrees with whom is not asked of all of them (all against all)."""
    with open(home / "judgements.jsonl", "a", encoding="utf-8") as out:
        out.writelines(f'{{"grade":1,"grader":"mob{i}","item":"m2","seed":"m1","time":"2026-11-29T20:26:14Z"}}\n' for i in range(5000))
    with Attacked(home) as server:
        before, began = resident_mb(server), time.time()
        answer = server.json("/api/v1/judgements")
        took, grown = time.time() - began, resident_mb(server) - before
        print(f"     read in {took:.2f} s, {grown:.0f} MB more", flush=True)
        equal(answer["agreement"]["graders"], 5001)
        assert took < 3 and grown < 64, (took, grown)


def full_journals(home, entries):
    """Judgements and votes as far as SPARROW_ATTACK_ENTRIES says, read by four at a time: what they cost in memory."""
    with Attacked(home) as server:
        idle = resident_mb(server)
    fill_journals(home, entries)
    with Attacked(home) as server:
        started = resident_mb(server)
        process = attacker(server.port, "reading all judgements", SECONDS)
        process.communicate(timeout=120)
        print(f"     {entries} judgements and as many votes: {started - idle:.0f} MB more than idle ({idle:.0f} MB), {resident_mb(server) - idle:.0f} MB "
              f"when they were read, started in {server.seconds_to_start:.1f} s", flush=True)
        return resident_mb(server) - idle


def bounded_journals(home):
    grown = full_journals(home, int(os.environ.get("SPARROW_ATTACK_ENTRIES", "20000")))
    assert grown < MEMORY_MB, f"{grown:.0f} MB"


def main():
    table = []
    with small_home() as home:
        check("5,000 graders of one pair", lambda: a_name_each(home))
    with small_home() as home:
        check("memory of journals", lambda: bounded_journals(home))
    with small_home() as home, Attacked(home) as server:
        check("memory stays bounded under new user names", lambda: new_names(server))
    with small_home() as home, preferred():
        fill_journals(home, 20_000)
        with Attacked(home) as server:
            measured(server.port, 0.5)
            for name in ATTACKS:
                check(f"healthz and lists go on under {name}", lambda n=name: goes_on(server, n, table))
            server.alive()
    if "SPARROW_ATTACK_TABLE" in os.environ:  # rows of docs/security.md
        rows = [f"| {name} | {h0:.2f} | {h:.2f} | {l0:.2f} | {l:.2f} | {', '.join(f'{n} x {s}' for s, n in sorted(statuses.items()))} |"
                for name, h0, h, l0, l, statuses in table]
        pathlib.Path(os.environ["SPARROW_ATTACK_TABLE"]).write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["attack"]:
        attack(int(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
