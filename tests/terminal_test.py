"""The program in a terminal: lists, what is said of mistakes, exit statuses. Uses the home that `build` made."""
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import time

from api_test import BIN, HOME, ROOT, check, equal
import api_test


def run(*arguments, **variables):
    return subprocess.run([BIN, *arguments], capture_output=True, text=True, check=False, timeout=60,
                          env={**os.environ, "SPARROW_HOME": HOME, **variables})


def says(arguments, status, *parts):
    """A mistake: its exit status, and what the message must hold; nothing on stdout."""
    def one():
        done = run(*arguments)
        equal(done.returncode, status)
        equal(done.stdout, "")
        for part in parts:
            assert part in done.stderr, f"{part!r} is not in {done.stderr!r}"
    check("sparrow " + " ".join(arguments), one)


def lists():
    by_id = run("similar", "589", "--size", "5").stdout
    equal(by_id, run("similar", "terminator", "2", "--size", "5").stdout)
    assert by_id.startswith("Terminator 2: Judgment Day (1991)"), by_id
    equal(len(by_id.splitlines()), 7)
    answer = json.loads(run("--json", "similar", "589", "--size", "3").stdout)
    equal([set(i) >= {"id", "title", "score"} for i in answer["items"]], [True] * 3)


def instruction_sets():
    done = run("similar", "589", SPARROW_SIMD="avx3")
    equal((done.returncode, done.stdout), (2, ""))
    assert 'SPARROW_SIMD: "avx3" is none of this machine\'s: ' in done.stderr, done.stderr
    scalar = run("similar", "589", "--size", "5", SPARROW_SIMD="scalar")
    equal(scalar.stdout, run("similar", "589", "--size", "5").stdout)


def unknown_year():  # 40697 is "Babylon 5"
    shown = run("similar", "40697", "--size", "3").stdout.splitlines()[0]
    assert shown.startswith("Babylon 5  "), shown


def help_is_complete():
    top = run("--help").stdout
    for name in ("build", "train", "serve", "similar", "evaluate", "store"):
        assert f"  {name}" in top, name
        done = run(name, "--help")
        equal(done.returncode, 0)
        assert "--help" in done.stdout


def version():
    equal(run("--version").stdout, f"sparrow {project_version()}\n")
    for arguments in (("--version", "--json"), ("--json", "--version")):
        said = json.loads(run(*arguments).stdout)
        equal((said["version"], said["licence"]), (project_version(), "Apache-2.0"))
        assert said["commit"] and said["compiler"] and said["simd"], said
        empty = [name for name, value in said["libraries"].items() if not value]
        equal((empty, "rocksdb" in said["libraries"]), ([], True))


def project_version():
    return re.search(r"^project\(sparrow VERSION ([0-9.]+)", (api_test.ROOT / "CMakeLists.txt").read_text(encoding="utf-8"), re.MULTILINE).group(1)


