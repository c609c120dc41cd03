# A proxy that does nothing but tunnel, on a port of 127.0.0.1 that the system chose. It writes each
# request line to the file that is its argument, says its URL, and ends when its input does.

import http.server
import select
import socket
import sys
import threading


class Proxy(http.server.BaseHTTPRequestHandler):
    def do_CONNECT(self):
        with open(sys.argv[1], 'a') as log:
            log.write(self.requestline + '\n')
        host, port = self.path.rsplit(':', 1)
        with socket.create_connection((host, int(port))) as server:
            self.send_response(200, 'Connected')
            self.end_headers()
            tunnel(self.connection, server)

    def log_message(self, *_):
        pass


def tunnel(client, server):
    """Carries bytes both ways until either side has ended."""
    other = {client: server, server: client}
    while True:
        for ready in select.select(list(other), [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return
            other[ready].sendall(data)


proxy = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Proxy)
threading.Thread(target=proxy.serve_forever, daemon=True).start()
print('http://127.0.0.1:%d' % proxy.server_port, flush=True)
sys.stdin.read()
