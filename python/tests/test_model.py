"""Models: vectors in place, lists, explanations, options."""
import ctypes
import gc
import json

import numpy
import pytest

import sparrow


def test_vectors_share_memory(dataset):
    model = sparrow.train(dataset, "history")
    vectors = model.vectors
    assert vectors.shape == (9742, model._native.dim()) and vectors.dtype == numpy.float32
    assert not vectors.flags.owndata and not vectors.flags.writeable and vectors.base is not None
    assert vectors.ctypes.data == model.vectors.ctypes.data == model.tensors["vectors"].ctypes.data
    with pytest.raises(ValueError):
        vectors[0, 0] = 1
    with pytest.raises(ValueError):
        vectors.flags.writeable = True
    # The array keeps the model.
    copy, address = vectors[:10].copy(), vectors.ctypes.data
    del model
    gc.collect()
    assert numpy.array_equal(vectors[:10], copy)
    assert ctypes.c_float.from_address(address).value == copy[0, 0]


def test_half_precision_is_not_copied_either(fusion):
    assert fusion.vectors.dtype == numpy.float16 and fusion.vectors.ctypes.data == fusion.tensors["vectors"].ctypes.data
    assert len(fusion.items) == len(fusion) == len(fusion.vectors)


def test_similar(fusion):
    answer = fusion.similar(589)
    assert len(answer) == 20 and answer.ids[0] in {"1240", "1036", "2571", "1291", "480"}
    assert [i["score"] for i in answer] == sorted((i["score"] for i in answer), reverse=True)
    assert "Terminator" in repr(answer) and "<table>" in answer._repr_html_() and len(answer.to_frame()) == 20
    assert fusion.similar("589", 5).ids == answer.ids[:5]
    assert fusion.similar("589", 5, offset=5).ids == answer.ids[5:10]


def test_controls(fusion, dataset):
    plain = fusion.similar("1").ids
    later = fusion.similar("1", filter="year >= 2005 and genre = Animation", size=5)
    assert later.ids and all(i["year"] >= 2005 for i in later) and later.ids[0] not in ("1",)
    assert plain[0] not in fusion.similar("1", exclude=[plain[0]]).ids
    assert fusion.similar("1", pin=["589"]).ids[0] == "589"
    assert fusion.similar("1", popularity=-1).ids != plain and fusion.similar("1", diversity=0.9).ids != plain
    mixed = fusion.similar({"1": 1, "589": 0.5}, unlike=["3114"])
    assert mixed.ids and mixed.ids != plain
    assert all("channels" in i for i in fusion.similar("1", channels=["embedding", "co-watch"]))
    boosted = fusion.similar("1", boosts={"genre = Horror": 10})
    assert boosted.ids != plain
    for controls, words in (({"divers": 1}, '"divers" is not a control; there are size'), ({"diversity": 2}, '"diversity" must be a number from 0 to 1'),
                            ({"filter": "year >>"}, '"filter" is not understood'), ({"channels": ["tv"]}, '"tv" is not a channel'),
                            ({"size": 0}, '"size" must be a number from 1 to 1000')):
        with pytest.raises(sparrow.InvalidInput) as raised:
            fusion.similar("1", **controls)
        assert words in str(raised.value)
    with pytest.raises(sparrow.NotFound, match='no item has the id "nobody"'):
        fusion.similar("nobody")


def test_batch_is_the_lists_one_by_one(fusion):
    ids = ["589", "1", "3114", *fusion.items[5000:5200]]
    rows, scores = fusion.similar_batch(ids, 10)
    assert rows.shape == scores.shape == (203, 10) and rows.dtype == numpy.int32 and scores.dtype == numpy.float32
    for place, item in enumerate(ids):
        one = fusion.similar(item, 10)
        assert [fusion.items[r] for r in rows[place] if r >= 0] == one.ids
        assert scores[place][: len(one)].tolist() == pytest.approx([i["score"] for i in one])
    again, _ = fusion.similar_batch(rows=fusion.rows(ids), size=10, threads=1)
    assert numpy.array_equal(again, rows)
    assert fusion.rows(["589", "nobody"])[1] == -1
    with pytest.raises(sparrow.NotFound, match='"nobody"'):
        fusion.similar_batch(["589", "nobody"])
    with pytest.raises(IndexError):
        fusion.similar_batch(rows=[10**6])


