"""stream: rows of files that keep arriving, by Structured Streaming, into the event log of a server.

Each row becomes an event of `POST /api/v1/events` (docs/events.md). The server acknowledges events that are on its disk and keeps one that
is sent twice under one id once; Spark sends a batch again until it is acknowledged, and its checkpoint says which files were read. So every
row is kept exactly once, whatever is killed in between. Rows need an id, or a time: without both, a row sent again would be another event.
A row that the server calls wrong is left out, written to `rejects` with the reason, and counted; everything else that fails ends the job,
which goes on from its checkpoint when it is started again.
"""
import argparse
import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, Optional

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from .. import _sparrow
from .._client import Client, ClientError

MEMBERS = ("id", "type", "item", "user", "session", "request_id", "position", "time", "value", "query")
NUMBERS = ("position", "value")
EVENTS_AT_ONCE = 500  # below 256 KB of a body, with room
ATTEMPTS = 6  # 1, 2, 4 ... seconds apart, while the server does not answer
POSTED = "saved long, known long, expired long, event string, reason string"


def event_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """An event's members as the API takes them; absent ones are left out."""
    event: dict[str, Any] = {}
    for name, value in row.items():
        if value is None or value == "":
            continue
        if name == "position":
            event[name] = int(value)
        elif name == "value":
            event[name] = float(value)
        elif name == "time" and str(value).isdigit():
            event[name] = int(value)
        else:
            event[name] = str(value)
    return event


def _answered(client: Client, events: list[dict[str, Any]]) -> dict[str, Any]:
    """Asks until there is an answer. Errors: ClientError of what the server calls wrong, or when it stays away."""
    for attempt in range(ATTEMPTS):
        try:
            return client.post("/api/v1/events", {"events": events})
        except ClientError as error:
            if 400 <= error.status < 429 or attempt + 1 == ATTEMPTS:
                raise
            time.sleep(2 ** attempt)
    raise AssertionError("unreachable")


def _post(server: str, token: Optional[str]) -> Any:
    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        saved = known = expired = 0
        wrong: list[tuple[str, str]] = []
        with Client(server, token, timeout=60) as client:
            for batch in batches:
                rows = batch.to_pylist()
                for begin in range(0, len(rows), EVENTS_AT_ONCE):
                    events = []
                    for row in rows[begin:begin + EVENTS_AT_ONCE]:
                        try:
                            event = event_of(row)
                            if "id" not in event and "time" not in event:
                                raise ValueError("the row has neither an id nor a time")
                            events.append(event)
                        except ValueError as error:
                            wrong.append((json.dumps(row), str(error)))
                    while events:
                        try:
                            answer = _answered(client, events)
                        except ClientError as error:
                            named = re.search(r"\bevent (\d+)", str(error))
                            if error.status != 400 or not named:
                                raise
                            wrong.append((json.dumps(events.pop(int(named[1]))), str(error)))
                            continue
                        saved, known, expired = saved + answer["saved"], known + answer["known"], expired + answer["expired"]
                        break
        padding = [None] * len(wrong)
        numbers = {name: pa.array([count, *padding], pa.int64()) for name, count in (("saved", saved), ("known", known), ("expired", expired))}
        texts = {name: pa.array([None, *(pair[at] for pair in wrong)], pa.string()) for at, name in enumerate(("event", "reason"))}
        yield pa.RecordBatch.from_pydict({**numbers, **texts})

    return task


def columns_of(text: str) -> dict[str, str]:
    """ "item=sku,user=customer" -> member of the event -> column. Errors: InvalidInput."""
    columns = {}
    for part in filter(None, text.split(",")):
        member, equals, column = part.partition("=")
        if member not in MEMBERS or not equals or not column:
            raise _sparrow.InvalidInput(f"--columns: \"{part}\" is not MEMBER=COLUMN with a member among {', '.join(MEMBERS)}")
        columns[member] = column
    return columns


