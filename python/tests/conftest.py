"""Real data (SPARROW_DATA: ml-latest-small) and the command line (SPARROW_BIN) beside the package."""
import os
import pathlib
import random
import re
import subprocess
import time

import pytest

import sparrow

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = os.environ.get("SPARROW_DATA", "")
BIN = os.environ.get("SPARROW_BIN", str(ROOT / "build/test/sparrow"))


class CommandLine:
    """The binary with a home of its own."""

    def __init__(self, home):
        self.home = home
        self.environment = {**os.environ, "SPARROW_HOME": str(home), "SPARROW_DATA": "", "SPARROW_STORE": ""}

    def run(self, *arguments, expected=0):
        done = subprocess.run([BIN, "-q", *map(str, arguments)], capture_output=True, text=True, check=False, env=self.environment)
        assert done.returncode == expected, f"{arguments}: exit {done.returncode}: {done.stderr}"
        return done.stdout if expected == 0 else done.stderr

    def model_folder(self, name):
        return max((self.home / "models" / name).iterdir())


class Server:
    def __init__(self, line, log, *options):
        self.log = log
        with open(log, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen([BIN, "serve", "--port", "0", "--poll-ms", "100", *options], stderr=out, env=line.environment)
        began = time.monotonic()
        while not (found := re.search(r"http://localhost:(\d+)/", log.read_text())):
            assert self.process.poll() is None and time.monotonic() - began < 20, log.read_text()
            time.sleep(0.02)
        self.url = f"http://127.0.0.1:{found.group(1)}"

    def stop(self):
        self.process.terminate()
        assert self.process.wait(10) == 0, self.log.read_text()


@pytest.fixture
def start_server(tmp_path):
    """start_server(line, *options): a server of a home, until the end of the test."""
    running = []

    def start(line, *options):
        running.append(Server(line, tmp_path / f"server{len(running)}.log", *options))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture(scope="session")
def data():
    if not pathlib.Path(DATA, "ratings.csv").is_file():
        pytest.skip("SPARROW_DATA has no ml-latest-small")
    return pathlib.Path(DATA)


@pytest.fixture(scope="session")
def command_line():
    """CommandLine, for homes of a test's own."""
    if not os.access(BIN, os.X_OK):
        pytest.skip(f"no binary {BIN}: set SPARROW_BIN")
    return CommandLine


@pytest.fixture(scope="session")
def cli(tmp_path_factory, data, command_line):
    """Prepared ml-latest-small."""
    line = command_line(tmp_path_factory.mktemp("home"))
    line.run("prepare", "--data", data)
    return line


@pytest.fixture(scope="session", autouse=True)
def home_without_texts(tmp_path_factory):
    """No table of text vectors: the homes of these tests have none either."""
    os.environ["SPARROW_HOME"] = str(tmp_path_factory.mktemp("none"))


@pytest.fixture(scope="session")
def dataset(data):
    return sparrow.read(data)


@pytest.fixture(scope="session")
def fusion(dataset):
    return sparrow.train(dataset)


@pytest.fixture(scope="session")
def content(dataset):
    return sparrow.train(dataset, "content")


@pytest.fixture(scope="session")
def shop_cli(tmp_path_factory, command_line):
    """A prepared shop: 300 things of six kinds, 400 customers who mostly like one."""
    draw = random.Random(7)
    line = command_line(tmp_path_factory.mktemp("shop"))
    kinds = ["tents", "boots", "lamps", "stoves", "ropes", "maps"]
    with open(line.home / "products.csv", "w", encoding="utf-8") as file:
        file.write("sku;name;category;brand;price\n")
        file.writelines(f"P{n:04};{kinds[n % 6]} No. {n};{kinds[n % 6]};brand{n % 9};{10 + n % 90}.90\n" for n in range(300))
    with open(line.home / "ratings.csv", "w", encoding="utf-8") as file:
        file.write("customer;sku;rating;when\n")
        for customer in range(400):
            for at in range(15):
                kind = customer % 6 if draw.random() < 0.8 else draw.randrange(6)
                stars = draw.choice([4, 5]) if kind == customer % 6 else draw.choice([1, 2, 3, 4])
                file.write(f"c{customer};P{draw.randrange(50) * 6 + kind:04};{stars};2024-{1 + at % 12:02}-{1 + customer % 28:02} 10:{at:02}:00\n")
    line.run("prepare", "--items", line.home / "products.csv", "--interactions", line.home / "ratings.csv")
    return line


@pytest.fixture(scope="session")
def shop(shop_cli):
    return sparrow.read(interactions=shop_cli.home / "ratings.csv", items=shop_cli.home / "products.csv")


@pytest.fixture(scope="session")
def report(shop):
    return sparrow.evaluate(shop, ["history", "content", "original"], splits=2)


@pytest.fixture(scope="session")
def small():
    """Forty users of two tastes, twelve items: quick, and sure of what is alike."""
    log = {"user": [], "item": [], "rating": [], "timestamp": []}
    for user in range(40):
        for step, item in enumerate(range(6)):
            log["user"].append(f"u{user}")
            log["item"].append(f"{'ab'[user % 2]}{(item + user) % 6}")
            log["rating"].append(5 if step < 5 else 3)
            log["timestamp"].append(1_600_000_000 + 1000 * user + step)
    items = {
        "id": [f"{taste}{number}" for taste in "ab" for number in range(6)],
        "title": [f"Film {taste.upper()} {number}" for taste in "ab" for number in range(6)],
        "genres": [["Action", "Crime"] if taste == "a" else ["Romance"] for taste in "ab" for number in range(6)],
    }
    return sparrow.Dataset.from_frames(log, items, name="small")
