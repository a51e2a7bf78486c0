"""Clients that flood a server of one worker, while another one's questions are answered and a signal ends the server:
`floods.py echo|http PORT PROCESS CLIENTS BYTES SIGNAL`."""

import os
import select
import selectors
import signal
import sys
import time

from common import Clock, connect, read_exactly

#: Seconds: for an answer, and for the end, in which each server gives its clients a second of grace at most.
ANSWER, END = 2, 6
ANSWERS = 20
GET = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


def flood(port, count, size, stream, begun):
    """Writes `size` bytes at a time to so many connections, and reads what comes, until the server is gone."""
    data = memoryview(stream * (1 + size // len(stream)) * 2)
    ready = selectors.DefaultSelector()
    for _ in range(count):
        client = connect(port)
        client.setblocking(False)
        ready.register(client, selectors.EVENT_READ | selectors.EVENT_WRITE, [0])
    os.write(begun, b".")
    while ready.get_map():
        for key, events in ready.select():
            try:
                if events & selectors.EVENT_READ and not key.fileobj.recv(1 << 20):
                    raise ConnectionError
                if events & selectors.EVENT_WRITE:
                    place = key.data[0]
                    key.data[0] = (place + key.fileobj.send(data[place:place + size])) % len(stream)
            except BlockingIOError:
                pass
            except ConnectionError:
                ready.unregister(key.fileobj)


def echo(client, number):
    data = b"%08d" % number
    client.sendall(data)
    assert read_exactly(client, len(data)) == data


def http(client, number):
    client.sendall(GET)
    answer = b""
    while not answer.endswith(b"Coroutines answer.\n"):
        answer += read_exactly(client, 1)


def main(server, port, process, count, size, sent):
    ask = {"echo": echo, "http": http}[server]
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        flood(port, count, size, GET if server == "http" else b"x", writer)
        os._exit(0)
    try:
        assert os.read(reader, 1) == b"."
        time.sleep(0.1)
        worst, clock = 0, Clock(process)
        with connect(port) as client:
            for number in range(ANSWERS):
                start = clock.now()
                ask(client, number)
                worst = max(worst, clock.now() - start)
        assert worst < ANSWER, f"an answer took {worst:.3f} seconds"
        end = os.pidfd_open(process)
        start = clock.now()
        os.kill(process, sent)
        while not select.select([end], [], [], 0.01)[0]:
            assert clock.now() - start < END, f"no end {END} seconds after the signal"
        took = max(clock.now() - start, 0)
        print(f"{server}, {count} clients, {size} bytes: {worst * 1000:.1f} ms for an answer, {took:.2f} s for the end")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


main(sys.argv[1], *map(int, sys.argv[2:]))
