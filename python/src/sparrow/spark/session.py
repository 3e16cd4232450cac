"""session(): the SparkSession that the jobs of this package run in."""
import os
import sys
from typing import Optional

from pyspark.sql import SparkSession

from .. import _sparrow

# Each with its reason. What spark-submit or the cluster's spark-defaults.conf sets otherwise wins, but for RULES.
DEFAULTS = {
    # Lines of text and packed histories are small: more of them in a batch cost fewer crossings from the JVM to Python.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
    # The same rows may hold long histories: a batch stays small in bytes all the same.
    "spark.sql.execution.arrow.maxBytesPerBatch": "64m",
    # A log file is cut into pieces of this size. Smaller ones are lost with less work and spread better.
    "spark.sql.files.maxPartitionBytes": "64m",
}
# What the results depend on: wins over everybody.
RULES = {
    # Times without a zone are UTC, as the engine has it.
    "spark.sql.session.timeZone": "UTC",
    # A file that vanishes or is damaged while it is read is an error, never fewer rows.
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
}


def session(name: str, master: Optional[str] = None) -> SparkSession:
    """The session that runs, or a new one.

    name    what the cluster shows.
    master  local[*], spark://HOST:PORT, yarn, k8s://...; None: what spark-submit or spark-defaults.conf say, else local[*].
    """
    running = SparkSession.getActiveSession()
    if running is None:
        builder = SparkSession.builder.appName(name)
        if master is not None:
            builder = builder.master(master)
        if "PYSPARK_GATEWAY_PORT" not in os.environ:  # under spark-submit its settings hold
            if (master or "local").startswith("local"):  # the workers are of this machine: python3 may be another Python, without this package
                os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
            builder = builder.config("spark.ui.showConsoleProgress", str(sys.stderr.isatty()).lower())  # bars are for terminals
        running = builder.getOrCreate()
    elif master is not None and running.sparkContext.master != master:
        raise _sparrow.Conflict(f"a session runs on {running.sparkContext.master}, not on {master}: stop it first")
    given = running.sparkContext.getConf()
    for key, value in DEFAULTS.items():
        if not given.contains(key):
            running.conf.set(key, value)
    for key, value in RULES.items():
        running.conf.set(key, value)
    return running
