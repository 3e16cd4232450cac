"""The Debian package in a clean Debian 12: lintian, contents, installation, the units' commands, removal, purge.

SPARROW_PACKAGE: the .deb (default: made by cpack in build/release). SPARROW_DATA: MovieLens, for the training unit. Needs
root (chroot), debootstrap and lintian. The bare root is kept in build/debian-root.tar, so that only the first run downloads it.
"""
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WORK = ROOT / "build" / "package-test"
BARE = ROOT / "build" / "debian-root.tar"
PORT = 16010
passed = failed = 0


def check(name, function):
    global passed, failed
    began = time.time()
    try:
        said = function()
        passed += 1
        print(f"ok   {name} ({time.time() - began:.1f} s){': ' + said if said else ''}", flush=True)
        return True
    except Exception as error:  # pylint: disable=broad-except
        failed += 1
        print(f"FAIL {name}: {type(error).__name__}: {str(error)[:2000]}", flush=True)
        return False


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: status {done.returncode}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
    return done.stdout


def package():
    given = os.environ.get("SPARROW_PACKAGE")
    if given:
        return pathlib.Path(given)
    build = ROOT / "build" / "release"
    run("/usr/bin/cpack", "-G", "DEB", cwd=build)
    return max(build.glob("*.deb"), key=lambda path: path.stat().st_mtime)


def contents(deb):
    listed = {line.split()[5] for line in run("dpkg-deb", "--contents", deb).splitlines()}
    for wanted in ("./usr/bin/sparrow", "./lib/systemd/system/sparrow.service", "./lib/systemd/system/sparrow-train.timer",
                   "./lib/systemd/system/sparrow-loop.service", "./lib/systemd/system/sparrow-loop.timer",
                   "./usr/share/man/man1/sparrow.1.gz", "./usr/share/man/man1/sparrow-build.1.gz", "./etc/sparrow/sparrow.toml",
                   "./usr/share/bash-completion/completions/sparrow", "./usr/share/doc/sparrow/third-party-licences.tsv"):
        assert wanted in listed, f"{wanted} is not in the package"
    depends = run("dpkg-deb", "--field", deb, "Depends")
    assert "librocksdb" in depends and "libc6" in depends, depends
    return f"{deb.stat().st_size / 1e6:.1f} MB, {len(listed)} entries"


def bare_root():
    if not BARE.exists():
        shutil.rmtree(WORK, ignore_errors=True)
        run("debootstrap", "--variant=minbase", "bookworm", str(WORK), "http://deb.debian.org/debian")
        run("tar", "--one-file-system", "-C", str(WORK), "-cf", str(BARE), ".")
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    run("tar", "-C", str(WORK), "-xpf", str(BARE))
    shutil.copy("/etc/resolv.conf", WORK / "etc/resolv.conf")
    for file in pathlib.Path("/etc/apt/apt.conf.d").glob("*proxy*"):
        shutil.copy(file, WORK / "etc/apt/apt.conf.d")
    inside("apt-get", "update", "-qq")


def inside(*command, **environment):
    clean = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", **environment}
    for name in ("http_proxy", "https_proxy"):
        if name in os.environ:
            clean[name] = os.environ[name]
    return run("chroot", str(WORK), *command, env=clean)


def files():
    """All of the root but what apt and dpkg keep for themselves."""
    own = re.compile(r"^(proc|sys|dev|run|tmp|var/cache|var/log|var/lib/(apt|dpkg|systemd)|etc/resolv.conf|etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$)")
    found = set()
    for folder, folders, names in os.walk(WORK):
        relative = pathlib.Path(folder).relative_to(WORK)
        folders[:] = [name for name in folders if not own.match(str(relative / name))]
        found |= {str(relative / name) for name in names + folders if not own.match(str(relative / name))}
    return found


def unit_command(name):
    text = (WORK / "lib/systemd/system" / name).read_text(encoding="utf-8")
    return shlex.split(re.search(r"^ExecStart=(.*)$", text, re.MULTILINE).group(1))


def as_sparrow(command, **environment):
    clean = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **environment}
    return subprocess.Popen(["/usr/sbin/chroot", "--userspec=sparrow:sparrow", str(WORK), *command], env=clean, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)


def answer(path):
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=5) as reply:
        return json.load(reply)


def served(process, path, seconds):
    """The first answer of a server that was just started, and when it came."""
    began = time.time()
    while time.time() - began < seconds:
        assert process.poll() is None, f"the server ended: {process.stderr.read()[-1500:]}"
        try:
            return answer(path), time.time() - began
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"no answer within {seconds} s")


def stop(process):
    process.terminate()
    process.wait(timeout=10)


