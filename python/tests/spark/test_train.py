"""Training on the cluster: what one machine trains, whoever is killed meanwhile, served from a real Redis."""
import threading
import time

import numpy
import pytest

import sparrow
from sparrow.spark import mllib
from sparrow.spark.__main__ import main
from sparrow.spark.checkpoint import Checkpoint
from sparrow.spark.corpus import Corpus
from sparrow.spark.publish import publish
from sparrow.spark.train import train, trainer

FEW = {"epochs": 6, "dim": 16}  # quick


@pytest.fixture(scope="session")
def dataset(prepared_folder):
    return sparrow.Dataset.load(prepared_folder)


@pytest.fixture(scope="session")
def corpus(prepared):
    return Corpus.of_prepared(prepared)


@pytest.fixture(scope="session")
def fusion(spark, corpus):
    return train(spark, corpus, "fusion", parts=2)


def overlap(one, other, size=10):
    """Mean share of an item's nearest that both models list, over items with behavior."""
    rows = numpy.flatnonzero(numpy.asarray(one.vectors, numpy.float32).any(axis=1)).astype(numpy.uint32)
    lists = [model.similar_batch(rows=rows, size=size)[0] for model in (one, other)]
    return float(numpy.mean([len(set(a) & set(b)) / size for a, b in zip(*lists, strict=True)]))


@pytest.mark.parametrize("loss", ["hierarchical-softmax", pytest.param("negative-sampling", marks=pytest.mark.slow)])
def test_one_part_has_the_bytes_of_one_machine(spark, corpus, dataset, loss):
    here = sparrow.train(dataset, "item2vec", loss=loss, progress=False, **FEW)
    there = train(spark, corpus, "item2vec", parts=1, rounds=4, loss=loss, **FEW)
    assert there.vectors.tobytes() == here.vectors.tobytes()
    assert there.tensors["neighbors.rows"].tobytes() == here.tensors["neighbors.rows"].tobytes()
    assert there.manifest["metrics"]["content_hash"] == here.manifest["metrics"]["content_hash"]
    assert there.manifest["options"]["skip_gram"] == here.manifest["options"]["skip_gram"]


@pytest.mark.slow
def test_sessions_and_half_life_are_those_of_one_machine(spark, corpus, dataset):
    options = {"session_gap": 3600, "half_life_days": 400, "epochs": 2, "dim": 8}
    here = sparrow.train(dataset, "item2vec", progress=False, **options)
    assert train(spark, corpus, "item2vec", parts=1, rounds=1, **options).vectors.tobytes() == here.vectors.tobytes()


@pytest.mark.slow
def test_two_parts_are_the_same_every_time(spark, corpus):
    once, again = (train(spark, corpus, "item2vec", parts=2, rounds=2, **FEW) for _ in range(2))
    assert once.vectors.tobytes() == again.vectors.tobytes()
    assert once.manifest["metrics"]["spark"] == {"parts": 2, "rounds": 2}


@pytest.mark.slow
def test_walks_are_as_alike_as_two_seeds_of_one_machine(spark, corpus, dataset):
    options = {"p": 0.5, "q": 2, "dim": 16, "epochs": 20}
    here, other = (sparrow.train(dataset, "node2vec", seed=seed, progress=False, **options) for seed in (1, 2))
    there = train(spark, corpus, "node2vec", parts=2, rounds=5, **options)
    assert overlap(here, there) > 0.95 * overlap(here, other)


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
    options = {"parts": 2, "epochs": 10, "dim": 64}
    undisturbed = train(spark, corpus, "item2vec", **options)
    folder, result = tmp_path / "rounds", {}
    thread = threading.Thread(target=lambda: result.update(model=train(spark, corpus, "item2vec", checkpoint=f"file://{folder}", **options)))
    thread.start()
    while thread.is_alive() and not (folder / "round-00001").is_dir():
        time.sleep(0.05)
    cluster.kill_worker()
    assert not (folder / "round-00009").exists(), "the training was over before the worker was killed"
    thread.join(240)
    cluster.add_worker()
    cluster.wait_for_workers()
    assert result["model"].vectors.tobytes() == undisturbed.vectors.tobytes()


def test_from_the_cluster_to_a_server(spark, prepared_folder, fusion, redis, tmp_path, command_line, start_server):
    folder = fusion.save(tmp_path / "models")
    publish(spark, str(folder), redis.uri, str(tmp_path), prepared=str(prepared_folder))
    server = start_server(command_line(prepared_folder.parent), "--store", redis.uri)
    with sparrow.Client(server.url) as client:
        answer = client.similar(589)
    assert answer["model"]["version"] == fusion.version == folder.name
    assert [item["id"] for item in answer["items"]] == sparrow.load(folder, sparrow.Dataset.load(prepared_folder)).similar(589).ids


@pytest.mark.parametrize("method", ["item2vec", pytest.param("deepwalk", marks=pytest.mark.slow)])
def test_mllib_in_the_layout_of_sparrowrecsys(spark, corpus, prepared_folder, redis, command_line, monkeypatch, method):
    monkeypatch.setattr(mllib, "ITERATIONS", 1)
    monkeypatch.setattr("sparrow.spark.__main__.session", lambda *_: spark)
    prefix, line = mllib.PREFIXES[method], command_line(prepared_folder.parent)
    assert main(["train", "--prepared", str(prepared_folder), "--trainer", "mllib", "--redis", f"{redis.uri}/0", "--method", method]) == 0
    line.run("store", "import-sparrowrecsys", "--from", f"{redis.uri}/0", "--prefix", prefix, "--name", f"mllib-{method}")
    model = sparrow.load(line.model_folder(f"mllib-{method}"), sparrow.Dataset.load(prepared_folder))
    assert model.vectors.shape[1] == mllib.VECTOR_SIZE
    frequent, found = int((corpus.positives >= mllib.MIN_COUNT).sum()), int(model.vectors.any(axis=1).sum())
    assert found == frequent if method == "item2vec" else 0.3 * frequent < found


@pytest.mark.slow
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
def test_what_makes_no_sense_is_refused(spark, prepared_folder, capsys, monkeypatch, tmp_path, arguments, message):
    monkeypatch.setattr("sparrow.spark.__main__.session", lambda *_: spark)
    assert main(["train", "--prepared", str(prepared_folder), "--output", str(tmp_path), *arguments]) != 0
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
