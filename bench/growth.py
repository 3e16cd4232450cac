#!/usr/bin/python3
"""How each stage of a build grows: users, items and interactions are changed one at a time, and exponents are fitted.

usage: growth.py [--binary build/release/sparrow] [--users 60000] [--items 16000] [--interactions 2000000] [--work DIR] [--runs 1]

Each of the three takes half, the whole, twice and four times its size while the other two stay, on logs of `sparrow synth` (a cluster for every 400 items). For every
stage the processor time of all threads is fitted as a * size^exponent (least squares of logarithms); of several runs the least time counts. An exponent near 1 is
linear; 0 does not depend on it. Stages below 0.15 s at their largest are left out: they are as long as what starts them. Prints a Markdown table.
"""
import argparse
import json
import math
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

STEPS = (0.5, 1, 2, 4)
LEAST = 0.15  # seconds


def run(binary, home, *arguments):
    """Processor seconds of the command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([binary, *map(str, arguments)], env={**os.environ, "SPARROW_HOME": str(home)}, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, arguments))}: {done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def serve(binary, home):
    """Processor seconds until a list is answered."""
    process = subprocess.Popen([binary, "serve", "--port", "0"], env={**os.environ, "SPARROW_HOME": str(home)}, stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            found = re.search(r"http://localhost:(\d+)/ after", line)
            if found:
                break
        urllib.request.urlopen(f"http://localhost:{found[1]}/api/v1/items/1/similar?size=10", timeout=60).read()
        fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    finally:
        process.send_signal(signal.SIGTERM)
        process.stderr.close()
        process.wait()


def measure(binary, work, users, items, interactions):
    folder, home = work / "data", work / "home"
    for path in (folder, home):
        shutil.rmtree(path, ignore_errors=True)
    run(binary, home, "synth", "--users", users, "--items", items, "--interactions", interactions, "--clusters", max(5, items // 400), "--format", "generic", "--out", folder)
    times = {"prepare": run(binary, home, "prepare", "--data", folder)}
    run(binary, home, "train")
    manifest = json.loads(next((home / "models/fusion").glob("*/manifest.json")).read_text(encoding="utf-8"))
    times |= {"train: " + stage["stage"]: stage["processor_seconds"] for stage in manifest["metrics"]["stages"]}
    times["publish"] = run(binary, home, "publish", "--promote")
    times["server until its first list"] = serve(binary, home)
    return times


def exponent(sizes, times):
    x, y = [math.log(s) for s in sizes], [math.log(max(t, 1e-3)) for t in times]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y)) / sum((a - mean_x) ** 2 for a in x)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="build/release/sparrow")
    parser.add_argument("--users", type=int, default=60_000)
    parser.add_argument("--items", type=int, default=16_000)
    parser.add_argument("--interactions", type=int, default=2_000_000)
    parser.add_argument("--work")
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    work = pathlib.Path(options.work or tempfile.mkdtemp(prefix="sparrow-growth-"))
    base = {"users": options.users, "items": options.items, "interactions": options.interactions}
    known = {}

    def times_of(sizes):
        key = tuple(sizes.values())
        if key not in known:
            began = time.time()
            runs = [measure(options.binary, work, **sizes) for _ in range(options.runs)]
            known[key] = {stage: min(run[stage] for run in runs) for stage in runs[0]}
            print(f"{sizes}: {time.time() - began:.0f} s", file=sys.stderr, flush=True)
        return known[key]

    columns, largest = {}, {}
    for axis, size in base.items():
        sizes = [round(size * step) for step in STEPS]
        measured = [times_of({**base, axis: one}) for one in sizes]
        for stage in measured[0]:
            series = [one[stage] for one in measured]
            largest[stage] = max(largest.get(stage, 0), *series)
            columns.setdefault(stage, {})[axis] = exponent(sizes, series) if max(series) >= LEAST else None
    shutil.rmtree(work, ignore_errors=True)
    print(f"| stage | s at {base['users']:,} users, {base['items']:,} items, {base['interactions']:,} interactions | users | items | interactions |")
    print("|---|---|---|---|---|")
    for stage, times in times_of(base).items():
        if largest[stage] < LEAST:
            continue
        shown = ["-" if columns[stage][axis] is None else f"{columns[stage][axis]:.2f}" for axis in base]
        print(f"| {stage} | {times:.2f} | " + " | ".join(shown) + " |")


if __name__ == "__main__":
    main()