def first_start():
    process = as_sparrow(unit_command("sparrow.service"), SPARROW_PORT=str(PORT))
    try:
        body, seconds = served(process, "/api/v1/items/589/similar?size=5", 60)
        assert len(body["items"]) == 5, body
        return f"589 answers {seconds:.1f} s after the unit's command, with nothing prepared (the sample)"
    finally:
        stop(process)


def trains(data):
    home = WORK / "var/lib/sparrow"
    shutil.copytree(data, home / "data", dirs_exist_ok=True)
    began = time.time()
    process = as_sparrow(unit_command("sparrow-train.service"), SPARROW_DATA="/var/lib/sparrow/data")
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    trained = time.time() - began
    process = as_sparrow(unit_command("sparrow.service"), SPARROW_PORT=str(PORT))
    try:
        body, seconds = served(process, "/api/v1/items/589/similar?size=5", 60)
        titles = [item["title"] for item in body["items"]]
        assert any("Terminator" in title for title in titles), titles
        return f"trained in {trained:.1f} s, 589 answers {seconds:.1f} s after the unit's command: {titles[0]}"
    finally:
        stop(process)


def pages_and_words():
    page = inside("sh", "-c", "zcat /usr/share/man/man1/sparrow.1.gz")
    assert ".SH EXIT STATUS" in page and "SPARROW_HOME" in page, page[:500]
    lint = subprocess.run(["mandoc", "-Tlint", "-Werror"], input=page, capture_output=True, text=True, check=False)
    assert lint.returncode == 0, lint.stdout[:1500]
    version = json.loads(inside("sparrow", "--version", "--json"))
    assert version["libraries"]["rocksdb"], version
    listed = inside("sh", "-c", "ls /usr/share/man/man1 | grep -c '^sparrow'")
    return f"{version['version']}, commit {version['commit'][:12]}, {listed.strip()} manual pages"


def removed(before):
    inside("apt-get", "remove", "-y", "-qq", "sparrow")
    assert not (WORK / "usr/bin/sparrow").exists()
    assert (WORK / "etc/sparrow/sparrow.toml").exists(), "the configuration stays until it is purged"
    (WORK / "var/lib/sparrow/judgements.jsonl").write_text('{"grade":3}\n', encoding="utf-8")
    inside("apt-get", "purge", "-y", "-qq", "sparrow")
    inside("apt-get", "autoremove", "-y", "-qq", "--purge")
    left = sorted(path for path in files() - before if not path.startswith(("var/lib/sparrow/data/",)))
    allowed = {"var/lib/sparrow", "var/lib/sparrow/data", "var/lib/sparrow/judgements.jsonl"}
    assert set(left) <= allowed, f"left: {sorted(set(left) - allowed)[:20]}"
    assert (WORK / "var/lib/sparrow/judgements.jsonl").exists(), "what people told the server must stay"


def removed_without_a_trace(before, deb):
    shutil.rmtree(WORK / "var/lib/sparrow", ignore_errors=True)
    inside("apt-get", "install", "-y", "-qq", "--no-install-recommends", f"/{deb.name}")
    process = as_sparrow(unit_command("sparrow.service"), SPARROW_PORT=str(PORT))
    try:
        served(process, "/api/v1/healthz", 60)
    finally:
        stop(process)
    inside("apt-get", "purge", "-y", "-qq", "--autoremove", "sparrow")
    left = sorted(files() - before)
    assert not left, f"left: {left[:20]}"
    assert "sparrow" not in (WORK / "etc/passwd").read_text(encoding="utf-8"), "the user stays without a file to own"


def licences():
    table = run("python3", str(ROOT / "tools/third_party_licences.py"), "--strict", str(WORK / "usr/bin/sparrow"))
    return f"{len(table.splitlines()) - 1} libraries"


def main():
    deb = package()
    check("the package holds what scripts rely on", lambda: contents(deb))
    check("lintian finds no error", lambda: run("lintian", "--allow-root", "--fail-on", "error", str(deb)) and None)
    if not check("a clean Debian 12", bare_root):
        sys.exit(1)
    shutil.copy(deb, WORK)
    before = files()
    check("apt install", lambda: inside("apt-get", "install", "-y", "-qq", "--no-install-recommends", f"/{deb.name}") and None)
    check("manual pages and version", pages_and_words)
    check("every library that is linked has a licence with a name", licences)
    check("the unit's command in an empty home", first_start)
    data = os.environ.get("SPARROW_DATA")
    if data:
        check("the training unit on real data", lambda: trains(data))
    check("remove and purge leave what people made", lambda: removed(before))
    check("purge leaves nothing where nobody made anything", lambda: removed_without_a_trace(before, deb))
    shutil.rmtree(WORK, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
