"""Sparrow: what is like this? Item embeddings from what people watched and what items are.

    import sparrow
    dataset = sparrow.read("ml-latest-small")
    model = sparrow.train(dataset)
    model.similar("589")
"""
from ._client import Client, ClientError
from ._dataset import Dataset, Items, read
from ._evaluate import Report, SpotCheck, evaluate, spot_check
from ._model import Answer, Model, load, methods, train
from ._progress import Progress
from ._sparrow import Conflict, Corrupt, Error, Exhausted, InvalidInput, NotFound, Unavailable, __version__
from ._store import Store, open_store, publish

__all__ = [
    "Answer", "Client", "ClientError", "Conflict", "Corrupt", "Dataset", "Error", "Exhausted", "InvalidInput", "Items", "Model", "NotFound",
    "Progress", "Report", "SpotCheck", "Store", "Unavailable", "__version__", "evaluate", "load", "methods", "open_store", "publish", "read",
    "spot_check", "train",
]
