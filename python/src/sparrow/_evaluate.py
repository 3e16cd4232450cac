"""Comparing models: by numbers on held-out behavior, and by eye."""
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Optional, Union

from . import _sparrow
from ._dataset import Dataset, PathLike, _escape, ids_of
from ._flags import flags_of, usual_texts
from ._model import Model, _named
from ._progress import ProgressOption, Reporter

if TYPE_CHECKING:
    import pandas

Method = Union[str, Mapping[str, Any]]


class Report:
    """What `sparrow evaluate` reports; docs/quality.md defines every number."""

    def __init__(self, text: str, markdown: str, html: str) -> None:
        self.data: dict[str, Any] = json.loads(text)  # as --json prints it
        self.markdown = markdown
        self.html = html  # a page of its own, with plots

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One a method: the main numbers, flat."""
        rows = []
        for method in self.data["methods"]:
            held_out = method["held_out_users"]
            row = {
                "method": method["name"],
                "baseline": method["baseline"],
                "nx": held_out["hit"],
                "nx_low": held_out["hit_interval"][0],
                "nx_high": held_out["hit_interval"][1],
                "nx_ipw": held_out["hit_ipw"],
                "ndcg": held_out["ndcg"],
                "mrr": held_out["mrr"],
                "last_out": method["leave_last_out"]["hit"],
                "coverage": method["lists"]["coverage"],
                "skew": method["lists"]["skew"],
                "popularity_lift": method["lists"]["popularity_lift"],
                "p_value": method.get("p_value_against_first"),
                "seconds": method["seconds"],
            }
            if "groups" in method:
                row["series_auc"] = method["groups"]["auc"]
            if "ground_truth" in method and "auc" in method["ground_truth"]:
                row["judged_auc"] = method["ground_truth"]["auc"]
            rows.append(row)
        return rows

    def to_frame(self) -> "pandas.DataFrame":
        import pandas  # pylint: disable=import-outside-toplevel

        return pandas.DataFrame(self.rows).set_index("method")

    def __repr__(self) -> str:
        return self.markdown

    def _repr_html_(self) -> str:
        def cell(value: Any) -> str:
            return "" if value is None else f"{value:.4f}" if isinstance(value, float) else _escape(value)

        rows = self.rows
        head = "".join(f"<th>{name}</th>" for name in rows[0])
        body = "".join("<tr>" + "".join(f"<td>{cell(v)}</td>" for v in row.values()) + "</tr>" for row in rows)
        return f"<table><tr>{head}</tr>{body}</table>"


def evaluate(
    dataset: Dataset,
    methods: Sequence[Method] = ("fusion", "item2vec", "cooccurrence", "history", "content"),
    *,
    splits: int = 3,
    groups: Optional[PathLike] = None,
    ground_truth: Optional[PathLike] = None,
    seed: int = 1,
    threads: int = 0,
    progress: ProgressOption = None,
    **options: Any,
) -> Report:
    """Measures methods on held-out behavior, as `sparrow evaluate` does.

    methods  names, or options of train() with a "method" and a "name" of its own: ["fusion", {"method": "item2vec", "name": "wide",
             "dim": 256}]. "original" is item2vec as SparrowRecSys sets it. Every other is tested against the first.
             What is trained elsewhere has a "trainer", called as trainer(dataset, options) for each split and returning a Model of that
             data set; options are those of the method, as sparrow.spark takes them.
    groups   file of series and remakes; ground_truth: file of judged pairs.
    options  k, split_seed, cold_slice, baselines.
    """
    each = [{"method": m} if isinstance(m, str) else dict(m) for m in methods]
    if not each:
        raise _sparrow.InvalidInput("methods: give at least one")
    trainers = {str(m.get("name", m["method"])): _native_trainer(m.pop("trainer")) for m in each if "trainer" in m}
    flags = [flags_of({"seed": seed, **m}) for m in each]
    truths = (os.fspath(groups) if groups else "", os.fspath(ground_truth) if ground_truth else "")
    with Reporter(progress) as report:
        return Report(*_sparrow.evaluate(dataset._native, flags, flags_of({"splits": splits, **options}), truths, trainers, usual_texts(), threads, report))


def _native_trainer(trainer: Callable[[Dataset, Any], Model]) -> Callable[[Any, Any], Any]:
    return lambda dataset, options: trainer(Dataset(dataset), options)._native


class SpotCheck:
    """Lists of some seeds, models side by side: `seeds` holds {"seed", "lists": {model: [item, ...]}} each. The items of every model
    but the first have a "mark": "new", "=" or the places moved; "gone" names what the first model listed and this one does not."""

    def __init__(self, seeds: list[dict[str, Any]]) -> None:
        self.seeds = seeds

    def __repr__(self) -> str:
        lines = []
        for entry in self.seeds:
            seed = entry["seed"]
            lines.append(f"\n{seed['id']} {_named(seed)}  {', '.join(seed['genres'])}")
            for model in entry["lists"]:
                lines.append(f"  {model['model']}{' (seed placed by content)' if model['by_content'] else ''}")
                for place, item in enumerate(model["items"], 1):
                    lines.append(f"    {place:>2} {item['score']:>3.0f} {item['mark']:<4} {_named(item)}  {', '.join(item['genres'])}")
                lines.extend(f"            gone {_named(item)}" for item in model["gone"])
        return "\n".join(lines) + "\n"

    def _repr_html_(self) -> str:
        parts = []
        for entry in self.seeds:
            columns = ""
            for model in entry["lists"]:
                items = "".join(f"<li>{_escape(_named(i))} <small>{i['score']:.0f} {_escape(i['mark'])}</small></li>" for i in model["items"])
                gone = "".join(f"<br><small>gone: {_escape(_named(i))}</small>" for i in model["gone"])
                columns += f'<td style="vertical-align:top;text-align:left"><b>{_escape(model["model"])}</b><ol>{items}</ol>{gone}</td>'
            parts.append(f"<h4>{_escape(_named(entry['seed']))}</h4><table><tr>{columns}</tr></table>")
        return "".join(parts)


def spot_check(
    models: Union[Model, Sequence[Model]], seeds: Any = (), *, sample: int = 0, size: int = 10, seed: int = 1
) -> SpotCheck:
    """Lists to look at, as `sparrow spotcheck` prints them: of the ids `seeds`, or of so many random ones."""
    every = [models] if isinstance(models, Model) else list(models)
    if not every:
        raise _sparrow.InvalidInput("spotcheck: give at least one model")
    dataset = every[0].dataset
    ids = ids_of(seeds)
    ids += [dataset.items.ids[row] for row in dataset._native.sample_rows(sample, seed)]
    if not ids:
        raise _sparrow.InvalidInput("spotcheck: give item ids, or --sample N")
    return SpotCheck([_checked(every, dataset, item, size) for item in ids])


def _checked(models: list[Model], dataset: Dataset, seed: str, size: int) -> dict[str, Any]:
    facts = dataset.items[seed]

    def described(item: dict[str, Any]) -> dict[str, Any]:
        return {**item, "genres": dataset.items.get(item["id"], {}).get("genres", [])}

    lists = []
    first: list[dict[str, Any]] = []
    for number, model in enumerate(models):
        answer = model.similar(seed, size)
        items = [described(item) for item in answer]
        before = {item["id"]: place for place, item in enumerate(first)}
        for place, item in enumerate(items):
            moved = before[item["id"]] - place if item["id"] in before else None
            item["mark"] = "" if number == 0 else "new" if moved is None else "=" if moved == 0 else f"{moved:+d}"
        now = set(answer.ids)
        lists.append({
            "model": model.name,
            "by_content": answer.seed_source == "content",
            "items": items,
            "gone": [item for item in first if item["id"] not in now],
        })
        first = first or items
    seed_facts = {"id": seed, "title": facts["title"], "year": facts.get("year", 0), "genres": facts.get("genres", [])}
    return {"seed": seed_facts, "lists": lists}
