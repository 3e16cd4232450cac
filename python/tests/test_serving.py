"""From a notebook to a server: publish, serve, ask."""
import shutil
import socket
import subprocess
import time

import pytest

import sparrow
from conftest import CommandLine, Server


@pytest.fixture(scope="module")
def home(tmp_path_factory, cli, dataset, fusion):
    """A home that Python alone filled."""
    home = tmp_path_factory.mktemp("served")
    dataset.save(home / "prepared")
    sparrow.publish(fusion, f"rocksdb:{home}/store")
    return home


def test_server_answers_what_the_model_answers(home, fusion, tmp_path):
    server = Server(CommandLine(home), tmp_path / "log", "--token", "admin:python-secret")
    try:
        with sparrow.Client(server.url, token="python-secret") as client:
            assert client.ready()
            answer = client.similar(589)
            assert [i["id"] for i in answer["items"]] == fusion.similar(589).ids
            assert answer["model"]["version"] == fusion.version
            assert [i["id"] for i in client.similar("589", filter="year >= 2000", size=5)["items"]] == fusion.similar(
                "589", 5, filter="year >= 2000").ids
            assert [i["id"] for i in client.mix(["1", "589:0.5"], unlike=["3114"])["items"]] == fusion.similar(
                {"1": 1, "589": 0.5}, unlike=["3114"]).ids
            assert len(client.batch([{"seeds": ["589"], "size": 3}, {"seeds": ["1"], "size": 3}])["answers"]) == 2
            why, mine = client.explain(589, 1240), fusion.explain(589, 1240)
            assert why["rank"] == mine["rank"] and why["reason"] == mine["reason"] and why["score"] == round(mine["score"])
            assert client.search("terminator 2")["items"][0]["id"] == "589"
            assert client.item(589)["item"]["title"].startswith("Terminator 2") and client.models() and client.status()
            with pytest.raises(sparrow.ClientError) as raised:
                client.similar("nobody")
            assert raised.value.status == 404 and raised.value.code == "not_found"
            with pytest.raises(sparrow.ClientError) as raised:
                client.similar("589", size=0)
            assert raised.value.status == 400 and raised.value.parameter == "size"
            client.put_item("n1", {"title": "Terminator 9", "year": 2026, "genres": ["Action"]})
            assert client.similar("n1")["items"]
            client.delete_item("n1")
    finally:
        server.stop()
    with pytest.raises(sparrow.ClientError) as raised:
        client.similar(589)
    assert raised.value.status == 0 and raised.value.code == "unavailable"
    assert isinstance(raised.value, sparrow.Error)
    with pytest.raises(ValueError, match="is no URL"):
        sparrow.Client("localhost")


def test_store(home, fusion, content, dataset):
    with sparrow.open_store(f"rocksdb:{home}/store") as store:
        assert store.names() == ["fusion"] and store.promoted("fusion") == fusion.version
        (version,) = store.versions("fusion")
        assert version["promoted"] and version["item_features"] == 9742 and version["users"] == 610 and version["encoding"] == "float16"
        loaded = store.load("fusion", dataset=dataset)
        assert loaded.similar("589").ids == fusion.similar("589").ids
        store.publish(fusion)  # the same again: no error
        store.publish(content, promote=False)
        assert store.promoted("content") is None
        with pytest.raises(sparrow.NotFound):
            store.load("content")
        store.promote("content", content.version)
        with pytest.raises(sparrow.NotFound):
            store.rollback("content")
        assert store.prune("content", keep=1) == []
    with pytest.raises(sparrow.InvalidInput, match="closed"):
        store.names()
    with pytest.raises(sparrow.InvalidInput):
        sparrow.open_store("nothing:here")


def test_the_command_line_reads_what_python_published(home, fusion):
    line = CommandLine(home)
    assert fusion.version in line.run("models")
    assert "Terminator" in line.run("similar", "589")


def test_a_model_of_no_behavior_is_not_promoted(tmp_path):
    log = {"user": ["a", "a", "b"], "item": ["x", "y", "x"], "rating": [5, 4, 5]}
    dataset = sparrow.read(log, items={"id": ["x", "y"], "title": ["Red car", "Red bus"], "genres": ["Car", "Bus"]})
    model = sparrow.train(dataset)
    with pytest.raises(sparrow.Conflict, match="learned from no behavior"):
        sparrow.publish(model, f"rocksdb:{tmp_path}/store")
    sparrow.publish(model, f"rocksdb:{tmp_path}/store", allow_content_only=True)


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="no redis-server")
def test_redis(small, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""], cwd=tmp_path, stdout=subprocess.DEVNULL) as redis:
        try:
            uri, model = f"redis://127.0.0.1:{port}/0", sparrow.train(small, "history", min_count=2)
            began = time.monotonic()
            while True:
                try:
                    sparrow.publish(model, uri)
                    break
                except sparrow.Unavailable:
                    assert time.monotonic() - began < 10
                    time.sleep(0.1)
            with sparrow.open_store(uri, read_only=True) as store:
                assert store.promoted("history") == model.version
                assert store.load("history", dataset=small).similar("a0", 3).ids == model.similar("a0", 3).ids
        finally:
            redis.terminate()
