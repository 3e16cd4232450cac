"""The neighbor table: each partition makes the exact lists of its own items."""
from collections.abc import Iterable, Iterator
from typing import Any

import numpy
import pyarrow
from pyspark.sql import SparkSession

from .. import _sparrow
from .._sparrow import Options
from . import partitions

BLOCK_ITEMS = 512
LISTS = "block int, rows binary, scores binary"


def finish(spark: SparkSession, model: "_sparrow.Model", options: Options, parts: int) -> "_sparrow.Model":
    """The model with its neighbor table, map and version. Every executor holds the whole model; time: items^2 x dimensions / cores."""
    items, size = len(model), options.neighbors
    blocks = partitions.blocks(items, min(BLOCK_ITEMS, items // (4 * parts) + 1))
    sent = spark.sparkContext.broadcast(_sparrow.model_bytes(model))

    def each(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        maker = _sparrow.ListMaker(sent.value)
        for batch in batches:
            for block in batch.column(0).to_pylist():
                rows, scores = maker.lists(*blocks[block], size)
                yield partitions.record(LISTS, {"block": block, "rows": rows.tobytes(), "scores": scores.tobytes()})

    found = spark.range(0, len(blocks), 1, min(len(blocks), 4 * parts)).mapInArrow(each, LISTS).toArrow().sort_by("block")
    sent.destroy()
    if found["block"].to_pylist() != list(range(len(blocks))):
        raise RuntimeError(f"{found.num_rows} blocks of lists came back, not {len(blocks)}")
    width = min(size, max(0, items - 1))
    return _sparrow.finish_model(model, options, _joined(found["rows"], numpy.uint32, width), _joined(found["scores"], numpy.float32, width))


def _joined(column: pyarrow.ChunkedArray, kind: Any, width: int) -> Any:
    return numpy.concatenate([numpy.frombuffer(cell.as_buffer(), kind) for cell in column]).reshape(-1, width)
