"""ClusterReader: the log of interactions, read by the cluster.

The engine reads the catalogue and tells the log's dialect, columns and times on the driver, from the first part of each file; then it
asks here for the log. Spark cuts files into splits, and moves and orders what comes of them; what a line means is decided in every task
by the engine's own scanner, so that dialects, times, values and rejects mean what they mean to `sparrow prepare`. Three steps, each
ending in files, so that a lost worker costs its tasks and no more:

    pieces     a split -> what it has of each user, packed, and what was rejected
    histories  pieces shuffled by user -> one history a user, ordered by time, ties in the order of the log
    blocks     histories ordered by where they begin in the log, which is how users are numbered -> one block a range of users
"""
import json
import math
import pathlib
import uuid
from collections.abc import Iterator
from typing import Any, Optional

import numpy as np
import pyarrow as pa
from pyspark import Broadcast, TaskContext
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from .. import _frames, _sparrow
from .columns import binary_of, bytes_of, text_of
from .files import File, Files, plain

# Text that a task takes apart at once, and histories that it joins before it passes them on.
WINDOW_BYTES = 16 << 20
HISTORY_BYTES = 16 << 20
# A split is (file << FILE_SHIFT) + the byte at which it begins: splits are ordered as the log is.
FILE_SHIFT = 44
EVENT_BYTES = 16
# As many rejected lines are listed as `sparrow prepare` lists.
MOST_REJECTS = 100_000
# Text whose histories one task of the shuffle joins, and the size of a block, which the driver holds one at a time.
TASK_BYTES = 64 << 20
BLOCK_BYTES = 64 << 20
ALONE = (1 << 33) - 1  # the lower bits of monotonically_increasing_id() count within a partition

PIECES = "user string, split long, first long, events binary, report string, reject_line long, reject_reason string"
ITEM_PIECES = "id string, title string, split long, first long, report string"
HISTORIES = "user string, split long, first long, n long, duplicates long, events binary"
BLOCKS = "block int, position int, user string, n long, duplicates long, events binary"

_layouts: dict[str, _sparrow.Layouts] = {}


class Plan:
    """What a task needs to know of the log; sent to each worker once."""

    def __init__(self, text: str, ids: bytes, ranks: dict[str, tuple[int, int]]) -> None:
        """ranks: file -> its place in the log, and the part of the layouts that it belongs to."""
        self.key = uuid.uuid4().hex
        self.text = text
        self.ids = ids
        self.ranks = ranks

    def layouts(self) -> "_sparrow.Layouts":
        if self.key not in _layouts:
            _layouts.clear()
            _layouts[self.key] = _sparrow.Layouts.make(self.text, self.ids)
        return _layouts[self.key]


class _Source:
    """Opens the split of a task from its first row, feeds it, and reports at its end."""

    def __init__(self, plan: Plan, text: bool) -> None:
        self.plan = plan
        self.text = text
        self.split: Optional[_sparrow.Split] = None
        self.place: dict[str, Any] = {}
        self.bytes = 0

    def _open(self, source: dict[str, Any]) -> None:
        rank, part = self.plan.ranks[plain(source["path"])]
        start, length, size = source["start"], source["length"], source["size"]
        self.place = {"file": rank, "start": start, "last": start + length >= size}
        self.split = _sparrow.Split(self.plan.layouts(), part, (rank << FILE_SHIFT) + start, self.text and start == 0)

    def feed(self, batch: pa.RecordBatch) -> "_sparrow.Split":
        source = batch.column(0)
        opened = source.drop_null()
        if len(opened) and self.split is None:
            self._open(opened[0].as_py())
        if self.split is None or len(opened) > 1:
            raise RuntimeError("a task has two splits of files: spark.sql.files.openCostInBytes was changed while the log was read")
        if self.text:
            offsets, data = bytes_of(batch.column(1))
        else:
            table = pa.table({name: batch.column(at) for at, name in enumerate(batch.schema.names) if at > 0})
            out = pa.BufferOutputStream()
            _frames.write_arrow(table, out, header=False)
            data = np.frombuffer(out.getvalue(), np.uint8)
            offsets = np.array([0, max(0, len(data) - 1)], np.int32)
        self.bytes += int(offsets[-1] - offsets[0]) + len(offsets) - 1
        self.split.add_lines(offsets, data)
        return self.split

    def behind(self) -> "_sparrow.Behind":
        """Parquet has rows, which end with their split."""
        return _sparrow.Behind.NOTHING if self.place["last"] or not self.text else _sparrow.Behind.SPLIT

    def report(self) -> str:
        s = self.split
        assert s is not None
        return json.dumps({**self.place, "rows": s.rows, "lines": s.lines, "rejects": s.reject_count, "unknown": s.unknown_items,
                           "unfinished": s.unfinished, "bytes": self.bytes})


