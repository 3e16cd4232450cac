"""The OCI image: built by packaging/oci/build_image.sh without a daemon, read by skopeo, unpacked by umoci, and its root served as a container
would: another user, nothing writable but its volumes, no capabilities. SPARROW_PACKAGE: the .deb (default: the newest in build/release). Needs root.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "tests/package"))
from api_test import check, equal  # noqa: E402  pylint: disable=wrong-import-position
import api_test  # noqa: E402  pylint: disable=wrong-import-position

WORK = ROOT / "build/image-test"
IMAGE = WORK / "sparrow.tar"
BARE = ROOT / "build/debian-root.tar"
BUNDLE = WORK / "bundle"
PORT = 16011
# A container's confinement with what Debian has: mounts of its own, the root read-only, two places that may be written to, another user without
# capabilities and without a way to get any. A container engine does the same from the image's configuration.
CONFINED = """set -e
root=$1; home=$2; user=$3; shift 3
mount --make-rprivate /
mount --bind "$root" "$root"
mount --bind "$home" "$root/var/lib/sparrow"
mount -t tmpfs -o size=16m,mode=1777 none "$root/tmp"
mount -t proc proc "$root/proc"
mount -o remount,bind,ro "$root"
exec chroot "$root" setpriv --reuid "$user" --regid "$user" --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs \\
  env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 SPARROW_HOST=127.0.0.1 "$@"
"""


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}: status {done.returncode}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
    return done.stdout


def deb():
    given = os.environ.get("SPARROW_PACKAGE")
    return pathlib.Path(given) if given else max((ROOT / "build/release").glob("*.deb"), key=lambda path: path.stat().st_mtime)


def built():
    if not BARE.exists():
        bare = WORK / "bare"
        run("debootstrap", "--variant=minbase", "bookworm", bare, "http://deb.debian.org/debian")
        run("tar", "--one-file-system", "-C", bare, "-cf", BARE, ".")
        shutil.rmtree(bare)
    print("    ", run("bash", ROOT / "packaging/oci/build_image.sh", deb(), IMAGE, env={**os.environ, "SPARROW_BARE_ROOT": str(BARE)}).splitlines()[-1], flush=True)


def configured():
    # Raw: the health check is Docker's addition to what OCI's configuration has; docker takes it, podman and Kubernetes have their own.
    told = json.loads(run("skopeo", "inspect", "--config", "--raw", f"oci-archive:{IMAGE}"))
    config = told["config"]
    user = config["User"]
    assert user.split(":")[0] not in ("0", "root", ""), user
    equal(config["Healthcheck"]["Test"], ["CMD", "/usr/bin/sparrow", "healthcheck"])
    equal((list(config["ExposedPorts"]), list(config["Volumes"]), config["StopSignal"]), (["6010/tcp"], ["/var/lib/sparrow"], "SIGTERM"))
    return config


def unpacked():
    shutil.rmtree(BUNDLE, ignore_errors=True)
    layout = WORK / "layout"
    shutil.rmtree(layout, ignore_errors=True)
    run("skopeo", "copy", f"oci-archive:{IMAGE}", f"oci:{layout}:sparrow")  # compares every checksum
    run("umoci", "unpack", "--image", f"{layout}:sparrow", BUNDLE)


def serves(user, config):
    """The image's entry point and health check; as the image's user, and as any other as Kubernetes has it."""
    command = [*config["Entrypoint"], "serve", "--port", str(PORT)]
    home = WORK / f"home-{user}"
    shutil.rmtree(home, ignore_errors=True)
    process = start(user, command)
    try:
        began = time.time()
        while True:
            assert process.poll() is None, process.stderr.read()[-1500:]
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/api/v1/items/589/similar?size=5", timeout=5) as reply:
                    equal(len(json.load(reply)["items"]), 5)
                break
            except OSError:
                assert time.time() - began < 60, "no answer within 60 s"
                time.sleep(0.1)
        print(f"     user {user}: 589 answers after {time.time() - began:.1f} s", flush=True)
        equal(start(user, ["/usr/bin/sparrow", "healthcheck", "--port", str(PORT)]).wait(timeout=20), 0)
        touched = start(user, ["/bin/sh", "-c", "touch /usr/bin/x /etc/sparrow/x /x 2>/dev/null; touch /var/lib/sparrow/x /tmp/x && ! ls /x /usr/bin/x 2>/dev/null"])
        equal(touched.wait(timeout=20), 0)
        status = pathlib.Path(f"/proc/{server_of(process.pid)}/status").read_text(encoding="ascii")
        told = dict(line.split(":\t") for line in status.splitlines() if ":\t" in line)
        equal((told["CapEff"], told["CapBnd"], told["NoNewPrivs"], told["Uid"].split()[1]), ("0" * 16, "0" * 16, "1", str(user)))
    finally:
        os.kill(server_of(process.pid), signal.SIGTERM)
        equal(process.wait(timeout=10), 0)
    equal(start(user, ["/usr/bin/sparrow", "healthcheck", "--port", str(PORT)]).wait(timeout=20) != 0, True)


def server_of(pid):
    """The process under unshare."""
    while True:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        if not children:
            return pid
        pid = int(children[0])


def start(user, command):
    home = WORK / f"home-{user}"
    home.mkdir(exist_ok=True)
    os.chown(home, user, user)
    return subprocess.Popen(["unshare", "--mount", "--fork", "bash", "-c", CONFINED, "confined", str(BUNDLE / "rootfs"), str(home), str(user), *command],
                            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


def same_bytes():
    first = IMAGE.read_bytes()
    built()
    assert IMAGE.read_bytes() == first, "two builds of one package differ"


if __name__ == "__main__":
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    check("the image is built without a daemon", built)
    if api_test.failed == 0:
        check("skopeo reads it: not root, a health check, one port, one volume", configured)
        check("umoci unpacks it, every checksum right", unpacked)
        image = configured()
        own = int(image["User"].split(":")[0])
        check("it serves as its own user in a read-only root without capabilities; its health check tells", lambda: serves(own, image))
        check("it serves as another user, as the Kubernetes manifests have it", lambda: serves(10001, image))
        check("two builds of one package give the same image", same_bytes)
    print(f"{api_test.passed} passed, {api_test.failed} failed")
    sys.exit(api_test.failed > 0)
