"""A real standalone cluster on loopback: one master, two worker processes of one core each, shared by all tests of the step."""
import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pyspark
import pytest

from sparrow.spark import Prepared, session as make_session
from sparrow.spark.prepare import prepare

SPARK = pathlib.Path(pyspark.__file__).parent
# Short lives: what compiles quickly starts quickly.
JAVA_OPTIONS = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
START_SECONDS = 60


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    """A daemon of Spark in a process group of its own: what it starts ends with it."""

    def __init__(self, folder, name, *arguments):
        self.log = folder / f"{name}.log"
        environment = {**os.environ, "SPARK_HOME": str(SPARK), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_NO_DAEMONIZE": "1", "SPARK_DAEMON_MEMORY": "256m",
                       "SPARK_DAEMON_JAVA_OPTS": JAVA_OPTIONS, "SPARK_LOCAL_DIRS": str(folder / "local"), "PYSPARK_PYTHON": sys.executable}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["bash", str(SPARK / "bin/spark-class"), *map(str, arguments)], stdout=log, stderr=subprocess.STDOUT,
                                            env=environment, start_new_session=True)

    def kill(self):
        """kill -9 of the process and of the executors that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def wait_for(self, text):
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if re.search(text, self.log.read_text(errors="replace")):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"{self.log}: no \"{text}\" within {START_SECONDS} s:\n{self.log.read_text(errors='replace')[-2000:]}")


class Cluster:
    """master: its URL, as Spark takes it."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.page = free_port()
        self.master = f"spark://127.0.0.1:{self.port}"
        self._started = 0
        self.workers = []
        self._master = Process(folder, "master", "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", self.port,
                               "--webui-port", self.page)
        self._master.wait_for("Starting Spark master")

    def add_worker(self):
        """Starts one more; wait_for_workers() waits until the master knows it."""
        self._started += 1
        name = f"worker{self._started}"
        worker = Process(self.folder, name, "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--cores", 1, "--memory", "1400m",
                         "--webui-port", free_port(), "--work-dir", self.folder / name, self.master)
        self.workers.append(worker)

    def wait_for_workers(self):
        for worker in self.workers:
            worker.wait_for("Successfully registered with master")

    def kill_worker(self):
        """kill -9 of the first worker with its executors."""
        self.workers.pop(0).kill()

    def state(self):
        """What the master says on its page."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.page}/json/", timeout=10) as answer:
            return answer.read().decode()

    def stop(self):
        for worker in self.workers:
            worker.kill()
        self._master.kill()


class Redis:
    def __init__(self, port):
        self.port = port
        self.uri = f"redis://127.0.0.1:{port}"
        self.process = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                                         "--enable-debug-command", "local"],
                                        stdout=subprocess.DEVNULL)
        while self.ask("PING").strip() != "PONG":
            assert self.process.poll() is None
            time.sleep(0.05)

    def ask(self, *words):
        return subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True, check=False).stdout

    def digest(self):
        """Of all keys and values."""
        return self.ask("DEBUG", "DIGEST").strip()


@pytest.fixture
def redis(port):
    """A server of its own."""
    server = Redis(port())
    yield server
    server.process.kill()
    server.process.wait()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """One master and two workers; a test that kills one adds another."""
    running = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        running.add_worker()
        running.add_worker()
        running.wait_for_workers()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def spark(cluster):
    """A session on the cluster: the driver is this process, the executors are the workers'."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    builder = pyspark.sql.SparkSession.builder.appName("sparrow tests").master(cluster.master)
    settings = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.executor.memory": "1g", "spark.executor.cores": "1",
                "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.sql.shuffle.partitions": "4",
                "spark.local.dir": str(cluster.folder / "local"), "spark.executor.extraJavaOptions": JAVA_OPTIONS,
                "spark.driver.extraJavaOptions": JAVA_OPTIONS}
    for key, value in settings.items():
        builder = builder.config(key, value)
    builder.getOrCreate()
    running = make_session("sparrow tests")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def prepared_folder(spark, data, tmp_path_factory):
    """ml-latest-small as the cluster prepares it: HOME/prepared of a home of its own."""
    folder = tmp_path_factory.mktemp("home") / "prepared"
    prepare(spark, str(folder), data=data)
    return folder


@pytest.fixture(scope="session")
def prepared(spark, prepared_folder):
    return Prepared.read(spark, str(prepared_folder))


@pytest.fixture(scope="session")
def port():
    """port(): one that is free."""
    return free_port
