"""A server of the socketmap protocol, which does as a test tells it."""

import os
import shutil
import socket
import socketserver
import threading
import time

from suite import open_dir


def netstring(data):
    return b"%d:%s," % (len(data), data)


def read_netstring(f):
    """The next one, or None at the end."""
    digits = b""
    while (c := f.read(1)) not in (b"", b":"):
        digits += c
    if c == b"":
        return None
    data = f.read(int(digits))
    return data if f.read(1) == b"," else None


class MapServer:
    """tables: name -> {key: value}.  mood(table, key), if there is one, says
    what is answered instead: bytes, or a reply as text; it may wait."""

    def __init__(self, tables=None, inet=False):
        self.tables = tables or {}
        self.mood = None
        self.asked = []  # (table, key)
        self.inet = inet
        self.dir = open_dir("postrider-map-")
        self.path = self.dir / "socket"
        self.port = None
        self.server = None
        self.connections = set()
        self.lock = threading.Lock()
        self.start()

    def source(self, table, host="127.0.0.1"):
        if self.inet:
            return f"socketmap:inet:{host}:{self.port}:{table}"
        return f"socketmap:unix:{self.path}:{table}"

    def reply(self, table, key):
        if self.mood is not None:
            said = self.mood(table, key)
            if said is not None:
                return said
        found = self.tables.get(table, {}).get(key)
        return "NOTFOUND " if found is None else f"OK {found}"

    def serve(self, handler):
        with self.lock:
            self.connections.add(handler.request)
        while (query := read_netstring(handler.rfile)) is not None:
            table, key = query.decode().split(" ", 1)
            with self.lock:
                self.asked.append((table, key))
            said = self.reply(table, key)
            if said == b"":
                return
            handler.wfile.write(said if isinstance(said, bytes)
                                else netstring(said.encode()))
            handler.wfile.flush()

    def start(self):
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                try:
                    outer.serve(self)
                except (OSError, ValueError):
                    pass  # the other side has gone, or we have

        class Server(socketserver.ThreadingMixIn,
                     socketserver.TCPServer if self.inet
                     else socketserver.UnixStreamServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(("127.0.0.1", self.port or 0) if self.inet
                             else str(self.path), Handler)
        if self.inet:
            self.port = self.server.server_address[1]
        else:
            self.path.chmod(0o777)
        threading.Thread(target=self.server.serve_forever, args=(0.02,),
                         daemon=True).start()

    def stop(self):
        """Nobody is there any more, as after a crash."""
        self.server.shutdown()
        self.server.server_close()
        with self.lock:
            for c in self.connections:
                try:
                    c.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.connections.clear()
        if not self.inet:
            self.path.unlink()

    def times(self, table, key):
        with self.lock:
            return self.asked.count((table, key))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.inet or os.path.exists(self.path):
            self.stop()
        shutil.rmtree(self.dir)


def slow(seconds, keys=None):
    """A mood: the answer comes after so long, for these keys or all."""
    def mood(table, key):
        if keys is None or key in keys:
            time.sleep(seconds)
    return mood
