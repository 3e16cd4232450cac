"""Rows of arriving files become events of a real server, each once."""
import json

import pytest

import sparrow
from sparrow.spark.stream import columns_of, stream

SCHEMA = "event_id string, customer string, sku string, what string, ts string"
COLUMNS = columns_of("id=event_id,user=customer,item=sku,type=what,time=ts")


def write(folder, name, rows):
    folder.mkdir(exist_ok=True)
    part = folder.parent / name
    part.write_text("".join(json.dumps(dict(zip(("event_id", "customer", "sku", "what", "ts"), row))) + "\n" for row in rows))
    part.rename(folder / name)


def events_of(line):
    found = [json.loads(text) for text in line.run("events", "export", "--format", "jsonl", "--what", "events").splitlines()]
    return sorted(event["id"] for event in found)


def rows(begin, end, moment):
    return [(f"e{n}", f"u{n % 7}", str(1 + n % 50), "play", str(moment - n)) for n in range(begin, end)]


def test_each_row_is_one_event_whatever_comes_again(spark, prepared_folder, command_line, start_server, tmp_path):
    import time  # pylint: disable=import-outside-toplevel

    moment = int(time.time()) - 100
    line = command_line(prepared_folder.parent)
    server = start_server(line, "--store", "memory:", "--token", "admin:spark-secret")
    source, options = tmp_path / "in", {"schema": SCHEMA, "columns": COLUMNS, "token": "spark-secret"}
    write(source, "a.json", rows(0, 1200, moment))
    write(source, "b.json", [*rows(1000, 1500, moment), ("e1500", "u", "1", "No Type", str(moment)), ("", "u", "1", "play", "")])
    counts = stream(spark, str(source), server.url, str(tmp_path / "checkpoint"), **options)
    assert counts == {"saved": 1500, "known": 200, "expired": 0, "rejected": 2}
    rejected = [json.loads(text) for part in (tmp_path / "checkpoint/rejects").rglob("*.json") for text in part.read_text().splitlines()]
    assert {"No Type" in r["event"] for r in rejected} == {True, False}
    # Nothing new; then new files; then all of it again with a checkpoint that was lost.
    assert stream(spark, str(source), server.url, str(tmp_path / "checkpoint"), **options)["saved"] == 0
    write(source, "c.json", rows(1500, 1600, moment))
    assert stream(spark, str(source), server.url, str(tmp_path / "checkpoint"), **options) == {"saved": 100, "known": 0, "expired": 0, "rejected": 0}
    assert stream(spark, str(source), server.url, str(tmp_path / "lost"), **options)["saved"] == 0
    assert events_of(line) == sorted(f"e{n}" for n in range(1600))


def test_what_cannot_be_sent_once_is_refused(spark, tmp_path):
    with pytest.raises(sparrow.InvalidInput, match="an id or a time"):
        stream(spark, str(tmp_path), "http://127.0.0.1:1", str(tmp_path / "c"), schema=SCHEMA, columns=columns_of("item=sku,type=what"))
    with pytest.raises(sparrow.InvalidInput, match="MEMBER=COLUMN"):
        columns_of("colour=red")
