"""Made-up data in the layouts that people have: four moods of twelve things each, ninety people who mostly keep to one
mood. Every maker writes one folder; data_in_test.py says what must come of it. Deterministic."""
import bz2
import datetime
import gzip
import json
import random
import zipfile

MOODS = ["calm", "fierce", "wry", "bleak"]
KINDS = [["Calm", "Home"], ["Fierce", "Sport"], ["Wry", "Home"], ["Bleak", "Night"]]
FIRST = ["Amber", "Brass", "Cedar", "Delta", "Ember", "Flint", "Grove", "Heron", "Islet", "Juniper", "Kelp", "Larch"]
SECOND = ["Lamp", "Kite", "Clock", "Chair"]
MAKERS = ["Ödegård & Co", "Pieter Vos", "Quirós Hermanos", "Rånes"]
WORDS = ["soft slow quiet rest", "fast loud sharp race", "odd clever sly joke", "cold grey empty rain"]
BEGIN = 1_420_070_400  # 2015-01-01 UTC


def things():
    made = []
    for n in range(48):
        mood = n % 4
        made.append({"id": 5000 + 7 * n, "mood": mood, "title": f"{FIRST[n // 4]} {SECOND[mood]}", "year": 1990 + n % 25,
                     "kinds": KINDS[mood], "maker": MAKERS[mood], "price": round(9.5 + 30 * mood + n % 7, 2),
                     "about": f"A {WORDS[mood]} thing, number {n}."})
    return made


def deeds():
    """(person, id, liked, seconds), people one after the other, each in order of time."""
    draw, made = random.Random(23), []
    for person in range(1, 91):
        mood, had, when = person % 4, set(), BEGIN + person * 50_000
        for _ in range(11):
            own = draw.random() < .86
            choice = draw.choice([t for t in things() if (t["mood"] == mood) == own and t["id"] not in had])
            had.add(choice["id"])
            when += draw.randrange(600, 80_000)
            made.append((person, choice["id"], draw.random() < (.9 if own else .2), when))
    return made


def stars(liked, draw):
    return draw.choice([4, 4.5, 5] if liked else [1, 1.5, 2, 3])


def table(header, rows, sep=",", end="\n"):
    lines = ([sep.join(header)] if header else []) + [sep.join(str(v) for v in row) for row in rows]
    return end.join(lines) + end


def put(path, text, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text if isinstance(text, bytes) else text.encode(encoding)
    path.write_bytes(data)


def catalog_text(sep=","):
    return table(["id", "title", "year", "genres"], [(t["id"], t["title"], t["year"], "|".join(t["kinds"])) for t in things()], sep)


def log_text(sep=",", header=("user", "item", "value", "time"), value=None, when=lambda s: s, item=lambda i: i):
    draw = random.Random(5)
    value = value or (lambda liked: stars(liked, draw))
    return table(header, [(p, item(i), value(liked), when(s)) for p, i, liked, s in deeds()], sep)


def utc(seconds, form):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime(form)


def wide_tabs(out):
    put(out / "items.csv", b"\xff\xfe" + catalog_text("\t").encode("utf-16-le"))
    put(out / "interactions.csv", log_text("\t").encode("utf-16-le"))  # without its mark


def old_mac_lines(out):
    put(out / "things.csv", catalog_text().replace("\n", "\r"))
    put(out / "log.csv", log_text(header=("customer", "item_id", "stars", "created_at")).replace("\n", "\r"))


def recbole(out):
    put(out / "things.item", table(["item_id:token", "title:token_seq", "year:float", "genre:token_seq"],
                                   [(t["id"], t["title"], float(t["year"]), ", ".join(t["kinds"])) for t in things()], "\t"))
    put(out / "things.inter", log_text("\t", ("user_id:token", "item_id:token", "rating:float", "timestamp:float"), when=float))


def hundred_k(out):
    draw = random.Random(9)
    flags = lambda t: [1 if g == t["mood"] + 3 else 0 for g in range(19)]
    put(out / "u.data", table(None, [(p, i, 5 if liked else draw.choice([1, 2]), s) for p, i, liked, s in deeds()], "\t"))
    put(out / "u.item", table(None, [(t["id"], f"{t['title']} é ({t['year']})", f"01-Jan-{t['year']}", "", "http://x.invalid/", *flags(t)) for t in things()], "|"), "latin-1")
    put(out / "u.user", "1|24|M|technician|85711\n2|53|F|other|94043\n")


def gorse(out):
    put(out / "items.jsonl", "".join(json.dumps({"ItemId": str(t["id"]), "IsHidden": False, "Categories": t["kinds"], "Timestamp": "2014-01-01T00:00:00Z",
                                                 "Labels": [t["maker"]], "Comment": t["title"]}) + "\n" for t in things()))
    put(out / "feedback.jsonl", "".join(json.dumps({"FeedbackType": "like" if liked else "read", "UserId": f"u{p}", "ItemId": str(i),
                                                    "Timestamp": utc(s, "%Y-%m-%dT%H:%M:%SZ")}) + "\n" for p, i, liked, s in deeds() if liked or p % 2))
    put(out / "users.jsonl", '{"UserId": "u1", "Labels": []}\n')


def metarank(out):
    lines = [{"event": "item", "id": f"e{t['id']}", "timestamp": "1400000000000", "item": f"i{t['id']}",
              "fields": [{"name": "title", "value": t["title"]}, {"name": "genres", "value": t["kinds"]}]} for t in things()]
    lines += [{"event": "interaction", "id": f"x{n}", "timestamp": str(s * 1000), "user": f"u{p}", "session": "s", "type": "click", "item": f"i{i}"}
              for n, (p, i, liked, s) in enumerate(deeds()) if liked]
    lines.insert(60, {"event": "ranking", "id": "r1", "timestamp": "1420070400000", "user": "u1", "session": "s", "items": [{"id": "i5000"}]})
    put(out / "events.jsonl", "".join(json.dumps(line) + "\n" for line in lines))


def many_parts(out):
    rows = log_text().splitlines(True)
    for part in range(3):
        put(out / "log" / f"part-0000{part}.csv.gz", gzip.compress((rows[0] + "".join(rows[1 + part::3])).encode(), mtime=0))
    put(out / "log" / "_SUCCESS", "")
    things_ = catalog_text().splitlines(True)
    for part in range(2):
        put(out / "things" / f"part-0000{part}.csv", things_[0] + "".join(things_[1 + part::2]))


def zipped(out):
    out.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out / "download.zip", "w") as archive:
        archive.writestr("shop-2015/README.txt", "made up\n")
        archive.writestr("shop-2015/goods.csv", catalog_text())
        archive.writestr("shop-2015/ratings.csv", log_text(header=("userId", "itemId", "rating", "timestamp")))


