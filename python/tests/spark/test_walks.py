"""Walks of the cluster are walks of the engine on the same graph."""
import collections
import os
import subprocess
import sys

import numpy
import pytest

import sparrow
from sparrow import _sparrow
from sparrow.spark.__main__ import main
from sparrow.spark.walks import item_graph, walks


def test_graph_is_that_of_the_sequences(prepared):
    """Against a loop over sequences: every edge, and weights to the precision of a float."""
    weights = collections.Counter()
    for row in prepared.sequences.collect():
        for at, a in enumerate(row["items"]):
            for distance, b in enumerate(row["items"][at + 1:at + 6], 1):
                if a != b and len(row["items"]) >= 2:
                    weights[a, b] += 1 / distance
                    weights[b, a] += 1 / distance
    offsets, targets, found = item_graph(prepared.sequences, prepared.statistics["items"], 5, None)
    sources = numpy.repeat(numpy.arange(len(offsets) - 1), numpy.diff(offsets).astype(int))
    assert list(zip(sources.tolist(), targets.tolist())) == sorted(weights)
    assert numpy.allclose(found, [weights[edge] for edge in sorted(weights)], rtol=1e-6)
    offsets, targets, _ = item_graph(prepared.sequences, prepared.statistics["items"], 5, 3)
    assert numpy.diff(offsets).max() == 3


def test_walks_are_seeded_and_steps_follow_the_weights(prepared):
    rows = walks(prepared, seed=7, graph_window=5, walks_per_node=10, walk_length=10, epochs=2).collect()
    offsets, targets, weights = item_graph(prepared.sequences, prepared.statistics["items"], 5, None)
    starts = int((numpy.diff(offsets) > 0).sum())
    assert len(rows) == len({(r.epoch, r.node, r.number) for r in rows}) == starts * 10 * 2
    native = _sparrow.Walks(offsets, targets, weights, 10, 1.0, 1.0, 7)
    for row in rows[::50]:
        assert native.walk(numpy.array([row.node], numpy.uint32), numpy.array([row.number], numpy.uint32), row.epoch)[1].tolist() == row["items"]
    other = _sparrow.Walks(offsets, targets, weights, 10, 1.0, 1.0, 8)
    assert other.walk(numpy.array([rows[0].node], numpy.uint32), numpy.array([rows[0].number], numpy.uint32), 0)[1].tolist() != rows[0]["items"]
    # Chi-square of all steps from each of the items most stepped from; normal approximation of its distribution.
    steps = collections.defaultdict(collections.Counter)
    for row in rows:
        for a, b in zip(row["items"], row["items"][1:]):
            steps[a][b] += 1
    square = freedom = 0
    for node in sorted(steps, key=lambda n: -sum(steps[n].values()))[:50]:
        begin, end = int(offsets[node]), int(offsets[node + 1])
        expected = weights[begin:end] / weights[begin:end].sum(dtype=float) * sum(steps[node].values())
        seen = numpy.array([steps[node][t] for t in targets[begin:end].tolist()])
        assert seen.sum() == sum(steps[node].values())  # no step to where no edge leads
        frequent = expected >= 5
        square += (((seen - expected) ** 2 / expected)[frequent]).sum()
        freedom += int(frequent.sum())
    assert freedom > 500
    assert abs(square - freedom) < 4 * (2 * freedom) ** 0.5


@pytest.mark.slow
def test_node2vec_returns_more_when_p_is_small(prepared):
    def returns(p, q):
        rows = walks(prepared, p=p, q=q).collect()
        triples = [t for r in rows for t in zip(r["items"], r["items"][1:], r["items"][2:])]
        return sum(a == c for a, _, c in triples) / len(triples)

    assert returns(0.1, 1.0) > 2 * returns(4.0, 1.0)


def test_wrong_options_are_told(prepared):
    with pytest.raises(sparrow.InvalidInput, match="--graph-window is from 1 to 20"):
        walks(prepared, graph_window=0)
    with pytest.raises(sparrow.InvalidInput, match="p and q are above 0"):
        walks(prepared, p=0.0)


def test_the_command_writes_a_table_once(prepared, tmp_path, capsys):
    arguments = ["walks", "--prepared", prepared.path, "--output", str(tmp_path / "walks"), "--walk-length", "3", "--edges-per-item", "4"]
    assert main(arguments) == 0
    assert "walks in" in capsys.readouterr().out
    assert prepared.spark.read.parquet(str(tmp_path / "walks")).selectExpr("max(size(items))").first()[0] == 3
    assert main(arguments) == _sparrow.Conflict.exit_status
    assert "is there already" in capsys.readouterr().err
    arguments[2] = str(tmp_path / "nothing")
    arguments[4] = str(tmp_path / "other")
    assert main(arguments) == _sparrow.NotFound.exit_status
    assert "prepare` writes it" in capsys.readouterr().err


def test_workers_of_this_machine_have_this_python(prepared_folder, tmp_path):
    """A virtual environment that is not activated: python3 is another one."""
    clean = {key: value for key, value in os.environ.items() if key not in ("PYSPARK_PYTHON", "VIRTUAL_ENV")}
    done = subprocess.run([sys.executable, "-m", "sparrow.spark", "--master", "local[1]", "walks", "--prepared", str(prepared_folder),
                           "--output", str(tmp_path / "walks"), "--walk-length", "3"],
                          capture_output=True, text=True, check=False, cwd="/", env={**clean, "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr[-2000:]
