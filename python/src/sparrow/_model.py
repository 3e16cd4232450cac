"""Model: item vectors with all that is needed to answer."""
import json
import os
import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Optional, Union

from . import _sparrow
from ._dataset import Dataset, PathLike, _escape, ids_of
from ._flags import flags_of, usual_texts
from ._progress import ProgressOption, Reporter

if TYPE_CHECKING:
    import numpy as np
    import pandas


class Answer(Sequence[dict[str, Any]]):
    """A list, best first: {"id", "title", "year", "score" (0..100), "similarity", "source"} an item."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self.items: list[dict[str, Any]] = answer["items"]
        self.seed_source: str = answer["seed_source"]  # "content": the seed has too few interactions and is placed by what it is
        self.degraded: list[str] = answer["degraded"]  # what could not be done, in words

    @property
    def ids(self) -> list[str]:
        return [item["id"] for item in self.items]

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        lines = [f"{place:>3}  {item['score']:>3.0f}  {item['id']:>8}  {_named(item)}" for place, item in enumerate(self.items, 1)]
        return "\n".join(lines + [f"  note: {note}" for note in self.degraded])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{place}</td><td>{item['score']:.0f}</td><td>{_escape(item['id'])}</td><td>{_escape(_named(item))}</td></tr>"
            for place, item in enumerate(self.items, 1)
        )
        notes = "".join(f"<p>{_escape(note)}</p>" for note in self.degraded)
        return f"<table><tr><th></th><th>score</th><th>id</th><th>title</th></tr>{rows}</table>{notes}"

    def to_frame(self) -> "pandas.DataFrame":
        import pandas  # pylint: disable=import-outside-toplevel

        return pandas.DataFrame(self.items)


def _named(item: Mapping[str, Any]) -> str:
    return f"{item['title']} ({item['year']})" if item["year"] else str(item["title"])


class Model:
    """Made by train() or load(), or by Store.load()."""

    def __init__(self, native: _sparrow.Model) -> None:
        self._native = native

    @property
    def vectors(self) -> "np.ndarray[Any, Any]":
        """items x dim, float32 or float16, row-major, in the engine's memory: read-only and not copied. An item without behavior has
        a row of zeros."""
        return self._native.tensor("vectors")

    @cached_property
    def tensors(self) -> "dict[str, np.ndarray[Any, Any]]":
        """Everything that the model holds, by name (docs/formats.md), in the engine's memory."""
        return {name: self._native.tensor(name) for name in self._native.tensor_names()}

    @cached_property
    def items(self) -> list[str]:
        """Row of `vectors` -> id."""
        return self._native.items()

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Name, version, method, options, metrics, and what data it was trained on."""
        found: dict[str, Any] = json.loads(self._native.manifest_json())
        return found

    @property
    def name(self) -> str:
        return str(self.manifest["name"])

    @property
    def version(self) -> str:
        return str(self.manifest["version"])

    @cached_property
    def dataset(self) -> Dataset:
        """What its items are of; of a model that was loaded without a data set, ids alone."""
        return Dataset(self._native.dataset())

    def rows(self, ids: Any) -> "np.ndarray[Any, Any]":
        """Rows of ids, -1 for one that the model lacks."""
        return self._native.rows(ids_of(ids))

    def similar(self, seeds: Any, size: int = 20, *, unlike: Any = (), **controls: Any) -> Answer:
        """More like this: the list that the server gives.

        seeds     an id, several ids, or ids with weights ({"1": 1, "589": 0.5}); more than five are taken as a history.
        unlike    ids that the list should be far from.
        controls  as in the HTTP API: offset, popularity, diversity, min_score, filter, exclude, pin, boosts, channels, same_series,
                  max_per_genre, max_per_series, max_per_person.
        """
        if isinstance(seeds, Mapping):
            weighted = [(str(item), float(weight)) for item, weight in seeds.items()]
        else:
            weighted = [(item, 1.0) for item in ids_of(seeds)]
        weighted += [(item, -1.0) for item in ids_of(unlike)]
        return Answer(self._native.similar(weighted, {"size": size, **_with_texts(controls)}))

    def similar_batch(
        self, ids: Optional[Iterable[object]] = None, size: int = 20, *, rows: Any = None, threads: int = 0
    ) -> "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]":
        """The lists of many items at once, by all cores: rows of `items` (int32) and scores 0..100 (float32), both seeds x size, best
        first; -1 and NaN where a list ends earlier. rows: the seeds as rows in place of ids; neither: every item."""
        import numpy  # pylint: disable=import-outside-toplevel

        if rows is None and ids is None:
            rows = numpy.arange(len(self), dtype=numpy.uint32)
        elif rows is None:
            texts = ids_of(ids)
            rows = self._native.rows(texts)
            if len(rows) and rows.min() < 0:
                raise _sparrow.NotFound(f'no item has the id "{texts[int(rows.argmin())]}"')
        return self._native.similar_batch(numpy.ascontiguousarray(rows, dtype=numpy.uint32), size, threads)

    def explain(self, seed: object, item: object, **controls: Any) -> dict[str, Any]:
        """Why an item stands where it does in a seed's list, or not at all."""
        return self._native.explain(str(seed), str(item), _with_texts(controls))

    def score(self, pairs: Iterable[tuple[object, object]]) -> "np.ndarray[Any, Any]":
        """The similarity of pairs of ids, float32, as `sparrow score` appends it; NaN where an id is unknown."""
        import numpy  # pylint: disable=import-outside-toplevel

        return numpy.array(self._native.score([(str(a), str(b)) for a, b in pairs]), dtype=numpy.float32)

    def save(self, root: PathLike) -> pathlib.Path:
        """Writes ROOT/NAME/VERSION/, the folder that `sparrow train` writes into HOME/models, and returns it."""
        return pathlib.Path(self._native.save(os.fspath(root)))

    def __len__(self) -> int:
        return len(self._native)

    def __iter__(self) -> Iterator[str]:
        return iter(self.items)

    def __repr__(self) -> str:
        return f"<Model {self.name} {self.version}: {len(self)} items x {self._native.dim()}>"


