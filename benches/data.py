"""What is served and uploaded, and the certificates: made once, kept in a folder below target."""

import gzip
import json
import random
import subprocess
from pathlib import Path

from places import WORK

MIB = 1 << 20
SYSTEM_ROOTS = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                "/etc/ssl/cert.pem")
SIZES = {"100": 100, "128k": 128 << 10, "big": 1 << 30, "quarter": 1 << 28, "part": 100_000_000,
         "small": 25_000_000}
JSON_BYTES = 50_000_000
EXTENSIONS = """subjectAltName=DNS:localhost,IP:127.0.0.1
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
authorityKeyIdentifier=keyid
subjectKeyIdentifier=hash
"""


def files(folder, sizes=None, json_bytes=JSON_BYTES):
    """Files of random bytes by name and size, and `json` with its gzip beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(1)
    block = chance.randbytes(MIB)
    for name, size in (sizes or SIZES).items():
        path = folder / name
        if path.exists() and path.stat().st_size == size:
            continue
        with path.open("wb") as file:
            for start in range(0, size, MIB):
                file.write(block[:min(MIB, size - start)])
    if not (folder / "json.gz").exists():
        text = rows(chance, json_bytes).encode()
        (folder / "json").write_bytes(text)
        (folder / "json.gz").write_bytes(gzip.compress(text, 6))


def rows(chance, size):
    """JSON as an API would give it, of about that size: it compresses about threefold."""
    words = [chance.randbytes(chance.randint(2, 6)).hex() for _ in range(4000)]
    made, length = [], 0
    while length < size:
        made.append(json.dumps({
            "id": chance.randrange(10 ** 9),
            "name": chance.choice(words),
            "tags": chance.sample(words, 4),
            "score": chance.random(),
            "active": chance.random() < 0.5,
            "note": " ".join(chance.choices(words, k=12)),
        }))
        length += len(made[-1]) + 2
    return "[" + ", ".join(made) + "]"


def certificates():
    """A root, a leaf for localhost under it, and a bundle of the system's roots and ours."""
    if (WORK / "bundle.pem").exists():
        return

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, cwd=WORK, stderr=subprocess.DEVNULL)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "3650",
            "-subj", "/CN=librq bench", "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", *key, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=localhost")
    (WORK / "extensions").write_text(EXTENSIONS)
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "3000", "-out", "leaf.pem", "-extfile", "extensions")
    roots = next((path for path in map(Path, SYSTEM_ROOTS) if path.exists()), None)
    if roots is None:
        raise SystemExit("the system has no bundle of roots: install ca-certificates")
    (WORK / "bundle.pem").write_text(roots.read_text() + (WORK / "ca.pem").read_text())
