"""Skip-gram by rounds: partitions train copies of both tables on their own users, with the engine's kernel; the copies are merged; so on.

A round trains some epochs. Its tables are on the Spark file system before the next one begins, so that a run that was ended goes on from there.
Within a round a partition is a task like any other: Spark repeats the tasks of an executor that was lost, elsewhere, with the same result.

Merging. Each row moves by `factor` times the sum of the partitions' changes. A row that few windows meet has hardly moved in any partition: the
changes are steps along one path, and add up (factor 1). A row that many windows meet has arrived in every partition where that partition wants it:
the changes say the same thing, and are averaged (factor 1 / partitions). In between, a row that n products of learning rate r push towards a place
goes 1 - exp(-n r c) of the way; one that P partitions push n / P times each, P (1 - exp(-n r c / P)) when the changes are added up. The factor is
what the first is of the second. c is CURVATURE, measured: bench/spark_training.py --merging.
"""
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Optional

import numpy
import pyarrow
from pyspark import Broadcast
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from .. import _sparrow
from .._sparrow import InvalidInput, Options
from . import partitions
from .checkpoint import Checkpoint
from .columns import lists_of
from .corpus import Corpus
from .walks import item_graph

CURVATURE = 0.03
BLOCK_ROWS = 4096  # of the tables, merged as one: 2 MB at 64 dimensions

PART = "block int, part int, input binary, output binary, loss double, pairs long, seconds double"
MERGED = "block int, input binary, output binary, loss double, pairs long, seconds double"


@dataclass(frozen=True)
class Plan:
    """How the epochs are cut into rounds, and the users into parts. Results depend on it, and on nothing else of the cluster."""

    parts: int
    rounds: int
    epochs: int

    def turn(self, number: int) -> tuple[int, int]:
        """First epoch of a round, and how many."""
        first = self.epochs * number // self.rounds
        return first, self.epochs * (number + 1) // self.rounds - first


@dataclass
class Trained:
    vectors: Any  # items x dim
    metrics: dict[str, Any]


class Source:
    """What partitions train on: their own users' sequences, or walks from their own nodes."""

    def __init__(self, frame: DataFrame, counts: Any, tokens: int, sequences: int, graph: Optional[Broadcast[Any]] = None) -> None:
        self.frame = frame  # one row a part
        self.counts = counts
        self.tokens = tokens
        self.sequences = sequences
        self.graph = graph

    def close(self) -> None:
        self.frame.unpersist()
        if self.graph is not None:
            self.graph.destroy()


SEQUENCES = "part int, sequences long, offsets binary, items binary, weights binary"


