"""What the cluster prepares is what `sparrow prepare` prepares, to the byte."""
import bz2
import gzip
import json
import random
import threading
import time

import numpy
import pytest

import sparrow
from sparrow.spark import Prepared
from sparrow.spark.prepare import prepare

HEADER = "user,item,rating,timestamp\n"


@pytest.fixture(name="same")
def _same(spark, command_line, tmp_path):
    """same(split_bytes, **options): prepares twice, compares every file, returns the Prepared."""

    def compare(split_bytes, **options):
        line = command_line(tmp_path / "there")
        line.run("prepare", *(f"--{name.replace('_', '-')}={value}" for name, value in options.items()))
        prepared = prepare(spark, str(tmp_path / "here/prepared"), split_bytes=split_bytes, **options)
        there = {file.name: file.read_bytes() for file in (line.home / "prepared").iterdir()}
        rejects = line.home / "rejects.tsv"
        if rejects.is_file():
            there[rejects.name] = rejects.read_bytes()
        here = {file.name: file.read_bytes() for file in (tmp_path / "here/prepared").iterdir() if file.is_file()}
        assert {name for name in there if here.get(name) != there[name]} == set()
        assert set(here) == set(there)
        return prepared

    return compare


def catalogue(folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "items.csv").write_text("id,title,year\n" + "".join(f"i{n},Thing {n},{1990 + n % 30}\n" for n in range(60)))
    return folder


def lines(count, rejects=0.0, seed=5):
    """Few users and fifty seconds: most times are ties, many pairs come twice; some lines are wrong in every way there is."""
    draw = random.Random(seed)
    found = []
    for _ in range(count):
        user, item, value = f"user {draw.randrange(37)}", f"i{draw.randrange(60)}", draw.choice(["1", "2", "3.5", "4", "5"])
        when = str(1_600_000_000 + draw.randrange(50))
        wrong = draw.random() / rejects if rejects else 1
        if wrong < 0.2:
            value = "good"
        elif wrong < 0.4:
            when = "2020-09-13 12:26:40"
        elif wrong < 0.6:
            item = "i999"
        elif wrong < 0.8:
            user = ""
        elif wrong < 1:
            item += ",,,,"
        found.append(f"{user},{item},{value},{when}")
        if draw.random() > 0.95:
            found.append(found[-1])
    return found


def test_ml_latest_small(data, same):
    prepared = same(400_000, data=data)
    assert prepared.statistics["sequences"] == 609
    assert prepared.items.count() == 9742
    assert "589" in prepared.items.where("title like 'Terminator 2%'").first().id


def test_ties_rejects_mixed_times_and_repeated_rows(same, tmp_path):
    folder = catalogue(tmp_path / "in")
    (folder / "ratings.csv").write_bytes(b"\xef\xbb\xbf" + (HEADER + "\n".join(lines(6000, rejects=0.03))).replace("\n", "\r\n").encode())
    prepared = same(20_000, data=folder, max_rejects=0.05)
    assert prepared.statistics["rejects"] > 100
    assert prepared.statistics["duplicate_interactions"] > 1000


def test_records_over_lines_and_quotes_that_never_close(same, tmp_path):
    folder = catalogue(tmp_path / "in")
    rows = [f'{line},"said ""so""\n{"x" * (n % 50)}\nand more"' if n % 3 == 0 else f'{line},{chr(34) if n % 400 == 7 else ""}ok'
            for n, line in enumerate(lines(4000))]
    (folder / "ratings.csv").write_text("user,item,rating,timestamp,comment\n" + "\n".join(rows) + "\n")
    assert same(9000, data=folder, max_rejects=0.05).statistics["rejects"] > 5


def test_another_encoding_than_the_first_lines_tell(same, tmp_path):
    folder = catalogue(tmp_path / "in")
    rows = [line.replace("user 3", "usér 3") if n > 24000 else line for n, line in enumerate(lines(24500))]
    (folder / "ratings.csv").write_bytes((HEADER + "\n".join(rows) + "\n").encode("latin-1"))
    same(200_000, data=folder)


@pytest.mark.slow
def test_packed_parts_and_hours(same, tmp_path):
    """Values that are no halves: the scale is told by a sample of all values in order."""
    folder = catalogue(tmp_path / "in")
    (folder / "log").mkdir()
    draw = random.Random(1)
    for part, pack in enumerate([gzip.compress, bz2.compress, lambda text: text]):
        rows = "".join(f"u{draw.randrange(900)},i{draw.randrange(60)},{draw.expovariate(0.1):.3f},{1_500_000_000 + part * 30000 + n}\n" for n in range(20_000))
        name = f"part-{part:05}.csv" + [".gz", ".bz2", ""][part]
        (folder / "log" / name).write_bytes(pack(("user,item,hours,time\n" + rows).encode()))
    prepared = same(100_000, interactions=folder / "log", items=folder / "items.csv")
    assert prepared.statistics["scale"]["name"] == "amounts"


def test_events_of_json_lines_and_no_catalogue(same, tmp_path):
    draw = random.Random(2)
    with open(tmp_path / "log.jsonl", "w", encoding="utf-8") as file:
        for line in lines(3000):
            user, item, _, when = line.split(",")
            file.write(json.dumps({"user_id": user, "sku": item, "event": draw.choice(["view", "cart", "hide"]), "ts": int(when) * 1000}) + "\n")
        file.write("{broken\n")
    same(30_000, interactions=tmp_path / "log.jsonl", event_weights="view=1,cart=2.5,hide=0")


