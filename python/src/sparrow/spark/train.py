"""python -m sparrow.spark train: models on a cluster, as `sparrow train` makes them on one machine."""
import argparse
import json
from typing import Any, Optional

from pyspark.sql import SparkSession

from .. import _sparrow
from .._flags import flags_of, usual_texts
from .._model import Model
from .._sparrow import InvalidInput, Options
from . import fusion, lists, mllib, skip_gram
from .checkpoint import Checkpoint
from .corpus import Corpus
from .prepared import Prepared

WALKS = ("deepwalk", "node2vec")
METHODS = ("fusion", "item2vec", *WALKS)
EPOCHS_A_ROUND = 1
ENGINE_FLAGS = True  # what is no option here is one of `sparrow train`


def train(
    spark: SparkSession,
    data: Any,
    method: str = "fusion",
    *,
    parts: Optional[int] = None,
    rounds: Optional[int] = None,
    checkpoint: Optional[str] = None,
    **options: Any,
) -> Model:
    """A model of a prepared folder (its path, or Prepared) or of a Corpus.

    method      fusion, item2vec, deepwalk or node2vec.
    parts       into how many the users are divided; None: one for each core that Spark has now. The model depends on it.
    rounds      skip-gram: how often the parts are merged; None: after every epoch.
    checkpoint  skip-gram: a folder on a Spark file system for the tables of each round. A training that was ended goes on from there.
    options     those of sparrow.train().
    """
    corpus = data if isinstance(data, Corpus) else Corpus.of_prepared(data if isinstance(data, Prepared) else Prepared.read(spark, str(data)))
    flags = flags_of({"method": method, **options})
    return _train(spark, corpus, Options(flags, corpus.catalogue._native.liked), parts, rounds, checkpoint)


def trainer(spark: SparkSession, parts: int, rounds: Optional[int] = None) -> Any:
    """For sparrow.evaluate(): {"method": "fusion", "name": "cluster", "trainer": trainer(spark, parts)} is trained on the cluster, on each split."""
    return lambda dataset, options: _train(spark, Corpus.of_dataset(spark, dataset), options, parts, rounds, None)


def _train(spark: SparkSession, corpus: Corpus, options: Options, parts: Optional[int], rounds: Optional[int], folder: Optional[str]) -> Model:
    if options.method not in METHODS:
        raise InvalidInput(f"{options.method} is not trained on a cluster; {', '.join(METHODS)} are")
    parts = parts or spark.sparkContext.defaultParallelism
    if parts < 1:
        raise InvalidInput("--parts must be 1 or more")
    if options.method == "fusion":
        model = fusion.train(spark, corpus, options, parts)
    else:
        model = _skip_gram(spark, corpus, options, parts, rounds, folder)
    return Model(lists.finish(spark, model, options, parts))


def _skip_gram(spark: SparkSession, corpus: Corpus, options: Options, parts: int, rounds: Optional[int], folder: Optional[str]) -> "_sparrow.Model":
    epochs = json.loads(options.describe_json())["skip_gram"]["epochs"]
    rounds = rounds or -(-epochs // EPOCHS_A_ROUND)
    if not 1 <= rounds <= epochs:
        raise InvalidInput(f"--rounds must be from 1 to the number of epochs, {epochs}")
    plan = skip_gram.Plan(parts, rounds, epochs)
    source = (skip_gram.walk_source if options.method in WALKS else skip_gram.sequence_source)(spark, corpus, options, parts)
    described = {**vars(plan), "data": corpus.catalogue.hash, "options": json.loads(options.describe_json())}
    trained = skip_gram.train(spark, source, options, plan, Checkpoint(spark, folder, rounds, described) if folder else None)
    source.close()
    return _sparrow.vector_model(corpus.catalogue._native, options, corpus.positives, trained.vectors, json.dumps(trained.metrics), usual_texts())


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "train", help="train a model on a cluster", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Trains fusion (the default), item2vec, deepwalk or node2vec. Other options are those of `sparrow train`.",
    )
    parser.add_argument("--prepared", required=True, help="folder that `prepare` wrote, on any Spark file system")
    parser.add_argument("--output", help="folder of models, as HOME/models: NAME/VERSION/ is written there")
    parser.add_argument("--parts", type=int, help="into how many the users are divided; the model depends on it; default: one for each core")
    parser.add_argument("--rounds", type=int, help="skip-gram: how often the parts are merged; default: after each epoch")
    parser.add_argument("--checkpoint", help="skip-gram: folder for the tables of each round, on a Spark file system; one that was ended goes on")


    parser.add_argument("--trainer", choices=("sparrow", "mllib"), default="sparrow", help="mllib: Spark's Word2Vec with SparrowRecSys's settings")
    parser.add_argument("--redis", help="mllib: where the vectors go, as SparrowRecSys has them (i2vEmb:ID, graphEmb:ID): redis://HOST:PORT/DB")


def run(spark: SparkSession, options: argparse.Namespace) -> int:
    if options.trainer == "mllib":
        return _run_mllib(spark, options)
    if options.redis:
        raise InvalidInput("--redis is for --trainer mllib; `python -m sparrow.spark publish` writes other models to a store")
    if not options.output:
        raise InvalidInput("--output: give the folder that the model is written to")
    corpus = Corpus.of_prepared(Prepared.read(spark, options.prepared))
    native = Options(options.engine_flags, corpus.catalogue._native.liked)
    model = _train(spark, corpus, native, options.parts, options.rounds, options.checkpoint)
    print(f"train     {model.name} {model.version}: {len(model)} items, {model.save(options.output)}")
    return 0


def _run_mllib(spark: SparkSession, options: argparse.Namespace) -> int:
    if not options.redis:
        raise InvalidInput("--redis: say where the vectors go")
    where = _sparrow.Store(options.redis).uri()  # without a password; and it is there
    prepared = Prepared.read(spark, options.prepared)
    reader = argparse.ArgumentParser(prog="python -m sparrow.spark train --trainer mllib")
    reader.add_argument("--method", choices=tuple(mllib.PREFIXES), default="item2vec")
    reader.add_argument("--seed", type=int, default=1)
    given = reader.parse_args(options.engine_flags)
    ids = [row.id for row in prepared.items.select("id", "row").orderBy("row").collect()]
    vectors = mllib.train(spark, prepared.sequences, ids, given.method, given.seed)
    written = mllib.write_to_redis(vectors, options.redis, given.method)
    print(f"train     {written} vectors as {mllib.PREFIXES[given.method]}:ID in {where}; {len(ids) - written} of {len(ids)} items have none: "
          f"they occur fewer than {mllib.MIN_COUNT} times")
    return 0
