"""walks: random walks on the item graph, made by the cluster: DeepWalk (p = q = 1) and node2vec.

The graph has an edge from each item to the next `graph_window` of its sequence, both ways, of weight 1 / distance, as `sparrow train
--method deepwalk` builds it. It grows with pairs of items, not with events; every worker process holds it: about 24 bytes an edge, so that
a gigabyte holds 40 million. `edges_per_item` keeps the heaviest of each item. A walk depends on the seed, its epoch, its first item and its
number alone: the walks are those of the engine with the same graph, whatever the number of tasks.
"""
import argparse
import math
import uuid
from collections.abc import Iterator
from typing import Any, Optional

import numpy as np
import pyarrow as pa
from pyspark import Broadcast
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as f
from pyspark.sql import types as t

from .. import _sparrow
from .columns import lists_of
from .files import Files
from .prepared import Prepared

WALKS = t.StructType([
    t.StructField("epoch", t.IntegerType(), False),
    t.StructField("node", t.IntegerType(), False),
    t.StructField("number", t.IntegerType(), False),
    t.StructField("items", t.ArrayType(t.IntegerType(), False), False),
])
LARGEST_WINDOW = 20  # 1 / distance is counted in whole units of 1 / lcm(1..window), which then fit a long
WALKS_AT_ONCE = 8192
WALKS_A_TASK = 200_000


