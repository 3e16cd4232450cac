"""Reading: every form of the same data is the same data."""
import csv
import io

import numpy
import pytest

import sparrow

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")
pyarrow = pytest.importorskip("pyarrow")


def tables(data):
    """Log and catalogue of ml-latest-small as it is, titles as people read them."""
    return data / "ratings.csv", data / "movies.csv"


@pytest.fixture(scope="module")
def files(data):
    """By the files one by one: what frames must equal."""
    log, catalogue = tables(data)
    return sparrow.read(interactions=log, items=catalogue)


def test_card_and_items(dataset):
    assert dataset.info["name"] == "ml-latest-small" and dataset.info["interactions"] == 100836 and len(dataset) == 9742
    assert dataset.card["items"] == 9742 and dataset.card["warnings"] is not None
    assert dataset.items["589"]["title"] == "Terminator 2: Judgment Day" and dataset.items[589]["year"] == 1991
    assert "589" in dataset.items and "nobody" not in dataset.items and len(dataset.items.to_frame()) == 9742
    assert dataset.card_html.startswith("<!") and "items" in dataset.card_text
    with pytest.raises(sparrow.NotFound, match='no item has the id "nobody"'):
        dataset.items["nobody"]


def test_interactions_share_memory(dataset):
    log = dataset.interactions
    assert len(log["offsets"]) == 611 and log["offsets"][-1] == len(log["items"]) == len(log["times"]) == 100836
    assert not log["values"].flags.writeable and not log["values"].flags.owndata
    row = log["items"][0]
    assert dataset.items.at(int(row))["id"] == dataset.items.ids[row]
    assert (numpy.diff(log["times"][: log["offsets"][1]]) >= 0).all()


def frames(kind, data):
    log, catalogue = tables(data)
    text = {"movieId": "string", "userId": "string"}
    if kind == "pandas":
        return pandas.read_csv(log), pandas.read_csv(catalogue)
    if kind == "pandas-text":
        return pandas.read_csv(log, dtype=text), pandas.read_csv(catalogue, dtype=text)
    if kind == "pandas-times":  # numbers with gaps, times as such, lists of genres
        frame, items = pandas.read_csv(log), pandas.read_csv(catalogue)
        frame["timestamp"] = pandas.to_datetime(frame["timestamp"], unit="s", utc=True).dt.tz_convert("America/Chicago")
        frame["userId"] = frame["userId"].astype(float)
        items["genres"] = items["genres"].str.split("|")
        return frame, items
    if kind == "polars":
        return polars.read_csv(log), polars.scan_csv(catalogue)
    if kind == "polars-times":
        return (polars.read_csv(log).with_columns(polars.from_epoch("timestamp").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo")),
                polars.read_csv(catalogue).with_columns(polars.col("genres").str.split("|")))
    from pyarrow import csv as arrow_csv

    frame, items = arrow_csv.read_csv(log), arrow_csv.read_csv(catalogue)
    if kind == "arrow-times":
        at = frame.column_names.index("timestamp")
        frame = frame.set_column(at, "timestamp", frame["timestamp"].cast(pyarrow.timestamp("s", "Europe/Paris")))
        items = items.to_batches()[0] if len(items.to_batches()) == 1 else items
    return frame, items


@pytest.mark.parametrize("kind", ["pandas", "pandas-text", "pandas-times", "polars", "polars-times", "arrow", "arrow-times"])
def test_frames_are_files(kind, data, files):
    log, items = frames(kind, data)
    dataset = sparrow.Dataset.from_frames(log, items, name="ml")
    assert dataset.hash == files.hash, (dataset.info, dataset.items["589"], files.items["589"])
    assert dataset.info["name"] == "ml" and dataset.info["rejects"] == files.info["rejects"]


def test_parquet(data, files, tmp_path):
    from pyarrow import csv as arrow_csv, parquet

    log, catalogue = tables(data)
    table = arrow_csv.read_csv(log)
    (tmp_path / "log").mkdir()
    parquet.write_table(table.slice(0, 60000), tmp_path / "log" / "part-0.parquet")
    parquet.write_table(table.slice(60000), tmp_path / "log" / "part-1.parquet")
    parquet.write_table(arrow_csv.read_csv(catalogue), tmp_path / "items.parquet")
    assert sparrow.read(interactions=tmp_path / "log", items=tmp_path / "items.parquet").hash == files.hash


def test_columns_of_one_s_own(files, data):
    log, _ = tables(data)
    frame = pandas.read_csv(log).rename(columns={"userId": "who", "movieId": "what", "rating": "stars", "timestamp": "at"})
    dataset = sparrow.read(frame, items=data / "movies.csv", columns={"user": "who", "item": "what", "value": "stars", "time": "at"})
    assert dataset.hash == files.hash


def test_log_alone_and_scale():
    dataset = sparrow.read({"user": ["a", "a", "b", "b"], "item": ["x", "y", "x", "z"], "rating": [9, 8, 3, 10]}, scale="points", min_value=8)
    assert dataset.info["interactions"] == 4 and list(dataset.items) == ["x", "y", "z"]


def test_truth_values_and_gaps():
    dataset = sparrow.read(pandas.DataFrame({"user": [1.0, 1.0, 2.0, 2.0], "item": ["x", "y", "x", "y"], "rating": [True, False, True, True]}))
    assert dataset.users == ["1", "2"] and set(dataset.interactions["values"]) == {0.0, 1.0}


def test_errors():
    with pytest.raises(sparrow.InvalidInput, match="no data"):
        sparrow.read()
    with pytest.raises(sparrow.NotFound):
        sparrow.read("/nowhere")
    with pytest.raises(TypeError, match="is no table"):
        sparrow.read(interactions=3)
    with pytest.raises(sparrow.InvalidInput) as raised:
        sparrow.read({"user": ["a"], "item": ["x"]}, max_reject=1)
    assert 'Did you mean "--max-rejects" instead of "--max-reject"?' in str(raised.value)


def test_rejects_are_counted():
    text = io.StringIO()
    writer = csv.writer(text)
    log = {"user": ["a", "b", "", "c"] * 60, "item": ["x", "y", "x", "y"] * 60, "rating": [4, 5, 3, 2] * 60, "timestamp": [1_600_000_000] * 240}
    writer.writerow(log)
    with pytest.raises(sparrow.InvalidInput, match="max-rejects"):
        sparrow.read(log)
    assert sparrow.read(log, max_rejects=0.5).info["rejects"] == 60
