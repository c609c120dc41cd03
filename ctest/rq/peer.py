"""peer.py COMMAND...: runs COMMAND beside a server for what testd does not do: ranges with entity
tags, digest challenges, names for files, redirects anywhere, a proxy, a unix socket.

RQ_PEER is its URL, RQ_PEER_SOCKET the same server's socket. Bound to 127.0.0.1, a port of the
system's choice. A body is the bytes of `content`, so any range of it can be checked."""

import base64
import gzip
import hashlib
import os
import socketserver
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

USER, PASSWORD, REALM, NONCE = "ann", "secret", "peer", "0123456789abcdef"
tries = {}


def content(size):
    return bytes(33 + at % 90 for at in range(size))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def address_string(self):
        return "peer"

    def answer(self, status, body=b"", headers=(), length=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", len(body) if length is None else length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding"):
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)
            self.rfile.readline()
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.netloc:
            return self.answer(200, f"proxied {self.command} {self.path}\n".encode())
        name = url.path.strip("/").split("/")[0]
        return getattr(self, "on_" + name, self.on_nothing)(query)

    do_HEAD = do_POST = do_GET

    def do_CONNECT(self):
        self.answer(407, b"", [("Proxy-Authenticate", 'Basic realm="peer"')])

    def on_nothing(self, query):
        self.answer(404, b"nothing\n")

    def on_socket(self, query):
        self.answer(200, f"host {self.headers['Host']}\n".encode())

    def on_file(self, query):
        """?size=N&tag=T, &cut=N: closes after so many bytes, &whole=1: knows no ranges, &from=N:
        sends another range than the one asked for, &short=N: at most N bytes of a range."""
        body, tag = content(int(query["size"])), query.get("tag", "v1")
        headers = [("ETag", f'"{tag}"'), ("X-If-Range", self.headers.get("If-Range", "none"))]
        asked = self.headers.get("Range")
        if query.get("whole") or self.headers.get("If-Range", f'"{tag}"') != f'"{tag}"':
            asked = None
        status, sent, first = 200, body, 0
        if asked:
            first = int(query.get("from", asked.removeprefix("bytes=").split("-")[0]))
            sent = body[first:][: int(query.get("short", len(body)))]
            status = 206 if sent else 416
            last = f"{first}-{first + len(sent) - 1}" if sent else "*"
            headers.append(("Content-Range", f"bytes {last}/{len(body)}"))
        if query.get("cut"):
            self.close_connection = True
            return self.answer(status, sent[: int(query["cut"])], headers, len(sent))
        return self.answer(status, sent, headers)

    def on_named(self, query):
        self.answer(200, b"named", [("Content-Disposition", query["as"])])

    def on_encoded(self, query):
        """Whether that is wanted or not; ranges too."""
        body = gzip.compress(b"plain text", mtime=0)
        asked = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0]
        headers = [("Content-Encoding", "gzip")]
        if "Range" in self.headers:
            headers.append(("Content-Range", f"bytes {asked}-{len(body)}/*"))
        self.answer(206 if "Range" in self.headers else 200, body, headers)

    def on_body(self, query):
        """?is=TEXT"""
        self.answer(200, query["is"].encode())

    def on_to(self, query):
        self.answer(302, b"", [("Location", unquote(query["url"]))])

    def on_keep(self, query):
        self.answer(200, b"kept", [("Set-Cookie", "session=s3cret; Max-Age=1000; Path=/")])

    def on_cookie(self, query):
        self.answer(200, self.headers.get("Cookie", "none").encode())

    def on_flaky(self, query):
        """503 the first time for each key, then 200."""
        tries[query["key"]] = tries.get(query["key"], 0) + 1
        if tries[query["key"]] == 1:
            return self.answer(503, b"later", [("Retry-After", "0")])
        return self.answer(200, f"try {tries[query['key']]}".encode())

    def on_authorization(self, query):
        given = self.headers.get("Authorization", "none")
        if given.startswith("Basic "):
            given = "Basic " + base64.b64decode(given[6:]).decode()
        self.answer(200, given.encode())

    def on_digest(self, query):
        given = self.headers.get("Authorization", "")
        parts = dict(
            part.strip().split("=", 1) for part in given.removeprefix("Digest ").split(",") if part
        )
        parts = {name: value.strip('"') for name, value in parts.items()}

        def hashed(text):
            return hashlib.sha256(text.encode()).hexdigest()

        if parts:
            secret = hashed(f"{USER}:{REALM}:{PASSWORD}")
            request = hashed(f"{self.command}:{self.path}")
            order = [NONCE, parts.get("nc"), parts.get("cnonce"), "auth"]
            wanted = hashed(":".join([secret, *map(str, order), request]))
            if wanted == parts.get("response"):
                return self.answer(200, b"welcome")
        challenge = f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth", algorithm=SHA-256'
        return self.answer(401, b"who?", [("WWW-Authenticate", challenge)])


class UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "peer.sock")
        servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler), UnixServer(path, Handler)]
        for server in servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        port = servers[0].server_address[1]
        added = {"RQ_PEER": f"http://127.0.0.1:{port}", "RQ_PEER_SOCKET": path}
        code = subprocess.run(sys.argv[1:], env={**os.environ, **added}, check=False).returncode
        for server in servers:
            server.shutdown()
    return code if code >= 0 else 128 - code


sys.exit(main())