def stream(
    spark: SparkSession,
    source: str,
    server: str,
    checkpoint: str,
    *,
    schema: str,
    columns: Mapping[str, str],
    form: str = "json",
    type: Optional[str] = None,  # pylint: disable=redefined-builtin
    token: Optional[str] = None,
    every: Optional[str] = None,
    rejects: Optional[str] = None,
) -> dict[str, int]:
    """Posts what is in a folder, and with `every` also what arrives there. Returns how many events were saved,
    known already, too old, and rejected.

    schema   of the files, as Spark has it: "customer string, sku string, ts long".
    columns  member of an event -> column.
    type     of all events, where no column has it.
    every    "10 seconds": goes on until it is stopped; None: ends when all files that are there were read.
    rejects  a folder for the rows that the server calls wrong; default: CHECKPOINT/rejects.
    """
    if "type" not in columns and type is None:
        raise _sparrow.InvalidInput("events need a type: name its column with --columns type=NAME, or give --type")
    if "id" not in columns and "time" not in columns:
        raise _sparrow.InvalidInput("rows need an id or a time, or what is sent twice would be kept twice: --columns id=NAME or time=NAME")
    reader = spark.readStream.schema(schema).format(form)
    if form == "csv":
        reader = reader.option("header", "true").option("mode", "FAILFAST")
    elif form == "json":
        reader = reader.option("mode", "FAILFAST")
    rows = reader.load(source)
    missing = [column for column in columns.values() if column not in rows.columns]
    if missing:
        raise _sparrow.InvalidInput(f"--columns: the files have no column {', '.join(missing)}; they have {', '.join(rows.columns)}")
    chosen = [f.col(column).cast("string").alias(member) for member, column in columns.items()]
    if type is not None and "type" not in columns:
        chosen.append(f.lit(type).alias("type"))
    rejected_to = rejects or f"{checkpoint.rstrip('/')}/rejects"
    counts = {"saved": 0, "known": 0, "expired": 0, "rejected": 0}

    def send(batch: DataFrame, number: int) -> None:
        posted = batch.mapInArrow(_post(server, token), POSTED).persist()
        try:
            sums = posted.agg(f.sum("saved"), f.sum("known"), f.sum("expired"), f.count("reason")).first()
            if sums is not None and sums[3]:
                posted.where("reason is not null").select("event", "reason").write.mode("overwrite").json(f"{rejected_to}/{number}")
            for name, value in zip(counts, sums or ()):
                counts[name] += value or 0
        finally:
            posted.unpersist()

    writer = rows.select(chosen).writeStream.foreachBatch(send).option("checkpointLocation", checkpoint)
    query = (writer.trigger(processingTime=every) if every else writer.trigger(availableNow=True)).start()
    query.awaitTermination()
    return counts


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("stream", help="rows of arriving files -> events of a server, exactly once",
                                   description="Members of an event: docs/events.md.")
    parser.add_argument("--source", required=True, help="folder in which files arrive, each written whole and then renamed into it")
    parser.add_argument("--server", required=True, help="http://HOST:PORT, as the executors reach it")
    parser.add_argument("--checkpoint", required=True, help="folder that remembers what was read; one for each stream")
    parser.add_argument("--schema", required=True, help='of the files: "customer string, sku string, ts long"')
    parser.add_argument("--columns", required=True, help=f"MEMBER=COLUMN,...; members: {', '.join(MEMBERS)}")
    parser.add_argument("--form", choices=["json", "csv", "parquet"], default="json", help="of the files (default json: an object a line)")
    parser.add_argument("--type", help="of all events, where no column has it")
    parser.add_argument("--token-file", help="file of the driver with a token of the server: without one it takes 50 events a second")
    parser.add_argument("--every", help='"10 seconds": go on until stopped; default: end when all files were read')
    parser.add_argument("--rejects", help="folder for rows that the server calls wrong; default CHECKPOINT/rejects")


def run(spark: SparkSession, options: argparse.Namespace) -> int:
    given = {key: value for key, value in vars(options).items() if key not in ("command", "master", "token_file")}
    given["columns"] = columns_of(options.columns)
    if options.token_file:
        with open(options.token_file, encoding="utf-8") as file:
            given["token"] = file.read().strip()
    counts = stream(spark, **given)
    print(f"stream    {counts['saved']} events saved, {counts['known']} known already, {counts['expired']} too old, {counts['rejected']} rejected")
    return 0
