#!/usr/bin/python3
"""A shop of real pictures: the icons of a Debian icon theme, whose folders (apps, devices, places, ...) are categories that nobody tells the engine.

usage: picture_shop.py THEME_FOLDER OUT [--titles], for example /usr/share/icons/oxygen/base/64x64 of oxygen-icon-theme. Writes OUT/items.csv (ids and
numbers as titles, nothing else; with --titles the words of the files' names), OUT/pictures/ID.png and OUT/category.json. Pictures that occur in two
folders are left out.

usage: picture_shop.py --judge OUT, with SPARROW_HOME and SPARROW_BIN: how many of ten places of a list hold items of the seed's own folder; places that
a short list leaves empty count as none. Per-item shares go to OUT/shares.json; where OUT/shares-before.json has those of another model, the mean
difference is given as well.

usage: picture_shop.py --weights OUT, of a shop with --titles whose home has been prepared and has its posters: the same for several weights of pictures,
as differences from none, for all items and for those that share a word with another.
"""
import collections
import contextlib
import csv
import hashlib
import io
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time


def write(theme, out, titles=False):
    files = collections.defaultdict(list)
    for path in sorted(pathlib.Path(theme).rglob("*.png")):
        files[hashlib.sha256(path.read_bytes()).hexdigest()].append(path)
    alone = [paths[0] for paths in files.values() if len({p.parent.name for p in paths}) == 1]
    alone.sort(key=lambda p: hashlib.sha256(str(p).encode()).hexdigest())  # ids say nothing
    pictures = pathlib.Path(out, "pictures")
    pictures.mkdir(parents=True, exist_ok=True)
    category, title = {}, {}
    for number, path in enumerate(alone):
        category[f"p{number}"] = path.parent.name
        title[f"p{number}"] = " ".join(re.findall("[a-z]+", path.stem.lower())) if titles else f"p{number}"
        shutil.copy(path, pictures / f"p{number}.png")
    pathlib.Path(out, "items.csv").write_text("id,title\n" + "".join(f"{item},{title[item]}\n" for item in category), encoding="utf-8")
    pathlib.Path(out, "category.json").write_text(json.dumps(category), encoding="utf-8")
    print(collections.Counter(category.values()).most_common())


def interval(values):
    """95 %, bootstrap over items."""
    draw = random.Random(1)
    means = sorted(sum(draw.choices(values, k=len(values))) / len(values) for _ in range(1000))
    return f"{sum(values) / len(values):.3f} [{means[25]:.3f}, {means[974]:.3f}]"


def judge(out):
    category = json.loads(pathlib.Path(out, "category.json").read_text(encoding="utf-8"))
    shares = collections.Counter(category.values())
    shares_of, by_category = {}, collections.defaultdict(list)
    table = subprocess.run([os.environ["SPARROW_BIN"], "export", "--model", "content", "--format", "neighbors", "--k", "10", "--out", f"{out}/neighbors.tsv"], capture_output=True, text=True, check=False)
    if table.returncode:
        sys.exit(table.stderr)
    lists = collections.defaultdict(list)
    for line in pathlib.Path(out, "neighbors.tsv").read_text(encoding="utf-8").splitlines():
        parts = line.split("\t")
        if parts[0] in category and parts[1] in category:
            lists[parts[0]].append(parts[1])
    for item in category:
        shares_of[item] = sum(category[n] == category[item] for n in lists[item][:10]) / 10
        by_category[category[item]].append(shares_of[item])
    listed = sum(1 for item in category if lists[item])
    pathlib.Path(out, "shares.json").write_text(json.dumps(shares_of), encoding="utf-8")
    chance = sum(n * (n - 1) for n in shares.values()) / (len(category) * (len(category) - 1))
    print(f"{listed} of {len(category)} items have a list: {interval(list(shares_of.values()))} of ten places are of the seed's folder; by chance {chance:.3f}")
    before = pathlib.Path(out, "shares-before.json")
    if before.exists():
        former = json.loads(before.read_text(encoding="utf-8"))
        print(f"  {interval([shares_of[item] - former[item] for item in category])} more than before")
    for name, own in sorted(by_category.items()):
        print(f"  {name:12} {len(own):4} items {sum(own) / len(own):.3f}, by chance {shares[name] / len(category):.3f}")


def weights(out):
    found = {}
    for weight in ("0", "0.05", "0.1", "0.25", "0.5"):
        time.sleep(1.2)  # versions are told apart by their second
        trained = subprocess.run([os.environ["SPARROW_BIN"], "--json", "train", "--method", "content", "--force", "--picture-weight", weight], capture_output=True, text=True, check=True)
        blocks = json.loads(trained.stdout)["options"].get("blocks", [])
        assert abs((blocks[0]["weight"] if blocks else 0) - float(weight)) < 1e-6, blocks
        with contextlib.redirect_stdout(io.StringIO()):
            judge(out)
        found[weight] = json.loads(pathlib.Path(out, "shares.json").read_text(encoding="utf-8"))
    none = found.pop("0")
    with open(pathlib.Path(out, "items.csv"), encoding="utf-8") as file:
        words = {row["id"]: set(row["title"].split()) for row in csv.DictReader(file)}
    counts = collections.Counter(word for own in words.values() for word in own)
    worded = [item for item in none if any(counts[word] > 1 for word in words[item])]
    print(f"without pictures {interval(list(none.values()))}; {len(worded)} of {len(none)} items share a word with another")
    for weight, shares in found.items():
        print(f"weight {weight:4}: {interval(list(shares.values()))}; more for all {interval([shares[i] - none[i] for i in none])}, "
              f"for those with words {interval([shares[i] - none[i] for i in worded])}")


if __name__ == "__main__":
    if sys.argv[1] in ("--judge", "--weights"):
        (judge if sys.argv[1] == "--judge" else weights)(sys.argv[2])
    else:
        write(sys.argv[1], sys.argv[2], "--titles" in sys.argv[3:])
