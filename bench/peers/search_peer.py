"""A peer of `sparrow-bench hnsw` on the same vectors, queries and filters.

usage: search_peer.py PEER FOLDER ROWS THREADS RUNS. FOLDER holds vectors.f32, queries.f32 (rows of 64 float32), and for each filter number i truth-i.u32
(ten rows a query) and, but for number 0, allowed-i.u8 (a byte a row). Indexes are built by THREADS threads; all queries are given at once to one thread,
with the least search parameter that finds 95 of 100 true neighbors. Prints {"version", "indexes": [{"name", "build_seconds", "megabytes", "search":
[{"filter", "seconds", "recall", "setting"}]}]}; an index whose search of a filter is absent did not find as many, and one with "skipped" was not built. {"skipped": why} when it cannot run.
"""
import importlib.metadata
import json
import os
import statistics
import sys
import time

import numpy

DIM, TOP, RECALL = 64, 10, 0.95
WIDTHS = [10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 100, 128, 160, 200, 256, 320, 400, 512, 640, 800, 1024, 1400, 2048, 2800, 4096, 8192]
PROBES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512, 1024]


def megabytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


class Task:
    def __init__(self, folder, threads, runs):
        self.vectors = numpy.fromfile(f"{folder}/vectors.f32", dtype=numpy.float32).reshape(-1, DIM)
        self.queries = numpy.fromfile(f"{folder}/queries.f32", dtype=numpy.float32).reshape(-1, DIM)
        self.folder, self.threads, self.runs = folder, threads, runs
        self.truth, self.allowed = [], []
        while os.path.exists(f"{folder}/truth-{len(self.truth)}.u32"):
            number = len(self.truth)
            self.truth.append(numpy.fromfile(f"{folder}/truth-{number}.u32", dtype=numpy.uint32).reshape(-1, TOP))
            self.allowed.append(numpy.fromfile(f"{folder}/allowed-{number}.u8", dtype=numpy.uint8) if number else None)

    def recall(self, found, number):
        return sum(len(numpy.intersect1d(f[:TOP], t)) for f, t in zip(found, self.truth[number])) / self.truth[number].size

    def measure(self, number, settings, search):
        """search(setting, allowed) with the first of the settings that finds enough."""
        for setting in settings:
            recall = self.recall(search(setting, self.allowed[number]), number)
            if recall < RECALL:
                continue
            seconds = []
            for _ in range(self.runs):
                began = time.perf_counter()
                search(setting, self.allowed[number])
                seconds.append(time.perf_counter() - began)
            return {"filter": number, "seconds": statistics.median(seconds), "recall": recall, "setting": setting}
        return None

    def index(self, name, build, settings, search, filters=True, builds=1):
        """build() -> index; search(index) -> a function as measure() takes it."""
        seconds, made, before = [], None, megabytes()
        for _ in range(builds):
            made = None
            began = time.perf_counter()
            made = build()
            seconds.append(time.perf_counter() - began)
        found = [self.measure(number, settings, search(made)) for number in range(len(self.truth) if filters else 1)]
        print(f"{name}: built in {statistics.median(seconds):.1f} s; {found}", file=sys.stderr)
        return {"name": name, "build_seconds": statistics.median(seconds), "builds": builds, "megabytes": megabytes() - before,
                "search": [f for f in found if f]}


def then_filtered(plain, found_more):
    """A search for `setting` neighbors of which the allowed are kept, for libraries that know no filter."""

    def search(setting, allowed):
        if allowed is None:
            return plain(setting)
        rows = found_more(setting)
        keep = allowed[rows] != 0
        best = numpy.argsort(~keep, axis=1, kind="stable")[:, :TOP]
        return numpy.where(numpy.take_along_axis(keep, best, axis=1), numpy.take_along_axis(rows, best, axis=1), numpy.uint32(0xFFFFFFFF))

    return search


def run_hnswlib(task):
    import hnswlib

    def build():
        index = hnswlib.Index(space="ip", dim=DIM)
        index.init_index(max_elements=len(task.vectors), ef_construction=100, M=16, random_seed=1)
        index.add_items(task.vectors, num_threads=task.threads)
        return index

    def search(index):
        def found(width, k):
            index.set_ef(max(width, k))
            return index.knn_query(task.queries, k=k, num_threads=1)[0].astype(numpy.uint32)

        return then_filtered(lambda width: found(width, TOP), lambda width: found(width, width))

    return [task.index("M=16 efC=100, float", build, WIDTHS, search, builds=task.runs)]


