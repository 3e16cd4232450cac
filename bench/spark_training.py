#!/usr/bin/env python3
"""Training on Spark, measured: the kernel inside Spark, outside of it, and MLlib's Word2Vec, one core each, on the same data and settings.

    pip install "python/[spark]"
    python bench/spark_training.py --data ml-latest-small

--merging N compares rules of merging at N parts instead: item2vec on held-out users, in the same run as one machine.
"""
import argparse
import os
import platform
import statistics
import time
from typing import Any

import numpy
import pyspark

import sparrow
from sparrow import _sparrow
from sparrow._flags import flags_of
from sparrow._sparrow import Options
from sparrow.spark import mllib, session, skip_gram
from sparrow.spark.corpus import Corpus
from sparrow.spark.train import train, trainer

SETTINGS = {"dim": mllib.VECTOR_SIZE, "window": mllib.WINDOW, "epochs": mllib.ITERATIONS, "min_count": mllib.MIN_COUNT, "loss": "hierarchical-softmax"}


def machine() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        cpu = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    return f"{cpu}; Sparrow {sparrow.__version__}, PySpark {pyspark.__version__}, Python {platform.python_version()}, numpy {numpy.__version__}"


def processor_seconds(spark: Any) -> float:
    """Of the JVM so far."""
    pid = spark.sparkContext._jvm.java.lang.ProcessHandle.current().pid()
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def outside(dataset: Any) -> float:
    """Pairs in a second of a core, of the kernel in this process, called as tasks call it."""
    options = Options(flags_of({"method": "item2vec", **SETTINGS}), dataset._native.liked)
    log = dataset.interactions
    sequences = _sparrow.training_sequences(options, log["offsets"], log["items"], log["values"], log["times"], 0)
    counts = numpy.bincount(sequences[1], minlength=len(dataset.items)).astype(numpy.uint32)
    kernel = _sparrow.SkipGram(options, counts, int(counts.sum()))
    tables = kernel.initial()
    began = time.thread_time()
    pairs = kernel.train(*sequences, *tables, 0, 0, SETTINGS["epochs"], 1)[3]
    return float(pairs / (time.thread_time() - began))


def speed(spark: Any, dataset: Any, repeat: int) -> None:
    corpus = Corpus.of_dataset(spark, dataset)
    corpus.liked.persist().count()
    words = corpus.liked.select(liked_items(dataset).alias("items")).persist()
    words.count()
    print(f"settings of SparrowRecSys; pairs in a second of processor time, medians of {repeat}, taken by turns")
    found: dict[str, list[float]] = {"outside": [], "inside": [], "mllib": [], "wall": []}
    for _ in range(repeat):
        found["outside"].append(outside(dataset))
        began = time.monotonic()
        metrics = train(spark, corpus, "item2vec", parts=1, rounds=1, neighbors=1, **SETTINGS).manifest["metrics"]
        found["wall"].append(metrics["pairs"] / (time.monotonic() - began))
        found["inside"].append(metrics["pairs_per_second_and_core"])
        before = processor_seconds(spark)
        mllib.train(spark, words, dataset.items.ids, "item2vec").count()
        found["mllib"].append(metrics["pairs"] / (processor_seconds(spark) - before))
    middle = {name: statistics.median(values) for name, values in found.items()}
    print(f"kernel outside Spark       {middle['outside']:14,.0f}")
    print(f"kernel inside Spark        {middle['inside']:14,.0f}  {middle['inside'] / middle['outside']:.2f} x the kernel outside")
    print(f"MLlib's Word2Vec           {middle['mllib']:14,.0f}  the kernel inside Spark is {middle['inside'] / middle['mllib']:.1f} x as fast")
    print(f"whole training on Spark    {middle['wall']:14,.0f}  a second of the clock, with jobs, shuffles and lists")


def liked_items(dataset: Any) -> Any:
    """The items that a user liked."""
    liked = dataset._native.liked
    return pyspark.sql.functions.expr(f"transform(filter(arrays_zip(items, values), e -> e.values >= cast({liked!r} as float)), e -> e.items)")


def merging(spark: Any, dataset: Any, parts: int, rounds: int, splits: int) -> None:
    ours = skip_gram.merge_factor
    curvature = skip_gram.CURVATURE
    rules = {
        "averages": lambda push, n: numpy.full(len(push), 1 / n),
        "sums": lambda push, n: numpy.ones(len(push)),
        **{f"between, {c:g}": (lambda c: lambda push, n: ours(push * (c / curvature), n))(c) for c in (0.01, 0.03, 0.1, 0.3, 1.0)},
    }

    def by(rule: Any) -> Any:
        def trained(data: Any, options: Any) -> Any:
            skip_gram.merge_factor = rule
            try:
                return trainer(spark, parts, rounds)(data, options)
            finally:
                skip_gram.merge_factor = ours

        return trained

    methods = [{"method": "item2vec", "name": "one machine"}, *({"method": "item2vec", "name": name, "trainer": by(rule)} for name, rule in rules.items())]
    report = sparrow.evaluate(dataset, methods, splits=splits, baselines=False, progress=False)
    for row in report.rows:
        print(f"{row['method']:16} NX {row['nx']:.4f}  IPW {row['nx_ipw']:.4f}  last out {row['last_out']:.4f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="as of `sparrow prepare`")
    parser.add_argument("--master", default="local[1]")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--merging", type=int, metavar="N", help="compare rules of merging at N parts")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--splits", type=int, default=2)
    options = parser.parse_args()
    print(machine())
    spark = session("sparrow bench", options.master)
    dataset = sparrow.read(options.data, progress=False)
    print(dataset)
    if options.merging:
        merging(spark, dataset, options.merging, options.rounds, options.splits)
    else:
        speed(spark, dataset, options.repeat)


if __name__ == "__main__":
    main()
