#!/usr/bin/env python3
"""third_party_licences.py [--strict] PROGRAM: the libraries that a compiled program is made of, with their licences, as TSV.

Shared libraries are those that the linker finds (ldd), headers-only libraries are those of cmake; the licences are the ones
that Debian records in /usr/share/doc/PACKAGE/copyright. With --strict exit status 1 when a library has no licence that can be named.
"""
import pathlib
import re
import subprocess
import sys

# Compiled into the program from headers: ldd does not see them.
HEADERS = ["libboost1.74-dev", "libcli11-dev", "libeigen3-dev", "libtomlplusplus-dev", "nlohmann-json3-dev"]
# Debian's copyright file is no machine-readable one; what it says, by SPDX identifier.
KNOWN = {"libboost1.74-dev": "BSL-1.0", "libpq5": "PostgreSQL", "libssl3": "Apache-2.0", "zlib1g": "Zlib",
         "libgcc-s1": "GPL-3.0-or-later WITH GCC-exception-3.1", "libstdc++6": "GPL-3.0-or-later WITH GCC-exception-3.1",
         "libgomp1": "GPL-3.0-or-later WITH GCC-exception-3.1", "libldap-2.5-0": "OLDAP-2.8", "libsasl2-2": "BSD-4-Clause-UC",
         "libkrb5-3": "MIT", "libgssapi-krb5-2": "MIT", "libk5crypto3": "MIT", "libkrb5support0": "MIT", "libcom-err2": "MIT",
         "libkeyutils1": "LGPL-2.1-or-later", "libbz2-1.0": "bzip2-1.0.6", "libtbb12": "Apache-2.0", "libc6": "LGPL-2.1-or-later",
         "libtasn1-6": "LGPL-2.1-or-later", "libgnutls30": "LGPL-2.1-or-later", "libwebp7": "BSD-3-Clause", "libexif12": "LGPL-2.1-or-later",
         "libturbojpeg0": "BSD-3-Clause AND IJG AND Zlib"}


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def packages_of(program):
    found = set(HEADERS)
    for path in re.findall(r"=> (/\S+)", run("ldd", program)):
        real = pathlib.Path(path).resolve()
        for candidate in (str(real), str(real).removeprefix("/usr"), "/usr" + str(real), path, path.removeprefix("/usr")):
            owner = run("dpkg-query", "-S", candidate).split(":")[0].strip()
            if owner:
                found.add(owner)
                break
        else:
            raise SystemExit(f"{path}: no Debian package owns it")
    return sorted(found)


def licence_of(package):
    if package in KNOWN:
        return KNOWN[package]
    file = pathlib.Path("/usr/share/doc", package, "copyright")
    text = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
    names = []
    for name in re.findall(r"^License: *(\S.*)$", text, re.MULTILINE):
        if name.strip() not in names:
            names.append(name.strip())
    return "; ".join(names)


def main():
    arguments = sys.argv[1:]
    strict = "--strict" in arguments
    if strict:
        arguments.remove("--strict")
    if len(arguments) != 1:
        raise SystemExit(__doc__)
    missing = []
    print("package\tversion\tlicences\thow")
    for package in packages_of(arguments[0]):
        version = run("dpkg-query", "-W", "-f=${Version}", package)
        licences = licence_of(package)
        if not licences:
            missing.append(package)
        print(f"{package}\t{version}\t{licences or f'see /usr/share/doc/{package}/copyright'}\t{'compiled in' if package in HEADERS else 'linked'}")
    if missing and strict:
        raise SystemExit(f"no licence is known of: {', '.join(missing)}; add it to KNOWN")


if __name__ == "__main__":
    main()
