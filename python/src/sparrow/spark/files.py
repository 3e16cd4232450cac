"""Files of any Spark file system, by the Hadoop client that Spark has, and what the engine needs of them on the driver."""
import os
import pathlib
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from pyspark.sql import SparkSession

from .._sparrow import InvalidInput, NotFound

# The engine tells dialect and columns from the first 256 KiB of a file, and unpacks 16 MiB of a packed one at once.
HEAD_BYTES = 1 << 20
PACKED_HEAD_BYTES = 17 << 20
PACKED = (".gz", ".zst", ".bz2")


def plain(uri: str) -> str:
    """A form in which equal files are equal: Spark writes file:///a%20b where Hadoop writes file:/a b."""
    return re.sub(r"^([a-zA-Z][\w+.-]*):/+", r"\1:/", unquote(uri))


@dataclass
class File:
    uri: str
    name: str
    size: int

    @property
    def packed(self) -> bool:
        return self.name.endswith(PACKED)

    @property
    def parquet(self) -> bool:
        return self.name.endswith((".parquet", ".pq"))


class Files:
    """A file system as the session sees it: a path without a scheme is of the default one."""

    def __init__(self, spark: SparkSession) -> None:
        self._jvm: Any = spark.sparkContext._jvm  # pylint: disable=protected-access
        self._configuration: Any = spark.sparkContext._jsc.hadoopConfiguration()  # pylint: disable=protected-access

    def _at(self, path: str) -> tuple[Any, Any]:
        place = self._jvm.org.apache.hadoop.fs.Path(path)
        return place.getFileSystem(self._configuration), place

    def _file(self, status: Any) -> File:
        return File(status.getPath().toString(), status.getPath().getName(), status.getLen())

    def exists(self, path: str) -> bool:
        system, place = self._at(path)
        return bool(system.exists(place))

    def is_folder(self, path: str) -> bool:
        """Errors: NotFound."""
        system, place = self._at(path)
        if not system.exists(place):
            raise NotFound(f"{path} is not there")
        return bool(system.getFileStatus(place).isDirectory())

    def list(self, path: str) -> list[File]:
        """The files of a folder, or the file itself. Errors: NotFound."""
        system, place = self._at(path)
        if not system.exists(place):
            raise NotFound(f"{path} is not there")
        return sorted((self._file(s) for s in system.listStatus(place) if s.isFile()), key=lambda file: file.name)

    def fetch(self, file: File, target: pathlib.Path) -> None:
        system, place = self._at(file.uri)
        system.copyToLocalFile(False, place, self._jvm.org.apache.hadoop.fs.Path(str(target)), True)

    def fetch_head(self, file: File, target: pathlib.Path) -> None:
        """The first part of a file, in a file as long as the whole: the engine judges by sizes too."""
        system, place = self._at(file.uri)
        count = min(file.size, PACKED_HEAD_BYTES if file.packed else HEAD_BYTES)
        source, sink = system.open(place), self._jvm.java.io.FileOutputStream(str(target))
        try:
            self._jvm.org.apache.commons.io.IOUtils.copyLarge(source, sink, 0, count)
        finally:
            sink.close()
            source.close()
        os.truncate(target, file.size)

    def put(self, source: pathlib.Path, path: str) -> None:
        system, place = self._at(path)
        system.copyFromLocalFile(False, True, self._jvm.org.apache.hadoop.fs.Path(str(source)), place)

    def remove(self, path: str) -> None:
        system, place = self._at(path)
        system.delete(place, True)

    def rename(self, old: str, new: str) -> None:
        system, place = self._at(old)
        if not system.rename(place, self._jvm.org.apache.hadoop.fs.Path(new)):
            raise InvalidInput(f"{old} cannot be renamed to {new}: is the folder writable?")

    def make_folder(self, path: str) -> None:
        system, place = self._at(path)
        system.mkdirs(place)

    def can_unpack_zstd(self) -> bool:
        return bool(self._jvm.org.apache.hadoop.util.NativeCodeLoader.isNativeCodeLoaded())
