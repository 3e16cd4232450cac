#!/usr/bin/python3
"""A shop of real pictures: the icons of a Debian icon theme, whose folders (apps, devices, places, ...) are categories that nobody tells the engine.

usage: picture_shop.py THEME_FOLDER OUT, for example /usr/share/icons/oxygen/base/64x64 of oxygen-icon-theme. Writes OUT/items.csv (ids and numbers as
titles, nothing else), OUT/pictures/ID.png and OUT/category.json. Pictures that occur in two folders are left out.

usage: picture_shop.py --judge OUT, with SPARROW_HOME and SPARROW_BIN: how often the first ten of a list are of the seed's own folder.
"""
import collections
import hashlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys


def write(theme, out):
    files = collections.defaultdict(list)
    for path in sorted(pathlib.Path(theme).rglob("*.png")):
        files[hashlib.sha256(path.read_bytes()).hexdigest()].append(path)
    alone = [paths[0] for paths in files.values() if len({p.parent.name for p in paths}) == 1]
    alone.sort(key=lambda p: hashlib.sha256(str(p).encode()).hexdigest())  # ids say nothing
    pictures = pathlib.Path(out, "pictures")
    pictures.mkdir(parents=True, exist_ok=True)
    category = {}
    for number, path in enumerate(alone):
        category[f"p{number}"] = path.parent.name
        shutil.copy(path, pictures / f"p{number}.png")
    pathlib.Path(out, "items.csv").write_text("id,title\n" + "".join(f"{item},{item}\n" for item in category), encoding="utf-8")
    pathlib.Path(out, "category.json").write_text(json.dumps(category), encoding="utf-8")
    print(collections.Counter(category.values()).most_common())


def judge(out):
    category = json.loads(pathlib.Path(out, "category.json").read_text(encoding="utf-8"))
    shares = collections.Counter(category.values())
    hits, by_category = [], collections.defaultdict(list)
    table = subprocess.run([os.environ["SPARROW_BIN"], "export", "--model", "content", "--format", "neighbors", "--k", "10", "--out", f"{out}/neighbors.tsv"], capture_output=True, text=True, check=False)
    if table.returncode:
        sys.exit(table.stderr)
    lists = collections.defaultdict(list)
    for line in pathlib.Path(out, "neighbors.tsv").read_text(encoding="utf-8").splitlines():
        parts = line.split("\t")
        if parts[0] in category and parts[1] in category:
            lists[parts[0]].append(parts[1])
    for item, near in lists.items():
        hits.append(sum(category[n] == category[item] for n in near) / len(near))
        by_category[category[item]].append(hits[-1])
    mean = sum(hits) / len(hits)
    chance = sum(n * (n - 1) for n in shares.values()) / (len(category) * (len(category) - 1))
    draw = random.Random(1)
    means = sorted(sum(draw.choices(hits, k=len(hits))) / len(hits) for _ in range(1000))
    print(f"{len(lists)} lists: {mean:.3f} of the ten are of the seed's folder [{means[25]:.3f}, {means[974]:.3f}]; by chance {chance:.3f}")
    for name, own in sorted(by_category.items()):
        print(f"  {name:12} {sum(own) / len(own):.3f}, by chance {shares[name] / len(category):.3f}")


if __name__ == "__main__":
    judge(sys.argv[2]) if sys.argv[1] == "--judge" else write(sys.argv[1], sys.argv[2])
