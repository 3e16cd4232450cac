"""prepare: a log and a catalogue on any Spark file system -> prepared data, as `sparrow prepare` makes them, and tables beside them.

The folder that it writes is HOME/prepared for `sparrow train --home HOME`, and what Prepared.read() takes.
"""
import argparse
import json
import math
import os
import pathlib
import tempfile
import uuid
from collections.abc import Iterator
from typing import Any, Optional

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as f

from .. import _frames, _sparrow
from .._dataset import PathLike
from .._flags import flags_of
from .columns import bytes_of, lists_of
from .files import File, Files
from .prepared import FORMAT, ITEMS, SEQUENCES, VERSION, Prepared
from .reading import ClusterReader, parquet_columns

SPLIT_BYTES = 64 << 20
LEAST_SPLIT_BYTES = 1 << 20
SAMPLE_ROWS = 20_000  # of Parquet, as text: more than the 256 KiB that the engine looks at


class Sources:
    """A folder of the driver with what the engine reads itself: catalogues whole, logs as far as it looks at them."""

    def __init__(self, spark: SparkSession, scratch: pathlib.Path) -> None:
        self.spark = spark
        self.files = Files(spark)
        self.scratch = scratch
        self.of_path: dict[str, list[File]] = {}
        self.names: dict[str, str] = {}  # what messages of the engine call a path -> what the caller called it

    def look_at(self, role: str, given: str) -> str:
        """The path that stands for what was given."""
        name = given.rstrip("/").rsplit("/", 1)[-1] or "data"
        target = self.scratch / role / name
        found = self.files.list(given)
        if not found:
            raise _sparrow.NotFound(f"{given} holds no files; folders in it are not looked into")
        self.names[str(target)] = given.rstrip("/")
        found = [file for file in found if not file.name.startswith((".", "_"))]
        packed = [file.uri for file in found if file.name.endswith(".zip")]
        if packed:
            raise _sparrow.InvalidInput(f"{packed[0]} is an archive, which Spark cannot read: unpack it into a folder")
        if self.files.is_folder(given):
            target.mkdir(parents=True)
        else:
            target.parent.mkdir(parents=True)
        kinds = {file.parquet for file in found}
        if kinds == {True}:
            stand_in = target.with_suffix(".csv") if not target.is_dir() else target / "interactions.csv"
            self.names[str(stand_in)] = given
            self._sample(given, stand_in, whole=role == "items")
            self.of_path[str(stand_in)] = found
            return str(stand_in)
        if True in kinds:
            raise _sparrow.InvalidInput(f"{given} holds Parquet and other files: give the log with --interactions and the catalogue with --items")
        for file in found:
            path = target / file.name if target.is_dir() else target
            self.files.fetch_head(file, path)
            self.of_path[str(path)] = [file]
        return str(target)

    def _sample(self, given: str, path: pathlib.Path, whole: bool) -> None:
        frame = self.spark.read.parquet(given)
        frame = frame.select(*(column.alias(name) for name, column in parquet_columns(frame).items()))
        _frames.write_arrow((frame if whole else frame.limit(SAMPLE_ROWS)).toArrow(), path)

    def fetch_all_but(self, logs: list[str]) -> None:
        for path, files in self.of_path.items():
            if path not in logs and not files[0].parquet:
                self.files.fetch(files[0], pathlib.Path(path))

    def told(self, error: _sparrow.Error) -> _sparrow.Error:
        """The error with the paths that the caller gave."""
        text = str(error)
        for path, name in sorted(self.names.items(), key=lambda entry: -len(entry[0])):
            text = text.replace(path, name)
        return type(error)(text)


def _sequences(liked: float, first_user: dict[int, int]) -> Any:
    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            offsets, items, times, values = _sparrow.positives(*bytes_of(batch.column(3)), liked)
            users = np.array([first_user[b] for b in batch.column(0).to_pylist()], np.int64) + batch.column(1).to_numpy()

            columns = [pa.array(users.astype(np.int32)), batch.column(2), lists_of(offsets, items.view(np.int32)),
                       lists_of(offsets, times), lists_of(offsets, values)]
            rows = pa.RecordBatch.from_arrays(columns, names=SEQUENCES.names)
            yield rows.filter(pa.array(np.diff(offsets) > 0))

    return task


