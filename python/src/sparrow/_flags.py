"""Keyword arguments as flags of the command line: the engine checks them there, in its own words."""
import os
from collections.abc import Mapping
from typing import Any


def flags_of(options: Mapping[str, Any]) -> list[str]:
    """{"learning_rate": 0.02, "baselines": False} -> ["--learning-rate=0.02", "--no-baselines"]; None: not given."""
    flags: list[str] = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is None:
            continue
        if isinstance(value, bool):
            flags.append(flag if value else "--no-" + flag[2:])
        elif isinstance(value, Mapping):
            flags.extend(f"{flag}={key}={entry}" for key, entry in value.items())
        elif isinstance(value, (list, tuple, set)):
            flags.append(f"{flag}={','.join(map(str, value))}")
        else:
            flags.append(f"{flag}={os.fspath(value) if isinstance(value, os.PathLike) else value}")
    return flags


def usual_texts() -> str:
    """The folder of the table of text vectors where no option names one: that of the command line."""
    return os.path.join(os.environ.get("SPARROW_HOME", ".sparrow"), "text")
