"""What executors write into a real Redis is what `sparrow publish` writes, and never half a version."""
import threading

import pytest

import sparrow
from sparrow.spark.publish import publish


@pytest.fixture(name="model", scope="module")
def _model(prepared_folder, tmp_path_factory):
    """A model of the prepared folder, as `sparrow train` leaves it; and another one."""
    dataset = sparrow.Dataset.load(prepared_folder)
    home = tmp_path_factory.mktemp("models")
    return [sparrow.train(dataset, "fusion", seed=seed).save(home) for seed in (1, 2)]


def test_keys_and_bytes_are_those_of_the_command_line(spark, redis, model, prepared_folder, tmp_path, command_line, start_server):
    name, version, pairs = publish(spark, str(model[0]), redis.uri, str(tmp_path), prepared=str(prepared_folder))
    there = redis.digest()
    assert len(there) == 40 and int(redis.ask("DBSIZE")) > pairs > 10_000
    redis.ask("FLUSHALL")
    with sparrow.open_store(redis.uri) as store:
        store.publish(sparrow.load(model[0], sparrow.Dataset.load(prepared_folder)))
        assert redis.digest() == there
        assert store.promoted(name) == version
    line = command_line(prepared_folder.parent)
    server = start_server(line, "--store", redis.uri)
    with sparrow.Client(server.url) as client:
        answer = client.similar("589")
        assert answer["model"]["version"] == version and len(answer["items"]) == 20
    assert [path for path in tmp_path.iterdir() if path.name.startswith("publish-")] == []


def test_a_job_that_dies_leaves_the_old_version(spark, redis, model, prepared_folder, tmp_path):
    """The server goes away in the middle of the executors' writes; and one more run puts things right."""
    first = publish(spark, str(model[0]), redis.uri, str(tmp_path))
    failures = []

    def work():
        try:
            publish(spark, str(model[1]), redis.uri, str(tmp_path))
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    before = int(redis.ask("DBSIZE"))
    job = threading.Thread(target=work)
    job.start()
    while int(redis.ask("DBSIZE")) < before + 2:  # the draft, and a pair of an executor
        assert job.is_alive()
    redis.ask("CLIENT", "PAUSE", "1")
    redis.ask("CONFIG", "SET", "maxmemory", "1")  # every further write is refused
    job.join()
    assert failures, "the job ended well although Redis took nothing more"
    redis.ask("CONFIG", "SET", "maxmemory", "0")
    with sparrow.open_store(redis.uri) as store:
        assert store.promoted(first[0]) == first[1]
        assert [v["version"] for v in store.versions(first[0])] == [first[1]]
        second = publish(spark, str(model[1]), redis.uri, str(tmp_path))
        assert store.promoted(first[0]) == second[1]


def test_stores_of_one_machine_are_refused(spark, model, tmp_path):
    with pytest.raises(sparrow.InvalidInput, match="run `sparrow publish` there"):
        publish(spark, str(model[0]), f"rocksdb:{tmp_path}/store", str(tmp_path))
