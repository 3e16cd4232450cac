"""What the attacks stand on: a small home of its own for each, servers in it, small disks. Everything on loopback and bounded."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from api_test import BIN, ROOT, check, equal  # noqa: E402  pylint: disable=wrong-import-position,unused-import
import api_test  # noqa: E402  pylint: disable=wrong-import-position
from online_test import TokenServer  # noqa: E402  pylint: disable=wrong-import-position

TOKEN = "attack-secret"
ROUNDS = int(os.environ.get("SPARROW_ATTACK_ROUNDS", "15"))  # of each attack that is tried again and again
FIXTURE = ROOT / "tests/upgrade/home-0.2.0.tar.gz"


def clean_environment(home, **more):
    return {**{k: v for k, v in os.environ.items() if not k.startswith("SPARROW_") or k == "SPARROW_SIMD"}, "SPARROW_HOME": str(home), **more}


def run(*arguments, home, timeout=60, before=None, **environment):
    return subprocess.run([BIN, *arguments], capture_output=True, text=True, check=False, timeout=timeout, preexec_fn=before,
                          env=clean_environment(home, **environment))


def unpack(folder):
    """The fixture's home in `folder`; returns its path."""
    with tarfile.open(FIXTURE) as archive:
        archive.extractall(folder, filter="data") if hasattr(tarfile, "data_filter") else archive.extractall(folder)
    return pathlib.Path(folder, "home")


skipped = []


def skip(what):
    """Something that this machine does not allow: said, and counted by ./test."""
    skipped.append(what)
    print(f"skip {what}", flush=True)


@contextlib.contextmanager
def small_home():
    with tempfile.TemporaryDirectory() as folder:
        yield unpack(folder)


class Attacked(TokenServer):
    """A server with tokens in a small home; killed when the block ends."""

    def __init__(self, home, *options):
        super().__init__(str(home), "--token", f"admin:{TOKEN}", "--model", "fusion", *options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def stderr(self):
        return pathlib.Path(self.log.name).read_text(encoding="utf-8", errors="replace")

    def stop(self, seconds=10):
        began = time.time()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=seconds)
        return status, time.time() - began

    def alive(self):
        equal(self.get("/api/v1/healthz")[0], 200)
        equal(self.get("/api/v1/items/m1/similar?size=3")[0], 200)

    def raw(self, request, wait=2.0):
        """Status and all bytes of what is answered to raw bytes; 0: closed without a word."""
        answer = self.talk(request, wait)
        found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
        return (int(found.group(1)) if found else 0), answer


@contextlib.contextmanager
def small_disk(megabytes, kind="tmpfs"):
    """A file system of that size, a tmpfs or an ext4 image on a loop device; nothing where this machine does not allow one."""
    work = pathlib.Path(tempfile.mkdtemp())
    folder, image = work / "disk", work / "image"
    folder.mkdir()
    steps = [["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(folder)]]
    if kind == "ext4":
        # Beside the room that was asked for: a journal of its own, the smallest there is.
        steps = [["truncate", "-s", f"{megabytes + 6}M", str(image)],
                 ["/sbin/mkfs.ext4", "-q", "-m", "0", "-b", "4096", "-N", "400", "-J", "size=4", str(image)],
                 ["mount", "-o", "loop", str(image), str(folder)]]
    try:
        mounted = all(tried(step) for step in steps)
        yield folder if mounted else None
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)
        shutil.rmtree(work, ignore_errors=True)


def tried(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).returncode == 0
    except OSError:
        return False


def fill(folder):
    """Takes what room there is; returns the file that holds it."""
    file = pathlib.Path(folder, "filler")
    with open(file, "ab", buffering=0) as out:
        for size in (65536, 4096, 512, 1):
            with contextlib.suppress(OSError):
                while True:
                    out.write(b"x" * size)
    return file
