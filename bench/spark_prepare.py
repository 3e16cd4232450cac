#!/usr/bin/env python3
"""Rows a second and core of preparing inside Spark, beside plain Spark SQL that makes the same tables of the same log, in turns in one session.

    bench/spark_prepare.py --data FOLDER [--master local[2]] [--runs 3]

FOLDER has movies.csv and ratings.csv, as `sparrow synth --out FOLDER --interactions 2000000` makes them. Plain SQL is given what the engine
finds out (columns, types, the threshold of what is liked) and leaves out what it has no words for: rejects with their reasons, the dialect,
the scale, the engine's own files. Both must make the same sequences and transitions, which is checked.
"""
import argparse
import os
import pathlib
import platform
import shutil
import statistics
import sys
import tempfile
import time

import pyspark
from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as f

from sparrow.spark import Prepared, session
from sparrow.spark.prepare import prepare


def plain_sql(spark: SparkSession, data: pathlib.Path, liked: float, output: str) -> None:
    """Items, users in order of first appearance, sequences and transitions, by SQL alone."""
    items = spark.read.csv(str(data / "movies.csv"), header=True, schema="id string, title string, genres string")
    items = items.withColumn("row", f.row_number().over(Window.orderBy(f.monotonically_increasing_id())) - 1)
    log = spark.read.csv(str(data / "ratings.csv"), header=True, schema="user string, id string, value float, time long")
    log = log.withColumn("place", f.monotonically_increasing_id()).join(f.broadcast(items.select("id", "row")), "id")
    event = f.struct("time", "place", "row", "value")
    histories = log.groupBy("user").agg(f.min("place").alias("first"), f.sort_array(f.collect_list(event)).alias("events"))
    histories = histories.withColumn("number", f.row_number().over(Window.orderBy("first")) - 1)
    kept = histories.withColumn("events", f.filter("events", lambda e: e["value"] >= liked)).where(f.size("events") > 0)
    kept.select(f.col("number").alias("user"), f.col("user").alias("user_id"), f.col("events.row").alias("items"), f.col("events.time").alias("times"),
                f.col("events.value").alias("values")).write.parquet(f"{output}/sequences")
    items.write.parquet(f"{output}/items")
    rows = spark.read.parquet(f"{output}/sequences").select("user", f.posexplode("items").alias("at", "source"))
    pairs = rows.withColumn("target", f.lead("source").over(Window.partitionBy("user").orderBy("at"))).where("target is not null and source <> target")
    pairs.groupBy("source", "target").count().write.parquet(f"{output}/transitions")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    spark = session("bench prepare", options.master)
    spark.sparkContext.setLogLevel("ERROR")
    cores = spark.sparkContext.defaultParallelism
    spark.conf.set("spark.sql.shuffle.partitions", str(2 * cores))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="spark-prepare-"))
    try:
        first = prepare(spark, str(folder / "warm"), data=options.data)
        rows, liked = first.statistics["log_rows"], first.statistics["scale"]["liked"]
        seconds: dict[str, list[float]] = {"sparrow.spark prepare": [], "plain Spark SQL": []}
        plain_sql(spark, options.data, liked, str(folder / "warm-sql"))
        for run in range(options.runs):
            begun = time.monotonic()
            prepare(spark, str(folder / f"a{run}"), data=options.data)
            seconds["sparrow.spark prepare"].append(time.monotonic() - begun)
            begun = time.monotonic()
            plain_sql(spark, options.data, liked, str(folder / f"b{run}"))
            seconds["plain Spark SQL"].append(time.monotonic() - begun)
        here, there = Prepared.read(spark, str(folder / "a0")), spark.read.parquet(str(folder / "b0/sequences"))
        columns = ["user", "user_id", "items", "times", "values"]
        same = here.sequences.select(columns).exceptAll(there.select(columns)).isEmpty() and here.statistics["sequences"] == there.count()
        same = same and here.statistics["transitions"] == spark.read.parquet(str(folder / "b0/transitions")).count()
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            cpu = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.processor())
        load = " ".join(f"{value:.1f}" for value in os.getloadavg())
        print(f"{cpu}, {options.master}, {cores} cores; PySpark {pyspark.__version__}, Python {platform.python_version()}; load {load}; {rows:,} rows")
        for name, found in seconds.items():
            median = statistics.median(found)
            print(f"{name:24} {median:8.1f} s (of {', '.join(f'{s:.1f}' for s in found)})  {rows / median / cores:12,.0f} rows/s a core")
        print("the same sequences and transitions" if same else "DIFFERENT sequences or transitions")
        return 0 if same else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
