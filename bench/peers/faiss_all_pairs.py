"""Peer of `sparrow-bench neighbors`: faiss IndexFlatIP on the same vectors.

usage: faiss_all_pairs.py VECTORS.f32 (rows of 64 float32) K THREADS. Prints {"seconds": ..., "checksum": sum of the best scores}.
"""
import json
import sys
import time

import faiss
import numpy

vectors = numpy.ascontiguousarray(numpy.fromfile(sys.argv[1], dtype=numpy.float32).reshape(-1, 64))
k, threads = int(sys.argv[2]), int(sys.argv[3])
faiss.omp_set_num_threads(threads)
index = faiss.IndexFlatIP(vectors.shape[1])
index.add(vectors)
began = time.perf_counter()
scores, _ = index.search(vectors, k + 1)
seconds = time.perf_counter() - began
print(json.dumps({"seconds": seconds, "checksum": float(scores[:, 1].mean())}))
