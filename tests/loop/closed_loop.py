#!/usr/bin/python3
"""Thirty simulated days of the closed loop, on the real server and the real commands.

People with known tastes look for items, see the lists of them, click what they like, and every few days the model learns from the log of it.
Homes begin with the same model and live through the same days: "frozen" never learns, "guarded" retrains with `sparrow build --events`,
"unguarded" does so with --most-caused 100, "explored" has chance swap two places in a fifth of its lists, learns from that how people look at places,
and counts clicks by it, "alike" swaps too but takes all places as alike. Nothing of the tastes is told to the server; they judge its lists afterwards:

  worth   what somebody who looks at an item would get of its list: the mean probability that they like an entry, over items as they are looked at
  skew    the Gini coefficient of how often items stand in lists, over items as they are looked at: 0 all alike, 1 one item everywhere

Usage: tests/loop/closed_loop.py [--days 30] [--every 3] [--seed 1]. Needs SPARROW_BIN; takes a few minutes. Ends with "N passed, N failed".
"""
import argparse
import http.client
import json
import math
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

import numpy as np

BIN = os.environ.get("SPARROW_BIN", str(pathlib.Path(__file__).resolve().parents[2] / "build/test/sparrow"))
ITEMS, USERS, TASTES, GENRES, PAST, VISITS = 400, 500, 6, 8, 6, 250
LIST, DAY = 10, 86400
LOOKS = [0.95 * 0.85 ** k for k in range(LIST)]  # probability of looking at position k


