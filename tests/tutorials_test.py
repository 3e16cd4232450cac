"""Runs the code blocks of docs/tutorials as they stand there. A line "# => TEXT" in a block: TEXT must be in what the block printed so far.
Ports 6010 to 6099 are changed to free ones."""
import os
import pathlib
import re
import socket
import subprocess
import tempfile

from api_test import BIN, ROOT, check
import api_test


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])


def run_tutorial(path):
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert blocks, "no code block"
    with tempfile.TemporaryDirectory() as folder:
        tools = pathlib.Path(folder, "bin")
        tools.mkdir()
        (tools / "sparrow").symlink_to(BIN)
        # Ports of their own, so that two runs on one machine do not meet.
        for port in sorted(set(re.findall(r"\b60[1-9]\d\b", text))):
            other = free_port()
            blocks = [re.sub(rf"\b{port}\b", other, block) for block in blocks]
        script = ["set -euo pipefail", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
        wanted = []
        for block in blocks:
            for line in block.splitlines():
                if line.startswith("# => "):
                    script.append(f"echo '=====check {len(wanted)}'")
                    wanted.append(line[5:])
                else:
                    script.append(line)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SPARROW_") or k == "SPARROW_DATA"}
        environment["PATH"] = f"{tools}:{environment['PATH']}"
        done = subprocess.run(["bash", "-c", "\n".join(script)], capture_output=True, text=True, check=False, cwd=folder, timeout=300, env=environment)
        assert done.returncode == 0, f"status {done.returncode}: {done.stdout[-800:]} {done.stderr[-800:]}"
        parts = re.split(r"=====check \d+\n", done.stdout)
        for number, want in enumerate(wanted):
            assert want in parts[number], f"{want!r} is not in {parts[number][:800]!r}"


def main():
    for path in sorted((ROOT / "docs/tutorials").glob("*.md")):
        check(f"tutorial {path.name}", lambda path=path: run_tutorial(path))
    print(f"{api_test.passed} passed, {api_test.failed} failed")
    raise SystemExit(api_test.failed > 0)


if __name__ == "__main__":
    main()