def _with_texts(controls: dict[str, Any]) -> dict[str, Any]:
    for name in ("exclude", "pin"):
        if name in controls:
            controls[name] = ids_of(controls[name])
    if "channels" in controls:
        controls["channels"] = list(ids_of(controls["channels"]))
    if isinstance(controls.get("boosts"), Mapping):
        controls["boosts"] = list(controls["boosts"].items())
    return controls


def methods() -> dict[str, str]:
    """The training methods: name -> what it does."""
    return dict(_sparrow.METHODS)


def train(
    dataset: Dataset,
    method: str = "fusion",
    *,
    seed: int = 1,
    name: Optional[str] = None,
    blocks: Union[None, Sequence[Model], Mapping[Model, float]] = None,
    progress: ProgressOption = None,
    **options: Any,
) -> Model:
    """Trains a model, as `sparrow train` does: equal data, options and seed give equal bytes.

    blocks    other models, whose vectors become one more block of content each (with their weights, as a mapping; else 1).
    options   those of `sparrow train --help` that the method reads: dim=64, epochs=20, content_weight=0.3, ...
    progress  None: a bar in a notebook or terminal; False: none; or a function that is called with each Progress.
    """
    flags = flags_of({"method": method, "seed": seed, "name": name, **options})
    weighted = blocks.items() if isinstance(blocks, Mapping) else [(block, 1.0) for block in blocks or []]
    given = [(block._native, float(weight)) for block, weight in weighted]
    with Reporter(progress) as report:
        return Model(_sparrow.Model.train(dataset._native, flags, usual_texts(), given, report))


def load(folder: PathLike, dataset: Optional[Dataset] = None) -> Model:
    """A model's folder, with the data set whose items it is of (titles, filters and reasons come from there)."""
    return Model(_sparrow.Model.load(os.fspath(folder), None if dataset is None else dataset._native))