def _counts(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Positives of each item, and transitions: of a task's sequences."""
    items: list[Any] = []
    pairs: list[Any] = []
    for batch in batches:
        lists = batch.column(0)
        rows = lists.flatten().to_numpy()
        ends = lists.offsets.to_numpy()[1:] - lists.offsets.to_numpy()[0] - 1
        inner = np.ones(len(rows), bool)
        inner[ends] = False
        at = np.flatnonzero(inner)
        source, target = rows[at].astype(np.int64), rows[at + 1].astype(np.int64)
        items.append(rows)
        pairs.append((source << 32 | target)[source != target])
    for values, shift in ((items, 0), (pairs, 32)):
        found, n = np.unique(np.concatenate([np.zeros(0, np.int64), *values]), return_counts=True)
        sources, targets = (found >> shift, found & 0xFFFFFFFF) if shift else (np.full(len(found), -1), found)
        yield pa.RecordBatch.from_arrays([pa.array(sources.astype(np.int32)), pa.array(targets.astype(np.int32)), pa.array(n.astype(np.int64))],
                                         names=["source", "target", "n"])


def write_tables(spark: SparkSession, reader: ClusterReader, dataset: Any, info: dict[str, Any], folder: str) -> None:
    """The tables of Prepared, beside the engine's files."""
    blocks = reader.blocks
    if blocks is None:  # a catalogue alone
        blocks = spark.createDataFrame([], "block int, position int, user string, events binary")
    for table, least in (("sequences", info["scale"]["liked"]), ("histories", -math.inf)):
        found = blocks.select("block", "position", "user", "events").mapInArrow(_sequences(least, reader.block_users), SEQUENCES)
        found.write.parquet(f"{folder}/{table}")
    sequences = spark.read.schema(SEQUENCES).parquet(f"{folder}/sequences")
    counts = sequences.select("items").mapInArrow(_counts, "source int, target int, n long")
    counts = counts.groupBy("source", "target").agg(f.sum("n").alias("n"))
    staged = f"{folder}/counts"
    counts.write.parquet(staged)
    counts = spark.read.parquet(staged)
    transitions = counts.where("source >= 0").select("source", "target", f.col("n").cast("double").alias("weight"))
    transitions.write.parquet(f"{folder}/transitions")
    positives = np.zeros(len(dataset), np.int32)
    of_items = counts.where("source < 0").select("target", "n").toArrow()
    positives[of_items["target"].to_numpy()] = of_items["n"].to_numpy()
    columns = {"row": pa.array(np.arange(len(dataset), dtype=np.int32)), "id": dataset.ids(), "title": dataset.titles(),
               "year": pa.array(dataset.years(), pa.int32()), "positives": pa.array(positives),
               "json": [dataset.item_json(row) for row in range(len(dataset))]}
    spark.createDataFrame(pa.table(columns), ITEMS).write.parquet(f"{folder}/items")
    newest = spark.read.schema(SEQUENCES).parquet(f"{folder}/histories").agg(f.max(f.array_max("times"))).first()
    held = {"positives": int(positives.sum()), "newest": (newest and newest[0]) or 0, "sequences": sequences.count(), "transitions": counts.where("source >= 0").count()}
    files = Files(spark)
    files.remove(staged)
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump({"format": FORMAT, "version": VERSION, "hash": info["hash"], "counts": held}, file, indent=1)
        file.flush()
        files.put(pathlib.Path(file.name), f"{folder}/tables.json")


def split_size(spark: SparkSession, sources: Sources, logs: list[str]) -> int:
    """Twice as many splits as cores, between 1 and 64 MiB each."""
    total = sum(file.size for path in logs for file in sources.of_path[path])
    return max(LEAST_SPLIT_BYTES, min(SPLIT_BYTES, total // (2 * spark.sparkContext.defaultParallelism) + 1))


def prepare(
    spark: SparkSession,
    output: str,
    data: Optional[PathLike] = None,
    *,
    interactions: Optional[PathLike] = None,
    items: Optional[PathLike] = None,
    name: Optional[str] = None,
    split_bytes: Optional[int] = None,
    **options: Any,
) -> Prepared:
    """Writes `output`, a folder on any Spark file system, replaced as a whole when it is there.

    data, interactions, items  as of sparrow.read(), on any Spark file system: text of any dialect, JSON Lines, .gz and .bz2, Parquet.
    options                    those of sparrow.read(): columns, format, id_form, scale, min_value, event_weights, max_rejects, min_joined.
    split_bytes                a log file is cut into pieces of this size; default: by the number of cores.
    """
    places = {role: os.fspath(path) for role, path in (("data", data), ("interactions", interactions), ("items", items)) if path is not None}
    if not places:
        raise _sparrow.InvalidInput("no data: give --data, or --interactions and --items")
    output = output.rstrip("/")
    files = Files(spark)
    folder = f"{output}.{uuid.uuid4().hex[:12]}.tmp"
    with tempfile.TemporaryDirectory(prefix="sparrow-spark-") as temporary:
        scratch = pathlib.Path(temporary)
        sources = Sources(spark, scratch)
        try:
            flags = flags_of({**{role: sources.look_at(role, path) for role, path in places.items()}, **options})
            logs = _sparrow.source_files(flags, str(scratch))["log"]
            sources.fetch_all_but(logs)
            reader = ClusterReader(spark, sources.of_path, f"{folder}/staging", scratch, split_bytes or split_size(spark, sources, logs))
            dataset = _sparrow.Dataset.read(flags, str(scratch), name=name or "", source=next(iter(places.values())), log_reader=reader)
            local = scratch / "prepared"
            dataset.save(str(local))
            info = json.loads((local / "dataset.json").read_text(encoding="utf-8"))["info"]
            write_tables(spark, reader, dataset, info, f"{folder}/tables")
            (local / "card.html").write_text(dataset.card_html(), encoding="utf-8")
            card = json.loads(dataset.card_json())
            del card["source"]  # as `sparrow prepare` has it: the server shows the card to everybody
            (local / "card.json").write_text(json.dumps(card, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
            if (scratch / "rejects.tsv").is_file():
                (scratch / "rejects.tsv").rename(local / "rejects.tsv")
            for file in sorted(local.iterdir(), key=lambda path: path.name == "dataset.json"):
                files.put(file, f"{folder}/{file.name}")
            files.remove(f"{folder}/staging")
            old = f"{folder}.old"
            if files.exists(output):
                files.rename(output, old)
            files.rename(folder, output)
            files.remove(old)
        except _sparrow.Error as error:
            rejects = scratch / "rejects.tsv"
            if str(rejects) in str(error):
                sources.names[str(rejects)] = f"{output}.rejects.tsv"
                files.put(rejects, f"{output}.rejects.tsv")
            raise sources.told(error) from None
        finally:
            files.remove(folder)
    return Prepared.read(spark, output)


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("prepare", help="a log and a catalogue -> prepared data, as `sparrow prepare` makes them",
                                   description="Reads text of any dialect, JSON Lines and Parquet from any Spark file system. Options mean what they "
                                   "mean to `sparrow prepare` (docs/own-data.md).")
    parser.add_argument("--output", required=True, help="folder to write; HOME/prepared is what `sparrow train --home HOME` reads")
    parser.add_argument("--data", help="folder or file: MovieLens, or a log and a catalogue")
    parser.add_argument("--interactions", help="the log: a file, or a folder of its parts")
    parser.add_argument("--items", help="the catalogue: a file, or a folder of its parts")
    parser.add_argument("--columns", help="names of columns where they are not told: user=uid,item=sku,value=stars,time=ts,id=sku,title=name")
    parser.add_argument("--format", help="dialect where it is not told: separator=semicolon,quote=none,header=no,encoding=windows-1252")
    parser.add_argument("--id-form", help="text, or number: 5805.0 and 0005805 are 5805")
    parser.add_argument("--scale", help="what values mean: stars, points, percent, zero-one, amounts, or LOW..HIGH")
    parser.add_argument("--min-value", help="values at or above this are liked")
    parser.add_argument("--event-weights", help="view=1,cart=3,purchase=5")
    parser.add_argument("--max-rejects", help="largest share of rejected lines in a file, 0..1")
    parser.add_argument("--min-joined", help="least share of the log's rows whose item is in the catalogue, 0..1")
    parser.add_argument("--name", help="of the data; default: that of the folder or file")
    parser.add_argument("--split-bytes", type=int, help="a log file is cut into pieces of this size; default: by the number of cores, at most 64 MiB")


def run(spark: SparkSession, options: argparse.Namespace) -> int:
    given = {key: value for key, value in vars(options).items() if key not in ("command", "master", "output")}
    prepared = prepare(spark, options.output, **given)
    s = prepared.statistics
    print(f"prepare   {prepared.path}: {s['items']} items, {s['users']} users, {s['interactions']} interactions, {s['rejects']} rejects; "
          f"{s['sequences']} sequences, {s['transitions']} transitions; {s['hash']}")
    for note in s["notes"]:
        print(f"          {note}")
    return 0
