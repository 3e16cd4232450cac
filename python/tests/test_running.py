"""Long work: progress, threads, Ctrl-C, speed."""
import os
import pathlib
import resource
import signal
import subprocess
import sys
import threading
import time

import numpy
import pytest

import sparrow
from conftest import BIN

LONG = {"epochs": 10000, "dim": 100}


def test_progress(dataset):
    seen = []
    sparrow.train(dataset, "item2vec", epochs=2, dim=16, progress=seen.append)
    assert seen and all(isinstance(p, sparrow.Progress) and p.total >= p.done for p in seen)
    assert any("item2vec" in p.stage or p.unit for p in seen) and 0 <= seen[-1].share <= 1


def test_bar(small, capsys):
    sparrow.train(small, "item2vec", epochs=2000, min_count=2, progress=True)
    assert "%" in capsys.readouterr().err
    sparrow.train(small, "item2vec", epochs=2, min_count=2, progress=False)
    assert capsys.readouterr().err == ""


def test_what_progress_raises_ends_the_work(dataset):
    def stop(_):
        raise RuntimeError("enough")

    began = time.monotonic()
    with pytest.raises(RuntimeError, match="enough"):
        sparrow.train(dataset, "item2vec", progress=stop, **LONG)
    assert time.monotonic() - began < 10


def test_gil_is_released(dataset):
    """Another thread counts while the engine trains and lists."""
    counted, done = [0], threading.Event()

    def count():
        while not done.is_set():
            counted[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    began = time.monotonic()
    model = sparrow.train(dataset, "item2vec", epochs=3)
    model.similar_batch(size=100)
    took = time.monotonic() - began
    done.set()
    thread.join()
    assert counted[0] > took * 1000 / 10  # a tenth of what it would count alone


def test_two_trainings_at_once(small):
    models = {}
    threads = [threading.Thread(target=lambda n=n: models.update({n: sparrow.train(small, "item2vec", epochs=50, dim=16, min_count=2, seed=n % 2)})) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numpy.array_equal(models[0].vectors, models[2].vectors) and numpy.array_equal(models[1].vectors, models[3].vectors)
    assert not numpy.array_equal(models[0].vectors, models[1].vectors)


def test_ctrl_c(dataset, content):
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        sparrow.train(dataset, "item2vec", **LONG)
    assert 0.9 < time.monotonic() - began < 6
    assert len(content.similar("589")) == 20  # and life goes on


def timed(*command, **options):
    """Seconds of the clock, seconds of processors (which others lengthen less), and what was printed."""
    began, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stderr
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - began, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime, done.stdout


def test_import_takes_less_than_a_second():
    took, computed, _ = min(timed(sys.executable, "-c", "import sparrow") for _ in range(3))
    print(f"import: {took:.2f} s")
    assert min(took, computed) < 1


def test_import_to_first_neighbors(data, command_line, tmp_path):
    """Machines differ: the measure is what the command line computes on this one for the same model."""
    line = command_line(tmp_path)
    prepared = timed(BIN, "-q", "prepare", "--data", str(data), env=line.environment)
    trained = timed(BIN, "-q", "train", env=line.environment)
    took, computed, text = timed(sys.executable, "-c", f"import sparrow; print(sparrow.train(sparrow.read({str(data)!r})).similar('589')[0]['id'])")
    by_command = prepared[1] + trained[1]
    print(f"import to first neighbors: {took:.2f} s, {computed:.2f} s of processors; by commands {by_command:.2f} s of processors")
    assert text.strip() and computed < 1.2 * by_command + 1


def test_lists_a_second(fusion):
    rows = numpy.arange(len(fusion), dtype=numpy.uint32)
    many = numpy.tile(rows, 10)
    fusion.similar_batch(rows=rows)
    best = 0.0
    for _ in range(3):
        began = time.perf_counter()
        fusion.similar_batch(rows=many, size=20)
        best = max(best, len(many) / (time.perf_counter() - began))
    print(f"lists a second: {best:,.0f}")
    assert best >= 200_000


def test_types_come_with_the_package():
    folder = pathlib.Path(sparrow.__file__).parent
    assert (folder / "py.typed").is_file()
    stub = (folder / "_sparrow.pyi").read_text()
    assert "class Model" in stub and "def similar_batch" in stub and "class InvalidInput" in stub
