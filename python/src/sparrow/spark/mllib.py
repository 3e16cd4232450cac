"""The baseline: Word2Vec of Spark's MLlib on the same sequences, with SparrowRecSys's settings and in its layout in Redis.

SparrowRecSys trains on what a user rated 3.5 or more, in order of time; here on what the data call liked. Its DeepWalk draws 20,000 walks of 10
items on the graph of transitions, from items by how often something follows them. The walks of its Scala program do not follow the probabilities
of transitions (they take the first item whose probability is below a random number); these do, as those of its Python program.
"""
import random

import numpy
from pyspark.ml.feature import Word2Vec
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as f

from .._sparrow import InvalidInput
from .publish import writer

VECTOR_SIZE, WINDOW, ITERATIONS, MIN_COUNT = 10, 5, 10, 5
WALKS, WALK_LENGTH = 20_000, 10
PREFIXES = {"item2vec": "i2vEmb", "deepwalk": "graphEmb"}


def train(spark: SparkSession, liked: DataFrame, ids: list[str], method: str, seed: int = 1) -> DataFrame:
    """word string (an item's id), vector: of item2vec or deepwalk. liked: items array<int>, in order of time; ids: of the items."""
    if method not in PREFIXES:
        raise InvalidInput(f"MLlib trains {' and '.join(PREFIXES)}, not {method}")
    names = spark.sparkContext.broadcast(ids)
    sequences = liked.select("items") if method == "item2vec" else walks(spark, liked, seed)
    words = sequences.rdd.map(lambda row: ([names.value[item] for item in row[0]],)).toDF("words array<string>")
    word2vec = Word2Vec(
        vectorSize=VECTOR_SIZE, windowSize=WINDOW, maxIter=ITERATIONS, minCount=MIN_COUNT, numPartitions=1, seed=seed, inputCol="words", outputCol="vector"
    )
    return word2vec.fit(words).getVectors()


def walks(spark: SparkSession, liked: DataFrame, seed: int) -> DataFrame:
    """items array<int>: 20,000 walks of at most 10 items, each drawn by a seed of its own."""
    pairs = liked.select(f.explode(f.expr("arrays_zip(slice(items, 1, size(items) - 1), slice(items, 2, size(items) - 1))")).alias("pair"))
    counted = pairs.select("pair.0", "pair.1").toDF("source", "target").groupBy("source", "target").count().toArrow()
    counted = counted.sort_by([("source", "ascending"), ("target", "ascending")])
    source, target, count = (counted[name].to_numpy() for name in ("source", "target", "count"))
    if len(source) == 0:
        raise InvalidInput("no user liked two items: there are no transitions to walk on")
    nodes, first = numpy.unique(source, return_index=True)
    graph = spark.sparkContext.broadcast((nodes, numpy.append(first, len(source)), target, numpy.concatenate([[0], numpy.cumsum(count)])))

    def walk(number: int) -> list[int]:
        nodes, first, target, ends = graph.value
        draw = random.Random(f"{seed} {number}")
        # From an item by how often something follows it: an edge by its count gives both the item and, for the first step, what follows.
        edge = int(numpy.searchsorted(ends, draw.randrange(int(ends[-1])), side="right")) - 1
        items = [int(nodes[numpy.searchsorted(first, edge, side="right") - 1])]
        while len(items) < WALK_LENGTH:
            node = int(numpy.searchsorted(nodes, items[-1]))
            if node == len(nodes) or nodes[node] != items[-1]:
                break
            begin, end = int(ends[first[node]]), int(ends[first[node + 1]])
            items.append(int(target[int(numpy.searchsorted(ends, draw.randrange(begin, end), side="right")) - 1]))
        return items

    return spark.sparkContext.parallelize(range(WALKS)).map(lambda number: (walk(number),)).toDF("items array<int>")


def write_to_redis(vectors: DataFrame, uri: str, method: str) -> int:
    """PREFIX:ID of each vector, numbers with spaces between, from the executors; how many. Unlike the original's they do not expire."""
    prefix = PREFIXES[method]

    def pair(row: Row) -> tuple[bytearray, bytearray]:
        numbers = " ".join(str(numpy.float32(value)) for value in row.vector)
        return bytearray(f"{prefix}:{row.word}".encode()), bytearray(numbers.encode())

    pairs = vectors.rdd.map(pair).toDF("key binary, value binary")
    return sum(row.written for row in pairs.mapInArrow(writer(uri), "written long").collect())
