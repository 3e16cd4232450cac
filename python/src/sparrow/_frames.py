"""Frames as files that the engine reads: pandas, polars, Arrow, Parquet and mappings of columns become CSV in a temporary folder.

Nothing is interpreted here but what a CSV cannot say: lists become JSON cells, whole numbers that went through a float column (as
pandas makes them of integers with gaps) lose their ".0", truth values become 1 and 0.
"""
import csv
import json
import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def is_path(source: Any) -> bool:
    return isinstance(source, (str, os.PathLike))


def is_parquet(path: Any) -> bool:
    """A Parquet file, or a folder that holds such files."""
    path = pathlib.Path(path)
    if path.is_dir():
        return any(path.glob("*.parquet"))
    return path.suffix in (".parquet", ".pq")


def module_of(value: Any) -> str:
    return type(value).__module__.split(".")[0]


def read_parquet(path: Any) -> Any:
    """With whichever library is installed."""
    try:
        from pyarrow import parquet  # pylint: disable=import-outside-toplevel

        return parquet.read_table(path)
    except ImportError:
        pass
    path = pathlib.Path(path)
    try:
        import polars  # pylint: disable=import-outside-toplevel

        return polars.read_parquet(path / "*.parquet" if path.is_dir() else path)
    except ImportError:
        from ._sparrow import InvalidInput  # pylint: disable=import-outside-toplevel

        raise InvalidInput(f"{path}: Parquet is read by pyarrow or polars: pip install pyarrow") from None


def write_csv(frame: Any, path: pathlib.Path) -> None:
    """Errors: TypeError for what is no table."""
    module = module_of(frame)
    if module == "pandas":
        write_pandas(frame, path)
    elif module == "polars":
        write_polars(frame, path)
    elif module == "pyarrow":
        write_arrow(frame, path)
    elif isinstance(frame, Mapping):
        write_columns(frame, path)
    elif hasattr(frame, "__arrow_c_stream__"):
        import pyarrow  # pylint: disable=import-outside-toplevel

        write_arrow(pyarrow.table(frame), path)
    else:
        raise TypeError(f"a {type(frame).__name__} is no table: give a pandas, polars or Arrow table, a mapping of columns, or a path")


def as_cell(value: Any) -> Any:
    """A list as JSON; everything else as it is."""
    if isinstance(value, (list, tuple)) or (hasattr(value, "tolist") and getattr(value, "ndim", 0) == 1):
        return json.dumps([str(entry) for entry in value], ensure_ascii=False)
    return value


def write_pandas(frame: Any, path: pathlib.Path) -> None:
    import pandas  # pylint: disable=import-outside-toplevel

    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    columns = {}
    for position, name in enumerate(frame.columns):
        values = frame.iloc[:, position]
        kind = values.dtype
        if pandas.api.types.is_bool_dtype(kind):
            values = values.astype("Int64")
        elif pandas.api.types.is_float_dtype(kind):
            if not (values.dropna() % 1 != 0).any():
                values = values.astype("Int64")
        elif pandas.api.types.is_object_dtype(kind):
            values = values.map(as_cell, na_action="ignore") if values.map(lambda v: not isinstance(v, str)).any() else values
        elif isinstance(kind, pandas.DatetimeTZDtype):
            values = values.dt.tz_convert("UTC").dt.tz_localize(None)
        elif kind.__class__.__name__ == "ArrowDtype" and "list" in str(kind):
            values = values.astype(object).map(as_cell, na_action="ignore")
        columns[str(name)] = values
    pandas.DataFrame(columns).to_csv(path, index=False)


def write_polars(frame: Any, path: pathlib.Path) -> None:
    import polars  # pylint: disable=import-outside-toplevel

    frame = frame.lazy().collect()
    columns = []
    for values in frame.iter_columns():
        kind = values.dtype
        if kind == polars.Boolean:
            values = values.cast(polars.Int8)
        elif kind in (polars.Float32, polars.Float64):
            if not (values.drop_nulls().drop_nans() % 1 != 0).any():
                values = values.fill_nan(None).cast(polars.Int64)
        elif kind in (polars.List, polars.Array):
            values = polars.Series(values.name, [None if v is None else as_cell(v.to_list()) for v in values], dtype=polars.String)
        elif kind == polars.Datetime and kind.time_zone is not None:
            values = values.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        columns.append(values)
    polars.DataFrame(columns).write_csv(path, datetime_format="%Y-%m-%d %H:%M:%S%.f")


def write_arrow(frame: Any, path: Any, header: bool = True) -> None:
    """path: also a file of Arrow that is open."""
    import pyarrow  # pylint: disable=import-outside-toplevel
    from pyarrow import compute, csv as arrow_csv  # pylint: disable=import-outside-toplevel

    if hasattr(frame, "to_table"):  # a data set of files
        frame = frame.to_table()
    elif hasattr(frame, "read_all"):  # a stream
        frame = frame.read_all()
    elif isinstance(frame, pyarrow.RecordBatch):
        frame = pyarrow.Table.from_batches([frame])
    columns = {}
    for name, values in zip(frame.column_names, frame.columns):
        kind = values.type
        if pyarrow.types.is_dictionary(kind):
            values = compute.cast(values, kind.value_type)
        elif pyarrow.types.is_boolean(kind):
            values = compute.cast(values, pyarrow.int8())
        elif pyarrow.types.is_floating(kind):
            values = compute.if_else(compute.is_nan(values), None, values)
            if compute.all(compute.equal(values, compute.floor(values))).as_py() is not False:
                values = compute.cast(values, pyarrow.int64())
        elif pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind):
            values = pyarrow.array([None if v is None else as_cell(v) for v in values.to_pylist()], pyarrow.string())
        elif pyarrow.types.is_timestamp(kind):
            if kind.tz is not None:
                values = compute.cast(values, pyarrow.timestamp(kind.unit, "UTC"))
            values = compute.strftime(values, format="%Y-%m-%d %H:%M:%S")
        columns[name] = values
    arrow_csv.write_csv(pyarrow.table(columns), path, arrow_csv.WriteOptions(include_header=header))


def write_columns(frame: Mapping[str, Iterable[Any]], path: pathlib.Path) -> None:
    columns: Sequence[Sequence[Any]] = [c.tolist() if hasattr(c, "tolist") else list(c) for c in frame.values()]
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(frame)
        writer.writerows([as_cell(v) if isinstance(v, (list, tuple)) else v for v in row] for row in zip(*columns, strict=True))
