"""Sparrow on Apache Spark: prepare, walk, train, publish and export where the data are, with the engine's own code in every partition.

    python -m sparrow.spark prepare --data hdfs:///shop/log --items hdfs:///shop/products.csv --output hdfs:///shop/prepared

Not imported by `import sparrow`; needs `pip install "python/[spark]"` and Java 17. docs/scale.md says how to submit to a cluster.
"""
from .prepared import Prepared
from .session import session

__all__ = ["Prepared", "session"]
