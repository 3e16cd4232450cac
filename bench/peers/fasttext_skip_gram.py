"""Peer of `sparrow-bench skip-gram`: fastText's command on the same corpus with the same settings.

usage: fasttext_skip_gram.py CORPUS THREADS VECTORS_OUT. Prints {"seconds": ...}: one epoch, which is the difference between
a run of two epochs and a run of one, so that reading the vocabulary does not count. The learning rate is word2vec's and ours;
fastText's own default is twice as high.
"""
import json
import os
import subprocess
import sys
import time


def run(epochs):
    began = time.perf_counter()
    subprocess.run(["fasttext", "skipgram", "-input", sys.argv[1], "-output", sys.argv[1] + ".ft", "-dim", "64", "-ws",
                    "5", "-neg", "5", "-epoch", str(epochs), "-thread", sys.argv[2], "-minCount", "1", "-t", "1", "-maxn",
                    "0", "-loss", "ns", "-bucket", "1", "-lr", "0.025"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


twice = run(2)
once = run(1)  # the last: its vectors are those of one epoch
os.replace(sys.argv[1] + ".ft.vec", sys.argv[3])
print(json.dumps({"seconds": twice - once}))
