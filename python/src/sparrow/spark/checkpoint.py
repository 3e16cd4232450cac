"""Checkpoint: the tables after each round, on a Spark file system."""
import json
import pathlib
import tempfile
from typing import Any, Optional

import pyarrow
from pyspark.sql import DataFrame, SparkSession

from .._sparrow import Conflict
from .files import Files
from .prepared import read_json


class Checkpoint:
    """A folder: plan.json says of what training, round-N is whole when Spark's own _SUCCESS is in it. The last two rounds are kept."""

    def __init__(self, spark: SparkSession, folder: str, rounds: int, plan: dict[str, Any]) -> None:
        """Errors: Conflict when the folder is of another training."""
        self.spark = spark
        self.folder = folder.rstrip("/")
        self.rounds = rounds
        self._files = Files(spark)
        there = f"{self.folder}/plan.json"
        if self._files.exists(there):
            found = read_json(spark, there)
            if found != plan:
                differs = sorted(key for key in {*found, *plan} if found.get(key) != plan.get(key))
                raise Conflict(f"{self.folder} holds rounds of another training ({', '.join(differs)} differ): remove it, or name another for --checkpoint")
            return
        self._files.make_folder(self.folder)
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump(plan, file)
            file.flush()
            self._files.put(pathlib.Path(file.name), there)

    def _folder_of(self, number: int) -> str:
        return f"{self.folder}/round-{number:05}"

    def last_round(self) -> Optional[int]:
        return next((number for number in reversed(range(self.rounds)) if self._files.exists(f"{self._folder_of(number)}/_SUCCESS")), None)

    def write(self, number: int, merged: DataFrame) -> None:
        """Computes the blocks of a round."""
        merged.write.mode("overwrite").parquet(self._folder_of(number))
        if number >= 2:
            self._files.remove(self._folder_of(number - 2))

    def read(self, number: int) -> pyarrow.Table:
        return self.spark.read.parquet(self._folder_of(number)).toArrow()
