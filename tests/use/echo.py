"""Clients of examples/echo_server.c, by Python's sockets and asyncio: kind ones and others."""

import asyncio
import os
import select
import selectors
import signal
import subprocess
import threading
import time

from common import (Clock, bytes_of, connect, is_over, most_connections, read_exactly, read_to_end, reset, run)


def is_well(port, seed=0):
    """One more client is served, and soon."""
    clock = Clock()
    start = clock.now()
    with connect(port) as client:
        data = bytes_of(seed, 1000)
        client.sendall(data)
        assert read_exactly(client, len(data)) == data
    took = clock.now() - start
    assert took < 2, f"a client waited for {took} seconds"


async def talks(port, number, rounds):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for i in range(rounds):
        data = bytes_of(number * 1000 + i, 1 + (number * 37 + i * 211) % 5000)
        writer.write(data)
        await writer.drain()
        assert await reader.readexactly(len(data)) == data
    writer.write_eof()
    assert await reader.read() == b""
    writer.close()


def many_talk(port):
    async def all_of_them():
        await asyncio.gather(*(talks(port, number, 20) for number in range(200)))

    asyncio.run(all_of_them())


def one_byte_at_a_time(port):
    clients = [connect(port) for _ in range(20)]
    data = bytes_of(1, 200)
    for i in range(len(data)):
        for client in clients:
            client.sendall(data[i:i + 1])
        for client in clients:
            assert client.recv(10) == data[i:i + 1]
    for client in clients:
        client.close()


def half_closes(port):
    """All that was sent before the client's end comes back after it."""
    data = bytes_of(2, 3_000_000)
    with connect(port) as client:
        def sends():
            client.sendall(data)
            client.shutdown(1)

        sender = threading.Thread(target=sends)
        sender.start()
        assert read_to_end(client) == data
        sender.join()
    with connect(port) as client:
        client.shutdown(1)
        assert client.recv(1) == b""


def resets(port):
    for i in range(300):
        client = connect(port)
        if i % 3:
            client.sendall(bytes_of(i, i * 100))
        if i % 3 == 2:
            client.recv(1)
        reset(client)
    is_well(port)


def fill(client):
    """Sends until nothing more goes: neither side reads what is on its way."""
    client.setblocking(False)
    block, last = b"x" * 65536, time.monotonic()
    while time.monotonic() - last < 0.2:
        try:
            client.send(block)
            last = time.monotonic()
        except BlockingIOError:
            select.select([], [client], [], 0.05)


def connect_and(step, port):
    """Connects and makes a step that the server gives half a second. Returns the connection. A client that had no
    processor for so long is cut off before."""
    start = time.monotonic()
    client = connect(port)
    try:
        step(client)
    except ConnectionError:
        assert time.monotonic() - start > 0.4, "cut off too early"
    return client


def sends_once(client):
    client.sendall(b"a")
    if client.recv(1) != b"a":
        raise ConnectionError("the server has closed the connection")


def stalls(port):
    """The server waits for half a second: a client that sends nothing or reads nothing is cut off."""
    start = time.monotonic()
    silent = [connect(port) for _ in range(25)] + [connect_and(sends_once, port) for _ in range(25)]
    full = [connect_and(fill, port) for _ in range(2)]
    is_well(port)
    for client in silent:
        assert is_over(client)
    for client in full:
        client.settimeout(20)
        assert is_over(client)
    took = time.monotonic() - start
    assert 0.4 < took < 15, f"cut off after {took} seconds"
    is_well(port)


def floods(port):
    """Two clients send and receive all they can; on the same worker the others are served meanwhile."""
    with open("/dev/zero", "rb") as zero:
        nc = ["nc", "127.0.0.1", str(port)]
        greedy = [subprocess.Popen(nc, stdin=zero, stdout=subprocess.DEVNULL) for _ in range(2)]
    try:
        time.sleep(0.3)
        clock = Clock()
        start = clock.now()
        for i in range(40):
            is_well(port, i)
        took = clock.now() - start
        assert took < 4, f"40 clients waited for {took} seconds"
        assert all(client.poll() is None for client in greedy)
    finally:
        for client in greedy:
            client.kill()
            client.wait()