def _batch(schema: str, columns: dict[str, Any], rows: int) -> pa.RecordBatch:
    kinds = {"string": pa.string(), "long": pa.int64(), "int": pa.int32(), "binary": pa.binary()}
    fields = [(name, kinds[kind]) for name, kind in (entry.split() for entry in schema.split(", "))]
    arrays = [pa.array(columns[name], kind) if name in columns and not isinstance(columns[name], pa.Array) else columns.get(name, pa.nulls(rows, kind))
              for name, kind in fields]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _piece_rows(found: dict[str, Any]) -> pa.RecordBatch:
    columns = {"user": text_of(found["user_offsets"], found["users"]), "split": found["splits"], "first": found["firsts"],
               "events": binary_of(found["event_offsets"], found["events"])}
    return _batch(PIECES, columns, len(found["splits"]))


def _read_pieces(plan: "Broadcast[Plan]", text: bool) -> Any:
    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        source = _Source(plan.value, text)
        split = None
        for batch in batches:
            if batch.num_rows == 0:
                continue
            split = source.feed(batch)
            if split.buffered >= WINDOW_BYTES:
                yield _piece_rows(split.read(_sparrow.Behind.WINDOW))
        if split is None:
            return
        yield _piece_rows(split.read(source.behind()))
        rejects = split.rejects
        if rejects:
            place = (source.place["file"] << FILE_SHIFT) + source.place["start"]
            yield _batch(PIECES, {"split": [place] * len(rejects), "reject_line": [line for line, _ in rejects],
                                  "reject_reason": [reason for _, reason in rejects]}, len(rejects))
        yield _batch(PIECES, {"report": [source.report()]}, 1)

    return task


def _read_items(plan: "Broadcast[Plan]", text: bool, title: Optional[int]) -> Any:
    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        source = _Source(plan.value, text)
        split = None

        def rows(of: "_sparrow.Split", behind: "_sparrow.Behind") -> pa.RecordBatch:
            ids, titles, firsts = of.read_items(behind, title)
            place = (source.place["file"] << FILE_SHIFT) + source.place["start"]
            return _batch(ITEM_PIECES, {"id": ids, "title": titles, "split": [place] * len(ids), "first": firsts}, len(ids))

        for batch in batches:
            if batch.num_rows == 0:
                continue
            split = source.feed(batch)
            if split.buffered >= WINDOW_BYTES:
                yield rows(split, _sparrow.Behind.WINDOW)
        if split is None:
            return
        yield rows(split, source.behind())
        yield _batch(ITEM_PIECES, {"report": [source.report()]}, 1)

    return task


