#!/usr/bin/env python3
"""What a run on a cluster needs, worked out from costs that are measured here: processor time of one core, by the functions that the tasks call.

    python bench/spark_sizing.py --data ml-latest-small --events 1e10 --users 2e8 --items 1e8

The shape is that of the data given: how unevenly users use (the mean square of what a user did beside the square of the mean). Memory and traffic
follow from the formats. docs/scale.md has what it printed.
"""
import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy

import sparrow
from sparrow import _sparrow
from sparrow._flags import flags_of
from sparrow._sparrow import Options
from sparrow.spark import sparse

DIM, EPOCHS = 64, 50
WIDTH = 384 + 32  # columns of the eigen-solver's block: co-occurrence's dimensions and those in reserve
PRODUCTS = 13  # of each of the two matrices
NEIGHBORS = 100


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def costs(dataset: Any) -> dict[str, float]:
    """Seconds of a core for one of each."""
    log, items = dataset.interactions, len(dataset.items)
    offsets, rows = log["offsets"].astype(numpy.uint64), log["items"]
    options = Options(flags_of({"method": "item2vec"}), dataset._native.liked)
    sequences = _sparrow.training_sequences(options, offsets, rows, log["values"], log["times"], 0)
    counts = numpy.bincount(sequences[1], minlength=items).astype(numpy.uint32)
    skip_gram = _sparrow.SkipGram(options, counts, int(counts.sum()))
    spent, trained = seconds(lambda: skip_gram.train(*sequences, *skip_gram.initial(), 0, 0, 5, 1))
    found = {"pair of skip-gram": spent / trained[3], "pairs an event": trained[3] / 5 / len(rows)}
    chosen = _sparrow.chosen_items(options, counts)
    histories = _sparrow.Histories(options, offsets, rows, log["values"], chosen, items)
    lengths = numpy.diff(offsets.astype(numpy.int64)).astype(numpy.float64)
    found["unevenness"] = float((lengths**2).mean() / lengths.mean() ** 2)
    histories.totals()
    spent, counted = seconds(lambda: histories.counts(0, len(chosen)))
    found["pair counted"] = spent / float((lengths**2).sum())
    spent, _ = seconds(lambda: sparse._sum([counted, counted]))
    found["count added up"] = spent / (2 * len(counted[1]))
    spent, ppmi = seconds(lambda: _sparrow.ppmi_rows(options, 0, *counted, histories.totals()))
    found["count to PPMI"] = spent / len(counted[1])
    x = numpy.ones((len(chosen), WIDTH), numpy.float32)
    spent, _ = seconds(lambda: _sparrow.sparse_product(*ppmi, x))
    found["PPMI entry x column"] = spent / (len(ppmi[1]) * WIDTH)
    spent, _ = seconds(lambda: histories.product(x))
    found["event x column"] = spent / (len(rows) * WIDTH)
    fusion = sparrow.train(dataset, progress=False, neighbors=1)
    maker = _sparrow.ListMaker(_sparrow.model_bytes(fusion._native))
    spent, _ = seconds(lambda: maker.lists(0, min(items, 512), NEIGHBORS))
    found["pair of items ranked"] = spent / (min(items, 512) * items)
    return found


def row(what: str, cores: float, note: str) -> None:
    print(f"| {what} | {cores / 3600:,.0f} | {note} |")


def size(cost: dict[str, float], events: float, users: float, items: float) -> None:
    mean = events / users
    squares = users * cost["unevenness"] * mean**2
    entries = min(squares, items * 4096)
    gigabyte = 1e9
    print(f"\n{events:.0e} events, {users:.0e} users, {items:.0e} items: {mean:,.0f} events a user, {squares:.1e} pairs in histories\n")
    print("| stage | core-hours | memory and traffic |\n|---|---|---|")
    row(f"item2vec, {EPOCHS} epochs of {DIM} dimensions", events * cost["pairs an event"] * EPOCHS * cost["pair of skip-gram"],
        f"both tables in each executor: {items * DIM * 8 / gigabyte:,.1f} GB; as much leaves and enters it a round")
    row("co-occurrence: counting", squares * cost["pair counted"], f"shuffled once: at most {squares * 8 / gigabyte:,.0f} GB")
    row("co-occurrence: adding up, PPMI", squares * cost["count added up"] + entries * cost["count to PPMI"],
        f"kept: {entries * 8 / gigabyte:,.0f} GB over all executors")
    row("eigenvectors of both", PRODUCTS * WIDTH * (entries * cost["PPMI entry x column"] + events * cost["event x column"]),
        f"a block of {items * WIDTH * 4 / gigabyte:,.1f} GB in each executor, {items * WIDTH * 24 / gigabyte:,.0f} GB with the driver")
    row("lists, exact", items**2 * cost["pair of items ranked"], f"the model in each executor: {items * 864 * 2 / gigabyte:,.1f} GB")
    print(f"| serving: vectors and lists of {NEIGHBORS} | | {items * (864 * 2 + NEIGHBORS * 8) / gigabyte:,.1f} GB in all, over the shards |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--events", type=float, nargs="+", default=[1e8, 1e10])
    parser.add_argument("--users", type=float, nargs="+", default=[2e6, 2e8])
    parser.add_argument("--items", type=float, nargs="+", default=[1e6, 1e8])
    options = parser.parse_args()
    cost = costs(sparrow.read(options.data, progress=False))
    for name, value in cost.items():
        print(f"{name:24} {value * 1e9:10.2f} ns" if value < 1e-3 else f"{name:24} {value:10.2f}")
    for events, users, items in zip(options.events, options.users, options.items, strict=True):
        size(cost, events, users, items)


if __name__ == "__main__":
    main()