def sequence_source(_: SparkSession, corpus: Corpus, options: Options, parts: int) -> Source:
    """What each user liked, in order of time."""
    newest = corpus.newest

    def cut(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        for row in partitions.rows_of(batches):
            offsets, items, weights = _sparrow.training_sequences(options, **partitions.unpacked(row), newest=newest)
            yield partitions.record(SEQUENCES, {
                "part": row["part"], "sequences": len(offsets) - 1, "offsets": offsets.tobytes(), "items": items.tobytes(),
                "weights": b"" if weights is None else weights.tobytes(),
            })

    frame = partitions.packed(corpus.liked, parts).mapInArrow(cut, SEQUENCES).persist()
    items = len(corpus.catalogue.items)

    def count(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        for row in partitions.rows_of(batches):
            counts = numpy.bincount(numpy.frombuffer(row["items"], numpy.uint32), minlength=items).astype(numpy.int64)
            for block, (first, last) in enumerate(partitions.blocks(items, BLOCK_ROWS)):
                yield partitions.record(partitions.SUMMANDS, {"block": block, "part": row["part"], "values": counts[first:last].tobytes()})

    counts = partitions.block_sums(frame.mapInArrow(count, partitions.SUMMANDS), parts, "int64", (items, 1), BLOCK_ROWS)[:, 0]
    sequences = frame.agg({"sequences": "sum"}).first()
    assert sequences is not None
    return Source(frame, counts.astype(numpy.uint32), int(counts.sum()), int(sequences[0] or 0))


def walk_source(spark: SparkSession, corpus: Corpus, options: Options, parts: int) -> Source:
    """Walks on the graph of what was used near each other. Every executor has the whole graph (8 bytes an edge)."""
    described = json.loads(options.describe_json())
    if described["sequences"]["half_life_days"] > 0:
        raise InvalidInput("--half-life-days: on a cluster edges of the item graph do not weigh less with age; train item2vec, or on one machine")
    sequences = sequence_source(spark, corpus, options, parts)

    def lists(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        for row in partitions.rows_of(batches):
            offsets, items, _ = _sequences(row)
            yield pyarrow.RecordBatch.from_arrays([lists_of(offsets.astype(numpy.int32), items.view(numpy.int32))], names=["items"])

    graph = item_graph(sequences.frame.mapInArrow(lists, "items array<int>"), len(corpus.catalogue.items), described["walks"]["graph_window"], None)
    sequences.close()
    walks = _sparrow.WalkSource(options, *graph)
    number, tokens = walks.size()
    frame = spark.range(0, parts, 1, parts).selectExpr("cast(id as int) as part")
    return Source(frame, walks.counts(options, corpus.positives), tokens, number, spark.sparkContext.broadcast(graph))


def _sequences(row: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Offsets, items, and weights or None."""
    weights = numpy.frombuffer(row["weights"], numpy.float32)
    return numpy.frombuffer(row["offsets"], numpy.uint64), numpy.frombuffer(row["items"], numpy.uint32), weights if len(weights) else None


def train(spark: SparkSession, source: Source, options: Options, plan: Plan, checkpoint: Optional[Checkpoint]) -> Trained:
    """Errors: InvalidInput when too few items are frequent enough, Conflict when the checkpoint is of another training."""
    skip_gram = _sparrow.SkipGram(options, source.counts, source.tokens)
    input_table, output_table = skip_gram.initial()
    input_pairs, output_pairs = skip_gram.pairs(source.sequences)
    described = json.loads(options.describe_json())["skip_gram"]
    done = checkpoint.last_round() if checkpoint else None
    metrics: dict[str, Any] = {"pairs": 0, "processor_seconds": 0.0, "loss": 0.0}
    if checkpoint and done is not None:
        input_table, output_table, metrics = _tables(checkpoint.read(done), input_table.shape)
    for number in range(0 if done is None else done + 1, plan.rounds):
        first, epochs = plan.turn(number)
        rate = _mean_rate(described, (first + epochs / 2) / plan.epochs)
        factors = [merge_factor(pairs * epochs * rate, plan.parts) for pairs in (input_pairs, output_pairs)]
        tables = spark.sparkContext.broadcast((input_table, output_table, *factors))
        merged = _round(source, options, plan, (first, epochs), tables)
        if checkpoint:
            merged = merged.withColumn("pairs", f.col("pairs") + f.when(f.col("block") == 0, metrics["pairs"]).otherwise(0))
            merged = merged.withColumn("seconds", f.col("seconds") + f.when(f.col("block") == 0, metrics["processor_seconds"]).otherwise(0.0))
            checkpoint.write(number, merged)
            input_table, output_table, metrics = _tables(checkpoint.read(number), input_table.shape)
        else:
            input_table, output_table, now = _tables(merged.toArrow(), input_table.shape)
            sums = {name: metrics[name] + now[name] for name in ("pairs", "processor_seconds")}
            metrics = {**sums, "loss": now["loss"]}
        tables.destroy()
    metrics["pairs_per_second_and_core"] = metrics["pairs"] / max(1e-9, metrics["processor_seconds"])
    return Trained(skip_gram.vectors(input_table), {**metrics, "spark": {"parts": plan.parts, "rounds": plan.rounds}})


def _tables(found: pyarrow.Table, shape: tuple[int, int]) -> tuple[Any, Any, dict[str, Any]]:
    """Both tables of the blocks of a round (MERGED), and its sums."""
    ordered = found.sort_by("block")
    if ordered["block"].to_pylist() != list(range(len(partitions.blocks(shape[0], BLOCK_ROWS)))):
        raise RuntimeError(f"blocks {ordered['block'].to_pylist()} of the tables came back, of {shape[0]} rows")
    tables = [numpy.concatenate([numpy.frombuffer(block.as_buffer(), numpy.float32) for block in ordered[name]]).reshape(shape) for name in ("input", "output")]
    pairs, seconds, loss = (sum(ordered[name].to_pylist()) for name in ("pairs", "seconds", "loss"))
    return tables[0], tables[1], {"pairs": pairs, "processor_seconds": seconds, "loss": loss}


def _mean_rate(options: dict[str, Any], progress: float) -> float:
    rate: float = options["learning_rate"] + progress * (options["min_learning_rate"] - options["learning_rate"])
    return max(options["min_learning_rate"], rate)


def merge_factor(push: Any, parts: int) -> Any:
    """By row; push: products times learning rate."""
    whole = numpy.maximum(push * CURVATURE, 1e-9)
    return (-numpy.expm1(-whole) / (parts * -numpy.expm1(-whole / parts))).astype(numpy.float64)


def _round(source: Source, options: Options, plan: Plan, turn: tuple[int, int], tables: "Broadcast[Any]") -> DataFrame:
    counts, tokens, graph = source.counts, source.tokens, source.graph
    first, epochs = turn

    def train_part(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        skip_gram = _sparrow.SkipGram(options, counts, tokens)
        for row in partitions.rows_of(batches):
            part = row["part"]
            given = {"input": tables.value[0], "output": tables.value[1], "part": part, "first_epoch": first, "epochs": epochs}
            walks = None if graph is None else _sparrow.WalkSource(options, *graph.value)
            began = time.thread_time()
            result = skip_gram.train(*_sequences(row), **given) if walks is None else walks.train(skip_gram, parts=plan.parts, **given)
            yield from _blocks(part, *result[:4], time.thread_time() - began)

    def merge(table: pyarrow.Table) -> pyarrow.Table:
        ordered = table.sort_by("part")
        block = ordered["block"][0].as_py()
        if ordered["part"].to_pylist() != list(range(plan.parts)):
            raise RuntimeError(f"block {block} came from parts {ordered['part'].to_pylist()} of {plan.parts}")
        rows = slice(block * BLOCK_ROWS, (block + 1) * BLOCK_ROWS)
        merged = {
            name: _merge(tables.value[place][rows], ordered[name], tables.value[place + 2][rows]).tobytes()
            for place, name in enumerate(("input", "output"))
        }
        sums = {name: sum(ordered[name].to_pylist()) for name in ("pairs", "seconds", "loss")}
        return pyarrow.Table.from_batches([partitions.record(MERGED, {"block": block, **merged, **sums, "loss": sums["loss"] / plan.parts})])

    return partitions.by_block(source.frame.mapInArrow(train_part, PART), plan.parts).applyInArrow(merge, MERGED)


def _blocks(part: int, input_table: Any, output_table: Any, loss: float, pairs: int, seconds: float) -> Iterator[pyarrow.RecordBatch]:
    for block, (first, last) in enumerate(partitions.blocks(len(input_table), BLOCK_ROWS)):
        told = {"loss": loss, "pairs": pairs, "seconds": seconds} if block == 0 else {"loss": 0.0, "pairs": 0, "seconds": 0.0}
        rows = {"input": input_table[first:last].tobytes(), "output": output_table[first:last].tobytes()}
        yield partitions.record(PART, {"block": block, "part": part, **rows, **told})


def _merge(before: Any, parts: pyarrow.ChunkedArray, factor: Any) -> Any:
    start = before.astype(numpy.float64)
    change = sum(numpy.frombuffer(part.as_buffer(), numpy.float32).reshape(before.shape) - start for part in parts)
    return (start + factor[:, None] * change).astype(numpy.float32)
