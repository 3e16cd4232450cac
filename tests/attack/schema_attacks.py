"""schemathesis (PyPI, pinned in schemathesis.txt) on the real server: what docs/api/openapi.json allows and what it does not, with and
without a token, with words that the server knows and with any. No 5xx but the 503 and 507 that are described, no answer that the description
does not have.

Its virtual environment is build/schemathesis. Out of reach of PyPI: skipped, and counted as that.
SPARROW_SCHEMA_SECONDS: of each of the three runs (default 16).
"""
import copy
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from ground import ROOT, TOKEN, Attacked, check, equal, skip, small_home

SECONDS = int(float(os.environ.get("SPARROW_SCHEMA_SECONDS", "16")))
PINNED = ROOT / "tests/attack/schemathesis.txt"
# Not asked: whether each body that the description allows is accepted (ids must be those of items), whether each that it does not is refused.
CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,"
          "use_after_free")
METHODS = ",unsupported_method,allow_header_conformance"  # where no method is left out of the description
# What the fixture's home knows by these names, wherever a request has them.
KNOWN = {"seed": "m1", "item": "m3", "id": "m1", "seeds": "m1,m6:0.5", "movieId": "m1", "looked": "m1,m3", "genre": "Harbour", "genres": "Harbour",
         "q": "story", "model": "fusion", "name": "fusion", "exclude": "m7", "pin": "m8", "filter": "year > 1990", "channels": "embedding,content",
         "user": "bob", "grader": "ann", "against": "content"}


def tool():
    """The command, installed on the first run; None where it cannot be."""
    folder = ROOT / "build/schemathesis"
    command, stamp = folder / "bin/schemathesis", folder / "pinned.txt"
    if not command.exists() or not stamp.exists() or stamp.read_bytes() != PINNED.read_bytes():
        shutil.rmtree(folder, ignore_errors=True)
        for step in ([sys.executable, "-m", "venv", str(folder)],
                     [str(folder / "bin/pip"), "install", "--quiet", "--timeout", "15", "--retries", "1", "--requirement", str(PINNED)]):
            done = subprocess.run(step, capture_output=True, text=True, check=False, timeout=600)
            if done.returncode != 0:
                print(f"     {' '.join(step[:4])}: {(done.stderr or done.stdout).strip().splitlines()[-1:]}", flush=True)
                shutil.rmtree(folder, ignore_errors=True)
                return None
        stamp.write_bytes(PINNED.read_bytes())
    return command


def main():
    command = tool()
    if command is None:
        skip("schemathesis: PyPI is out of reach")
        return
    any_words = json.loads((ROOT / "docs/api/openapi.json").read_text(encoding="utf-8"))
    known_words = with_known_words(any_words)
    for seed, (name, spec, token, checks) in enumerate((("without a token", any_words, None, CHECKS + METHODS),
                                                        ("with a token", any_words, TOKEN, CHECKS + METHODS),
                                                        ("with a token and words that are known", known_words, TOKEN, CHECKS))):
        with small_home() as home:
            check(f"schemathesis {name}: no 5xx, no answer that is not described", lambda of=(command, home, spec, token, checks, seed): one_run(*of))


def with_known_words(spec):
    """The same description, where requests name what there is; deletions are left out, so that it stays there."""
    spec = copy.deepcopy(spec)
    for methods in spec["paths"].values():
        methods.pop("delete", None)
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in KNOWN and "enum" not in parameter["schema"]:
                    parameter["schema"]["enum"] = [KNOWN[parameter["name"]]]
            if "requestBody" in operation:
                operation["requestBody"] = narrowed(spec, operation["requestBody"])
    return spec


def narrowed(spec, node):
    """Follows references, so that answers keep the schemas that they share with bodies."""
    if isinstance(node, list):
        return [narrowed(spec, value) for value in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return narrowed(spec, spec["components"]["schemas"][node["$ref"].rsplit("/", 1)[1]])
    node = {key: narrowed(spec, value) for key, value in node.items()}
    for name, schema in node.get("properties", {}).items():
        if name in KNOWN and schema.get("type") == "string" and "enum" not in schema:
            schema["enum"] = [KNOWN[name]]
        if name in ("seeds", "not"):
            schema["items"] = {"type": "string", "enum": ["m1", "m3", "m6"]}
    return node


def one_run(command, home, spec, token, checks, seed):  # pylint: disable=too-many-arguments
    with Attacked(home) as server, tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "openapi.json")
        file.write_text(json.dumps(spec), encoding="utf-8")
        arguments = [str(command), "run", str(file), "--url", f"http://127.0.0.1:{server.port}", "--seed", str(seed), "--max-time", str(SECONDS),
                     "--phases", "coverage,fuzzing", "--checks", checks, "--no-shrink", "--continue-on-failure", "--request-timeout", "20"]
        if token:
            arguments += ["--header", f"Authorization: Bearer {token}"]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=folder, timeout=10 * SECONDS + 60)
        lines = done.stdout.splitlines()
        print("     " + next((line.strip() for line in lines if " generated, " in line), "no case was generated"), flush=True)
        if done.returncode != 0:
            begin = next((i for i, line in enumerate(lines) if " FAILURES " in line or " ERRORS " in line), 0)
            print("\n".join("     " + line for line in lines[begin:begin + 400]), flush=True)
        equal(done.returncode, 0)
        equal(server.process.poll(), None)
        equal(server.get("/api/v1/healthz")[0], 200)