def squeezed(out):
    put(out / "items.csv.bz2", bz2.compress(catalog_text().encode()))
    put(out / "interactions.csv.bz2", bz2.compress(log_text().encode()))


def percent(out):
    draw = random.Random(3)
    put(out / "items.csv", catalog_text())
    put(out / "interactions.csv", log_text(header=("user", "item", "score", "time"), value=lambda liked: draw.randrange(75, 101) if liked else draw.randrange(5, 60)))


def play_counts(out):
    draw = random.Random(4)
    put(out / "items.csv", catalog_text())
    put(out / "interactions.csv", log_text(header=("user", "item", "plays", "time"), value=lambda liked: draw.choice([9, 30, 120, 700]) if liked else draw.choice([1, 1, 2])))


def minus_one(out):
    draw = random.Random(6)
    put(out / "anime.csv", table(["anime_id", "name", "genre"], [(t["id"], t["title"], '"' + ", ".join(t["kinds"]) + '"') for t in things()]))
    put(out / "rating.csv", table(["user_id", "anime_id", "rating"], [(p, i, draw.choice([8, 9, 10]) if liked else draw.choice([-1, -1, 3, 4, 5])) for p, i, liked, _ in deeds()]))


def events(out):
    draw = random.Random(8)
    put(out / "goods.csv", table(["product_id", "product_name", "brand", "price"], [(f"P{t['id']}", t["title"], t["maker"], t["price"]) for t in things()]))
    put(out / "events.csv", table(["timestamp", "visitorid", "event", "itemid", "transactionid"],
                                  [(s * 1000, p, draw.choice(["view", "cart", "purchase"]) if liked else "skip", f"P{i}", "") for p, i, liked, s in deeds()]))


def bare_pipes(out):
    put(out / "log.txt", log_text("|", None))
    put(out / "things.csv", catalog_text())


def spaces_after(out):
    quoted = lambda v: f'"{v}"'
    put(out / "items.csv", "id, title, year, genres\n" + "".join(f"{t['id']}, {quoted(t['title'] + ', the best')}, {t['year']}, {quoted('|'.join(t['kinds']))}\n" for t in things()))
    put(out / "interactions.csv", log_text().replace(",", ", "))


def day_first(out):
    put(out / "items.csv", catalog_text())
    put(out / "interactions.csv", log_text(";", when=lambda s: utc(s, "%d/%m/%Y %H:%M:%S")))


def odd_spelling(out):
    draw = random.Random(2)
    spell = [str.upper, str.lower, str.title, lambda s: s.replace("Wry", "Wrý"), lambda s: s.replace("Calm", "Ｃａｌｍ")]
    put(out / "items.csv", table(["id", "title", "genres"], [(t["id"], t["title"], "|".join(draw.choice(spell)(k) for k in t["kinds"])) for t in things()]))
    put(out / "interactions.csv", log_text())


def python_lists(out):
    put(out / "items.csv", table(["id", "title", "genres", "makers"], [(t["id"], t["title"], f'"{t["kinds"]}"', f'"{[{"id": 1, "name": t["maker"]}]}"') for t in things()]))
    put(out / "interactions.csv", log_text())


def lost_zeros(out):
    put(out / "items.csv", table(["isbn", "title"], [(f"{t['id']:010d}", t["title"]) for t in things()]))
    put(out / "interactions.csv", log_text(header=("user", "isbn", "rating", "time"), item=float))


