"""Training on the cluster: what one machine trains, whoever is killed meanwhile, served from a real Redis."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading
import time

import numpy
import pytest

import sparrow
from sparrow.spark import mllib
from sparrow.spark.__main__ import main
from sparrow.spark.checkpoint import Checkpoint
from sparrow.spark.corpus import Corpus
from sparrow.spark.prepare import prepare
from sparrow.spark.train import train, trainer

ROOT = pathlib.Path(__file__).resolve().parents[3]
DATA = os.environ.get("SPARROW_DATA", "")
BIN = os.environ.get("SPARROW_BIN", str(ROOT / "build/test/sparrow"))
FEW = {"epochs": 6, "dim": 16}  # quick


@pytest.fixture(scope="session")
def prepared(spark, tmp_path_factory):
    if not pathlib.Path(DATA, "ratings.csv").is_file():
        pytest.skip("SPARROW_DATA has no ml-latest-small")
    return prepare(spark, f"{tmp_path_factory.mktemp('train')}/home/prepared", DATA)


@pytest.fixture(scope="session")
def dataset(prepared):
    return sparrow.Dataset.load(prepared.path)


@pytest.fixture(scope="session")
def corpus(prepared):
    return Corpus.of_prepared(prepared)


@pytest.fixture(scope="session")
def fusion(spark, corpus):
    return train(spark, corpus, "fusion", parts=2)


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    """The URL of a Redis of its own."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no redis-server")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    process = subprocess.Popen([program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)], stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.kill()
        process.wait()


