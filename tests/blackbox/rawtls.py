"""TLS 1.3 below the library: records of one's own making, well encrypted.

The handshake is Python's; what comes after it is encrypted here, with the
client's traffic secret that the key log tells."""

import ctypes
import ctypes.util
import hashlib
import hmac
import os
import socket
import ssl
import struct
import tempfile

import wire

ALERT, HANDSHAKE, DATA, HEARTBEAT = 21, 22, 23, 24

_crypto = ctypes.CDLL("libcrypto.so.3")
_crypto.EVP_CIPHER_CTX_new.restype = ctypes.c_void_p
_crypto.EVP_aes_128_gcm.restype = ctypes.c_void_p
_GET_TAG = 0x10


def _gcm(key, nonce, header, text):
    """AES-128-GCM: what is encrypted, with its tag."""
    context = ctypes.c_void_p(_crypto.EVP_CIPHER_CTX_new())
    n = ctypes.c_int()
    out = ctypes.create_string_buffer(len(text) + 16)
    tag = ctypes.create_string_buffer(16)
    try:
        ok = _crypto.EVP_EncryptInit_ex(
            context, ctypes.c_void_p(_crypto.EVP_aes_128_gcm()), None, key,
            nonce)
        ok &= _crypto.EVP_EncryptUpdate(context, None, ctypes.byref(n),
                                        header, len(header))
        ok &= _crypto.EVP_EncryptUpdate(context, out, ctypes.byref(n), text,
                                        len(text))
        ok &= _crypto.EVP_CIPHER_CTX_ctrl(context, _GET_TAG, 16, tag) \
            if _crypto.EVP_EncryptFinal_ex(context, None, ctypes.byref(n)) \
            else 0
    finally:
        _crypto.EVP_CIPHER_CTX_free(context)
    assert ok == 1
    return out.raw[:len(text)] + tag.raw


def _expand(secret, label, n):
    """HKDF-Expand-Label of RFC 8446 section 7.1, for at most one block."""
    full = b"tls13 " + label
    info = struct.pack(">HB", n, len(full)) + full + b"\0"
    return hmac.new(secret, info + b"\1", hashlib.sha256).digest()[:n]


class Raw:
    """A connection after its handshake; send() takes records."""

    def __init__(self, port, context, source=wire.LOCALHOST, timeout=30):
        fd, log = tempfile.mkstemp()
        os.close(fd)
        try:
            context.keylog_filename = log
            self.sock = socket.create_connection((wire.LOCALHOST, port),
                                                 timeout, (source, 0))
            try:
                self.handshake(context)
            except BaseException:
                self.sock.close()
                raise
            with open(log) as f:
                secrets = dict(line.split()[::2] for line in f
                               if not line.startswith("#"))
        finally:
            os.unlink(log)
        secret = bytes.fromhex(secrets["CLIENT_TRAFFIC_SECRET_0"])
        self.key = _expand(secret, b"key", 16)
        self.iv = _expand(secret, b"iv", 12)
        self.sequence = 0

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.sock.close()

    def handshake(self, context):
        come, go = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(come, go, server_hostname="localhost")
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.sock.sendall(go.read())
                come.write(self.sock.recv(65536))
        self.sock.sendall(go.read())
        assert tls.cipher()[0] == "TLS_AES_128_GCM_SHA256", tls.cipher()
        # A ticket and the greeting may have come along, and more will.
        self.tls, self.come, self.go = tls, come, go

    def record(self, kind, content, padding=0):
        """A record of a kind, with so many zeros behind it."""
        text = content + bytes([kind] if kind else []) + bytes(padding)
        header = struct.pack(">BHH", DATA, 0x303, len(text) + 16)
        nonce = bytes(a ^ b for a, b in zip(
            self.iv, struct.pack(">4xQ", self.sequence)))
        self.sequence += 1
        return header + _gcm(self.key, nonce, header, text)

    def send(self, kind, content, padding=0):
        self.sock.sendall(self.record(kind, content, padding))

    def read(self):
        """Some of what the server says; b"" when it has closed."""
        while True:
            try:
                return self.tls.read(65536)
            except ssl.SSLWantReadError:
                data = self.sock.recv(65536)
                if not data:
                    return b""
                self.come.write(data)
            except ssl.SSLZeroReturnError:
                return b""

    def line(self):
        got = b""
        while not got.endswith(b"\r\n"):
            more = self.read()
            if not more:
                raise ConnectionError("the server has closed the connection")
            got += more
        return got

    def refused(self):
        """Reads until the server has closed; the alert that it gave, or
        None."""
        try:
            while self.read():
                pass
        except ssl.SSLError as e:
            return e.reason
        except ConnectionResetError:
            pass
        return None


def client_hello(sni=None, extensions=b"", version=0x303):
    """A plain one of TLS 1.2, in as many records as it takes; sni: bytes."""
    if sni is not None:
        name = struct.pack(">BH", 0, len(sni) & 0xffff) + sni
        names = struct.pack(">H", len(name) & 0xffff) + name
        extensions += struct.pack(">HH", 0, len(names) & 0xffff) + names
    for kind, content in ((10, b"\0\4\0\x1d\0\x17"), (11, b"\1\0"),
                          (13, b"\0\x08\4\3\x08\4\4\1\5\1")):
        extensions += struct.pack(">HH", kind, len(content)) + content
    body = struct.pack(">H", version) + os.urandom(32) + b"\0"
    body += b"\0\4\xc0\x2b\xc0\x2f" + b"\1\0"
    body += struct.pack(">H", len(extensions) & 0xffff) + extensions
    message = b"\1" + struct.pack(">I", len(body))[1:] + body
    return b"".join(
        struct.pack(">BHH", HANDSHAKE, 0x301, len(message[at:at + 16384])) +
        message[at:at + 16384] for at in range(0, len(message), 16384))
