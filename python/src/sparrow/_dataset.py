"""Dataset: items and the interactions with them, read by the engine's own reader."""
import json
import os
import pathlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Optional, Union

from . import _frames, _sparrow
from ._flags import flags_of
from ._progress import ProgressOption, Reporter

if TYPE_CHECKING:
    import numpy as np
    import pandas

PathLike = Union[str, "os.PathLike[str]"]


class Items(Mapping[str, dict[str, Any]]):
    """The catalogue: id -> what is known of the item, in the order of rows."""

    def __init__(self, native: _sparrow.Dataset) -> None:
        self._native = native

    @cached_property
    def ids(self) -> list[str]:
        return self._native.ids()

    @cached_property
    def titles(self) -> list[str]:
        return self._native.titles()

    def __getitem__(self, item: object) -> dict[str, Any]:
        row = self._native.find(str(item))
        if row is None:
            raise _sparrow.NotFound(f'no item has the id "{item}"')
        return self.at(row)

    def get(self, item: object, default: Any = None) -> Any:
        return self[str(item)] if item in self else default

    def at(self, row: int) -> dict[str, Any]:
        """The item of a row."""
        found: dict[str, Any] = json.loads(self._native.item_json(row))
        return found

    def row(self, item: object) -> Optional[int]:
        return self._native.find(str(item))

    def __contains__(self, item: object) -> bool:
        return self._native.find(str(item)) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __len__(self) -> int:
        return len(self._native)

    def __repr__(self) -> str:
        return f"<{len(self)} items>"

    def to_frame(self) -> "pandas.DataFrame":
        """id, title and year, one row an item."""
        import pandas  # pylint: disable=import-outside-toplevel

        return pandas.DataFrame({"id": self.ids, "title": self.titles, "year": self._native.years()})


class Dataset:
    """Made by read(), Dataset.from_frames() or Dataset.load()."""

    def __init__(self, native: _sparrow.Dataset) -> None:
        self._native = native
        self.items = Items(native)

    @classmethod
    def from_frames(cls, interactions: Any = None, items: Any = None, **options: Any) -> "Dataset":
        """Of a log and a catalogue: pandas, polars or Arrow tables, mappings of columns, or paths; options as of read()."""
        return read(interactions=interactions, items=items, **options)

    @classmethod
    def load(cls, folder: PathLike) -> "Dataset":
        """Of a folder that save() or `sparrow prepare` (HOME/prepared) wrote."""
        return cls(_sparrow.Dataset.load(os.fspath(folder)))

    def save(self, folder: PathLike) -> None:
        """Writes a folder, replaced when it is there; as HOME/prepared it is what `sparrow serve` and `sparrow train` read."""
        self._native.save(os.fspath(folder))

    @cached_property
    def info(self) -> dict[str, Any]:
        """Name, counts and hash: equal data have equal hashes."""
        found: dict[str, Any] = json.loads(self._native.info_json())
        return found

    @cached_property
    def card(self) -> dict[str, Any]:
        """The data card, as `sparrow prepare --json` prints it: what was found and assumed, what is odd, what to do."""
        found: dict[str, Any] = json.loads(self._native.card_json())
        return found

    @property
    def card_text(self) -> str:
        return self._native.card_text()

    @property
    def card_html(self) -> str:
        """The card as a page of its own."""
        return self._native.card_html()

    @property
    def hash(self) -> str:
        return str(self.info["hash"])

    @cached_property
    def users(self) -> list[str]:
        """User number -> id."""
        return self._native.users()

    @cached_property
    def interactions(self) -> "dict[str, np.ndarray[Any, Any]]":
        """The log as arrays that share the engine's memory: user u has items, values and times (Unix seconds) at
        offsets[u]:offsets[u + 1], in order of time."""
        return self._native.interactions()

    def __len__(self) -> int:
        return len(self._native)

    def __repr__(self) -> str:
        i = self.info
        return f"<Dataset {i['name']}: {i['items']} items, {i['users']} users, {i['interactions']} interactions>"

    def _repr_html_(self) -> str:
        warnings = "".join(f"<li>{_escape(w['what'])} {_escape(w.get('remedy', ''))}</li>" for w in self.card.get("warnings", []))
        return f"<p><b>{_escape(repr(self)[1:-1])}</b></p><ul>{warnings}</ul>"


def _escape(text: object) -> str:
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _in_folder(source: Any, role: str, folder: pathlib.Path) -> Optional[str]:
    """The path of a source; what is no file that the engine reads is written into the folder."""
    if source is None:
        return None
    if _frames.is_path(source):
        if not _frames.is_parquet(source):
            return os.fspath(source)
        source = _frames.read_parquet(source)
    path = folder / f"{role}.csv"
    _frames.write_csv(source, path)
    return str(path)


def read(
    data: Any = None,
    *,
    interactions: Any = None,
    items: Any = None,
    columns: Optional[Mapping[str, str]] = None,
    event_weights: Union[None, str, Mapping[str, float]] = None,
    name: Optional[str] = None,
    threads: int = 0,
    progress: ProgressOption = None,
    **options: Any,
) -> Dataset:
    """Reads data as `sparrow prepare` does.

    data          a folder, file or .zip: MovieLens of any age, or a log and a catalogue of any names, columns and dialect.
    interactions  the log, items the catalogue, one by one: a path (CSV, TSV, JSON, Parquet; a folder of parts) or a table of
                  pandas, polars or Arrow, or a mapping of columns.
    columns       role -> name, where it is not told: {"user": "uid", "item": "sku", "value": "stars", "time": "ts"}.
    options       those of `sparrow prepare`: format, id_form, scale, min_value, max_rejects, min_joined.
    """
    if data is not None and not _frames.is_path(data):
        interactions, data = data, None
    if data is None and interactions is None and items is None:
        raise _sparrow.InvalidInput("no data: give a folder, file or .zip, or interactions and items")
    if isinstance(event_weights, Mapping):
        event_weights = ",".join(f"{event}={weight}" for event, weight in event_weights.items())
    with tempfile.TemporaryDirectory(prefix="sparrow-") as temporary:
        folder = pathlib.Path(temporary)
        if data is not None and _frames.is_parquet(data) and pathlib.Path(data).is_file():
            interactions, data = data, None
        named = name or next((pathlib.Path(s).stem for s in (interactions, items) if _frames.is_path(s)), None)
        given = {"interactions": _in_folder(interactions, "interactions", folder), "items": _in_folder(items, "items", folder)}
        if name is None and any(path and path.startswith(temporary) for path in given.values()):
            name = named or "frame"
        flags = flags_of({"data": data, **given, "columns": columns, "event_weights": event_weights, **options})
        with Reporter(progress) as report:
            return Dataset(_sparrow.Dataset.read(flags, str(folder), threads=threads, name=name or "", progress=report))


def ids_of(items: Any) -> list[str]:
    """One id, or several, as texts."""
    if isinstance(items, str) or not isinstance(items, Sequence) and not hasattr(items, "__iter__"):
        return [str(items)]
    return [item if isinstance(item, str) else str(item) for item in items]