class World:
    """Items and people as points on a sphere: who lies near an item likes it. Fame has nothing to do with it."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.items = [self.point() for _ in range(ITEMS)]
        self.people = [self.point() for _ in range(USERS)]
        self.fame = [1 / (rank + 3) for rank in self.random.sample(range(ITEMS), ITEMS)]
        # A genre is the nearest of a few poles, and for a third of the items any: content helps, but not much.
        poles = [self.point() for _ in range(GENRES)]
        self.genres = [self.random.randrange(GENRES) if self.random.random() < 0.33 else
                       max(range(GENRES), key=lambda g, item=item: self.dot(item, poles[g])) for item in self.items]
        self.likes = 1 / (1 + np.exp(3 - 6 * np.array(self.people) @ np.array(self.items).T))  # [user, item]: probability
        # What people come to by themselves: what they like, and the famous more often.
        drawn = np.array(self.fame) * self.likes ** 2
        self.shares = drawn / drawn.sum(axis=1, keepdims=True)
        self.drawn = [list(row.cumsum()) for row in self.shares]
        self.looked = self.shares.sum(axis=0)  # how often an item is looked at
        self.gain = self.shares.T @ self.likes / self.looked[:, None]  # [seed, entry]: liked by who looks at the seed

    def point(self):
        x = [self.random.gauss(0, 1) for _ in range(TASTES)]
        length = math.sqrt(sum(v * v for v in x))
        return [v / length for v in x]

    @staticmethod
    def dot(a, b):
        return sum(x * y for x, y in zip(a, b))

    def wander(self, user):
        return self.random.choices(range(ITEMS), cum_weights=self.drawn[user])[0]

    def write(self, folder):
        (folder / "items.csv").write_text("id,title,genres\n" + "".join(f"i{i},Item {i},g{self.genres[i]}\n" for i in range(ITEMS)))
        rows, start = [], int(time.time()) - 60 * DAY
        for user in range(USERS):
            for k in range(PAST):
                rows.append(f"u{user},i{self.wander(user)},1,{start + user * 60 + k}\n")
        (folder / "interactions.csv").write_text("user,item,value,time\n" + "".join(rows))


class Arm:
    """A home with its server, and the world's people as they live with it."""

    def __init__(self, name, folder, seed, learns, asks=""):
        self.name, self.learns, self.asks, self.world = name, learns, asks, World(seed)
        self.home = folder / name
        self.data = folder / "data"
        self.values, self.skews = [], []
        self.run("build", "--data", str(self.data))
        self.serve()

    def run(self, *arguments):
        done = subprocess.run([BIN, "-q", *arguments], capture_output=True, text=True, check=False,
                              env={**os.environ, "SPARROW_HOME": str(self.home), "SPARROW_DATA": ""})
        assert done.returncode == 0, (arguments, done.stderr)

    def serve(self):
        log = open(self.home.parent / f"{self.name}.log", "w+", encoding="utf-8")
        # The server is told who asks without a token; ten thousand lists come from one address.
        self.process = subprocess.Popen([BIN, "serve", "--port", "0", "--poll-ms", "100", "--token", "admin:loop-secret"], stderr=log,
                                        env={**os.environ, "SPARROW_HOME": str(self.home)})
        port = None
        while port is None:
            found = re.search(r"http://localhost:(\d+)/", pathlib.Path(log.name).read_text(encoding="utf-8"))
            port = int(found[1]) if found else None
            assert self.process.poll() is None, pathlib.Path(log.name).read_text(encoding="utf-8")
            time.sleep(0.02)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method, path, body=None):
        for attempt in range(2):
            try:
                self.connection.request(method, path, None if body is None else json.dumps(body),
                                        {"Content-Type": "application/json", "Authorization": "Bearer loop-secret"})
                answer = self.connection.getresponse()
                break
            except http.client.RemoteDisconnected:  # it was idle for too long, while a model was trained
                assert attempt == 0 and self.process.poll() is None
                self.connection.close()
        text = answer.read()
        assert answer.status == 200, (path, text[:300])
        return json.loads(text)

    def list_of(self, item, who=""):
        answer = self.ask("GET", f"/api/v1/items/i{item}/similar?size={LIST}&fields=id{who}")
        return [int(entry["id"][1:]) for entry in answer["items"]], answer["request_id"]

    def day(self, number, days):
        """People come, by themselves and by lists; what they do goes to the server as it would from pages."""
        world, events = self.world, []
        start = int(time.time()) - (days - number) * DAY

        def note(user, item, request=None, position=None):
            event = {"id": f"{self.name}-{number}-{len(events)}", "type": "click", "user": f"u{user}", "item": f"i{item}", "time": start + len(events)}
            if request is not None:
                event |= {"request_id": request, "position": position}
            events.append(event)
        for _ in range(VISITS):
            user = world.random.randrange(USERS)
            item = world.wander(user)
            note(user, item)
            for _ in range(3):  # from page to page
                entries, request = self.list_of(item, f"&session=s{number}-{user}{self.asks}")
                clicked = None
                for position, entry in enumerate(entries):
                    if world.random.random() < LOOKS[position] and world.random.random() < world.likes[user, entry]:
                        note(user, entry, request, position)
                        clicked = entry
                if clicked is None:
                    break
                item = clicked
        for first in range(0, len(events), 500):
            self.ask("POST", "/api/v1/events", {"events": events[first:first + 500]})
        return len(events)

    def judge(self):
        """Of every item's list, by how often the item is looked at: its worth to those who do, and what it shows."""
        world, shown, worth = self.world, np.zeros(ITEMS), 0.0
        for item in range(ITEMS):
            entries = self.list_of(item)[0]
            shown[entries] += world.looked[item]
            worth += world.looked[item] * world.gain[item, entries].sum() / LIST
        self.values.append(worth / world.looked.sum())
        shown.sort()
        self.skews.append(float(((2 * np.arange(1, ITEMS + 1) - ITEMS - 1) * shown).sum() / (ITEMS * shown.sum())))

    def learn(self):
        before = self.ask("GET", "/api/v1/items/i0/similar?size=1")["model"]["version"]
        self.run("build", "--data", str(self.data), "--events", *self.learns)
        for _ in range(600):
            if self.ask("GET", "/api/v1/items/i0/similar?size=1")["model"]["version"] != before:
                return
            time.sleep(0.05)
        raise AssertionError("the server did not take up what was learned")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--every", type=int, default=3, help="days from one training to the next")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    arms = []
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        (folder / "data").mkdir()
        World(options.seed).write(folder / "data")
        for name, learns, asks in (("frozen", None, ""), ("guarded", [], ""), ("unguarded", ["--most-caused", "100"], ""),
                                   ("explored", [], "&explore=0.2"), ("alike", ["--no-position-bias"], "&explore=0.2")):
            arm = Arm(name, folder, options.seed, learns, asks)
            try:
                arm.judge()
                events = 0
                for day in range(options.days):
                    events += arm.day(day, options.days)
                    if learns is not None and (day + 1) % options.every == 0:
                        arm.learn()
                        arm.judge()
                if learns is None:
                    arm.judge()
                print(f"{name:<10} {events:>6} events   worth {arm.values[0]:.4f} -> {arm.values[-1]:.4f}   skew {arm.skews[0]:.4f} -> {arm.skews[-1]:.4f}", flush=True)
                if learns is not None:
                    print("           worth", " ".join(f"{v:.3f}" for v in arm.values), "\n           skew ", " ".join(f"{v:.3f}" for v in arm.skews), flush=True)
            finally:
                arm.process.kill()
                arm.process.wait()
            arms.append(arm)
    frozen, guarded, _, explored, alike = arms
    results = {"lists learned from their own log are worth more than those of the frozen model": guarded.values[-1] > frozen.values[-1],
               "their skew does not grow": guarded.skews[-1] <= guarded.skews[0] + 0.01}
    for name, held in results.items():
        print("ok  " if held else "FAIL", name)
    print(f"{sum(results.values())} passed, {len(results) - sum(results.values())} failed")
    sys.exit(not all(results.values()))


if __name__ == "__main__":
    main()
