"""Users' lists as one row of arrays a partition, and results of partitions that are added up."""
from collections.abc import Iterable, Iterator
from typing import Any

import numpy
import pyarrow
from pyspark import TaskContext
from pyspark.sql import DataFrame, GroupedData

# What a partition holds: bytes of little-endian arrays. Offsets are of lists in the other arrays.
PACKED = "part int, lists long, events long, offsets binary, items binary, values binary, times binary"
KINDS = {"items": numpy.uint32, "values": numpy.float32, "times": numpy.int64}


def packed(log: DataFrame, parts: int) -> DataFrame:
    """The log in `parts` partitions, one row each: the same users in the same order, whoever computes it and however often."""
    spread = log.select("user", *KINDS).repartition(parts, "user").sortWithinPartitions("user")
    return spread.mapInArrow(_pack, PACKED)


def _pack(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
    every = list(batches)
    lengths = [numpy.diff(_column(batch, "items").offsets.to_numpy()) for batch in every]
    offsets = numpy.concatenate([numpy.zeros(1, numpy.uint64), numpy.cumsum(_joined(lengths, numpy.int64)).astype(numpy.uint64)])
    arrays = {name: _joined([_column(batch, name).flatten().to_numpy(zero_copy_only=False) for batch in every], kind) for name, kind in KINDS.items()}
    context = TaskContext.get()
    assert context is not None
    row = {"part": context.partitionId(), "lists": len(offsets) - 1, "events": int(offsets[-1]), "offsets": offsets.tobytes()}
    row.update((name, values.tobytes()) for name, values in arrays.items())
    yield record(PACKED, row)


def _column(batch: pyarrow.RecordBatch, name: str) -> pyarrow.ListArray:
    return batch.column(batch.schema.get_field_index(name))


def _joined(arrays: "list[Any]", kind: Any) -> Any:
    return numpy.concatenate(arrays).astype(kind, copy=False) if arrays else numpy.zeros(0, kind)


def unpacked(row: dict[str, Any]) -> "dict[str, Any]":
    """offsets, items, values and times of a packed row, as the engine takes them."""
    return {"offsets": numpy.frombuffer(row["offsets"], numpy.uint64), **{name: numpy.frombuffer(row[name], kind) for name, kind in KINDS.items()}}


def rows_of(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[dict[str, Any]]:
    """Rows as mappings; bytes are not copied."""
    for batch in batches:
        for i in range(batch.num_rows):
            row = {}
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                value = column[i]
                row[name] = value.as_buffer() if pyarrow.types.is_binary(column.type) else value.as_py()
            yield row


TYPES = {"int": pyarrow.int32(), "long": pyarrow.int64(), "double": pyarrow.float64(), "binary": pyarrow.binary()}


def record(schema: str, *rows: dict[str, Any]) -> pyarrow.RecordBatch:
    """Rows of a schema such as "block int, values binary"."""
    fields = [pyarrow.field(*_field(text)) for text in schema.split(",")]
    return pyarrow.RecordBatch.from_pylist(list(rows), schema=pyarrow.schema(fields))


def _field(text: str) -> tuple[str, pyarrow.DataType]:
    name, kind = text.split()
    return name, TYPES[kind]


def blocks(rows: int, size: int) -> list[tuple[int, int]]:
    """[first, last) of blocks of rows."""
    return [(first, min(rows, first + size)) for first in range(0, rows, size)]


SUMMANDS = "block int, part int, values binary"
SUMS = "block int, values binary"


def by_block(partial: DataFrame, parts: int) -> GroupedData:
    """What the parts give for each block, together; in as many tasks as there are parts, since a task costs more than most blocks."""
    return partial.repartition(parts, "block").groupBy("block")


def block_sums(partial: DataFrame, parts: int, kind: str, shape: tuple[int, int], size: int) -> Any:
    """Arrays of rows x width that the parts give by blocks of `size` rows (SUMMANDS), added up by block and in the order of the parts, so that
    equal data give equal bytes; the whole comes to the driver."""
    return gathered(by_block(partial, parts).applyInArrow(lambda table: _add(table, kind), SUMS), kind, shape, size)


def gathered(sums: DataFrame, kind: str, shape: tuple[int, int], size: int) -> Any:
    """All blocks (SUMS) of an array of rows x width, with the driver."""
    found = sums.toArrow()
    wanted = blocks(shape[0], size)
    if sorted(found["block"].to_pylist()) != list(range(len(wanted))):
        raise RuntimeError(f"{found.num_rows} blocks came back, not {len(wanted)}")
    whole = numpy.empty(shape, kind)
    for block, values in zip(found["block"].to_pylist(), found["values"], strict=True):
        first, last = wanted[block]
        whole[first:last] = numpy.frombuffer(values.as_buffer(), kind).reshape(last - first, shape[1])
    return whole


def _add(table: pyarrow.Table, kind: str) -> pyarrow.Table:
    ordered = table.sort_by("part")
    total = sum(numpy.frombuffer(values.as_buffer(), kind).astype(numpy.float64) for values in ordered["values"])
    return pyarrow.Table.from_batches([record(SUMS, {"block": ordered["block"][0].as_py(), "values": numpy.asarray(total, kind).tobytes()})])