def two_stray_quotes(out):
    lines = log_text(header=("user", "item", "value", "time", "note")).splitlines()
    lines = [lines[0]] + [line + ",fine" for line in lines[1:]]
    lines[200] = lines[200].replace(",fine", ',"fine')
    lines[700] = lines[700].replace(",fine", ',"fine')
    put(out / "interactions.csv", "\n".join(lines) + "\n")
    put(out / "items.csv", catalog_text())


def yes_no(out):
    put(out / "items.csv", catalog_text())
    put(out / "interactions.csv", log_text(header=("user", "item", "liked", "time"), value=lambda liked: str(liked).lower()))


def catalog_alone(out):
    put(out / "goods.csv", table(["sku", "name", "brand", "price", "description"],
                                 [(f"S{t['id']}", t["title"], t["maker"], t["price"], '"' + t["about"] + '"') for t in things()]))


def titles_in_log(out):
    title = {t["id"]: t["title"] for t in things()}
    put(out / "orders.csv", table(["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "CustomerID"],
                                  [(n, f"S{i}", title[i], 12 if liked else 1, utc(s, "%-m/%-d/%Y %-H:%M"), p) for n, (p, i, liked, s) in enumerate(deeds())]))


def reviews_of_lines(out):
    """JSON Lines as Amazon's reviews and metadata are."""
    draw = random.Random(12)
    put(out / "reviews.jsonl", "".join(json.dumps({"overall": 5.0 if liked else draw.choice([1.0, 2.0]), "reviewerID": f"A{p}", "asin": f"B{i}",
                                                   "reviewText": "so\nso", "summary": "ok", "unixReviewTime": s}) + "\n" for p, i, liked, s in deeds()))
    put(out / "meta.jsonl", "".join(json.dumps({"asin": f"B{t['id']}", "title": t["title"], "brand": t["maker"], "price": f"${t['price']}", "category": t["kinds"],
                                                "description": [t["about"]]}) + "\n" for t in things()))


# ---- the five layouts of docs/own-data.md, as they are downloaded

def goodbooks(out):
    draw = random.Random(31)
    put(out / "books.csv", table(["id", "book_id", "best_book_id", "isbn", "authors", "original_publication_year", "title", "average_rating"],
                                 [(n + 1, t["id"], t["id"] + 1, f"{t['id']:09d}", f'"{t["maker"]}, {MAKERS[n % 3]}"', f"{t['year']}.0" if n % 7 else "", f'"{t["title"]} (Set, #{n})"', 4.1)
                                  for n, t in enumerate(things())]))
    put(out / "ratings.csv", table(["user_id", "book_id", "rating"], [(p, i, draw.choice([4, 5]) if liked else draw.choice([1, 2])) for p, i, liked, _ in deeds()]))
    put(out / "to_read.csv", table(["user_id", "book_id"], [(p, i) for p, i, *_ in deeds()[:40]]))
    put(out / "tags.csv", table(["tag_id", "tag_name"], [(1, "to-read"), (2, "owned")]))


def book_crossing(out):
    draw = random.Random(32)
    row = lambda *values: ";".join(f'"{v}"' for v in values) + "\r\n"
    escaped = lambda text: text.replace('"', '\\"')
    put(out / "BX-Books.csv", row("ISBN", "Book-Title", "Book-Author", "Year-Of-Publication", "Publisher", "Image-URL-S")
        + "".join(row(f"0{t['id']:09d}", escaped(t["title"] + (' "New"' if n % 9 == 0 else "")), t["maker"], t["year"], "H&auml;rte &amp; Co", "http://x.invalid/1.jpg") for n, t in enumerate(things())), "latin-1")
    put(out / "BX-Book-Ratings.csv", row("User-ID", "ISBN", "Book-Rating")
        + "".join(row(p, f"0{i:09d}", draw.choice([8, 9, 10]) if liked else draw.choice([0, 0, 2, 4])) for p, i, liked, _ in deeds()), "latin-1")
    put(out / "BX-Users.csv", row("User-ID", "Location", "Age") + row(1, "göteborg", "NULL"), "latin-1")


def steam_hours(out):
    draw = random.Random(33)
    title = {t["id"]: t["title"] for t in things()}
    lines = [(151_600_000 + p, title[i], "play", round(draw.uniform(8, 300) if liked else draw.uniform(.1, .9), 1), 0) for p, i, liked, _ in deeds()]
    put(out / "plays.csv", table(None, lines))


def shop_events(out):
    draw = random.Random(34)
    put(out / "events.csv", table(["timestamp", "visitorid", "event", "itemid", "transactionid"],
                                  [(s * 1000 + 7, p, draw.choice(["view", "addtocart", "transaction"]) if liked else "view", i, "") for p, i, liked, s in deeds() if liked or p % 3]))


def amazon(out):
    reviews_of_lines(out)
    for name in ["reviews.jsonl", "meta.jsonl"]:
        put(out / (name + ".gz"), gzip.compress((out / name).read_bytes(), mtime=0))
        (out / name).unlink()