def run_usearch(task):
    from usearch.index import Index

    def index_of(dtype):
        def build():
            index = Index(ndim=DIM, metric="ip", dtype=dtype, connectivity=16, expansion_add=100)
            index.add(numpy.arange(len(task.vectors), dtype=numpy.uint64), task.vectors, threads=task.threads)
            return index

        def search(index):
            def found(width, k):
                index.expansion_search = max(width, k)
                return index.search(task.queries, k, threads=1).keys.astype(numpy.uint32)

            return then_filtered(lambda width: found(width, TOP), lambda width: found(width, width))

        return task.index(f"M=16 efC=100, {dtype}", build, WIDTHS, search)

    return [index_of("i8"), index_of("f32")]


def run_faiss(task):
    import faiss

    def selector(allowed):
        return faiss.IDSelectorBitmap(numpy.packbits(allowed, bitorder="little"))

    def build_by(factory):
        def build():
            faiss.omp_set_num_threads(task.threads)
            index = factory()
            index.train(task.vectors[:: max(1, len(task.vectors) // 100_000)])
            index.add(task.vectors)
            faiss.omp_set_num_threads(1)
            return index

        return build

    def graph(index):
        def search(width, allowed):
            parameters = faiss.SearchParametersHNSW(efSearch=width, sel=None if allowed is None else selector(allowed))
            return index.search(task.queries, TOP, params=parameters)[1]

        return search

    def cells(index):
        def search(probes, allowed):
            parameters = faiss.SearchParametersIVF(nprobe=probes, sel=None if allowed is None else selector(allowed))
            return index.search(task.queries, TOP, params=parameters)[1]

        return search

    def hnsw(make):
        def factory():
            index = make()
            index.hnsw.efConstruction = 100
            return index

        return build_by(factory)

    eight = faiss.ScalarQuantizer.QT_8bit
    product = faiss.METRIC_INNER_PRODUCT
    return [
        task.index("HNSW16, 8 bits", hnsw(lambda: faiss.IndexHNSWSQ(DIM, eight, 16, product)), WIDTHS, graph),
        task.index("HNSW16, float", hnsw(lambda: faiss.IndexHNSWFlat(DIM, 16, product)), WIDTHS, graph),
        task.index("IVF1024, 8 bits", build_by(lambda: faiss.index_factory(DIM, "IVF1024,SQ8", product)), PROBES, cells),
    ]


def run_svs(task):
    import svs

    scale = 127 / numpy.abs(task.vectors).max()

    def in_bytes(values):
        return numpy.clip(numpy.rint(values * scale), -127, 127).astype(numpy.int8)

    def index_of(name, vectors, queries):
        def build():
            parameters = svs.VamanaBuildParameters(alpha=0.95, graph_max_degree=32, window_size=100)
            return svs.Vamana.build(parameters, vectors, svs.DistanceType.MIP, num_threads=task.threads)

        def search(index):
            index.num_threads = 1

            def found(width, k):
                index.search_window_size = max(width, k)
                return index.search(queries, k)[0].astype(numpy.uint32)

            return then_filtered(lambda width: found(width, TOP), lambda width: found(width, width))

        return task.index(name, build, WIDTHS, search)

    indexes = [index_of("Vamana 32, 8 bits", in_bytes(task.vectors), in_bytes(task.queries)),
               index_of("Vamana 32, float16", task.vectors.astype(numpy.float16), task.queries)]
    with open("/proc/cpuinfo") as cpu:
        intel = "GenuineIntel" in cpu.read()
    if intel:  # elsewhere the library ends the process
        svs.write_vecs(task.vectors, f"{task.folder}/vectors.fvecs")
        loader = svs.VectorDataLoader(f"{task.folder}/vectors.fvecs", svs.DataType.float32, dims=DIM)
        indexes.append(index_of("Vamana 32, LVQ8", svs.LVQLoader(loader, primary=8), task.queries))
    else:
        indexes.append({"name": "Vamana 32, LVQ8", "skipped": "runs on Intel's processors only"})
    return indexes


PEERS = {"hnswlib": run_hnswlib, "usearch": run_usearch, "faiss-cpu": run_faiss, "scalable-vs": run_svs}


def main():
    peer, folder, threads, runs = sys.argv[1], sys.argv[2], int(sys.argv[4]), int(sys.argv[5])
    try:
        indexes = PEERS[peer](Task(folder, threads, runs))
    except (ImportError, OSError, RuntimeError) as error:
        print(json.dumps({"skipped": f"{peer}: {type(error).__name__}: {str(error).splitlines()[0][:200]}"}))
        return
    print(json.dumps({"version": importlib.metadata.version(peer), "indexes": indexes}))


main()
