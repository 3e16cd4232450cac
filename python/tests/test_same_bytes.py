"""What Python makes is what the command line makes, to the byte."""
import json

import numpy
import pytest

import sparrow

# Options that keep a test quick; the command line gets the same.
QUICK = {"item2vec": {"epochs": 2, "dim": 16}, "deepwalk": {"epochs": 2, "dim": 16}, "node2vec": {"epochs": 2, "dim": 16, "p": 0.5, "q": 2.0},
         "side-info": {"side_epochs": 1, "dim": 16}}
# Of a manifest, what differs between any two trainings: when, and how fast.
TIMES = ("version", "created", "checksum", "files")


def without_times(manifest):
    manifest = {key: value for key, value in manifest.items() if key not in TIMES}
    manifest["metrics"] = {k: v for k, v in manifest["metrics"].items() if "second" not in k and k != "stages"}
    return manifest


def test_prepared_data(cli, dataset, tmp_path):
    dataset.save(tmp_path / "prepared")
    here = {file.name: file.read_bytes() for file in (tmp_path / "prepared").iterdir()}
    there = {file.name: file.read_bytes() for file in (cli.home / "prepared").iterdir() if not file.name.startswith("card.")}
    assert here == there
    again = sparrow.Dataset.load(cli.home / "prepared")
    assert again.hash == dataset.hash
    assert again.card == json.loads(cli.run("--json", "prepare", "--data", dataset.info["source"]))


def test_every_method_is_there():
    assert set(sparrow.methods()) >= {"fusion", "item2vec", "deepwalk", "node2vec", "cooccurrence", "history", "content", "side-info"}


def same_folder(cli, dataset, method, model, tmp_path):
    options = QUICK.get(method, {})
    model = model or sparrow.train(dataset, method, seed=1, **options)
    folder = model.save(tmp_path)
    assert folder == tmp_path / method / model.version
    cli.run("train", "--method", method, *(f"--{name.replace('_', '-')}={value}" for name, value in options.items()))
    theirs = cli.model_folder(method)
    for file in ("items.txt", "model.safetensors"):
        assert (folder / file).read_bytes() == (theirs / file).read_bytes(), file
    mine, other = (json.loads((f / "manifest.json").read_text()) for f in (folder, theirs))
    assert without_times(mine) == without_times(other)
    assert mine["version"].rpartition("-")[2] == other["version"].rpartition("-")[2]  # the start of the content's hash
    loaded = sparrow.load(theirs, dataset)
    assert numpy.array_equal(loaded.tensors["popularity"], model.tensors["popularity"])
    # A model that Python wrote is up to date for the command line.
    assert mine["options"]["requested"] == other["options"]["requested"]


@pytest.mark.parametrize("method", ["fusion", "content", "item2vec"])
def test_model_of_films(method, cli, dataset, tmp_path, fusion, content):
    same_folder(cli, dataset, method, {"fusion": fusion, "content": content}.get(method), tmp_path)


@pytest.mark.parametrize("method", sorted(sparrow.methods()))
def test_model_of_a_shop(method, shop_cli, shop, tmp_path):
    same_folder(shop_cli, shop, method, None, tmp_path)


def test_lists(cli, fusion):
    if not (cli.home / "models/fusion").exists():
        cli.run("train")
    theirs = json.loads(cli.run("--json", "similar", "589"))
    mine = fusion.similar("589")
    assert mine.ids == [item["id"] for item in theirs["items"]]
    for a, b in zip(mine, theirs["items"]):
        assert a["title"] == b["title"] and a["source"] == b["source"]
        assert a["score"] == pytest.approx(b["score"], rel=1e-6) and a["similarity"] == pytest.approx(b["similarity"], rel=1e-6)


def test_scores(cli, fusion, tmp_path):
    if not (cli.home / "models/fusion").exists():
        cli.run("train")
    pairs = [("589", "1240"), ("1", "3114"), ("589", "nobody")]
    (tmp_path / "pairs.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in pairs))
    theirs = [line.split("\t")[2] for line in cli.run("score", "--pairs", tmp_path / "pairs.tsv").splitlines()]
    assert [f"{score:.7g}" for score in fusion.score(pairs)] == theirs


def test_spot_check_prints_what_the_command_line_prints(cli, fusion, content):
    for name in ("fusion", "content"):
        if not (cli.home / "models" / name).exists():
            cli.run("train", "--method", name)
    theirs = cli.run("spotcheck", "--models", "fusion,content", "--sample", "3", "--seed", "5")
    assert repr(sparrow.spot_check([fusion, content], sample=3, seed=5)) == theirs


def test_evaluation(shop_cli, report):
    theirs = json.loads(shop_cli.run("--json", "evaluate", "--methods", "history,content,original", "--splits", "2"))
    mine = json.loads(json.dumps(report.data))
    for document in (theirs, mine):
        for method in document["methods"]:
            method.pop("seconds")
    assert mine == theirs