def sparrow_binary(home, store, *arguments):
    environment = {**os.environ, "SPARROW_HOME": str(home), "SPARROW_STORE": store}
    done = subprocess.run([BIN, "-q", *map(str, arguments)], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, f"{arguments}: exit {done.returncode}: {done.stderr}"
    return done.stdout


def overlap(one, other, size=10):
    """Mean share of an item's nearest that both models list, over items with behavior."""
    rows = numpy.flatnonzero(numpy.asarray(one.vectors, numpy.float32).any(axis=1)).astype(numpy.uint32)
    lists = [model.similar_batch(rows=rows, size=size)[0] for model in (one, other)]
    return float(numpy.mean([len(set(a) & set(b)) / size for a, b in zip(*lists, strict=True)]))


@pytest.mark.parametrize("loss", ["hierarchical-softmax", "negative-sampling"])
def test_one_part_has_the_bytes_of_one_machine(spark, corpus, dataset, loss):
    here = sparrow.train(dataset, "item2vec", loss=loss, progress=False, **FEW)
    there = train(spark, corpus, "item2vec", parts=1, rounds=4, loss=loss, **FEW)
    assert there.vectors.tobytes() == here.vectors.tobytes()
    assert there.tensors["neighbors.rows"].tobytes() == here.tensors["neighbors.rows"].tobytes()
    assert there.manifest["metrics"]["content_hash"] == here.manifest["metrics"]["content_hash"]
    assert there.manifest["options"]["skip_gram"] == here.manifest["options"]["skip_gram"]


def test_sessions_and_half_life_are_those_of_one_machine(spark, corpus, dataset):
    options = {"session_gap": 3600, "half_life_days": 400, "epochs": 2, "dim": 8}
    here = sparrow.train(dataset, "item2vec", progress=False, **options)
    assert train(spark, corpus, "item2vec", parts=1, **options).vectors.tobytes() == here.vectors.tobytes()


def test_two_parts_are_the_same_every_time(spark, corpus):
    once, again = (train(spark, corpus, "item2vec", parts=2, rounds=2, **FEW) for _ in range(2))
    assert once.vectors.tobytes() == again.vectors.tobytes()
    assert once.manifest["metrics"]["spark"] == {"parts": 2, "rounds": 2}


def test_walks_of_one_part_are_those_of_one_machine(spark, corpus, dataset):
    here = sparrow.train(dataset, "node2vec", p=0.5, q=2, progress=False, **FEW)
    there = train(spark, corpus, "node2vec", parts=1, rounds=2, p=0.5, q=2, **FEW)
    assert overlap(here, there) > 0.9


def test_fusion_is_that_of_one_machine(dataset, fusion):
    here = sparrow.train(dataset, progress=False)
    assert overlap(here, fusion) > 0.98
    mine, other = fusion.manifest, here.manifest
    assert mine["data_hash"] == other["data_hash"]
    assert mine["metrics"]["choices"] == other["metrics"]["choices"]
    assert abs(mine["options"]["content_weight"] - other["options"]["content_weight"]) <= 0.02
    numpy.testing.assert_allclose(fusion.score([("589", "1240"), ("1", "3114")]), here.score([("589", "1240"), ("1", "3114")]), rtol=0.02)


def test_a_training_that_was_ended_goes_on(spark, corpus, tmp_path, monkeypatch):
    whole = train(spark, corpus, "item2vec", parts=2, rounds=3, **FEW)
    write = Checkpoint.write

    def ended(self, number, merged):
        if number == 2:
            raise KeyboardInterrupt
        write(self, number, merged)

    folder = f"file://{tmp_path}/rounds"
    monkeypatch.setattr(Checkpoint, "write", ended)
    with pytest.raises(KeyboardInterrupt):
        train(spark, corpus, "item2vec", parts=2, rounds=3, checkpoint=folder, **FEW)
    written = []
    monkeypatch.setattr(Checkpoint, "write", lambda self, number, merged: (written.append(number), write(self, number, merged)))
    resumed = train(spark, corpus, "item2vec", parts=2, rounds=3, checkpoint=folder, **FEW)
    assert written == [2]
    assert resumed.vectors.tobytes() == whole.vectors.tobytes()
    assert resumed.manifest["metrics"]["pairs"] == whole.manifest["metrics"]["pairs"]
    with pytest.raises(sparrow.Conflict, match="another training .*parts"):
        train(spark, corpus, "item2vec", parts=3, rounds=3, checkpoint=folder, **FEW)


def test_kill_9_of_a_worker_changes_nothing(spark, cluster, corpus, tmp_path):
    options = {"parts": 2, "epochs": 24, "dim": 64}
    undisturbed = train(spark, corpus, "item2vec", **options)
    folder, result = tmp_path / "rounds", {}
    thread = threading.Thread(target=lambda: result.update(model=train(spark, corpus, "item2vec", checkpoint=f"file://{folder}", **options)))
    thread.start()
    while thread.is_alive() and not (folder / "round-00004").is_dir():
        time.sleep(0.05)
    cluster.kill_worker()
    assert not (folder / "round-00023").exists(), "the training was over before the worker was killed"
    thread.join(240)
    cluster.add_worker()
    cluster.wait_for_workers()
    assert result["model"].vectors.tobytes() == undisturbed.vectors.tobytes()


def test_from_the_cluster_to_a_server(spark, cluster, prepared, fusion, redis, tmp_path):
    home = pathlib.Path(prepared.path).parent
    folder = fusion.save(home / "models")
    sparrow_binary(home, redis, "publish", "fusion", "--promote")
    log = tmp_path / "log"
    with open(log, "w", encoding="utf-8") as out:
        server = subprocess.Popen([BIN, "serve", "--port", "0"], stderr=out, env={**os.environ, "SPARROW_HOME": str(home), "SPARROW_STORE": redis})
    try:
        for _ in range(200):
            found = re.search(r"http://localhost:(\d+)/", log.read_text())
            if found:
                break
            assert server.poll() is None, log.read_text()
            time.sleep(0.05)
        with sparrow.Client(f"http://127.0.0.1:{found.group(1)}") as client:
            answer = client.similar(589)
        assert answer["model"]["version"] == fusion.version == folder.name
        assert [item["id"] for item in answer["items"]] == sparrow.load(folder, sparrow.Dataset.load(prepared.path)).similar(589).ids
    finally:
        server.terminate()
        server.wait(10)


def test_mllib_in_the_layout_of_sparrowrecsys(spark, corpus, prepared, redis, tmp_path, monkeypatch):
    monkeypatch.setattr(mllib, "ITERATIONS", 1)
    monkeypatch.setattr("sparrow.spark.__main__.session", lambda *_: spark)
    for method, prefix in mllib.PREFIXES.items():
        assert main(["train", "--prepared", prepared.path, "--trainer", "mllib", "--redis", redis, "--ttl", "0", "--method", method]) == 0
        home = pathlib.Path(prepared.path).parent
        sparrow_binary(home, "memory:", "store", "import-sparrowrecsys", "--from", redis, "--prefix", prefix, "--name", f"mllib-{method}")
        model = sparrow.load(max((home / "models" / f"mllib-{method}").iterdir()), sparrow.Dataset.load(prepared.path))
        assert model.vectors.shape[1] == mllib.VECTOR_SIZE
        frequent = int((corpus.positives >= mllib.MIN_COUNT).sum())
        with_vectors = int(model.vectors.any(axis=1).sum())
        assert with_vectors == frequent if method == "item2vec" else with_vectors > 0.5 * frequent


def test_the_evaluation_trains_on_the_cluster(spark, dataset):
    report = sparrow.evaluate(
        dataset, [{"method": "item2vec", **FEW}, {"method": "item2vec", "name": "spark", "trainer": trainer(spark, parts=1, rounds=1), **FEW}],
        splits=1, baselines=False, progress=False,
    )
    here, there = report.rows
    assert here["nx"] == there["nx"] and here["nx_ipw"] == there["nx_ipw"]


@pytest.mark.parametrize("arguments, message", [
    (["--method", "side-info"], "side-info is not trained on a cluster"),
    (["--method", "item2vec", "--rounds", "99"], "--rounds must be from 1 to the number of epochs, 50"),
    (["--dimm", "8"], "--dimm"),
    (["--redis", "redis://x"], "--redis is for --trainer mllib"),
])
def test_what_makes_no_sense_is_refused(spark, prepared, capsys, monkeypatch, tmp_path, arguments, message):
    monkeypatch.setattr("sparrow.spark.__main__.session", lambda *_: spark)
    assert main(["train", "--prepared", prepared.path, "--output", str(tmp_path), *arguments]) != 0
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
