"""Two proxies that only tunnel, on ports of 127.0.0.1 that the system chose: HTTP CONNECT and SOCKS 5, both for
ann with the password secret. They count the tunnels that they made; what goes through is none of their business."""

import base64
import http.server
import select
import socket
import socketserver
import struct
import threading

USER, PASSWORD = b"ann", b"secret"


def carry(client, server):
    """Carries bytes both ways until either side has ended."""
    other = {client: server, server: client}
    while True:
        for ready in select.select(list(other), [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return
            other[ready].sendall(data)


class Connect(http.server.BaseHTTPRequestHandler):
    """CONNECT, with basic credentials."""

    def do_CONNECT(self):
        wanted = "Basic " + base64.b64encode(USER + b":" + PASSWORD).decode()
        if self.headers["Proxy-Authorization"] != wanted:
            self.send_error(407)
            return
        host, port = self.path.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as server:
            self.server.tunnels += 1
            self.send_response(200, "Connected")
            self.end_headers()
            carry(self.connection, server)

    def log_message(self, *_):
        pass


class Socks(socketserver.StreamRequestHandler):
    """SOCKS 5 (RFC 1928) with user and password (RFC 1929), to names only: those of socks5h."""

    def handle(self):
        if 2 not in self.rfile.read(self.rfile.read(2)[1]):
            self.wfile.write(b"\x05\xff")
            return
        self.wfile.write(b"\x05\x02")
        user = self.rfile.read(self.rfile.read(2)[1])
        password = self.rfile.read(self.rfile.read(1)[0])
        if (user, password) != (USER, PASSWORD):
            self.wfile.write(b"\x01\x01")
            return
        self.wfile.write(b"\x01\x00")
        if self.rfile.read(4)[3] != 3:
            self.wfile.write(b"\x05\x08\x00\x01" + bytes(6))
            return
        host = self.rfile.read(self.rfile.read(1)[0]).decode()
        (port,) = struct.unpack("!H", self.rfile.read(2))
        with socket.create_connection((host, port)) as server:
            self.server.tunnels += 1
            self.wfile.write(b"\x05\x00\x00\x01" + bytes(6))
            carry(self.connection, server)


class Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True
    tunnels = 0

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.address = "127.0.0.1:%d" % self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """A client that went away is none."""
