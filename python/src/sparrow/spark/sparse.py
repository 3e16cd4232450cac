"""Sparse matrices by blocks of rows: what partitions count of their own users, added up."""
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy
import pyarrow
from pyspark.sql import DataFrame

from . import partitions

# Rows of a block: offsets uint64, columns uint32, values float32.
COUNTED = "block int, part int, offsets binary, columns binary, values binary"
ROWS = "block int, offsets binary, columns binary, values binary"

Rows = tuple[Any, Any, Any]


def cells(rows: Rows) -> dict[str, bytes]:
    return dict(zip(("offsets", "columns", "values"), (array.tobytes() for array in rows), strict=True))


def rows_of(row: dict[str, Any]) -> Rows:
    return (numpy.frombuffer(row["offsets"], numpy.uint64), numpy.frombuffer(row["columns"], numpy.uint32), numpy.frombuffer(row["values"], numpy.float32))


def summed(counted: DataFrame, parts: int, then: Callable[[int, Rows], Rows]) -> DataFrame:
    """ROWS of the sums of what the partitions counted (COUNTED), each block by then(block, rows). In the order of the parts: equal data give
    equal bytes."""

    def add(table: pyarrow.Table) -> pyarrow.Table:
        ordered = table.sort_by("part")
        block = ordered["block"][0].as_py()
        found = [rows_of(row) for row in partitions.rows_of(ordered.to_batches())]
        return pyarrow.Table.from_batches([partitions.record(ROWS, {"block": block, **cells(then(block, _sum(found)))})])

    return partitions.by_block(counted, parts).applyInArrow(add, ROWS)


def _sum(parts: list[Rows]) -> Rows:
    rows = len(parts[0][0]) - 1
    shift = numpy.uint64(32)
    numbers = numpy.arange(rows, dtype=numpy.uint64)
    places = numpy.concatenate([numpy.repeat(numbers, numpy.diff(o).astype(numpy.int64)) << shift | c for o, c, _ in parts])
    values = numpy.concatenate([v for _, _, v in parts])
    order = numpy.argsort(places, kind="stable")
    places, values = places[order], values[order]
    first = numpy.flatnonzero(numpy.concatenate([numpy.ones(min(1, len(places)), bool), places[1:] != places[:-1]]))
    totals = numpy.add.reduceat(values.astype(numpy.float64), first).astype(numpy.float32) if len(first) else values
    places = places[first]
    offsets = numpy.searchsorted(places >> shift, numpy.arange(rows + 1, dtype=numpy.uint64)).astype(numpy.uint64)
    return offsets, (places & numpy.uint64(0xFFFFFFFF)).astype(numpy.uint32), totals


def block_rows(rows: int, parts: int) -> int:
    """Rows of a block: four blocks a partition, so that they spread, of at most 2,048 rows, so that a task holds them."""
    return max(1, min(2048, rows // (4 * parts) + 1))


def counted(row: dict[str, Any], rows: int, size: int, count: Callable[[int, int], Rows]) -> Iterator[pyarrow.RecordBatch]:
    """COUNTED of a part: count(first, last) by blocks."""
    for block, (first, last) in enumerate(partitions.blocks(rows, size)):
        yield partitions.record(COUNTED, {"block": block, "part": row["part"], **cells(count(first, last))})


def products(frame: DataFrame, rows: int, size: int, multiply: Callable[[Rows], Any], width: int) -> Any:
    """The product of all rows, block by block, with the driver."""

    def each(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        for row in partitions.rows_of(batches):
            yield partitions.record(partitions.SUMS, {"block": row["block"], "values": multiply(rows_of(row)).tobytes()})

    return partitions.gathered(frame.mapInArrow(each, partitions.SUMS), "float32", (rows, width), size)
