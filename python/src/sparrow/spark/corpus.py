"""Corpus: what training reads, from a prepared folder or from a data set in memory."""
import pathlib
import tempfile
from dataclasses import dataclass
from typing import Any

import numpy
import pyarrow
from pyspark.sql import DataFrame, SparkSession

from .. import _sparrow
from .._dataset import Dataset
from .files import Files
from .prepared import Prepared


@dataclass(frozen=True)
class Corpus:
    """The catalogue is with the driver, since it grows with items only; logs are spread: user int, items array<int>, values array<float>,
    times array<bigint>, in order of time."""

    catalogue: Dataset  # its interactions are not read
    liked: DataFrame  # the events that say that a user liked an item
    everything: DataFrame  # all events
    users: int
    positives: "numpy.ndarray[Any, Any]"  # of each item, uint32
    newest: int  # time of the newest event

    @classmethod
    def of_prepared(cls, prepared: Prepared) -> "Corpus":
        catalogue = _catalogue(prepared)
        counts = prepared.items.select("row", "positives").toArrow()
        positives = numpy.zeros(len(catalogue.items), numpy.uint32)
        positives[counts["row"].to_numpy()] = counts["positives"].to_numpy()
        facts = prepared.statistics
        return cls(catalogue, prepared.sequences, prepared.histories, facts["users"], positives, facts["newest"])

    @classmethod
    def of_dataset(cls, spark: SparkSession, dataset: Dataset) -> "Corpus":
        """For comparisons: the log goes from the driver to the cluster."""
        log = dataset.interactions
        offsets = pyarrow.array(log["offsets"].astype(numpy.int32))
        kinds = {"items": numpy.int32, "values": numpy.float32, "times": numpy.int64}
        columns = {name: pyarrow.ListArray.from_arrays(offsets, pyarrow.array(log[name].astype(kind))) for name, kind in kinds.items()}
        users = len(offsets) - 1
        events = spark.createDataFrame(pyarrow.table({"user": numpy.arange(users, dtype=numpy.int32), **columns}))
        least = numpy.float32(dataset._native.liked)
        positives = numpy.bincount(log["items"][log["values"] >= least], minlength=len(dataset.items)).astype(numpy.uint32)
        newest = int(log["times"].max()) if len(log["times"]) else 0
        return cls(dataset, events, events, users, positives, newest)


def _catalogue(prepared: Prepared) -> Dataset:
    """The items with the driver, from the engine's files, without users and interactions."""
    files = Files(prepared.spark)
    with tempfile.TemporaryDirectory(prefix="sparrow-spark-") as folder:
        for file in files.list(prepared.path):
            if file.name in ("dataset.json", "catalog.jsonl", "genome.bin"):
                files.fetch(file, pathlib.Path(folder, file.name))
        return Dataset(_sparrow.Dataset.load_catalog(folder))
