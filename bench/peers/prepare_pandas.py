#!/usr/bin/env python3
"""The peer of `sparrow-bench prepare`: ratings.csv -> time-ordered positive sequences with pandas.

Usage: prepare_pandas.py RATINGS.CSV RUNS. One JSON object a run: seconds, peak_mb, sequences, positives, hash.
The hash covers users (in order of first appearance) and their items in order of time.
"""
import json
import resource
import sys
import time

import numpy as np
import pandas as pd

MASK = (1 << 64) - 1


def sequences(path):
    log = pd.read_csv(path, dtype={"userId": "int32", "movieId": "int32", "rating": "float32", "timestamp": "int64"})
    first = pd.unique(log["userId"])
    log = log[log["rating"] >= 3.5]
    log = log.sort_values(["userId", "timestamp"], kind="stable")
    grouped = log.groupby("userId", sort=False)["movieId"]
    return first, {user: items.to_numpy() for user, items in grouped}


def fingerprint(first, by_user):
    """Sum over positives of (position + 1) * (item + 1) * (user * 2 + 1), modulo 2^64; sequences of two and more."""
    total, count, positives = 0, 0, 0
    for user in first:
        items = by_user.get(user)
        if items is None or len(items) < 2:
            continue
        positions = np.arange(positives + 1, positives + 1 + len(items), dtype=np.uint64)
        part = int((positions * (items.astype(np.uint64) + np.uint64(1))).sum(dtype=np.uint64))
        total = (total + part * (2 * int(user) + 1)) & MASK
        count += 1
        positives += len(items)
    return total, count, positives


def main():
    for _ in range(int(sys.argv[2])):
        began = time.perf_counter()
        first, by_user = sequences(sys.argv[1])
        seconds = time.perf_counter() - began
        total, count, positives = fingerprint(first, by_user)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "peak_mb": peak, "sequences": count, "positives": positives,
                          "hash": f"{total:016x}"}), flush=True)


if __name__ == "__main__":
    main()
