#!/usr/bin/python3
"""A catalogue with people and texts for a generated log, so that large sizes are measured with content as real catalogues have it.

usage: rich_catalog.py FOLDER, as `sparrow synth --format generic --out FOLDER` wrote it: its items.csv (id,title,genres) is written again with
people and description. The items of a planted cluster share two of its 40 genres, most of their people (60 a cluster, a few much more often than
the others) and most of their words (300 a cluster among 50,000). Equal input gives equal output.
"""
import csv
import os
import random
import re
import sys

PEOPLE, WORDS, ALL_WORDS, GENRES = 60, 300, 50_000, 40
SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]


def word(number):
    syllables = []
    for _ in range(4):
        number, at = divmod(number, len(SYLLABLES))
        syllables.append(SYLLABLES[at])
    return "".join(syllables)


class Cluster:
    def __init__(self, number):
        chance = random.Random(number)
        self.genres = [f"Genre {g}" for g in chance.sample(range(GENRES), 2)]
        self.people = [f"{word(number * PEOPLE + p).title()} {word(chance.randrange(24_000_000)).title()}" for p in range(PEOPLE)]
        self.words = [word(7919 * w) for w in chance.sample(range(ALL_WORDS), WORDS)]


def main(folder):
    path, made = os.path.join(folder, "items.csv"), os.path.join(folder, "items.csv.part")
    clusters, chance = {}, random.Random(1)

    def rank(size):  # the first ones much more often
        return int(size * chance.random() ** 2)

    with open(path, newline="") as given, open(made, "w", newline="") as out:
        rows, sink = csv.reader(given), csv.writer(out, lineterminator="\n")
        if next(rows) != ["id", "title", "genres"]:
            sys.exit(f"{path}: not an items.csv that sparrow synth --format generic wrote; generate it again")
        sink.writerow(["id", "title", "genres", "people", "description"])
        for item, title, genre in rows:
            number = int(re.search(r"\d+", genre)[0])
            cluster = clusters[number] = clusters.get(number) or Cluster(number)
            genres = [cluster.genres[0]] + ([cluster.genres[1]] if chance.random() < 0.6 else []) + ([f"Genre {chance.randrange(GENRES)}"] if chance.random() < 0.3 else [])
            people = {cluster.people[rank(PEOPLE)] for _ in range(5)}
            words = [cluster.words[rank(WORDS)] if chance.random() < 0.7 else word(7919 * rank(ALL_WORDS)) for _ in range(30)]
            sink.writerow([item, title, "|".join(dict.fromkeys(genres)), "|".join(sorted(people)), " ".join(words).capitalize() + "."])
    os.replace(made, path)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