def ten_thousand(port, process):
    """So many connections at once, each alive; some end in order, some by reset, the rest with the server."""
    wanted = 10_000
    count = most_connections(wanted)
    assert count > 100
    clients = [connect(port) for _ in range(count)]
    for round in range(2):
        for number, client in enumerate(clients):
            client.sendall(b"%08d" % (number + round))
        for number, client in enumerate(clients):
            assert read_exactly(client, 8) == b"%08d" % (number + round)
    with open(f"/proc/{process}/status") as status:
        memory = next(line.split()[1] for line in status if line.startswith("VmRSS"))
    note = "" if count == wanted else f" (the limit of open files allows no more than {count})"
    print(f"{count} connections, {int(memory) / count:.1f} KiB each{note}")
    for number, client in enumerate(clients):
        if number % 3 == 1:
            reset(client)
        elif number % 3 == 2:
            client.close()
    is_well(port)
    os.kill(process, signal.SIGTERM)
    for client in clients[::3]:
        assert is_over(client)


def more_than_files(port):
    """The server may open some sixty files: who comes later waits until others have gone."""
    clients = [connect(port) for _ in range(200)]
    for client in clients:
        client.sendall(b"let me in")
    time.sleep(0.3)
    first, waiting = [], []
    for client in clients:
        client.settimeout(0)
        try:
            assert read_exactly(client, 9) == b"let me in"
            first.append(client)
        except BlockingIOError:
            waiting.append(client)
    assert 20 <= len(first) < 60 and waiting, f"{len(first)} of 200 were let in"
    for client in first:
        client.close()
    ready = selectors.DefaultSelector()
    for client in waiting:
        ready.register(client, selectors.EVENT_READ)
    while waiting:
        events = ready.select(20)
        assert events, f"{len(waiting)} are never let in"
        for key, _ in events:
            assert read_exactly(key.fileobj, 9) == b"let me in"
            ready.unregister(key.fileobj)
            key.fileobj.close()
            waiting.remove(key.fileobj)


def shutdown_under_load(port, process):
    """SIGTERM while 60 clients talk. Those that end within the time of grace have every byte back; those that
    go on are cut off; nobody else is let in."""
    was_told = threading.Event()
    faults, cut_off = [], 0
    lock = threading.Lock()

    def talks_on(number):
        nonlocal cut_off
        stays = number % 2
        try:
            with connect(port) as client:
                data, i = bytes_of(number, 3000), 0
                while stays or not was_told.is_set():
                    client.sendall(data)
                    assert read_exactly(client, len(data)) == data
                    if was_told.is_set():
                        time.sleep(0.01)
                client.sendall(data)
                client.shutdown(1)
                assert read_to_end(client) == data
        except Exception as fault:
            if stays:
                with lock:
                    cut_off += 1
            else:
                faults.append(repr(fault))

    threads = [threading.Thread(target=talks_on, args=[number]) for number in range(60)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    os.kill(process, signal.SIGTERM)
    was_told.set()
    # A server without a processor hears of it late: until then it lets others in.
    try:
        while True:
            connect(port).close()
            time.sleep(0.01)
    except ConnectionError:
        pass
    # Those that stay are cut off when it ends. Before that it has refused the others.
    if cut_off != 0:
        faults.append("a connection is let in until the end")
    for thread in threads:
        thread.join()
    assert not faults, faults
    assert cut_off == 30, f"{cut_off} of 30 were cut off"


def accepted_by_the_system(port, process):
    """Connections that only the system has accepted when SIGTERM comes are served, too."""
    os.kill(process, signal.SIGSTOP)
    clients = [connect(port) for _ in range(100)]
    for client in clients:
        client.sendall(b"before the end")
    os.kill(process, signal.SIGTERM)
    os.kill(process, signal.SIGCONT)
    for client in clients:
        assert read_exactly(client, 14) == b"before the end"
        client.shutdown(1)
        assert client.recv(1) == b""


run({function.__name__: function for function in (
    many_talk, one_byte_at_a_time, half_closes, resets, stalls, floods, more_than_files, ten_thousand, shutdown_under_load,
    accepted_by_the_system)})