def pairs_of(window: int) -> Any:
    """Which items stand within the window of each other, both ways, with their weight in units: of a task's sequences."""
    unit = math.lcm(*range(1, window + 1))

    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        keys: list[Any] = [np.zeros(0, np.int64)]
        weights: list[Any] = [np.zeros(0, np.int64)]
        for batch in batches:
            lists = batch.column(0)
            rows = lists.flatten().to_numpy().astype(np.int64)
            offsets = lists.offsets.to_numpy()
            sequence = np.repeat(np.arange(len(lists)), np.diff(offsets))
            for distance in range(1, window + 1):
                a, b = rows[:-distance], rows[distance:]
                kept = (sequence[:-distance] == sequence[distance:]) & (a != b)
                a, b = a[kept], b[kept]
                keys += [a << 32 | b, b << 32 | a]
                weights += [np.full(2 * len(a), unit // distance, np.int64)]
            if sum(map(len, keys)) > 1 << 24:
                keys, weights = [[part] for part in _added(keys, weights)]
        found, units = _added(keys, weights)
        yield pa.RecordBatch.from_arrays([pa.array((found >> 32).astype(np.int32)), pa.array((found & 0xFFFFFFFF).astype(np.int32)), pa.array(units)],
                                         names=["source", "target", "units"])

    return task


def _added(keys: list[Any], weights: list[Any]) -> tuple[Any, Any]:
    found, at = np.unique(np.concatenate(keys), return_inverse=True)
    units = np.zeros(len(found), np.int64)
    np.add.at(units, at, np.concatenate(weights))
    return found, units


def item_graph(sequences: DataFrame, items: int, window: int, edges_per_item: Optional[int]) -> tuple[Any, Any, Any]:
    """The graph as CSR on the driver: offsets of items + 1, targets ascending, weights."""
    long_enough = sequences.where(f.size("items") >= 2).select("items")
    edges = long_enough.mapInArrow(pairs_of(window), "source int, target int, units long").groupBy("source", "target").agg(f.sum("units").alias("units"))
    if edges_per_item is not None:
        heaviest = Window.partitionBy("source").orderBy(f.desc("units"), f.asc("target"))
        edges = edges.withColumn("rank", f.row_number().over(heaviest)).where(f.col("rank") <= edges_per_item)
    found = edges.select("source", "target", "units").toArrow().sort_by([("source", "ascending"), ("target", "ascending")])
    unit = math.lcm(*range(1, window + 1))
    counts = np.bincount(found["source"].to_numpy(), minlength=items)
    offsets = np.concatenate([np.zeros(1, np.uint64), np.cumsum(counts).astype(np.uint64)])
    return offsets, found["target"].to_numpy().astype(np.uint32), (found["units"].to_numpy() / unit).astype(np.float32)


_walks: dict[str, Any] = {}


def _walk(graph: "Broadcast[Any]", key: str, options: tuple[int, float, float, int], walks_per_node: int) -> Any:
    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        if key not in _walks:
            _walks.clear()
            offsets, targets, weights = graph.value
            _walks[key] = (np.flatnonzero(np.diff(offsets)).astype(np.int64), _sparrow.Walks(offsets, targets, weights, *options))
        starts, sampler = _walks[key]
        for batch in batches:
            for numbers in np.array_split(batch.column(0).to_numpy(), max(1, batch.num_rows // WALKS_AT_ONCE)):
                epochs, rest = np.divmod(numbers, len(starts) * walks_per_node)
                for epoch in np.unique(epochs):
                    place, number = np.divmod(rest[epochs == epoch], walks_per_node)
                    nodes = starts[place]
                    offsets, items = sampler.walk(nodes.astype(np.uint32), number.astype(np.uint32), int(epoch))
                    columns = [pa.array(np.full(len(nodes), epoch, np.int32)), pa.array(nodes.astype(np.int32)), pa.array(number.astype(np.int32)),
                               lists_of(offsets, items.view(np.int32))]
                    yield pa.RecordBatch.from_arrays(columns, names=WALKS.names)

    return task


def walks(
    prepared: Prepared,
    *,
    graph_window: int = 5,
    walks_per_node: int = 1,
    walk_length: int = 20,
    p: float = 1.0,
    q: float = 1.0,
    epochs: int = 1,
    seed: int = 1,
    edges_per_item: Optional[int] = None,
) -> DataFrame:
    """One row a walk: epoch, node (where it starts), number (among those of the node), items."""
    if not 1 <= graph_window <= LARGEST_WINDOW:
        raise _sparrow.InvalidInput(f"--graph-window is from 1 to {LARGEST_WINDOW}, not {graph_window}")
    for name, value in (("--walks", walks_per_node), ("--epochs", epochs), ("--walk-length", walk_length), ("--edges-per-item", edges_per_item)):
        if value is not None and value < 1:
            raise _sparrow.InvalidInput(f"{name} is 1 or more, not {value}")
    spark = prepared.spark
    graph = item_graph(prepared.sequences, prepared.statistics["items"], graph_window, edges_per_item)
    total = int(np.count_nonzero(np.diff(graph[0]))) * walks_per_node * epochs
    if total == 0:
        raise _sparrow.InvalidInput(f"{prepared.path}: nobody liked two different items one after the other, so there is nothing to walk on")
    _sparrow.Walks(*graph, walk_length, p, q, seed)  # says what is wrong with the options before a job does
    tasks = max(spark.sparkContext.defaultParallelism, math.ceil(total / WALKS_A_TASK))
    options = (walk_length, p, q, seed)
    return spark.range(0, total, 1, tasks).mapInArrow(_walk(spark.sparkContext.broadcast(graph), uuid.uuid4().hex, options, walks_per_node), WALKS)


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("walks", help="random walks on the item graph: DeepWalk, or node2vec with --p and --q",
                                   description="Writes Parquet: epoch, node, number, items. Options mean what they mean to `sparrow train`.")
    parser.add_argument("--prepared", required=True, help="folder that `prepare` wrote")
    parser.add_argument("--output", required=True, help="folder to write; must not be there")
    parser.add_argument("--graph-window", type=int, default=5, help="items that follow within it are connected (default 5)")
    parser.add_argument("--walks", type=int, default=1, dest="walks_per_node", help="from each item in an epoch (default 1)")
    parser.add_argument("--walk-length", type=int, default=20, help="items of a walk (default 20)")
    parser.add_argument("--p", type=float, default=1.0, help="small: keeps near the previous item (default 1)")
    parser.add_argument("--q", type=float, default=1.0, help="above 1: stays local; below: explores (default 1)")
    parser.add_argument("--epochs", type=int, default=1, help="fresh walks for each (default 1)")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds give equal walks (default 1)")
    parser.add_argument("--edges-per-item", type=int, help="keep only so many of the heaviest; default: all")


def run(spark: SparkSession, options: argparse.Namespace) -> int:
    given = {key: value for key, value in vars(options).items() if key not in ("command", "master", "prepared", "output")}
    if Files(spark).exists(options.output):
        raise _sparrow.Conflict(f"{options.output} is there already: name another folder, or remove it")
    walks(Prepared.read(spark, options.prepared), **given).write.parquet(options.output)
    print(f"walks     {spark.read.schema(WALKS).parquet(options.output).count()} walks in {options.output}")
    return 0
