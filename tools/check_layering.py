#!/usr/bin/env python3
"""Checks that includes go down the pipeline and that third-party headers stay in their one place.

Exit status 0 when clean; otherwise each violation is one line: file:line: what is wrong.
"""
import pathlib
import re
import sys

ALLOWED = {
    "core": set(),
    "data": {"core"},
    "model": {"core"},
    "embed": {"core", "data", "model"},
    "store": {"core", "model"},
    "index": {"core"},
    "recall": {"core", "data", "model", "index"},
    "rank": {"core", "data", "model", "recall"},
    "evaluate": {"core", "data", "model", "embed", "recall", "rank"},
    "events": {"core", "data", "recall"},
    "experiment": {"core", "events"},
    "flags": {"core", "data", "model", "embed", "evaluate"},
    "http": {"core"},
    "picture": {"core"},
    "live": {"core", "data", "model", "embed", "store", "recall", "rank", "http", "events", "picture"},
    "api": {"core", "data", "model", "recall", "rank", "evaluate", "http", "live", "events", "experiment", "picture"},
    "app": None,  # everything
    "bench": None,
    "python": None,
}
# Third-party header prefix -> modules that may include it.
THIRD_PARTY = {
    "fmt/": {"core", "data", "model", "embed", "store", "index", "recall", "rank", "evaluate", "events", "experiment", "http", "picture", "live", "api", "app", "bench", "flags", "python"},
    "nlohmann/": {"data", "model", "embed", "store", "rank", "evaluate", "events", "experiment", "http", "live", "api", "app", "bench", "python"},
    "boost/math/": {"experiment"},
    "boost/": {"http", "experiment"},
    "rocksdb/": {"store"},
    "hiredis/": {"store"},
    "librdkafka/": {"events"},
    "Eigen/": {"embed", "evaluate"},
    "hwy/": {"core"},
    "openssl/": {"core"},
    "CLI/": {"app", "bench", "flags", "python"},
    "toml++/": {"app"},
    "sqlite3.h": {"app", "events", "live", "picture"},
    "libpq-fe.h": {"live"},
    "utf8proc.h": {"core"},
    "zlib.h": {"data"},
    "zstd.h": {"data"},
    "bzlib.h": {"data"},
    "archive": {"app", "data"},
    "libexif/": {"picture"},
    "png.h": {"picture"},
    "turbojpeg.h": {"picture"},
    "webp/": {"picture"},
    "nanobind/": {"python"},
    "iconv.h": {"data"},
}
# Sources of app that answer in the terminal: nothing of a server in them.
TERMINAL = {"similar_command.cc", "evaluate_commands.cc"}
FORBIDDEN_NAMES = re.compile(r"(^|_)(utils?|helpers?|manager|common|misc|base|impl)(_|\.|$)")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]')


def violations(root: pathlib.Path):
    for path in sorted([*(root / "sparrow").rglob("*"), *(root / "bench").glob("*"), *(root / "python" / "native").rglob("*")]):
        if path.suffix not in {".h", ".cc"}:
            continue
        relative = path.relative_to(root)
        module = relative.parts[1] if relative.parts[0] == "sparrow" else relative.parts[0]
        if FORBIDDEN_NAMES.search(path.name):
            yield f"{relative}:1: a file name of this kind says nothing (CONTRIBUTING.md, names)"
        if path.suffix == ".h" and "#pragma once" not in path.read_text(encoding="utf-8"):
            yield f"{relative}:1: header without #pragma once"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            header = match.group(1)
            if header.startswith("sparrow/"):
                target = header.split("/")[1]
                allowed = ALLOWED.get(module)
                if target == "app" and module != "app":
                    yield f"{relative}:{number}: nobody includes app"
                if allowed is not None and target != module and target not in allowed:
                    yield f"{relative}:{number}: {module} may not include {target}"
                if path.name in TERMINAL and target in {"http", "api"}:
                    yield f"{relative}:{number}: the terminal needs no {target}"
            for prefix, modules in THIRD_PARTY.items():
                if header.startswith(prefix) and module not in modules and not path.name.endswith("_test.cc"):
                    yield f"{relative}:{number}: <{header}> belongs in {', '.join(sorted(modules))}"


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent
    found = list(violations(root))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
