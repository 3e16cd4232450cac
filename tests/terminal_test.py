"""The program in a terminal: lists, what is said of mistakes, exit statuses. Uses the home that `build` made."""
import json
import os
import subprocess

from api_test import BIN, HOME, check, equal
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


def main():
    check("similar by id and by title", lists)
    check("no year where none is known", unknown_year)
    check("SPARROW_SIMD", instruction_sets)
    check("help of all subcommands", help_is_complete)
    says(["simlar", "589"], 2, 'Did you mean "similar"?')
    says(["similar", "terminatr 2"], 3, "Did you mean", "589", "Terminator 2")
    says(["similar", "zzzz"], 3, 'no item has the id or title "zzzz"')
    says(["verify", "--hom", "x"], 2, 'Did you mean "--home" instead of "--hom"?', "sparrow verify --help")
    says(["serve", "--port", "99999"], 2, "--port", "99999 not in range")
    says(["train", "--method", "node2vec", "--p", "0"], 2, "--p", "Value 0 not in range 0.01 to 100")
    says(["train", "--method", "item3vec"], 2, "item3vec", "item2vec")
    says(["evaluate", "--methods", "nope"], 2, 'no method "nope"')
    says(["build", "--data", "/nowhere"], 3, "/nowhere: is not a folder")
    says(["rules", "check", __file__], 2, "is not JSON")
    print(f"{api_test.passed} passed, {api_test.failed} failed")
    raise SystemExit(api_test.failed > 0)


if __name__ == "__main__":
    main()
