"""Real data (SPARROW_DATA: ml-latest-small) and the command line (SPARROW_BIN) beside the package."""
import os
import pathlib
import subprocess

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


@pytest.fixture(scope="session")
def data():
    if not pathlib.Path(DATA, "ratings.csv").is_file():
        pytest.skip("SPARROW_DATA has no ml-latest-small")
    return pathlib.Path(DATA)


@pytest.fixture(scope="session")
def cli(tmp_path_factory, data):
    """Prepared ml-latest-small."""
    if not os.access(BIN, os.X_OK):
        pytest.skip(f"no binary {BIN}: set SPARROW_BIN")
    line = CommandLine(tmp_path_factory.mktemp("home"))
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
def report(dataset):
    return sparrow.evaluate(dataset, ["history", "content"], splits=1, baselines=False)


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
