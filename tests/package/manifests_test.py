"""packaging/kubernetes against the schemas of Kubernetes (kubernetes-validate, PyPI), packaging/oci/compose.yaml against compose's own; what they
name must be there: files, options, probes. The validators are pinned and live in build/validators; out of reach of PyPI:
"1 skipped"."""
import gzip
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from api_test import BIN, SPEC, check, equal  # noqa: E402  pylint: disable=wrong-import-position
import api_test  # noqa: E402  pylint: disable=wrong-import-position

FOLDER = ROOT / "build/validators"
PINNED = ROOT / "tests/package/validators.txt"
MANIFESTS = ROOT / "packaging/kubernetes/sparrow.yaml"
COMPOSE = ROOT / "packaging/oci/compose.yaml"
VERSIONS = ("1.29", "1.37")  # of Kubernetes: the oldest that autoscaling/v2 and these probes are expected on here, the newest that is known
VALIDATE = """
import glob, json, sys, jsonschema, yaml
schema = json.load(open(glob.glob(sys.prefix + "/lib/python3*/site-packages/compose/config/compose_spec.json")[0]))
jsonschema.Draft7Validator(schema).validate(yaml.safe_load(open(sys.argv[1])))
"""


def installed():
    stamp = FOLDER / "pinned.txt"
    if stamp.exists() and stamp.read_bytes() == PINNED.read_bytes():
        return True
    shutil.rmtree(FOLDER, ignore_errors=True)
    for step in ([sys.executable, "-m", "venv", str(FOLDER)],
                 [str(FOLDER / "bin/pip"), "install", "--quiet", "--no-deps", "--timeout", "15", "--retries", "1", "--requirement", str(PINNED)]):
        done = subprocess.run(step, capture_output=True, text=True, check=False, timeout=600)
        if done.returncode != 0:
            print("    ", (done.stderr or done.stdout).strip().splitlines()[-1:], flush=True)
            shutil.rmtree(FOLDER, ignore_errors=True)
            return False
    stamp.write_bytes(PINNED.read_bytes())
    return True


def validated(text, version):
    file = FOLDER / "given.yaml"
    file.write_text(text, encoding="utf-8")
    return subprocess.run([str(FOLDER / "bin/kubernetes-validate"), "--strict", "-k", version, str(file)], capture_output=True, text=True, check=False)


def documents(file):
    script = "import json, sys, yaml; print(json.dumps([d for d in yaml.safe_load_all(open(sys.argv[1]))]))"
    return json.loads(subprocess.run([str(FOLDER / "bin/python"), "-c", script, str(file)], capture_output=True, text=True, check=True).stdout)


def schemas():
    text = MANIFESTS.read_text(encoding="utf-8")
    for version in VERSIONS:
        done = validated(text, version)
        equal((done.returncode, done.stderr if done.returncode else ""), (0, ""))
    for right, wrong in (("readOnlyRootFilesystem: true", "readOnlyRootFileSystem: true"), ("replicas: 3", "replicas: three"), ("minReplicas", "min")):
        assert validated(text.replace(right, wrong), VERSIONS[-1]).returncode != 0, f"{wrong} was accepted"


def compose():
    for change, status in (((" ", " "), 0), (("read_only: true", "read_only: [1]"), 1), (("healthcheck:", "healthchecks:"), 1)):
        file = FOLDER / "compose.yaml"
        file.write_text(COMPOSE.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
        done = subprocess.run([str(FOLDER / "bin/python"), "-c", VALIDATE, str(file)], capture_output=True, text=True, check=False)
        equal((change, done.returncode, done.stderr[-300:] if done.returncode != status else ""), (change, status, ""))
    for service in documents(COMPOSE)[0]["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert not source.startswith("../") and not source.endswith((".yml", ".yaml")) or (COMPOSE.parent / source).exists(), source


def names():
    """Options as environment, commands and paths of probes are those that the binary has."""
    helped = "".join(subprocess.run([BIN, *words, "--help"], capture_output=True, text=True, check=True).stdout for words in ((), ("serve",), ("build",)))
    for file in (MANIFESTS, COMPOSE):
        text = file.read_text(encoding="utf-8")
        for variable in set(re.findall(r"\b(SPARROW_[A-Z_]+)\b", text)):
            assert f"Env:{variable})" in helped, f"{file.name}: {variable} is no option"
        for command in re.findall(r"^\s+(?:args|command): \[([a-z]+)", text, re.MULTILINE):
            assert command in helped, f"{file.name}: {command} is no command"
        for path in re.findall(r"path: (/[a-z0-9/]+)", text):
            assert path == "/metrics" or path in SPEC["paths"], f"{file.name}: {path} is no endpoint"


def roots():
    """No container may write into its root, become root, or gain what it has not."""
    pod = documents(MANIFESTS)[0]["spec"]["template"]["spec"]
    equal(pod["securityContext"]["runAsNonRoot"], True)
    for container in pod["containers"] + pod["initContainers"]:
        context = container["securityContext"]
        equal((context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"], context["capabilities"]), (True, False, {"drop": ["ALL"]}))
    for name in ("sparrow", "train"):
        service = documents(COMPOSE)[0]["services"][name]
        equal((name, service.get("read_only"), service.get("user"), service.get("cap_drop")), (name, True, "sparrow", ["ALL"]))


def same_bytes():
    """What is compiled of the pages knows no time and no folder: two builds of one commit are one package."""
    made = []
    for second in range(2):
        with tempfile.TemporaryDirectory() as folder:
            output = pathlib.Path(folder, "web_files.cc")
            subprocess.run(["/usr/bin/cmake", f"-DSOURCE={ROOT}/web", f"-DOUTPUT={output}", "-P", ROOT / "cmake/embed_files.cmake"], check=True)
            made.append(output.read_bytes())
        time.sleep(1.1 * (1 - second))
    assert made[0] == made[1]
    packed = re.findall(rb"kPacked\d+\[\] = \{([^}]*),0\};", made[0])
    plain = re.findall(rb"kFile\d+\[\] = \{([^}]*),0\};", made[0])
    assert len(packed) == len(plain) > 50, (len(packed), len(plain))
    for one, other in zip(packed, plain, strict=True):
        assert gzip.decompress(bytes(int(value, 16) for value in one.split(b","))) == bytes(int(value, 16) for value in other.split(b","))
    assert str(ROOT).encode() not in (ROOT / "build/test/build_info.cc").read_bytes()


if __name__ == "__main__":
    check("pages are compiled to the same bytes at any time", same_bytes)
    if installed():
        check("Kubernetes manifests fit the schemas, and faults in them do not", schemas)
        check("the compose file fits its schema and names files that are there", compose)
        check("what they ask of sparrow is there", names)
        check("nothing in them is root or may write into its root", roots)
    else:
        print("skip schemas of Kubernetes and of compose: PyPI is out of reach")
        print("1 skipped")
    print(f"{api_test.passed} passed, {api_test.failed} failed")
    sys.exit(api_test.failed > 0)