def _merge(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    merger = _sparrow.HistoryMerger()

    def rows(found: dict[str, Any]) -> pa.RecordBatch:
        n = np.diff(found["event_offsets"]).astype(np.int64) // EVENT_BYTES
        columns = {"user": text_of(found["user_offsets"], found["users"]), "split": found["splits"], "first": found["firsts"], "n": n,
                   "duplicates": found["duplicates"], "events": binary_of(found["event_offsets"], found["events"])}
        return _batch(HISTORIES, columns, len(n))

    for batch in batches:
        merger.add(*bytes_of(batch.column(0)), batch.column(1).to_numpy(), batch.column(2).to_numpy(), *bytes_of(batch.column(3)))
        if merger.buffered >= HISTORY_BYTES:
            yield rows(merger.take(False))
    yield rows(merger.take(True))


def _number(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    context = TaskContext.get()
    assert context is not None
    block, position = context.partitionId(), 0
    for batch in batches:
        n = batch.num_rows
        columns = {"block": np.full(n, block, np.int32), "position": np.arange(position, position + n, dtype=np.int32)}
        yield _batch(BLOCKS, {**columns, **{name: batch.column(name) for name in ("user", "n", "duplicates", "events")}}, n)
        position += n


class ClusterReader:
    """Given to the engine's reader in place of its own log reader."""

    def __init__(self, spark: SparkSession, files: dict[str, list[File]], staging: str, scratch: pathlib.Path, split_bytes: int) -> None:
        """files: path that the engine knows -> the file, or files of Parquet. staging: a folder of the cluster, removed by the caller."""
        self.spark = spark
        self.files = files
        self.staging = staging
        self.scratch = scratch
        self.split_bytes = split_bytes
        self.blocks: Optional[DataFrame] = None
        self.block_users: dict[int, int] = {}  # block -> its first user
        self._attempt = 0
        self._block_count = 0

    # Called by the engine, on a thread of its own.

    def read(self, text: str, paths: list[str], ids: bytes) -> dict[str, Any]:
        """The whole log: interactions.bin, users, counts and rejects."""
        self._attempt += 1
        plan, files = self._plan(text, paths, ids)
        pieces, reports = self._stage(plan, files, f"pieces{self._attempt}", lambda p, is_text: _read_pieces(p, is_text), PIECES)
        answer = {"rows": sum(r["rows"] for r in reports), "lines": sum(r["lines"] for r in reports),
                  "unknown_items": sum(r["unknown"] for r in reports), "reject_count": sum(r["rejects"] for r in reports),
                  "rejects": self._rejects(pieces, files, reports)}
        self._make_blocks(pieces, sum(r["bytes"] for r in reports), answer["rows"] - answer["reject_count"])
        return {**answer, **self._write_engine_files()}

    def read_items(self, text: str, paths: list[str], title: Optional[int]) -> tuple[list[str], list[str]]:
        """The items of a log without a catalogue, in order of first appearance: what grows with items comes to the driver."""
        plan, files = self._plan(text, paths, b"")
        pieces, _ = self._stage(plan, files, "items", lambda p, is_text: _read_items(p, is_text, title), ITEM_PIECES)
        first = pieces.where("id is not null").groupBy("id").agg(f.min(f.struct("split", "first", "title")).alias("at"))
        found = first.select("id", "at.*").toArrow().sort_by([("split", "ascending"), ("first", "ascending")])
        return found["id"].to_pylist(), found["title"].to_pylist()

    def _plan(self, text: str, paths: list[str], ids: bytes) -> tuple["Broadcast[Plan]", list[File]]:
        layouts = json.loads(text)
        files: list[File] = []
        ranks: dict[str, tuple[int, int]] = {}
        for at, (path, part) in enumerate(zip(paths, layouts, strict=True)):
            for file in self.files[path]:
                ranks[plain(file.uri)] = len(files), at
                files.append(file)
            layout = part["layout"]
            if layout["encoding"] in (1, 2):  # UTF-16
                raise _sparrow.InvalidInput(f"{file.uri} is UTF-16, which Spark cannot cut into lines: iconv -f UTF-16 -t UTF-8 makes it readable")
            if layout["form"] == 2:
                raise _sparrow.InvalidInput(f"{file.uri} is one JSON array, which cannot be cut: jq -c '.[]' makes JSON Lines of it")
            if layout["line_end"] == 2:
                raise _sparrow.InvalidInput(f"{file.uri} ends its lines with CR alone, which Spark does not cut: tr '\\r' '\\n' makes it readable")
            if file.name.endswith(".zst") and not Files(self.spark).can_unpack_zstd():
                raise _sparrow.InvalidInput(f"{file.uri}: Spark reads .zst only with Hadoop's native library; unpack it, or pack it with gzip")
        return self.spark.sparkContext.broadcast(Plan(text, ids, ranks)), files

    # The steps.

    def _lines(self, files: list[File]) -> DataFrame:
        """One split a partition; the first row of each says which."""
        parquet = files[0].parquet
        reader = self.spark.read
        frame = reader.parquet(*(file.uri for file in files)) if parquet else reader.text([file.uri for file in files], lineSep="\n")
        source = f.struct(f.col("_metadata.file_path").alias("path"), f.col("_metadata.file_block_start").alias("start"),
                          f.col("_metadata.file_block_length").alias("length"), f.col("_metadata.file_size").alias("size"))
        opens = f.when(f.monotonically_increasing_id().bitwiseAND(ALONE) == 0, source).alias("source")
        if parquet:
            return frame.select(opens, *(column.alias(name) for name, column in parquet_columns(frame).items()))
        return frame.select(opens, f.col("value").cast("binary"))

    def _stage(self, plan: "Broadcast[Plan]", files: list[File], name: str, task: Any, schema: str) -> tuple[DataFrame, list[dict[str, Any]]]:
        """Reads the splits; files whose records run over the ends of splits are read once more, each as one."""
        text = not files[0].parquet

        def run(part: list[File], folder: str, split_bytes: int) -> tuple[DataFrame, list[dict[str, Any]]]:
            names = ("spark.sql.files.maxPartitionBytes", "spark.sql.files.openCostInBytes")
            before = [self.spark.conf.get(key) for key in names]
            try:
                for key in names:  # equal: no two splits share a task
                    self.spark.conf.set(key, str(split_bytes))
                rows = self._lines(part).mapInArrow(task(plan, text), schema)
                rows.write.option("parquet.enable.dictionary", "false").parquet(folder)
            finally:
                for key, value in zip(names, before):
                    self.spark.conf.set(key, str(value))
            frame = self.spark.read.schema(schema).parquet(folder)
            return frame, [json.loads(row.report) for row in frame.where("report is not null").select("report").collect()]

        frame, reports = run(files, f"{self.staging}/{name}", self.split_bytes)
        again = sorted({r["file"] for r in reports if r["unfinished"]})
        if again:
            whole, more = run([files[rank] for rank in again], f"{self.staging}/{name}-whole", 1 << 46)
            key = f.shiftright(f.col("split"), FILE_SHIFT)
            frame = frame.where(f.col("split").isNull() | ~key.isin(again)).union(whole)
            reports = [r for r in reports if r["file"] not in again] + more
        self._check_bytes(files, reports, text)
        return frame, reports

    @staticmethod
    def _check_bytes(files: list[File], reports: list[dict[str, Any]], text: bool) -> None:
        """Every byte of every file that is not packed was read once; its mark at the start and its last line end may be missing."""
        if not text:
            return
        for rank, file in enumerate(files):
            seen = sum(r["bytes"] for r in reports if r["file"] == rank)
            if not file.packed and not file.size - 3 <= seen <= file.size + 1:
                raise _sparrow.Unavailable(f"{file.uri}: {seen} of {file.size} bytes were read: was the file changed meanwhile? Try again")

    def _rejects(self, pieces: DataFrame, files: list[File], reports: list[dict[str, Any]]) -> list[tuple[str, int, str]]:
        """The first rejected lines in the order of the log, with their lines in their files."""
        if not any(r["rejects"] for r in reports):
            return []
        before: dict[int, int] = {}
        lines = 0
        for at, r in enumerate(ordered := sorted(reports, key=lambda r: (r["file"], r["start"]))):
            lines = lines if at > 0 and ordered[at - 1]["file"] == r["file"] else 0
            before[(r["file"] << FILE_SHIFT) + r["start"]] = lines
            lines += r["lines"]
        rejected = pieces.where("reject_line is not null").select("split", "reject_line", "reject_reason")
        rows = rejected.orderBy("split", "reject_line").limit(MOST_REJECTS).collect()
        return [(files[r.split >> FILE_SHIFT].name, before[r.split] + r.reject_line, r.reject_reason) for r in rows]

    def _make_blocks(self, pieces: DataFrame, text_bytes: int, events: int) -> None:
        tasks = max(self.spark.sparkContext.defaultParallelism, math.ceil(text_bytes / TASK_BYTES))
        found = pieces.where("user is not null").select("user", "split", "first", "events")
        joined = found.repartition(tasks, "user").sortWithinPartitions("user", "split", "first").mapInArrow(_merge, HISTORIES)
        histories = f"{self.staging}/histories{self._attempt}"
        joined.write.option("parquet.enable.dictionary", "false").parquet(histories)
        frame = self.spark.read.schema(HISTORIES).parquet(histories)
        count = max(self.spark.sparkContext.defaultParallelism, math.ceil(events * EVENT_BYTES / BLOCK_BYTES))
        ordered = frame.repartitionByRange(count, "split", "first").sortWithinPartitions("split", "first")
        blocks = f"{self.staging}/blocks{self._attempt}"
        self._block_count = count
        ordered.mapInArrow(_number, BLOCKS).write.option("parquet.enable.dictionary", "false").partitionBy("block").parquet(blocks)
        self.blocks = self.spark.read.schema(BLOCKS).parquet(blocks)

    def _block(self, block: int, *columns: str) -> pa.Table:
        assert self.blocks is not None
        return self.blocks.where(f.col("block") == block).select("position", *columns).toArrow().sort_by("position")

    def _write_engine_files(self) -> dict[str, Any]:
        """users.txt and interactions.bin on the driver's disk, block by block: one block at a time is in memory."""
        assert self.blocks is not None
        users, file = self.scratch / "users.txt", self.scratch / "interactions.bin"
        counts: list[np.ndarray[Any, Any]] = [np.zeros(0, np.int64)]
        duplicates = total = 0
        with open(users, "w", encoding="utf-8", newline="\n") as out:
            for block in range(self._block_count):
                table = self._block(block, "user", "n", "duplicates")
                self.block_users[block] = total
                total += table.num_rows
                out.writelines(f"{user}\n" for user in table["user"].to_pylist())
                counts.append(table["n"].to_numpy())
                duplicates += int(table["duplicates"].to_numpy().sum())
        target = _sparrow.InteractionFile(str(file), np.concatenate(counts))
        for block in range(self._block_count):
            for chunk in self._block(block, "events")["events"].chunks:
                target.add(*bytes_of(chunk))
        target.close()
        return {"file": str(file), "users": str(users), "duplicates": duplicates}


def parquet_columns(frame: DataFrame) -> dict[str, Any]:
    """The columns as the engine's reader gets them of Parquet: whole numbers that stand in a column of floats lose their ".0"."""
    floats = [name for name, kind in frame.dtypes if kind in ("float", "double")]
    whole = {}
    if floats:
        checks = [f.max(f.when(~f.isnan(name), f.col(name) != f.floor(name))).alias(name) for name in floats]
        row = frame.agg(*checks).first()
        whole = {name: row is None or row[name] is not True for name in floats}
    return {name: f.when(~f.isnan(name), f.col(name)).cast("long") if whole.get(name) else f.col(name) for name in frame.columns}
