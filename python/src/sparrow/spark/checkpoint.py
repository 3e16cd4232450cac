"""Checkpoint: the tables after each round, on a Spark file system."""
import json
from typing import Any, Optional

import pyarrow
from pyspark.sql import DataFrame, SparkSession

from .._sparrow import Conflict


class Checkpoint:
    """A folder: plan.json says of what training, round-N is whole when Spark's own _SUCCESS is in it. Rounds before the last two are removed."""

    def __init__(self, spark: SparkSession, folder: str, plan: dict[str, Any]) -> None:
        self.spark = spark
        self.folder = folder.rstrip("/")
        hadoop: Any = spark.sparkContext._jvm.org.apache.hadoop.fs  # type: ignore[union-attr]
        self._path = hadoop.Path
        self._files = self._path(self.folder).getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
        text = json.dumps(plan, sort_keys=True)
        there = f"{self.folder}/plan.json"
        if self._files.exists(self._path(there)):
            found = "".join(row.value for row in spark.read.text(there).collect())
            if json.loads(found) != json.loads(text):
                raise Conflict(f"{self.folder} holds the rounds of another training; give another folder for checkpoints, or remove this one. It has {found}, not {text}")
            return
        self._files.mkdirs(self._path(self.folder))
        stream = self._files.create(self._path(there), True)
        stream.write(bytearray(text.encode()))
        stream.close()

    def _folder_of(self, number: int) -> str:
        return f"{self.folder}/round-{number:05}"

    def last_round(self) -> Optional[int]:
        rounds = [status.getPath().getName() for status in self._files.listStatus(self._path(self.folder))]
        whole = [int(name[6:]) for name in rounds if name.startswith("round-") and self._files.exists(self._path(f"{self.folder}/{name}/_SUCCESS"))]
        return max(whole, default=None)

    def write(self, number: int, merged: DataFrame) -> None:
        """Computes the blocks of a round."""
        merged.write.mode("overwrite").parquet(self._folder_of(number))
        old = self._path(self._folder_of(number - 2))
        if number >= 2 and self._files.exists(old):
            self._files.delete(old, True)

    def read(self, number: int) -> pyarrow.Table:
        return self.spark.read.parquet(self._folder_of(number)).toArrow()
