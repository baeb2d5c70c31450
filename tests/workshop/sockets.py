"""What a server on a raw socket does: read up to a mark, and break a connection off."""

from __future__ import annotations

import socket
import struct


def read_until(connection: socket.socket, mark: bytes) -> bytes:
    got = b""
    while mark not in got:
        piece = connection.recv(65536)
        if not piece:
            break
        got += piece
    return got


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