def test_parquet_is_what_the_package_reads_of_it(spark, tmp_path):
    pandas = pytest.importorskip("pandas")
    draw = numpy.random.default_rng(3)
    n = 5000
    frame = pandas.DataFrame({"user": [f"u{u}" for u in draw.integers(0, 50, n)], "item": draw.integers(0, 60, n).astype(float), "note": ["x"] * n,
                              "rating": draw.integers(1, 11, n) / 2, "when": pandas.to_datetime(1_600_000_000 + draw.integers(0, 99, n), unit="s")})
    (tmp_path / "log").mkdir()
    for part in range(3):
        frame[part * 2000:(part + 1) * 2000].to_parquet(tmp_path / "log" / f"{part}.parquet", row_group_size=300)
    items = pandas.DataFrame({"id": range(60), "title": [f"Thing {i}" for i in range(60)]})
    items.to_csv(tmp_path / "items.csv", index=False)
    here = prepare(spark, str(tmp_path / "prepared"), interactions=tmp_path / "log", items=tmp_path / "items.csv", split_bytes=8000)
    assert here.hash == sparrow.read(interactions=tmp_path / "log", items=tmp_path / "items.csv").hash
    assert here.statistics["interactions"] == n


def test_tables_are_what_the_engine_learns_from(prepared, prepared_folder, command_line):
    """Sequences and transitions beside the log; then a model of the folder."""
    dataset = sparrow.Dataset.load(prepared_folder)
    log, liked = dataset.interactions, prepared.statistics["scale"]["liked"]
    found = {row.user: row for row in prepared.sequences.collect()}
    transitions = {}
    for user, (begin, end) in enumerate(zip(log["offsets"][:-1], log["offsets"][1:])):
        kept = log["values"][begin:end] >= liked
        items = log["items"][begin:end][kept].tolist()
        assert (found[user].items if user in found else []) == items
        if items:
            assert found[user].user_id == dataset.users[user]
            assert found[user].times == log["times"][begin:end][kept].tolist()
            assert found[user].values == log["values"][begin:end][kept].tolist()
        for a, b in zip(items, items[1:]):
            transitions[a, b] = transitions.get((a, b), 0) + (a != b)
    assert {(t.source, t.target): t.weight for t in prepared.transitions.collect()} == {pair: n for pair, n in transitions.items() if n}
    line = command_line(prepared_folder.parent)
    line.run("train", "--method", "item2vec", "--epochs", "1", "--dim", "8")
    assert json.loads((line.model_folder("item2vec") / "manifest.json").read_text())["data_hash"] == prepared.hash


def test_refusals_say_what_to_do(spark, tmp_path):
    folder = catalogue(tmp_path / "in")
    (folder / "ratings.csv").write_text(HEADER + "\n".join(lines(2000, rejects=0.1)))
    output = str(tmp_path / "out")
    with pytest.raises(sparrow.InvalidInput, match="more than --max-rejects 0.01 allows.*out.rejects.tsv"):
        prepare(spark, output, data=folder)
    assert (tmp_path / "out.rejects.tsv").read_text().count("\n") > 50
    with pytest.raises(sparrow.InvalidInput, match="nobody"):
        prepare(spark, output, data=folder, columns="user=nobody")
    with pytest.raises(sparrow.NotFound, match="not-there"):
        prepare(spark, output, data=tmp_path / "not-there")
    (folder / "ratings.csv").write_bytes((HEADER + "\n".join(lines(200))).encode("utf-16"))
    with pytest.raises(sparrow.InvalidInput, match="UTF-16.*iconv"):
        prepare(spark, output, data=folder)
    with pytest.raises(sparrow.NotFound, match="sparrow.spark prepare"):
        Prepared.read(spark, output)
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".tmp")]


def test_a_worker_is_killed_in_the_middle(spark, cluster, command_line, tmp_path):
    """kill -9 of a worker with its executor while splits are read: the same bytes."""
    line = command_line(tmp_path / "there")
    line.run("synth", "--out", tmp_path / "log", "--users", 3000, "--interactions", 400000, "--out-of-order")
    line.run("prepare", "--data", tmp_path / "log")
    failures = []

    def work():
        try:
            prepare(spark, str(tmp_path / "here"), data=tmp_path / "log", split_bytes=500_000)
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    job = threading.Thread(target=work)
    job.start()
    end = time.monotonic() + 120
    while not list(tmp_path.glob("here.*.tmp/staging/pieces1/_temporary/0/task*")):  # one task has committed
        assert job.is_alive() and time.monotonic() < end, failures
        time.sleep(0.02)
    cluster.kill_worker()
    in_the_middle = not list(tmp_path.glob("here.*.tmp/staging/pieces1/_SUCCESS"))
    cluster.add_worker()
    job.join()
    assert not failures
    assert in_the_middle, "the worker was killed too late to matter"
    for name in ("interactions.bin", "users.txt", "catalog.jsonl", "dataset.json"):
        assert (tmp_path / "here" / name).read_bytes() == (line.home / "prepared" / name).read_bytes()