def completed(*words):
    """What bash offers for the last of these words."""
    script = run("completion", "bash").stdout + f"""
COMP_WORDS=({' '.join(shlex.quote(word) for word in words)}); COMP_CWORD={len(words) - 1}; _sparrow; printf '%s\\n' "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    equal(done.stderr, "")
    return done.stdout.split()


def completions():
    assert {"build", "serve", "doctor"} <= set(completed("sparrow", "")), completed("sparrow", "")
    equal(completed("sparrow", "rul"), ["rules"])
    equal(completed("sparrow", "rules", "wh"), ["what-if"])
    assert "--min-value" in completed("sparrow", "train", "--m"), completed("sparrow", "train", "--m")
    assert "--home" in completed("sparrow", "serve", "--h"), "options of the program go with all"
    equal(completed("sparrow", "completion", "z"), ["zsh"])
    for shell in ("bash", "zsh", "fish"):
        text = run("completion", shell).stdout
        assert "what-if" in text and "min-value" in text, shell
        if shutil.which(shell):
            done = subprocess.run([shell, "-n"], input=text, capture_output=True, text=True, check=False)
            equal((shell, done.returncode, done.stderr), (shell, 0, ""))


def manual():
    page = run("manual").stdout
    for part in (".SH NAME", "sparrow \\- ", "SPARROW_HOME", ".SH EXIT STATUS", ".B rules"):
        assert part in page, part
    assert "SPARROW_PORT" in run("manual", "serve").stdout
    assert "what\\-if" in run("manual", "rules", "what-if").stdout
    equal(run("manual", "nonsense").returncode, 3)
    with tempfile.TemporaryDirectory() as folder:
        equal(run("manual", "--out", folder).returncode, 0)
        names = {path.name for path in pathlib.Path(folder).iterdir()}
        assert {"sparrow.1", "sparrow-build.1", "sparrow-rules-what-if.1"} <= names, names


def doctor():
    said = json.loads(run("--json", "doctor", "--port", "0").stdout)
    topics = {entry["topic"] for entry in said}
    assert {"machine", "memory", "disk", "clock", "home", "data", "store", "journals", "port"} <= topics, topics
    equal([entry for entry in said if entry["state"] == "FAULT"], [])
    with tempfile.TemporaryDirectory() as folder:
        bad = run("--json", "--home", folder, "doctor", "--port", "0")
        equal(bad.returncode, 5)
        faults = {entry["topic"]: entry["advice"] for entry in json.loads(bad.stdout) if entry["state"] == "FAULT"}
        assert {"data", "store"} <= set(faults) and all(faults.values()), faults
        os.chmod(folder, 0o777)
        open_to_all = json.loads(run("--json", "--home", folder, "doctor", "--port", "0").stdout)
        assert any("chmod" in entry["advice"] for entry in open_to_all), open_to_all


def progress():
    """mawk, which is Debian's awk, showed all of it at the end."""
    script = "source tools/setup.sh; for part in 20 60; do echo $part 100; sleep 1; done | show_progress compile"
    began = time.time()
    with subprocess.Popen(["bash", "-c", script], cwd=ROOT, stderr=subprocess.PIPE, text=True) as shown:
        equal(shown.stderr.readline(), "compile    20 %\n")
        assert time.time() - began < 0.9, "it is shown late"
        assert shown.stderr.readline().startswith("compile    60 %")
    status = "dlstatus:1:33.3:a\npmstatus:libc6:amd64:50.0:b\npmstatus:sl:80:c\n"
    done = subprocess.run(["bash", "-c", "source tools/setup.sh; apt_progress"], cwd=ROOT, input=status, capture_output=True, text=True, check=True)
    equal(done.stdout.split(), ["33", "200", "150", "200", "180", "200"])


def main():
    check("version, commit and libraries", version)
    check("completions of three shells", completions)
    check("manual pages", manual)
    check("doctor", doctor)
    check("similar by id and by title", lists)
    check("no year where none is known", unknown_year)
    check("SPARROW_SIMD", instruction_sets)
    check("help of all subcommands", help_is_complete)
    check("./run shows progress while it installs and compiles", progress)
    says(["simlar", "589"], 2, 'Did you mean "similar"?')
    says(["similar", "terminatr 2"], 3, "Did you mean", "589", "Terminator 2")
    says(["similar", "zzzz"], 3, 'no item has the id or title "zzzz"')
    says(["verify", "--hom", "x"], 2, 'Did you mean "--home" instead of "--hom"?', "sparrow verify --help")
    says(["serve", "--port", "99999"], 2, "--port", "99999 not in range")
    says(["train", "--method", "node2vec", "--p", "0"], 2, "--p", "Value 0 not in range 0.01 to 100")
    says(["train", "--method", "item3vec"], 2, "item3vec", "item2vec")
    says(["evaluate", "--methods", "nope"], 2, 'no method "nope"')
    says(["build", "--data", "/nowhere"], 3, "/nowhere: is not there")
    says(["rules", "check", __file__], 2, "is not JSON")
    print(f"{api_test.passed} passed, {api_test.failed} failed")
    raise SystemExit(api_test.failed > 0)


if __name__ == "__main__":
    main()
