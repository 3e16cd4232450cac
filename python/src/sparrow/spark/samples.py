"""samples: what PyTorch or TensorFlow trains richer models on, as Parquet or TFRecord, sharded and seeded.

    pairs      target, context (two rows of items that one user liked within the window) and negatives (rows drawn by popularity to a power)
    sequences  user, user_id, items, times, values: those of the prepared data
    items      row, id, title, year, positives, features: every category, tag, person or word of the item as "name=value", numbers by decade

Which samples there are depends on the data, the options and the seed, not on the number of tasks or shards: a pair's draws are a hash of the
seed, the user and the place in the history. Which shard has which is a hash too.
"""
import argparse
import json
import struct
import uuid
from collections.abc import Iterator
from typing import Any, Optional

import numpy as np
import pyarrow as pa
from pyarrow import fs
from pyspark import Broadcast
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from .. import _sparrow
from .columns import lists_of
from .files import Files
from .prepared import Prepared

PAIRS = "user int, target int, context int, negatives array<int>"
ITEMS = "row int, id string, title string, year int, positives int, features array<string>"
KINDS = ("pairs", "sequences", "items")
# Of an item's JSON: what says nothing of its kind.
NO_FEATURES = {"id", "title", "raw_title", "alternative_titles", "text", "imdb_id", "tmdb_id", "attributes", "year", "tags"}


