"""Fusion on a cluster: what grows with the log is counted and multiplied where the log is; what grows with items is the engine's on the driver.

Co-occurrence: each partition counts its own users' pairs, the counts are added up by blocks of rows, each block becomes PPMI. The eigen-solver
runs on the driver and asks the cluster for its products: of the PPMI by blocks of rows, of the user-item matrix by users, added up. A block of the
solver has 4 bytes x items x dimensions, goes to each executor once a product and comes back.
"""
from collections.abc import Iterable, Iterator
from typing import Any

import numpy
import pyarrow
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from .. import _sparrow
from .._flags import usual_texts
from .._sparrow import InvalidInput, Options
from . import partitions, sparse
from .corpus import Corpus



def train(spark: SparkSession, corpus: Corpus, options: Options, parts: int) -> "_sparrow.Model":
    """The model without its neighbor table."""
    chosen = _sparrow.chosen_items(options, corpus.positives)
    items = len(corpus.catalogue.items)
    if len(chosen) == 0:
        raise InvalidInput("no item has enough positive interactions; lower --min-count, or train the method content on one machine")
    log = partitions.packed(corpus.everything, parts).persist()
    plan = _sparrow.fusion_plan(options, len(chosen), corpus.users)
    history = History(spark, log, options, chosen, items, parts)
    try:
        together = cooccurrence(spark, history, plan[0], plan[3])
        pairs = _sparrow.eigen_vectors(options, len(chosen), plan[2], plan[3], history.product)
    finally:
        log.unpersist()
    sample = _sample(corpus, options, chosen, plan[4])
    return _sparrow.fusion_model(corpus.catalogue._native, options, corpus.positives, corpus.users, together, pairs, sample, usual_texts())


class History:
    """The histories of the chosen items, where their users are."""

    def __init__(self, spark: SparkSession, log: DataFrame, options: Options, chosen: Any, items: int, parts: int) -> None:
        self.spark = spark
        self.log = log
        self.options = options
        self.chosen = chosen
        self.items = items  # of the catalogue
        self.parts = parts
        self.size = sparse.block_rows(len(chosen), parts)

    def open(self, row: dict[str, Any]) -> "_sparrow.Histories":
        arrays = partitions.unpacked(row)
        return _sparrow.Histories(self.options, arrays["offsets"], arrays["items"], arrays["values"], self.chosen, self.items)

    def __getstate__(self) -> dict[str, Any]:
        """As tasks need it."""
        return {name: value for name, value in self.__dict__.items() if name not in ("spark", "log")}

    def totals(self) -> Any:
        """Row sums of the counts."""

        def each(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
            for row in partitions.rows_of(batches):
                totals = self.open(row).totals()
                for block, (first, last) in enumerate(partitions.blocks(len(totals), self.size)):
                    yield partitions.record(partitions.SUMMANDS, {"block": block, "part": row["part"], "values": totals[first:last].tobytes()})

        return partitions.block_sums(self.log.mapInArrow(each, partitions.SUMMANDS), self.parts, "float64", (len(self.chosen), 1), self.size)[:, 0]

    def counts(self) -> DataFrame:
        def each(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
            for row in partitions.rows_of(batches):
                yield from sparse.counted(row, len(self.chosen), self.size, self.open(row).counts)

        return self.log.mapInArrow(each, sparse.COUNTED)

    def product(self, x: Any) -> Any:
        """X'X x; X: users x items, the weights of the histories."""
        block = self.spark.sparkContext.broadcast(x)

        def each(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
            for row in partitions.rows_of(batches):
                y = self.open(row).product(block.value)
                for number, (first, last) in enumerate(partitions.blocks(len(y), self.size)):
                    yield partitions.record(partitions.SUMMANDS, {"block": number, "part": row["part"], "values": y[first:last].tobytes()})

        y = partitions.block_sums(self.log.mapInArrow(each, partitions.SUMMANDS), self.parts, "float32", x.shape, self.size)
        block.destroy()
        return y


def cooccurrence(spark: SparkSession, history: History, dim: int, iterations: int) -> Any:
    """Eigenvectors of the PPMI of what is used near each other: chosen items x dim."""
    options, size, rows = history.options, history.size, len(history.chosen)
    totals = spark.sparkContext.broadcast(history.totals())
    ppmi = sparse.summed(history.counts(), history.parts, lambda block, counts: _sparrow.ppmi_rows(options, block * size, *counts, totals.value)).persist()

    def product(x: Any) -> Any:
        block = spark.sparkContext.broadcast(x)
        y = sparse.products(ppmi, rows, size, lambda part: _sparrow.sparse_product(*part, block.value), x.shape[1])
        block.destroy()
        return y

    try:
        return _sparrow.eigen_vectors(options, rows, dim, iterations, product)
    finally:
        ppmi.unpersist()
        totals.destroy()


def _sample(corpus: Corpus, options: Options, chosen: Any, stride: int) -> "_sparrow.Histories":
    """Of every n-th user, in their order; those who did nothing have empty histories."""
    columns = list(partitions.KINDS)
    table = corpus.everything.where(f.col("user") % stride == 0).select("user", *columns).toArrow().sort_by("user").combine_chunks()
    lengths = numpy.zeros((corpus.users + stride - 1) // stride, numpy.uint64)
    flat = {name: [] for name in columns}
    for batch in table.to_batches():
        lists = batch.column(1)
        lengths[batch.column(0).to_numpy() // stride] = numpy.diff(lists.offsets.to_numpy())
        for name, column in zip(columns, batch.columns[1:], strict=True):
            flat[name].append(column.flatten().to_numpy(zero_copy_only=False).astype(partitions.KINDS[name]))
    offsets = numpy.concatenate([numpy.zeros(1, numpy.uint64), numpy.cumsum(lengths)])
    joined = {name: numpy.concatenate(arrays) if arrays else numpy.zeros(0, partitions.KINDS[name]) for name, arrays in flat.items()}
    return _sparrow.Histories(options, offsets, joined["items"], joined["values"], chosen, len(corpus.catalogue.items))