def test_explain(fusion):
    why = fusion.explain("589", "1240")
    assert why["rank"] == fusion.similar("589").ids.index("1240") + 1 and why["in_list"] and not why["why_not"]
    assert why["shared"]["series"] and "Terminator" in why["reason"] and why["together"]["users"] > 50
    assert why["score"] == pytest.approx(next(i["score"] for i in fusion.similar("589") if i["id"] == "1240"), rel=1e-5)
    assert fusion.explain("589", "1240", filter="year >= 2000")["why_not"]


def test_without_a_data_set(fusion, tmp_path):
    folder = fusion.save(tmp_path)
    bare = sparrow.load(folder)
    assert bare.similar("589").ids == fusion.similar("589").ids and bare.similar("589")[0]["title"] == bare.similar("589")[0]["id"]
    assert bare.manifest["metrics"] == fusion.manifest["metrics"]
    with pytest.raises(sparrow.Conflict):
        fusion.save(tmp_path)
    with pytest.raises(sparrow.NotFound):
        sparrow.load(tmp_path / "nowhere")
    tensors = folder / "model.safetensors"
    broken = bytearray(tensors.read_bytes())
    broken[-1] ^= 1
    tensors.write_bytes(broken)
    with pytest.raises(sparrow.Corrupt) as raised:
        sparrow.load(folder)
    assert raised.value.code == "corrupt" and raised.value.exit_status == 6


@pytest.mark.parametrize("method, options", [
    ("item2vec", {"dim": 0}), ("item2vec", {"dimm": 3}), ("content", {"dim": 16}), ("nothing", {}), ("item2vec", {"epochs": -1}),
    ("item2vec", {"learning_rate": "nan"}), ("item2vec", {"loss": "squared"}), ("item2vec", {"negative_exponent": 3}),
])
def test_the_words_of_the_command_line(method, options, cli, dataset):
    with pytest.raises(sparrow.InvalidInput) as raised:
        sparrow.train(dataset, method, **options)
    theirs = cli.run("train", "--method", method, *(f"--{k.replace('_', '-')}={v}" for k, v in options.items()), expected=2)
    for line in str(raised.value).splitlines():
        assert line in theirs


def test_blocks_and_names(dataset, content):
    vectors = sparrow.train(dataset, "history")
    model = sparrow.train(dataset, "content", name="with-history", blocks={vectors: 2.0})
    assert model.name == "with-history" and model.similar("589").ids != content.similar("589").ids


def test_small(small):
    for method in ("fusion", "history", "item2vec"):
        model = sparrow.train(small, method, min_count=2)
        assert all(item[0] == "a" for item in model.similar("a0", 3).ids)


def test_spot_check(fusion, content):
    check = sparrow.spot_check([fusion, content], ["589"], size=5)
    assert [m["model"] for m in check.seeds[0]["lists"]] == ["fusion", "content"]
    assert "Terminator 2" in repr(check) and "<ol>" in check._repr_html_()
    with pytest.raises(sparrow.InvalidInput, match="spotcheck: give item ids"):
        sparrow.spot_check(fusion)


def test_evaluate(report, small):
    assert [row["method"] for row in report.rows][:3] == ["history", "content", "original"] and any(row["baseline"] for row in report.rows)
    assert all(row["nx_low"] <= row["nx"] <= row["nx_high"] for row in report.rows) and 0 <= report.rows[1]["p_value"] <= 1
    assert len(report.to_frame()) == len(report.rows) and "<table>" in report._repr_html_() and report.html.startswith("<!")
    assert "history" in repr(report)
    json.dumps(report.rows)
    # One method twice, with options of its own; and the original.
    variants = sparrow.evaluate(small, [{"method": "history", "min_count": 2}, {"method": "history", "name": "narrow", "min_count": 3}, "original"],
                                splits=1, baselines=False, k=5)
    assert [row["method"] for row in variants.rows] == ["history", "narrow", "original"] and variants.data["protocol"]["k"] == 5
    with pytest.raises(sparrow.InvalidInput, match="--splits: Value 0 not in range"):
        sparrow.evaluate(small, ["history"], splits=0)
    with pytest.raises(sparrow.InvalidInput, match="--dim is not read by history"):
        sparrow.evaluate(small, [{"method": "history", "dim": 3}])
    with pytest.raises(sparrow.InvalidInput, match="pictures are those of a home"):
        sparrow.evaluate(small, [{"method": "content", "picture_weight": 1}])
