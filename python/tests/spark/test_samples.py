"""Samples for other trainers: what is in them, that they are seeded, and that another library reads the TFRecord."""
import collections
import pathlib

import pytest

import sparrow
from sparrow.spark.samples import pairs, samples


def test_pairs_are_those_of_the_window_with_negatives_by_popularity(prepared):
    rows = pairs(prepared, window=2, negatives=3, seed=4).collect()
    expected = collections.Counter()
    for row in prepared.sequences.collect():
        items = row["items"]
        for at, a in enumerate(items):
            for b in items[max(0, at - 2):at] + items[at + 1:at + 3]:
                expected[row.user, a, b] += a != b
    assert collections.Counter((r.user, r.target, r.context) for r in rows) == +expected
    assert {len(r.negatives) for r in rows} == {3}
    assert sorted(rows) == sorted(pairs(prepared, window=2, negatives=3, seed=4).repartition(5).collect())
    positives = {r.row: r.positives for r in prepared.items.collect()}
    drawn = collections.Counter(n for r in rows for n in r.negatives)
    total, whole = sum(drawn.values()), sum(count ** 0.75 for count in positives.values() if count)
    assert min(positives[item] for item in drawn) > 0
    square = freedom = 0
    for item, count in positives.items():
        mean = count ** 0.75 / whole * total if count else 0
        if mean >= 5:
            square, freedom = square + (drawn[item] - mean) ** 2 / mean, freedom + 1
    assert freedom > 500 and abs(square - freedom) < 4 * (2 * freedom) ** 0.5


def test_tfrecord_says_what_parquet_says(spark, prepared, tmp_path):
    reader = pytest.importorskip("tfrecord.reader")
    options = {"shards": 3, "window": 1, "negatives": 2, "seed": 9}
    counts = samples(prepared, str(tmp_path / "parquet"), **options)
    assert counts == samples(prepared, str(tmp_path / "records"), form="tfrecord", **options)
    assert counts["items"] == 9742 and counts["sequences"] == 609
    for kind in counts:
        files = sorted(pathlib.Path(tmp_path / "records" / kind).iterdir())
        assert [file.name for file in files] == [f"part-{n:05}-of-00003.tfrecord" for n in range(3)]
        read = [row for file in files for row in reader.tfrecord_loader(str(file), None)]
        rows = spark.read.parquet(str(tmp_path / "parquet" / kind)).collect()
        assert len(read) == len(rows) == counts[kind]
        name, where = {"pairs": ("negatives", "user"), "sequences": ("items", "user"), "items": ("row", "row")}[kind]
        assert collections.Counter((int(r[where][0]), tuple(map(int, r[name]))) for r in read) == collections.Counter(
            (r[where], tuple(r[name]) if isinstance(r[name], list) else (r[name],)) for r in rows)


def test_features_say_what_items_are(prepared):
    from sparrow.spark.samples import item_features  # pylint: disable=import-outside-toplevel

    terminator = item_features(prepared).where("id = '589'").first()
    assert {"genres=Action", "genres=Sci-Fi", "decade=1990"} <= set(terminator.features)


def test_wrong_options_are_told(prepared, tmp_path):
    with pytest.raises(sparrow.InvalidInput, match="--shards"):
        samples(prepared, str(tmp_path / "out"), shards=0)
    with pytest.raises(sparrow.InvalidInput, match="--window is 1 or more"):
        pairs(prepared, window=0)
