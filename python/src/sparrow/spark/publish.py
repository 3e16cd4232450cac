"""publish: a model into a store that all executors reach, written by them in pipelined batches.

The engine decides what is written: its keys and bytes are those of `sparrow publish` (docs/formats.md). Batches of them wait in files of
the cluster; executors write them; and only when every pair is counted as written, the version's manifest is, and then the pointer to the
promoted version moves. A job that dies before leaves the old version as it is; the next `sparrow prune` removes what it wrote.
"""
import argparse
import pathlib
import tempfile
import uuid
from collections.abc import Iterator
from typing import Any, Optional

import pyarrow as pa
from pyarrow import parquet
from pyspark.sql import SparkSession

from .. import _sparrow
from .._dataset import Dataset
from .._model import load
from .columns import bytes_of
from .files import File, Files

PAIRS = pa.schema([("key", pa.binary()), ("value", pa.binary())])
PAIRS_AT_ONCE = 1024
FILE_BYTES = 32 << 20


def writer(uri: str) -> Any:
    """For mapInArrow: writes key and value, both binary, and gives how many ("written long")."""

    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        written = 0
        store = _sparrow.Store(uri)
        try:
            for batch in batches:
                for begin in range(0, batch.num_rows, PAIRS_AT_ONCE):
                    part = batch.slice(begin, PAIRS_AT_ONCE)
                    store.write(*bytes_of(part.column(0)), *bytes_of(part.column(1)))
                    written += part.num_rows
        finally:
            store.close()
        yield pa.RecordBatch.from_pydict({"written": pa.array([written], pa.int64())})

    return task


class Pairs:
    """Takes what the engine would write, and has the executors write it."""

    def __init__(self, spark: SparkSession, uri: str, name: str, staging: str, scratch: pathlib.Path) -> None:
        """name: of the store, for messages: never with a password."""
        self.spark = spark
        self.name = name
        self.uri = uri
        self.staging = staging
        self.scratch = scratch
        self.files = Files(spark)
        self.count = 0
        self._tables: list[pa.Table] = []
        self._bytes = 0
        self._parts = 0

    def add(self, keys: list[bytes], values: list[bytes]) -> None:
        self._tables.append(pa.table({"key": keys, "value": values}, PAIRS))
        self._bytes += self._tables[-1].nbytes
        self.count += len(keys)
        if self._bytes >= FILE_BYTES:
            self._flush()

    def _flush(self) -> None:
        if not self._tables:
            return
        file = self.scratch / f"part-{self._parts:05}.parquet"
        parquet.write_table(pa.concat_tables(self._tables), file, row_group_size=4 * PAIRS_AT_ONCE)
        self.files.put(file, f"{self.staging}/{file.name}")
        file.unlink()
        self._tables, self._bytes, self._parts = [], 0, self._parts + 1

    def finish(self) -> None:
        """Errors: Unavailable when not every pair is known to be written."""
        self._flush()
        tasks = self.spark.sparkContext.defaultParallelism
        pairs = self.spark.read.parquet(self.staging).repartition(tasks)
        done = sum(row.written for row in pairs.mapInArrow(writer(self.uri), "written long").collect())
        if done != self.count:
            raise _sparrow.Unavailable(f"{self.name}: {done} of {self.count} pairs were written; nothing was promoted. Try again")


def fetch_folder(files: Files, path: str, target: pathlib.Path) -> pathlib.Path:
    """A folder of small or middling files, on the driver."""
    target.mkdir(parents=True)
    for file in files.list(path):
        files.fetch(File(file.uri, file.name, file.size), target / file.name)
    return target


def publish(
    spark: SparkSession,
    model: str,
    store: str,
    staging: str,
    *,
    prepared: Optional[str] = None,
    promote: bool = True,
    allow_content_only: bool = False,
    encoding: Optional[str] = None,
) -> tuple[str, str, int]:
    """Publishes a model folder (HOME/models/NAME/VERSION) of any Spark file system. Returns name, version and the number of pairs.

    store     redis://... and its kin, as the executors reach it.
    staging   a folder that executors read; what is written there is removed.
    prepared  the data of the model: features of its items and users are published with it.
    """
    if not store.startswith("redis"):
        raise _sparrow.InvalidInput(f"{store}: executors write to redis://..., redis+cluster://... or redis+sentinel://...; "
                                    "for a store on one machine run `sparrow publish` there")
    files = Files(spark)
    folder = f"{staging.rstrip('/')}/publish-{uuid.uuid4().hex[:12]}"
    with tempfile.TemporaryDirectory(prefix="sparrow-spark-") as temporary:
        scratch = pathlib.Path(temporary)
        name_version = model.rstrip("/").split("/")[-2:]
        dataset = None if prepared is None else Dataset.load(fetch_folder(files, prepared, scratch / "prepared"))
        opened = load(fetch_folder(files, model, scratch.joinpath("models", *name_version)), dataset)
        if promote and not allow_content_only:
            _sparrow.refuse_content_only(opened._native)  # pylint: disable=protected-access
        target = _sparrow.Store(store)
        pairs = Pairs(spark, store, target.uri(), folder, scratch)
        try:
            target.publish(opened._native, encoding or "", sink=pairs)  # pylint: disable=protected-access
            if promote:
                target.promote(opened.name, opened.version)
        finally:
            target.close()
            files.remove(folder)
    return opened.name, opened.version, pairs.count


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("publish", help="a model into Redis, written by the executors; promoted when all of it is there",
                                   description="Keys and bytes are those of `sparrow publish`.")
    parser.add_argument("--model", required=True, help="HOME/models/NAME/VERSION, on any Spark file system")
    parser.add_argument("--store", required=True, help="redis://HOST:PORT/DB, redis+cluster://... or redis+sentinel://...")
    parser.add_argument("--staging", required=True, help="folder that driver and executors share; what is written there is removed")
    parser.add_argument("--prepared", help="prepared data of the model: features of items and users are published with it")
    parser.add_argument("--encoding", help="float32, float16 or int8; default: as the model has its vectors")
    parser.add_argument("--no-promote", action="store_false", dest="promote", help="publish only")
    parser.add_argument("--allow-content-only", action="store_true", help="promote a model that learned from no behavior although there is a log")


def run(spark: SparkSession, options: argparse.Namespace) -> int:
    given = {key: value for key, value in vars(options).items() if key not in ("command", "master")}
    name, version, count = publish(spark, **given)
    print(f"publish   {name} {version}: {count} keys{', promoted' if options.promote else ''}")
    return 0
