"""Debian's Prometheus scrapes a loaded server: the rules pass promtool, and every rule and every panel of the dashboard has data."""
import json
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "attack"))
from ground import Attacked, ROOT, check, equal, small_home  # noqa: E402  pylint: disable=wrong-import-position
import ground  # noqa: E402  pylint: disable=wrong-import-position

RULES = ROOT / "packaging/prometheus/sparrow-rules.yml"
DASHBOARD = ROOT / "packaging/grafana/sparrow.json"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def promtool(*arguments, cwd=None):
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False, cwd=cwd)
    equal((done.returncode, done.stderr if done.returncode else ""), (0, ""))


def rules():
    """{name: expression} of recording rules, and of alerts; the file is simple enough to be read by lines."""
    found = {"record": {}, "alert": {}}
    kind = name = None
    for line in RULES.read_text(encoding="utf-8").splitlines():
        match = re.match(r"\s+- (record|alert): (\S+)", line)
        if match:
            kind, name = match.groups()
        match = re.match(r"\s+expr: (.*)", line)
        if match:
            found[kind][name] = match.group(1)
    return found


class Prometheus:
    def __init__(self, folder, target):
        self.port = free_port()
        text = (ROOT / "packaging/prometheus/prometheus.yml").read_text(encoding="utf-8")
        text = text.replace("127.0.0.1:6010", f"127.0.0.1:{target}").replace("15s", "1s")
        pathlib.Path(folder, "prometheus.yml").write_text(text, encoding="utf-8")
        fast = re.sub(r"interval: 15s", "interval: 1s", RULES.read_text(encoding="utf-8"))
        pathlib.Path(folder, "sparrow-rules.yml").write_text(fast, encoding="utf-8")
        self.log = open(pathlib.Path(folder, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                                         f"--web.listen-address=127.0.0.1:{self.port}"], stdout=self.log, stderr=self.log)

    def query(self, expression):
        url = f"http://127.0.0.1:{self.port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]["result"]

    def ready(self):
        for _ in range(300):
            assert self.process.poll() is None, pathlib.Path(self.log.name).read_text(encoding="utf-8")[-2000:]
            try:
                if self.query("up == 1"):
                    self.began = time.time()
                    return
            except OSError:
                pass
            time.sleep(.1)
        raise AssertionError(f"no scrape within 30 s: {self.targets()}")

    def targets(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/targets", timeout=10) as answer:
            return [target["lastError"] for target in json.load(answer)["data"]["activeTargets"]]


def load(server, stop):
    number = 0
    while not stop.is_set():
        number += 1
        for path in (f"/api/v1/items/m{number % 30}/similar?size=5&diversity={number % 997 / 1000}", f"/api/v1/items/m{number % 30}/similar", "/api/v1/search?q=story",
                     "/api/v1/items/none", "/", "/api/v1/items/m1/similar?channels=co-watch,popular"):
            server.get(path)
        server.talk(b"nonsense\r\n\r\n", 0.2)


def has_data(prometheus, expression):
    # All of it within 40 s of the first scrape; what comes later is asked once.
    while True:
        if any(value["value"][1] != "NaN" for value in prometheus.query(expression)):
            return
        assert time.time() < prometheus.began + 40, f"no data: {expression}"
        time.sleep(.5)


def main():
    check("promtool: rules", lambda: promtool("check", "rules", str(RULES)))
    check("promtool: configuration", lambda: promtool("check", "config", "prometheus.yml", cwd=RULES.parent))
    made = subprocess.run([sys.executable, str(ROOT / "packaging/grafana/make_dashboard.py")], capture_output=True, text=True, check=True).stdout
    check("the dashboard is what its table makes", lambda: equal(json.loads(made), json.loads(DASHBOARD.read_text(encoding="utf-8"))))
    found = rules()
    book = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    check("every alert has its lines in the runbook", lambda: equal([name for name in found["alert"] if f"## {name}\n" not in book], []))
    stop = threading.Event()
    with small_home() as home, Attacked(home) as server, tempfile.TemporaryDirectory() as folder:
        worker = threading.Thread(target=load, args=(server, stop))
        worker.start()
        prometheus = Prometheus(folder, server.port)
        try:
            prometheus.ready()
            for name in found["record"]:
                check(f"recorded: {name}", lambda name=name: has_data(prometheus, name))
            for name, expression in found["alert"].items():
                series = re.fullmatch(r"(\S+) (==|>|<) ([0-9.e+]+)", expression)
                check(f"alert: {name}", lambda series=series: has_data(prometheus, series.group(1)))
            for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
                for target in panel["targets"]:
                    expression = target["expr"].replace("$__rate_interval", "1m")
                    check(f"panel: {panel['title']}: {target['legendFormat']}", lambda expression=expression: has_data(prometheus, expression))

            def fires():
                server.process.kill()
                deadline = time.time() + 30
                while time.time() < deadline:
                    if any(a["metric"]["alertname"] == "SparrowDown" for a in prometheus.query("ALERTS")):
                        return
                    time.sleep(.5)
                raise AssertionError("SparrowDown is not pending 30 s after a kill")
            stop.set()
            worker.join()
            check("a killed server raises SparrowDown", fires)
        finally:
            stop.set()
            worker.join()
            prometheus.process.kill()
            prometheus.process.wait()
    print(f"{ground.api_test.passed} passed, {ground.api_test.failed} failed")
    sys.exit(ground.api_test.failed > 0)


if __name__ == "__main__":
    main()
