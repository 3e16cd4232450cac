"""Data as people have them: each folder is built with no --columns, and its lists must be about its own planted tastes.

SPARROW_BIN: the binary. The cases of ../shared/cases are run where they are beside the repository; planted.py makes as many
of its own. Ends with "N passed, N failed".
"""
import csv
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import planted

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import api_test  # noqa: E402  pylint: disable=wrong-import-position

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("SPARROW_BIN", ROOT / "build/test/sparrow")).resolve()
CASES = pathlib.Path(os.environ.get("SPARROW_CASES", ROOT.parent / "shared/cases"))
WORK = pathlib.Path(tempfile.mkdtemp(prefix="sparrow-data-in-"))
passed, failed, skipped = 0, 0, 0


def sparrow(home, *arguments, fails=False):
    """What the program said, on both streams; `fails`: it must not succeed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SPARROW_")}
    done = subprocess.run([str(BIN), "--home", str(home), *map(str, arguments)], capture_output=True, text=True, timeout=300, env=environment, check=False)
    said = done.stdout + done.stderr
    assert (done.returncode != 0) == fails, f"{' '.join(map(str, arguments))}: status {done.returncode}\n{said}"
    return said


def check(what, test, *arguments):
    global passed, failed
    try:
        test(*arguments)
        passed += 1
        print(f"ok   {what}", flush=True)
    except Exception as problem:  # one case must not stop the others
        failed += 1
        print(f"FAIL {what}: {type(problem).__name__}: {problem}", flush=True)


def bare(item):
    """An id without what a layout puts around it: "B5007", "0000005007" and "5007.0" are one thing."""
    return re.sub(r"\.0$", "", re.sub(r"^[A-Za-z-]+", "", item.strip())).lstrip("0")


def neighbors(home, model="fusion"):
    said = sparrow(home, "export", "--model", model, "--format", "neighbors", "--k", 5, "--out", home / "neighbors.tsv")
    assert said is not None
    lists = {}
    for line in (home / "neighbors.tsv").read_text(encoding="utf-8").splitlines():
        seed, other = line.split("\t")[:2]
        lists.setdefault(seed, []).append(other)
    return lists


def own_taste(lists, taste, of=lambda item: True):
    hits = [taste[other] == taste[seed] for seed, others in lists.items() if seed in taste and of(seed) for other in others if other in taste]
    assert len(hits) > 50, f"only {len(hits)} places to judge"
    return sum(hits) / len(hits)


def prepared(home):
    return json.loads((home / "prepared/dataset.json").read_text(encoding="utf-8"))["info"]


def build(name, folder, *options, model="fusion"):
    home = WORK / "homes" / name
    shutil.rmtree(home, ignore_errors=True)
    said = sparrow(home, "build", "--data", folder, *options)
    return home, said


def at_least(share, name, folder, taste, *options):
    home, said = build(name, folder, *options)
    lists = {bare(seed): [bare(o) for o in others] for seed, others in neighbors(home).items()}
    reached = own_taste(lists, taste)
    assert reached >= share, f"own taste {reached:.3f}, {share} expected\n{said}"
    return home, said


# ---------------------------------------------------------------- cases beside the repository

def shared_taste(folder):
    taste = {}
    for line in (folder / "tastes.tsv").read_text(encoding="utf-8").splitlines():
        item, mood = line.split("\t")
        taste[item] = mood
    return taste


def titles_of_shared(folder):
    with open(folder / "06-times-iso-z/items.csv", encoding="utf-8", newline="") as file:
        return {row["title"]: row["id"] for row in csv.DictReader(file)}


def log_alone(folder, taste):
    home, _ = build("05-log-alone", folder / "05-log-alone")
    ids = titles_of_shared(folder)
    lists = {ids[s.strip()]: [ids[o.strip()] for o in others] for s, others in neighbors(home).items()}
    reached = own_taste(lists, taste)
    assert reached >= .9, f"own taste {reached:.3f}"
    assert prepared(home)["scale"]["name"] == "amounts", prepared(home)["scale"]


def shop(folder, taste):
    home, said = build("30-shop", folder / "30-shop")
    lists = {bare(s): [bare(o) for o in others] for s, others in neighbors(home).items()}
    bought = own_taste(lists, taste, lambda item: int(item) % 2 == 0)
    cold = own_taste(lists, taste, lambda item: int(item) % 2 == 1)
    assert bought >= .9 and cold >= .6, f"bought {bought:.3f}, cold {cold:.3f}\n{said}"
    kinds = {a["name"]: a["kind"] for a in json.loads((home / "prepared/dataset.json").read_text())["schema"]}
    assert kinds["brand"] == "category" and kinds["price"] == "number", kinds


def zero_one(folder, taste):
    """Zeros and ones say the same as stars: lists as good, and the same liked events."""
    ones, _ = at_least(.9, "10-zero-one", folder / "10-zero-one", taste)
    stars = WORK / "zero-one-as-stars"
    shutil.copytree(folder / "10-zero-one", stars)
    log = (stars / "interactions.csv").read_text().replace(",0\n", ",2\n").replace(",1\n", ",5\n")
    (stars / "interactions.csv").write_text(log)
    five, _ = at_least(.9, "10-as-stars", stars, taste)
    assert prepared(ones)["scale"]["liked_share"] == prepared(five)["scale"]["liked_share"]
    assert neighbors(ones) == neighbors(five), "lists differ"


def six_times(folder):
    """The same moments written in six ways: the prepared sequences are the same bytes."""
    import struct
    seen = {}
    for kind in ["iso-space", "iso-z", "iso-offset", "milliseconds", "microseconds", "nanoseconds"]:
        home = WORK / "homes" / f"times-{kind}"
        sparrow(home, "prepare", "--data", folder / f"06-times-{kind}")
        data = (home / "prepared/interactions.bin").read_bytes()
        users, n = struct.unpack_from("<QQ", data, 8)
        offsets = struct.unpack_from(f"<{users + 1}Q", data, 24)
        rows = struct.unpack_from(f"<{n}I", data, 24 + 8 * (users + 1))
        names = (home / "prepared/users.txt").read_text().split()
        seen[kind] = {names[u]: rows[offsets[u]:offsets[u + 1]] for u in range(users)}
    assert all(s == seen["iso-z"] for s in seen.values()), [k for k, s in seen.items() if s != seen["iso-z"]]


def stray_quote(folder, taste):
    home, said = at_least(.9, "21-stray-quote", folder / "21-stray-quote", taste)
    info = prepared(home)
    rows = len((folder / "21-stray-quote/interactions.csv").read_text().splitlines()) - 1
    assert info["rejects"] == 1 and info["interactions"] == rows - 1, info
    assert "501\ta quote is not closed on its line" in (home / "rejects.tsv").read_text(), said


def vectors(folder, taste):
    home = WORK / "homes/vectors"
    sparrow(home, "prepare", "--data", folder / "06-times-iso-z")
    for file, covered in [("with-end-of-sentence.vec", 48), ("no-header.txt", 48), ("byte-order-mark.vec", 48), ("some-missing.vec", 42), ("packed.vec.gz", 48)]:
        name = file.split(".")[0]
        said = sparrow(home, "import", folder / "08-vectors" / file, "--name", name)
        assert f"{covered} of 48" in said, f"{file}: {said}"
        if file == "with-end-of-sentence.vec":
            assert "1 " in said and "not in the catalogue" in said, said
        lists = {bare(s): [bare(o) for o in others] for s, others in neighbors(home, name).items()}
        reached = own_taste(lists, taste)
        assert reached >= .9, f"{file}: {reached:.3f}"


def shared_cases():
    folder = WORK / "cases"
    subprocess.run([sys.executable, str(CASES / "make.py"), str(folder)], check=True, timeout=120)
    taste = shared_taste(folder)
    special = {"05-log-alone": log_alone, "30-shop": shop, "10-zero-one": zero_one, "21-stray-quote": stray_quote, "08-vectors": vectors}
    check("shared: six forms of time give equal sequences", six_times, folder)
    for case in sorted(p.name for p in folder.iterdir() if p.is_dir()):
        if case in special:
            check(f"shared: {case}", special[case], folder, taste)
        else:
            check(f"shared: {case}", at_least, .9, case, folder / case, taste)


# ---------------------------------------------------------------- cases of our own

def moods():
    return {str(t["id"]): t["mood"] for t in planted.things()}


def own(maker, share=.9, *options, info=None, says=None):
    def run():
        folder = WORK / "own" / maker.__name__
        maker(folder)
        home, said = at_least(share, maker.__name__, folder, moods(), *options)
        for key, value in (info or {}).items():
            found = prepared(home)
            for part in key.split("."):
                found = found[part]
            assert found == value, f"{key} is {found}, {value} expected"
        for text in says or []:
            assert text in said, f"\"{text}\" is not said:\n{said}"
    check(f"own: {maker.__name__}", run)


def refused(what, maker, *options, says):
    """The command fails, and says what was wrong and what to do."""
    def run():
        folder = WORK / "own" / f"refused-{what.replace(' ', '-')}"
        maker(folder)
        said = sparrow(WORK / "homes/refused", "build", "--data", folder, *options, fails=True)
        for text in says:
            assert text in said, f"\"{text}\" is not said:\n{said}"
    check(f"refused: {what}", run)


def lists_of_one_kind_are_equal():
    """Upper case, accents and width make no other genre: there are as many genres as kinds."""
    home = WORK / "homes/odd_spelling"
    catalog = [json.loads(line) for line in (home / "prepared/catalog.jsonl").read_text(encoding="utf-8").splitlines()]
    names = {genre for item in catalog for genre in item["genres"]}
    kinds = {kind for kinds in planted.KINDS for kind in kinds}
    assert len(names) == len(kinds), names


def number_form_mends():
    folder = WORK / "own/lost_zeros"
    planted.lost_zeros(folder)
    said = sparrow(WORK / "homes/lost", "build", "--data", folder, fails=True)
    assert "--id-form number" in said, said
    at_least(.9, "lost_zeros", folder, moods(), "--id-form", "number")


def one_by_one():
    folder = WORK / "own/one_by_one"
    planted.play_counts(folder)
    home = WORK / "homes/one_by_one"
    sparrow(home, "build", "--items", folder / "items.csv", "--interactions", folder / "interactions.csv")
    assert own_taste(neighbors(home), moods()) >= .9


def steam_hours_command():
    """The command of docs/own-data.md, on a log without header or catalogue."""
    folder = WORK / "own/steam_hours"
    planted.steam_hours(folder)
    home = WORK / "homes/steam_hours"
    sparrow(home, "build", "--interactions", folder / "plays.csv", "--columns", "user=column 1,item=column 2,value=column 4", "--scale", "amounts")
    taste = {t["title"]: t["mood"] for t in planted.things()}
    assert own_taste(neighbors(home), taste) >= .9


def orders_name_their_things():
    folder = WORK / "own/titles_in_log"
    planted.titles_in_log(folder)
    home, _ = build("titles_in_log", folder)
    lists = {bare(s): [bare(o) for o in others] for s, others in neighbors(home).items()}
    assert own_taste(lists, moods()) >= .9
    first = json.loads((home / "prepared/catalog.jsonl").read_text().splitlines()[0])
    assert first["title"] in {t["title"] for t in planted.things()}, first


def liked_is_one_thing():
    """--min-value of train changes what everybody calls liked."""
    folder = WORK / "own/liked"
    folder.mkdir(parents=True)
    planted.put(folder / "items.csv", planted.catalog_text())
    planted.put(folder / "interactions.csv", planted.log_text())
    home, _ = build("liked", folder)
    before = prepared(home)["scale"]
    said = sparrow(home, "train", "--min-value", 4.5)
    after = prepared(home)["scale"]
    assert after["liked"] == 4.5 and after["liked_share"] < before["liked_share"], after
    assert "liked from 4.5 on" in said, said
    assert "leaves nothing" in sparrow(home, "train", "--min-value", 9, fails=True)


def given_is_given():
    said = sparrow(WORK / "homes/synth", "synth", "--out", WORK / "synth", "--shape", "ml-20m", "--items", 200000, fails=True)
    assert "--items" in said and "--shape" in said, said


def options_that_nobody_reads():
    """An option that this method, format or kind of run does not read is refused; what was asked for would not happen."""
    home = WORK / "homes/unread"
    folder = WORK / "own/unread"
    planted.put(folder / "items.csv", planted.catalog_text())
    planted.put(folder / "interactions.csv", planted.log_text())
    sparrow(home, "build", "--data", folder)
    for arguments, named in ((("train", "--method", "content", "--dim", 16), "--dim"), (("train", "--method", "item2vec", "--walk-length", 5), "deepwalk"),
                             (("train", "--method", "deepwalk", "--p", 2), "node2vec"), (("train", "--walks=3"), "--walks"),
                             (("build", "--data", folder, "--also", "content", "--window", 3), "--window"),
                             (("evaluate", "--methods", "fusion", "--p", 2), "--p"), (("evaluate", "--compare", "a", "b", "--splits", 2), "--splits"),
                             (("export", "--format", "npy", "--k", 5, "--out", WORK / "x.npy"), "--k"), (("spotcheck", 5007, "--sample", 3), "--sample"),
                             (("import", folder / "items.csv", "--name", "x", "--format", "word2vec", "--ids", "y"), "--ids"),
                             (("build", "--data", folder, "--items", "x.csv", "--interactions", "y.csv"), "--data"),
                             (("build", "--data", folder, "--items", "x.csv"), "x.csv")):
        said = sparrow(home, *arguments, fails=True)
        assert named in said, (arguments, said)
    sparrow(home, "train", "--method", "history", "--min-count", 3)
    assert "up to date" not in sparrow(home, "train", "--method", "history", "--min-count", 17)


def ids_with_commas():
    """In a list of a URL an encoded comma belongs to the id."""
    home, folder = WORK / "homes/commas", WORK / "own/commas"
    rows = [(f'"x,{thing["id"]}"', thing["title"], "|".join(thing["kinds"])) for thing in planted.things()]
    planted.put(folder / "items.csv", planted.table(["id", "title", "genres"], rows))
    planted.put(folder / "interactions.csv", planted.log_text(item=lambda i: f'"x,{i}"'))
    sparrow(home, "build", "--data", folder)
    server = api_test.Server(str(home))
    try:
        lists = [server.json(f"/api/v1/similar?seeds={seeds}&size=3") for seeds in ("x%2C5007", "x%2C5007,x%2c5014:2", "x,5007")]
        assert all(len(answer["items"]) == 3 for answer in lists), lists
        assert lists[0]["items"] == lists[2]["items"], "the one id that is asked for"
        card = server.json("/api/v1/data")
        assert card["scale"]["high"] == 5 and {f["kind"] for f in card["files"]} == {"catalogue", "log"}, card["files"]
        assert server.json("/api/v1/items/x%2C5007")["item"]["scale"]["bins"][0] == card["scale"]["low"]
    finally:
        server.process.kill()
        server.process.wait()


def content_only_is_asked_for():
    """A log in which nothing is liked often enough: the model is not promoted unless that is wanted."""
    folder = WORK / "own/thin"
    folder.mkdir(parents=True)
    planted.put(folder / "items.csv", planted.catalog_text())
    planted.put(folder / "interactions.csv", "user,item,value,time\n1,5000,5,1420070400\n2,5007,4,1420070401\n")
    said = sparrow(WORK / "homes/thin", "build", "--data", folder, fails=True)
    assert "--allow-content-only" in said, said
    sparrow(WORK / "homes/thin", "build", "--data", folder, "--allow-content-only")


def plain_pair(log, items=None):
    def make(folder):
        planted.put(folder / "items.csv", items or planted.catalog_text())
        planted.put(folder / "interactions.csv", log)
    return make


def own_cases():
    own(planted.wide_tabs, says=["UTF-16LE", "tab"])
    own(planted.old_mac_lines, says=["CR", "user=customer"])
    own(planted.recbole, says=["user=user_id", "item=item_id"])
    own(planted.hundred_k, info={"format": "movielens-100k", "items": 48}, says=["Windows-1252"])
    own(planted.gorse, says=["JSON Lines", "title=Comment"])
    own(planted.metarank, info={"items": 48})
    own(planted.many_parts, info={"items": 48, "interactions": len(planted.deeds())})
    own(planted.zipped, info={"items": 48})
    own(planted.squeezed)
    own(planted.percent, info={"scale.name": "percent", "scale.liked": 70.0})
    own(planted.play_counts, info={"scale.name": "amounts"})
    own(planted.minus_one, info={"scale.unrated": -1.0, "ordered": False}, says=["no times"])
    own(planted.events, info={"scale.name": "events"}, says=["skip=0"])
    own(planted.events, .9, "--event-weights", "view=0,cart=3,purchase=5", "--force", says=["view=0"])
    own(planted.bare_pipes, says=["no header", "pipe"])
    own(planted.spaces_after)
    own(planted.day_first, says=["semicolon"])
    own(planted.odd_spelling)
    check("own: genres of one name in any spelling are one", lists_of_one_kind_are_equal)
    own(planted.python_lists)
    own(planted.two_stray_quotes, info={"rejects": 2, "interactions": len(planted.deeds()) - 2})
    own(planted.yes_no, info={"scale.name": "zero-one"})
    own(planted.catalog_alone, .6, says=["no log"])
    own(planted.reviews_of_lines, says=["user=reviewerID", "item=asin", "value=overall"])
    own(planted.goodbooks, says=["id=book_id", "to_read.csv is not used"])
    own(planted.book_crossing, info={"scale.unrated": 0.0, "rejects": 0}, says=["Windows-1252", "BX-Users.csv is not used"])
    check("own: hours without a header", steam_hours_command)
    own(planted.shop_events, .9, "--event-weights", "view=1,addtocart=3,transaction=5")
    own(planted.amazon, info={"items": 48})
    check("own: a log whose rows name their things", orders_name_their_things)
    check("own: ids that lost their zeros", number_form_mends)
    check("own: two files given one by one", one_by_one)
    check("own: liked is one thing for everybody", liked_is_one_thing)
    check("own: a model without behavior is promoted only when asked", content_only_is_asked_for)
    check("given means given: synth --shape with --items", given_is_given)
    check("given means given: options that nobody reads", options_that_nobody_reads)
    check("own: ids with commas in lists of a URL", ids_with_commas)
    log = planted.log_text()
    refused("a role that there is not", plain_pair(log), "--columns", "usr=user", says=["there is no role \"usr\"", "did you mean \"user\"?"])
    refused("a column that there is not", plain_pair(log), "--columns", "user=usr", says=["there is no column \"usr\"", "user"])
    refused("a header alone", plain_pair("user,item,value,time\n"), says=["no rows behind the header", "user, item, value, time"])
    refused("an empty log", plain_pair(""), says=["is empty"])
    refused("a log of other things", plain_pair(planted.log_text(item=lambda i: f"x{i}")), says=["only", "% of its rows", "--columns"])
    refused("nothing liked", plain_pair(log), "--min-value", "7", says=["nothing is liked", "from 1 to 5"])
    refused("times of another century", plain_pair(log.replace(",14", ",99")), says=["before 1970 or after next year"])
    refused("a scale that there is not", plain_pair(log), "--scale", "smileys", says=["there is no scale \"smileys\""])
    refused("a format that there is not", plain_pair(log), "--format", "seperator=;", says=["there is no point \"seperator\""])
    refused("Parquet, with the line that makes a table of it", lambda folder: planted.put(folder / "log.parquet", b"PAR1....PAR1"),
            says=["log.parquet", "pandas.read_parquet"])
    refused("no data at all", lambda folder: folder.mkdir(parents=True), says=["holds no data"])


def main():
    global skipped
    if (CASES / "make.py").is_file():
        shared_cases()
    else:
        skipped += 1
        print(f"skip the cases of {CASES}: they are not there", flush=True)
    own_cases()
    shutil.rmtree(WORK, ignore_errors=True)
    print(f"{skipped} skipped")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