def mixed(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """splitmix64's finalizer: 64 bits in, 64 random ones out."""
    z = values.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _pairs(popularity: "Broadcast[Any]", window: int, negatives: int, seed: int) -> Any:
    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        bounds = popularity.value
        for batch in batches:
            users, lists = batch.column(0).to_numpy(), batch.column(1)
            rows, offsets = lists.flatten().to_numpy(), lists.offsets.to_numpy() - lists.offsets.to_numpy()[0]
            sequence = np.repeat(np.arange(len(lists)), np.diff(offsets))
            place = np.arange(len(rows)) - offsets[sequence]
            for shift in [*range(-window, 0), *range(1, window + 1)]:
                at = np.arange(max(0, -shift), len(rows) - max(0, shift))
                kept = at[(sequence[at] == sequence[at + shift]) & (rows[at] != rows[at + shift])]
                user = users[sequence[kept]]
                base = mixed(mixed(mixed(np.full(len(kept), seed)) ^ user.astype(np.uint64)) ^ (place[kept].astype(np.uint64) << np.uint64(16))
                             ^ np.uint64(shift + window))
                draws = mixed(base[:, None] ^ (np.arange(1, negatives + 1, dtype=np.uint64) << np.uint64(40)))
                drawn = np.searchsorted(bounds, (draws >> np.uint64(11)).astype(float) * 2.0 ** -53, side="right").astype(np.int32)
                ends = np.arange(len(kept) + 1, dtype=np.int32) * negatives
                columns = [pa.array(user), pa.array(rows[kept]), pa.array(rows[kept + shift]), lists_of(ends, drawn.reshape(-1))]
                yield pa.RecordBatch.from_arrays(columns, names=["user", "target", "context", "negatives"])

    return task


def features_of(item: dict[str, Any]) -> list[str]:
    found = []
    for name, value in {**item, **item.get("attributes", {})}.items():
        if name in NO_FEATURES:
            continue
        if isinstance(value, list):
            found += [f"{name}={entry}" for entry in value]
        elif isinstance(value, str):
            found.append(f"{name}={value}")
        elif isinstance(value, (int, float)):
            found.append(f"{name}={round(value, -1):.0f}")
    found += [f"tag={tag}" for tag, _ in item.get("tags", [])]
    if item.get("year"):
        found.append(f"decade={item['year'] // 10 * 10}")
    return found


def _item_features(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        columns = {name: batch.column(name) for name in ("row", "id", "title", "year", "positives")}
        features = pa.array([features_of(json.loads(text)) for text in batch.column("json").to_pylist()], pa.list_(pa.string()))
        yield pa.RecordBatch.from_pydict({**columns, "features": features})


def pairs(prepared: Prepared, window: int = 5, negatives: int = 5, power: float = 0.75, seed: int = 1) -> DataFrame:
    """Within the window, both ways, with negatives of each."""
    if window < 1 or negatives < 0 or not 0 <= power <= 1:
        raise _sparrow.InvalidInput(f"--window is 1 or more, --negatives 0 or more, --power from 0 to 1; not {window}, {negatives}, {power}")
    found = prepared.items.select("row", "positives").toArrow().sort_by("row")
    weights = found["positives"].to_numpy().astype(float) ** power * (found["positives"].to_numpy() > 0)
    if weights.sum() == 0:
        raise _sparrow.InvalidInput(f"{prepared.path}: nothing is liked, so there are no pairs")
    bounds = np.cumsum(weights) / weights.sum()
    bounds[np.flatnonzero(weights)[-1]:] = 1.0
    task = _pairs(prepared.spark.sparkContext.broadcast(bounds), window, negatives, seed)
    return prepared.sequences.select("user", "items").mapInArrow(task, PAIRS)


def item_features(prepared: Prepared) -> DataFrame:
    return prepared.items.mapInArrow(_item_features, ITEMS)


# TFRecord: tf.train.Example messages in frames of length, checksum, bytes, checksum (tensorflow/core/lib/io/record_writer.h).


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def example(row: dict[str, Any]) -> bytes:
    """The bytes of a tf.train.Example: texts as bytes_list, floats as float_list, whole numbers as int64_list, lists as they are."""
    features = b""
    for name, value in row.items():
        values = value if isinstance(value, list) else [value]
        if values and isinstance(values[0], str):
            feature = _field(1, b"".join(_field(1, text.encode()) for text in values))
        elif values and isinstance(values[0], float):
            feature = _field(2, _field(1, struct.pack(f"<{len(values)}f", *values)))
        else:
            feature = _field(3, _field(1, b"".join(map(_varint, values))))
        features += _field(1, _field(1, name.encode()) + _field(2, feature))
    return _field(1, features)


def frame(data: bytes) -> bytes:
    import google_crc32c  # pylint: disable=import-outside-toplevel

    def checksum(part: bytes) -> bytes:
        crc = google_crc32c.value(part)
        return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)

    length = struct.pack("<Q", len(data))
    return length + checksum(length) + data + checksum(data)


def _write_records(folder: str, shards: int) -> Any:
    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        system, place = fs.FileSystem.from_uri(folder)
        shard, count, stream, temporary = None, 0, None, ""

        def end() -> Iterator[pa.RecordBatch]:
            if stream is not None:
                stream.close()
                system.move(temporary, f"{place}/part-{shard:05}-of-{shards:05}.tfrecord")
                yield pa.RecordBatch.from_pydict({"shard": pa.array([shard], pa.int32()), "records": pa.array([count], pa.int64())})

        for batch in batches:
            for row in batch.to_pylist():
                if row["shard"] != shard:
                    yield from end()
                    shard, count, temporary = row["shard"], 0, f"{place}/.{uuid.uuid4().hex}.tmp"
                    stream = system.open_output_stream(temporary)
                del row["shard"]
                stream.write(frame(example(row)))  # type: ignore[union-attr]
                count += 1
        yield from end()

    return task


def write(rows: DataFrame, folder: str, form: str, shards: int, seed: int) -> int:
    """Shards of rows in an order that the seed draws; returns how many rows. A shard without rows has no file."""
    draw = f.xxhash64(f.lit(seed), *rows.columns)
    drawn = rows.withColumn("shard", f.pmod(draw, f.lit(shards)).cast("int")).withColumn("draw", f.xxhash64(draw, f.lit(1)))
    sharded = drawn.repartitionById(shards, "shard").sortWithinPartitions("shard", "draw", *rows.columns).drop("draw")
    if form == "parquet":
        sharded.drop("shard").write.parquet(folder)
        return rows.sparkSession.read.parquet(folder).count()
    files = Files(rows.sparkSession)
    files.make_folder(folder)
    uri = folder if "://" in folder else f"file://{folder}"
    written = sharded.mapInArrow(_write_records(uri, shards), "shard int, records long").collect()
    for file in files.list(folder):
        if file.name.startswith("."):  # of a task that was killed
            files.remove(file.uri)
    return sum(row.records for row in written)


def samples(
    prepared: Prepared, output: str, *, form: str = "parquet", shards: int = 8, window: int = 5, negatives: int = 5, power: float = 0.75, seed: int = 1,
    kinds: Optional[list[str]] = None,
) -> dict[str, int]:
    """Writes OUTPUT/pairs, OUTPUT/sequences and OUTPUT/items; returns how many rows each has."""
    if shards < 1:
        raise _sparrow.InvalidInput(f"--shards is 1 or more, not {shards}")
    if form == "tfrecord" and "://" in output and not output.startswith(("file://", "hdfs://", "s3://", "gs://")):
        raise _sparrow.InvalidInput(f"{output}: TFRecord is written through Arrow, which knows file, hdfs, s3 and gs; write Parquet there")
    made = {"pairs": lambda: pairs(prepared, window, negatives, power, seed), "sequences": lambda: prepared.sequences,
            "items": lambda: item_features(prepared)}
    return {kind: write(made[kind](), f"{output.rstrip('/')}/{kind}", form, shards, seed) for kind in kinds or KINDS}


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("samples", help="pairs with negatives, sequences and item features for PyTorch or TensorFlow",
                                   description="Writes OUTPUT/pairs, OUTPUT/sequences and OUTPUT/items, sharded, in an order that the seed draws.")
    parser.add_argument("--prepared", required=True, help="folder that `prepare` wrote")
    parser.add_argument("--output", required=True, help="folder to write; must not be there")
    parser.add_argument("--form", choices=["parquet", "tfrecord"], default="parquet")
    parser.add_argument("--shards", type=int, default=8, help="files of each kind (default 8)")
    parser.add_argument("--window", type=int, default=5, help="pairs stand within it (default 5)")
    parser.add_argument("--negatives", type=int, default=5, help="of each pair (default 5)")
    parser.add_argument("--power", type=float, default=0.75, help="of the popularity by which negatives are drawn (default 0.75)")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds give equal samples in equal order (default 1)")


def run(spark: SparkSession, options: argparse.Namespace) -> int:
    given = {key: value for key, value in vars(options).items() if key not in ("command", "master", "prepared", "output")}
    if Files(spark).exists(options.output):
        raise _sparrow.Conflict(f"{options.output} is there already: name another folder, or remove it")
    counts = samples(Prepared.read(spark, options.prepared), options.output, **given)
    print(f"samples   {options.output}: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))
    return 0
