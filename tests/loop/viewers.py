"""Viewers who look at lists: a seeded simulation that drives the real server over HTTP.

What is true of them is known: how likely a viewer is to look at a position (the position bias), and how likely they are to click an item they
look at (the mean of its genres' appeal to them, times the variant's true effect). Nothing of it is told to the server.
"""
import http.client
import json
import random
import time

LOOKS = [0.95 * 0.88 ** k for k in range(40)]  # probability of looking at position k


class Viewers:
    def __init__(self, port, seed=1, token="", base=0.12, effects=None, prefix="v"):
        """effects: variant -> factor on the probability of a click; absent: 1."""
        self.random = random.Random(seed)
        self.port, self.token, self.base, self.effects, self.prefix = port, token, base, effects or {}, prefix
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.events, self.sent = [], 0

    def ask(self, method, path, body=None):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def visit(self, number, seeds, variant_of, lists=3, fields="id"):
        """One viewer's visit: looks at lists of random seeds, clicks some of what stands there. variant_of(user): the variants' names."""
        user = f"{self.prefix}{number}"
        effect = 1.0
        for name in variant_of(user):
            effect *= self.effects.get(name, 1.0)
        taste = self.random.betavariate(2, 2)
        for _ in range(self.random.randint(1, lists)):
            status, answer = self.ask("GET", f"/api/v1/items/{self.random.choice(seeds)}/similar?size=10&user={user}&session={user}-s&fields={fields}")
            assert status == 200, answer
            for position, item in enumerate(answer["items"]):
                if self.random.random() > LOOKS[position]:
                    continue
                self.note("impression", user, item["id"], answer["request_id"], position)
                if self.random.random() < self.base * 2 * taste * effect:
                    self.note("click", user, item["id"], answer["request_id"], position)
                    self.note("watch_seconds", user, item["id"], answer["request_id"], position, value=round(self.random.expovariate(1 / 1800), 1))

    def note(self, kind, user, item, request, position, value=None):
        self.sent += 1
        event = {"id": f"{self.prefix}-{self.sent}", "type": kind, "user": user, "session": f"{user}-s", "item": item, "request_id": request,
                 "position": position, "time": int(time.time() * 1000)}
        if value is not None:
            event["value"] = value
        self.events.append(event)
        if len(self.events) >= 500:
            self.flush()

    def flush(self):
        if self.events:
            status, answer = self.ask("POST", "/api/v1/events", {"events": self.events})
            assert status == 200 and answer["saved"] == len(self.events), answer
            self.events = []
