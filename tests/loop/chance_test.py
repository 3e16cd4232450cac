"""Replay and interleaving on the real server: a better ranking that was never live is planted; its replayed value must hold what it is worth when
it goes live, and interleaving must find it with fewer viewers than an A/B test. Viewers are simulated (viewers.py), what is true of them is known.

Not part of the step "loop": takes a minute. Run by ./test --full, or by hand.
"""
import json
import pathlib
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from api_test import HOME, check, equal, sparrow  # noqa: E402  pylint: disable=wrong-import-position
import api_test  # noqa: E402  pylint: disable=wrong-import-position
from online_test import TokenServer, copy_of  # noqa: E402  pylint: disable=wrong-import-position
from loop_test import SEEDS, TOKEN, put  # noqa: E402  pylint: disable=wrong-import-position
from viewers import LOOKS, Viewers  # noqa: E402  pylint: disable=wrong-import-position

VISITS = 6000
LISTS = 5


class Appealing(Viewers):
    """Viewers to whom less known films appeal more: what is true, and nobody was told."""

    def __init__(self, *args, appeal, **kwargs):
        super().__init__(*args, **kwargs)
        self.appeal = appeal

    def look(self, user, path, clicks):
        """One list of five; returns how many of its items were clicked."""
        status, answer = self.ask("GET", f"{path}&size={LISTS}&user={user}&session={user}-s&fields=id")
        assert status == 200, answer
        for position, item in enumerate(answer["items"]):
            if self.random.random() < LOOKS[position] * self.appeal[item["id"]]:
                self.note("click", user, item["id"], answer["request_id"], position)
                clicks += 1
        return clicks


def appeal_of(server):
    """From the film's popularity alone: 5 % for the best known to 45 % for the least."""
    appeal = {}
    for seed in SEEDS:
        for setting in ("", "&popularity=-0.5"):
            for item in server.json(f"/api/v1/items/{seed}/similar?size=20&reasons=true{setting}")["items"]:
                appeal[item["id"]] = 0.05 + 0.4 / (1 + item["ratings"] / 60)
    return appeal


def value_of(server, appeal, setting):
    """True expected clicks of a list of five, over the seeds."""
    total = 0
    for seed in SEEDS:
        items = server.json(f"/api/v1/items/{seed}/similar?size={LISTS}{setting}")["items"]
        total += sum(LOOKS[k] * appeal[item["id"]] for k, item in enumerate(items))
    return total / len(SEEDS)


def replayed(server, home, appeal):
    equal(server.send("/api/v1/scenarios", {"scenarios": [{"name": "explored", "settings": {"explore": 0.5}}]}, TOKEN, "PUT")[0], 200)
    viewers = Appealing(server.port, seed=11, token=TOKEN, prefix="x", appeal=appeal)
    for number in range(VISITS):
        viewers.look(f"x{number // 2}", f"/api/v1/items/{viewers.random.choice(SEEDS)}/similar?scenario=explored", 0)
    viewers.flush()
    time.sleep(0.6)
    said = json.loads(sparrow("--json", "experiment", "replay", "--scenario", "explored", "--popularity", "-0.2", home=str(home)))
    clicks = 0
    for number in range(VISITS):
        clicks = viewers.look(f"y{number}", f"/api/v1/items/{viewers.random.choice(SEEDS)}/similar?popularity=-0.2", clicks)
    viewers.flush()
    live, truth, usual = clicks / VISITS, value_of(server, appeal, "&popularity=-0.2"), value_of(server, appeal, "")
    print(f"     a list was worth {usual:.3f} clicks; with popularity=-0.2 truly {truth:.3f}, live {live:.3f}; replayed from {said['lists']} lists:")
    for name in ("dr", "snips", "ips"):
        print(f"     {name:5} {said[name]['value']:.3f} [{said[name]['interval'][0]:.3f}, {said[name]['interval'][1]:.3f}]")
    print(f"     support {said['support']:.2f}, {said['effective_places']:.0f} effective places")
    assert truth > usual * 1.03, (truth, usual)
    for name in ("dr", "snips", "ips"):
        low, high = said[name]["interval"]
        assert low <= live <= high and low <= truth <= high, (name, said[name], live, truth)
    assert said["dr"]["value"] > said["logged"]["value"], said


def interleaved(server, home, appeal):
    variants = [{"name": "usual"}, {"name": "gems", "settings": {"popularity": "-0.2"}}]
    put(server, [{"name": "mixed", "method": "interleave", "variants": variants, "metrics": ["click_through_served"]}])
    viewers = Appealing(server.port, seed=12, token=TOKEN, prefix="i", appeal=appeal)
    needed = {}
    for method in ("interleave", "split"):
        if method == "split":
            put(server, [{"name": "split", "variants": variants, "metrics": ["click_through_served"]}])
        for number in range(1, 6001):
            viewers.look(f"{method}{number}", f"/api/v1/items/{viewers.random.choice(SEEDS)}/similar?reasons=false", 0)
            if number % 250 == 0:
                viewers.flush()
                time.sleep(0.6)
                report = server.json(f"/api/v1/experiments/{'mixed' if method == 'interleave' else 'split'}/report")
                p = report["p"] if method == "interleave" else report["metrics"][0]["variants"][1]["fixed"]["p"]
                if p < 0.001:
                    needed[method] = number
                    break
        needed.setdefault(method, 6001)
        if method == "interleave":
            assert report["preference"] > 0, report
            text = sparrow("experiment", "report", "mixed", home=str(home))
            assert "gems" in text and "preference" in text, text
    print(f"     p < .001 after {needed['interleave']} viewers by interleaving, {needed['split']} by a split"
          f"{' (not found)' if needed['split'] > 6000 else ''}")
    assert needed["interleave"] < needed["split"], needed


def main():
    home = pathlib.Path(copy_of(HOME))
    shutil.rmtree(home / "events", ignore_errors=True)
    server = TokenServer(str(home), "--token", f"admin:{TOKEN}")
    try:
        appeal = appeal_of(server)
        check("what replay says of a ranking that was never live holds its truth and what it is worth live", lambda: replayed(server, home, appeal))
        check("interleaving finds the better ranking with fewer viewers than a split", lambda: interleaved(server, home, appeal))
    finally:
        server.process.kill()
        shutil.rmtree(home)
    print(f"{api_test.passed} passed, {api_test.failed} failed")
    sys.exit(api_test.failed > 0)


if __name__ == "__main__":
    main()
