"""Prepared: what `prepare` wrote, as DataFrames.

A prepared folder holds the engine's own files (docs/formats.md), which `sparrow train` reads, and beside them the same data as tables
of Parquet that partitions read in parallel:

    tables/items        row int, id string, title string, year int (0: not known), positives int, json string (the item as in catalog.jsonl)
    tables/sequences    user int, user_id string, items array<int>, times array<bigint>, values array<float>: what the user liked, in order of
                        time; users who liked nothing have no row
    tables/histories    the same of all that a user did
    tables/transitions  source int, target int, weight double: how often `target` was liked right after `source` by one user
    tables/tables.json  what they were made of and how much they hold

`row` and `user` are the numbers of the engine's files.
"""
import json
from functools import cached_property
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as t

from .._sparrow import Corrupt, NotFound

FORMAT = "sparrow-tables"
VERSION = 1

ITEMS = t.StructType([
    t.StructField("row", t.IntegerType(), False),
    t.StructField("id", t.StringType(), False),
    t.StructField("title", t.StringType(), False),
    t.StructField("year", t.IntegerType(), False),
    t.StructField("positives", t.IntegerType(), False),
    t.StructField("json", t.StringType(), False),
])
SEQUENCES = t.StructType([
    t.StructField("user", t.IntegerType(), False),
    t.StructField("user_id", t.StringType(), False),
    t.StructField("items", t.ArrayType(t.IntegerType(), False), False),
    t.StructField("times", t.ArrayType(t.LongType(), False), False),
    t.StructField("values", t.ArrayType(t.FloatType(), False), False),
])
TRANSITIONS = t.StructType([
    t.StructField("source", t.IntegerType(), False),
    t.StructField("target", t.IntegerType(), False),
    t.StructField("weight", t.DoubleType(), False),
])


def read_json(spark: SparkSession, path: str) -> dict[str, Any]:
    """A small file of any Spark file system. Errors: NotFound, Corrupt."""
    try:
        text = spark.read.text(path, wholetext=True).first()
    except AnalysisException:
        raise NotFound(f"{path} is not there: `python -m sparrow.spark prepare` writes it") from None
    try:
        found: dict[str, Any] = json.loads(text.value if text else "")
    except ValueError as error:
        raise Corrupt(f"{path} is no JSON: {error}") from None
    return found


class Prepared:
    """Made by read()."""

    def __init__(self, spark: SparkSession, path: str, facts: dict[str, Any], dataset: dict[str, Any]) -> None:
        self.spark = spark
        self.path = path
        self._facts = facts
        self._dataset = dataset

    @classmethod
    def read(cls, spark: SparkSession, path: str) -> "Prepared":
        """Of a folder on any Spark file system. Errors: NotFound, Corrupt, also where tables and files are not of the same data."""
        path = path.rstrip("/")
        facts = read_json(spark, f"{path}/tables/tables.json")
        dataset = read_json(spark, f"{path}/dataset.json")
        if facts.get("format") != FORMAT or facts.get("version") != VERSION:
            raise Corrupt(f"{path}/tables: {facts.get('format')} {facts.get('version')} is not read here, but {FORMAT} {VERSION}")
        if facts["hash"] != dataset["info"]["hash"]:
            raise Corrupt(f"{path}: the tables are of other data than dataset.json: run `python -m sparrow.spark prepare` again")
        return cls(spark, path, facts, dataset)

    def _table(self, name: str, schema: t.StructType) -> DataFrame:
        return self.spark.read.schema(schema).parquet(f"{self.path}/tables/{name}")

    @cached_property
    def items(self) -> DataFrame:
        return self._table("items", ITEMS)

    @cached_property
    def sequences(self) -> DataFrame:
        return self._table("sequences", SEQUENCES)

    @cached_property
    def histories(self) -> DataFrame:
        return self._table("histories", SEQUENCES)

    @cached_property
    def transitions(self) -> DataFrame:
        return self._table("transitions", TRANSITIONS)

    @cached_property
    def statistics(self) -> dict[str, Any]:
        """Counts, scale, notes and hash, as `sparrow prepare` keeps them, and how much the tables hold."""
        return {**self._dataset["info"], **self._facts["counts"]}

    @property
    def hash(self) -> str:
        """That of the engine's files: equal data have equal hashes."""
        return str(self._dataset["info"]["hash"])

    def __repr__(self) -> str:
        s = self.statistics
        return f"<Prepared {self.path}: {s['items']} items, {s['users']} users, {s['interactions']} interactions>"
