#!/usr/bin/env python3
"""Every link of a document, and every docs/... that a source names, leads somewhere: the file is there, and so is the heading.
Prints what does not; exit status 1 then."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^(```|~~~)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
NAMED = re.compile(r"\b((?:docs/)?[\w./-]+\.md)(#[\w-]+)?")


def anchors(file):
    """The headings of a document as GitHub makes anchors of them."""
    found, fenced = set(), False
    for line in file.read_text(encoding="utf-8").splitlines():
        if FENCE.match(line):
            fenced = not fenced
        heading = None if fenced else re.match(r"#+ +(.*?) *#*$", line)
        if heading:
            text = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", lambda m: m.group(1) or "", heading.group(1)).lower()
            anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
            number = 0
            while anchor + (f"-{number}" if number else "") in found:
                number += 1
            found.add(anchor + (f"-{number}" if number else ""))
    return found


def wrong(source, target, base):
    path, _, anchor = target.partition("#")
    file = (base / path).resolve() if path else source
    if not file.exists():
        return f"{path} is not there"
    if anchor and file.suffix == ".md" and anchor not in anchors(file):
        return f"{path or source.name} has no heading #{anchor}"
    return None


def main():
    names = subprocess.run(["git", "-C", ROOT, "ls-files"], capture_output=True, text=True, check=True).stdout.split("\n")
    problems, links = [], 0
    for name in filter(None, names):
        source = ROOT / name
        if not source.is_file():
            continue
        if source.suffix == ".md":
            fenced = False
            for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
                fenced ^= bool(FENCE.match(line))
                for target in [] if fenced or line.startswith("    ") else LINK.findall(line):
                    if re.match(r"[a-z]+:", target):
                        continue
                    links += 1
                    why = wrong(source, target, source.parent)
                    if why:
                        problems.append(f"{name}:{number}: {why}")
        elif source.suffix in (".h", ".cc", ".py", ".sh", ".js", ".mjs", ".json", ".toml", ".cmake", ".service", ".yml", ".yaml") or name in ("run", "test"):
            for number, line in enumerate(source.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
                for path, anchor in NAMED.findall(line):
                    if not path.startswith("docs/"):
                        continue
                    links += 1
                    why = wrong(source, path + anchor, ROOT)
                    if why:
                        problems.append(f"{name}:{number}: {why}")
    for problem in problems:
        print(problem)
    print(f"{links} pointers into documents, {len(problems)} of them wrong")
    sys.exit(1 if problems or links == 0 else 0)


if __name__ == "__main__":
    main()
