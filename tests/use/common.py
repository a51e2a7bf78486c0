"""What the clients share: connections with a limit for every wait, and the choice of a case."""

import contextlib
import glob
import os
import random
import resource
import socket
import struct
import sys
import time

SECONDS = 20


class Clock:
    """Seconds, without those for which the server's threads and this one have waited for a processor."""

    def __init__(self, process=os.environ.get("ACO_SERVER")):
        self.process, self.waited = process, 0

    def now(self):
        waited = 0
        for stat in glob.glob(f"/proc/{self.process}/task/*/schedstat") + ["/proc/self/schedstat"]:
            with contextlib.suppress(OSError), open(stat) as file:
                waited += int(file.read().split()[1])
        self.waited = max(self.waited, waited)  # the threads of a process that has ended are gone
        return time.monotonic() - self.waited / 1e9


def connect(port):
    client = socket.create_connection(("127.0.0.1", port), SECONDS)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # A loaded system drops packets of the loopback too. A lost end is told again to a client that asks.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 2)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 2)
    return client


def read_exactly(client, count):
    data = b""
    while len(data) < count:
        more = client.recv(count - len(data))
        assert more, f"the end after {len(data)} of {count} bytes"
        data += more
    return data


def read_to_end(client):
    data = b""
    while more := client.recv(1 << 16):
        data += more
    return data


def reset(client):
    """Ends a connection with RST, whatever is under way."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def is_over(client):
    """Has the server ended the connection, one way or another? Waits for that."""
    try:
        while client.recv(1 << 16):
            pass
    except ConnectionError:
        pass
    return True


def most_connections(wanted):
    """As many as this process may have open, by the hard limit, with some to spare."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard - 64)


def bytes_of(seed, count):
    return random.Random(seed).randbytes(count)


def run(cases):
    """`<file>.py CASE NUMBER...`: calls the case with the numbers."""
    cases[sys.argv[1]](*map(int, sys.argv[2:]))
