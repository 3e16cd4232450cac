"""python -m sparrow.spark: the commands, each in the module of its name."""
import argparse
import importlib
import sys
from typing import Optional

from .. import _sparrow
from .session import session

COMMANDS = ["prepare", "walks", "train", "publish", "stream", "samples"]


def main(arguments: Optional[list[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sparrow.spark", description="Sparrow on Apache Spark.")
    parser.add_argument("--master", help="local[*], spark://HOST:PORT, yarn, k8s://...; default: what spark-submit says, else local[*]")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    modules = {name: importlib.import_module(f".{name}", __package__) for name in COMMANDS}
    for module in modules.values():
        module.add_parser(subparsers)
    options, rest = parser.parse_known_args(arguments)
    if getattr(modules[options.command], "ENGINE_FLAGS", False):
        options.engine_flags = rest
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        return int(modules[options.command].run(session(f"sparrow {options.command}", options.master), options))
    except _sparrow.Error as error:
        print(f"sparrow.spark: {error}", file=sys.stderr)
        return error.exit_status


if __name__ == "__main__":
    sys.exit(main())
