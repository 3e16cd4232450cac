"""Stores: where servers read models from."""
import json
import os
from typing import Any, Optional, Union

from . import _sparrow
from ._dataset import Dataset
from ._model import Model
from ._progress import ProgressOption, Reporter


class Store:
    """Versions of models by key; a context manager. A RocksDB store has one writer at a time: close it before others write."""

    def __init__(self, uri: Union[str, "os.PathLike[str]"], *, read_only: bool = False) -> None:
        text = os.fspath(uri)
        self._native = _sparrow.Store(text, read_only)

    @property
    def uri(self) -> str:
        return self._native.uri()

    def names(self) -> list[str]:
        return self._native.names()

    def versions(self, name: str) -> list[dict[str, Any]]:
        """Published versions, oldest first."""
        found: list[dict[str, Any]] = json.loads(self._native.versions_json(name))
        return found

    def promoted(self, name: str) -> Optional[str]:
        return self._native.promoted(name)

    def publish(
        self, model: Model, *, promote: bool = True, allow_content_only: bool = False, encoding: Optional[str] = None,
        progress: ProgressOption = None,
    ) -> None:
        """Adds the model's version, with features of items and users when its data set is known; then promotes it: servers follow.

        allow_content_only  promote a model that learned from no behavior although there is a log.
        encoding            float32, float16 or int8; None: as the model has its vectors.
        """
        with Reporter(progress) as report:
            self._native.publish(model._native, encoding or "", report)
        if not promote:
            return
        if not allow_content_only:
            _sparrow.refuse_content_only(model._native)
        self._native.promote(model.name, model.version)

    def promote(self, name: str, version: str) -> None:
        self._native.promote(name, version)

    def rollback(self, name: str) -> str:
        """Goes back to the version promoted before; returns it."""
        return self._native.rollback(name)

    def prune(self, name: str, keep: int = 3) -> list[str]:
        """Removes all but the newest versions; returns those removed."""
        return self._native.prune(name, keep)

    def load(self, name: str, version: Optional[str] = None, dataset: Optional[Dataset] = None) -> Model:
        """A published version; None: the promoted one."""
        return Model(self._native.load(name, version, None if dataset is None else dataset._native))

    def close(self) -> None:
        self._native.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Store {self.uri}>"


def open_store(uri: str, *, read_only: bool = False) -> Store:
    """rocksdb:PATH, redis://HOST:PORT/DB and its kin, memory: (docs/configuration.md)."""
    return Store(uri, read_only=read_only)


def publish(model: Model, store: Union[str, Store], promote: bool = True, **options: Any) -> None:
    """Publishes a model to a store, and promotes it: Store.publish() of a URI."""
    if isinstance(store, Store):
        store.publish(model, promote=promote, **options)
        return
    with Store(store) as opened:
        opened.publish(model, promote=promote, **options)
