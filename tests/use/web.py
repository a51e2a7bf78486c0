"""Clients of examples/http_server.c, by Python's http.client and by sockets: kind ones and others."""

import http.client
import os
import random
import signal
import time

from common import SECONDS, bytes_of, connect, is_over, read_to_end, reset, run

HOST = b"Host: here\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
TEXT = b"Coroutines answer.\n"


def post(body, fields=b""):
    length = b"Content-Length: %d\r\n" % len(body)
    return b"POST /echo HTTP/1.1\r\n" + HOST + length + fields + b"\r\n" + body


def read_answer(file):
    """Status, fields and body of the next answer."""
    status = int(file.readline().split()[1])
    fields = {}
    while (line := file.readline()) != b"\r\n":
        assert line.endswith(b"\r\n"), line
        name, value = line[:-2].split(b": ", 1)
        fields[name.lower()] = value
    body = b"" if status == 100 else file.read(int(fields[b"content-length"]))
    return status, fields, body


def is_well(port):
    with connect(port) as client, client.makefile("rb") as file:
        client.sendall(GET)
        assert read_answer(file)[::2] == (200, TEXT)


def one_connection(port):
    """Python's own client, over one connection that stays."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    client.connect()
    first = client.sock
    for i in range(100):
        client.request("GET", f"/bytes/{i * 100}")
        answer = client.getresponse()
        data = answer.read()
        checksum = 0xCBF29CE484222325
        for byte in data:
            checksum = (checksum ^ byte) * 0x100000001B3 & (1 << 64) - 1
        assert (answer.status, len(data)) == (200, i * 100)
        assert answer.headers["ETag"] == f'"{checksum:016x}"'
        body = bytes_of(i, i * 600)
        client.request("POST", "/echo", body)
        assert client.getresponse().read() == body
        client.request("HEAD", f"/bytes/{i}")
        answer = client.getresponse()
        assert answer.headers["Content-Length"] == str(i) and answer.read() == b""
        assert client.sock is first, "the connection was closed"
    for method, path, status in (("GET", "/nothing", 404), ("PUT", "/", 405), ("GET", "/echo", 405),
                                 ("GET", "/bytes/1048577", 404), ("GET", "/bytes/x", 404),
                                 ("GET", "/bytes/", 404), ("GET", "/bytes/1048576", 200)):
        client.request(method, path)
        answer = client.getresponse()
        answer.read()
        assert answer.status == status, (method, path, answer.status)
    client.close()


def pipelines(port):
    """Requests far ahead of the answers, cut anywhere: the answers are whole, and in order."""
    bodies = [bytes_of(i, i * 331 % 5000) for i in range(100)]
    requests = b"".join(post(body) + GET for body in bodies)
    for step in (len(requests), 8191, 777):
        with connect(port) as client, client.makefile("rb") as file:
            for start in range(0, len(requests), step):
                client.sendall(requests[start:start + step])
            for body in bodies:
                assert read_answer(file)[::2] == (200, body)
                assert read_answer(file)[::2] == (200, TEXT)


def one_byte_at_a_time(port):
    requests = post(b"slow but sure", b"Connection: close\r\n")
    with connect(port) as client, client.makefile("rb") as file:
        for i in range(len(requests)):
            client.sendall(requests[i:i + 1])
            time.sleep(0.001)
        status, fields, body = read_answer(file)
        assert (status, fields[b"connection"], body) == (200, b"close", b"slow but sure")
        assert file.read() == b""


def old_and_polite(port):
    """HTTP/1.0, with and without keep-alive; Expect: 100-continue; half-closed ones."""
    with connect(port) as client, client.makefile("rb") as file:
        for _ in range(2):
            client.sendall(b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
            status, fields, body = read_answer(file)
            assert (status, fields[b"connection"], body) == (200, b"keep-alive", TEXT)
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert read_answer(file)[1][b"connection"] == b"close" and file.read() == b""
    with connect(port) as client, client.makefile("rb") as file:
        request = post(b"0123456789", b"Expect: 100-continue\r\n")
        client.sendall(request[:-10])
        assert read_answer(file)[0] == 100
        client.sendall(request[-10:])
        assert read_answer(file)[2] == b"0123456789"
    with connect(port) as client:
        client.sendall(GET)
        client.shutdown(1)
        assert read_to_end(client).endswith(TEXT)


REFUSED = {
    b"GET\r\n\r\n": 400,
    b"\x00\r\n\r\n": 400,
    b"GET / HTTP/2.0\r\n" + HOST + b"\r\n": 400,
    b"GET /  HTTP/1.1\r\n" + HOST + b"\r\n": 400,
    b"GET / HTTP/1.1\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n": 400,
    b"GET / HTTP/1.1\r\n" + HOST + b"no colon\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\n" + HOST + b": no name\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\n" + HOST + b"Space : 1\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\n" + HOST + b"Folded: 1\r\n 2\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\n" + HOST + b"Feed: 1\nContent-Length: 5\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\n" + HOST + b"Zero: \x00\r\n\r\n": 400,
    b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n": 501,
    b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 65537\r\n\r\n": 413,
    b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 999999999\r\n\r\n": 413,
    b"GET / HTTP/1.1\r\n" + HOST + b"Long: " + b"a" * 8192 + b"\r\n\r\n": 431,
    b"a" * 100000: 431,
    b"\r\n" * 2: 400,
}


def refusals(port):
    """What is not clear is refused, with a word, and ends the connection."""
    for length in (b"-1", b"+5", b"0x5", b"5 5", b"5, 5", b"", b"5;", b"18446744073709551621",
                   b"5\r\nContent-Length: 5", b"5\r\nCONTENT-LENGTH: 6"):
        head = b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: " + length
        REFUSED[head + b"\r\n\r\nhello"] = 400
    for request, status in REFUSED.items():
        with connect(port) as client, client.makefile("rb") as file:
            client.sendall(request + GET)
            answer = read_answer(file)
            assert answer[0] == status, (request[:80], answer)
            assert answer[1][b"connection"] == b"close" and file.read() == b"", request[:80]
    is_well(port)


def mutations(port):
    """Requests with random faults: each is answered, or the connection ends; the server lives on."""
    good = GET + post(b"some body", b"Expect: 100-continue\r\n") + b"HEAD /bytes/9 HTTP/1.0\r\n\r\n"
    words = (b"\r\n", b"\r", b"\n", b":", b" ", b"\0", b"\xff", b"Content-Length: 9\r\n", b"/bytes/", b"9" * 20,
             b"Connection: ,,close,\r\n", b"Host", b"HTTP/1.1", b"x" * 9000)
    for seed in range(400):
        dice, request = random.Random(seed), bytearray(good)
        for _ in range(dice.randrange(1, 6)):
            place = dice.randrange(len(request))
            request[place:place + dice.choice((0, 0, 1, 3, 30))] = dice.choice(words)
        with connect(port) as client:
            try:
                client.sendall(request)
                client.shutdown(1)
                answers = read_to_end(client)
                assert not answers or answers.startswith(b"HTTP/1.1 "), (seed, answers[:50])
            except ConnectionError:
                pass
    is_well(port)


def resets(port):
    pieces = (b"", b"GET", GET, post(b"x" * 5000)[:3000], b"GET /bytes/1048576 HTTP/1.1\r\n" + HOST + b"\r\n")
    for i in range(300):
        client = connect(port)
        client.sendall(pieces[i % len(pieces)])
        if i % 2:
            client.settimeout(0.01)
            try:
                client.recv(100)
            except (TimeoutError, ConnectionError):
                pass
        reset(client)
    is_well(port)


def stalls(port):
    """A request has half a second. Who stalls in the middle has a word for it; who does not take the answers
    is cut off; who asks nothing stays."""
    start = time.monotonic()
    idle = connect(port)
    slow = [connect(port) for _ in range(40)]
    for i, client in enumerate(slow):
        client.sendall(GET[:-2] if i % 2 else post(b"half")[:-2])
    deaf = connect(port)
    deaf.sendall((b"GET /bytes/1048576 HTTP/1.1\r\n" + HOST + b"\r\n") * 50)
    is_well(port)
    for client in slow:
        assert read_to_end(client).startswith(b"HTTP/1.1 408 ")
    time.sleep(1)
    taken = 0
    try:
        while more := deaf.recv(1 << 20):
            taken += len(more)
    except ConnectionError:
        pass
    assert taken < 50 << 20, "the answers that nobody took were waited for"
    took = time.monotonic() - start
    assert 0.4 < took < 15, f"cut off after {took} seconds"
    idle.sendall(GET)
    assert read_answer(idle.makefile("rb"))[0] == 200
    is_well(port)


def shutdown_in_the_middle(port, process):
    """SIGTERM: a request that has begun is answered, and is the last one; idle connections are closed."""
    idle = [connect(port) for _ in range(50)]
    begun = [connect(port) for _ in range(50)]
    request = post(b"the end of it")
    for client in begun:
        client.sendall(GET)
        assert read_answer(client.makefile("rb"))[0] == 200
        client.sendall(request[:-3])
    time.sleep(0.2)
    os.kill(process, signal.SIGTERM)
    for client in idle:
        assert is_over(client)
    try:
        connect(port).close()
        raise AssertionError("a connection after SIGTERM")
    except ConnectionError:
        pass
    for client in begun:
        client.sendall(request[-3:] + GET)
        file = client.makefile("rb")
        status, fields, body = read_answer(file)
        assert (status, fields[b"connection"], body) == (200, b"close", b"the end of it")
        assert file.read() == b""
        client.close()


run({function.__name__: function for function in (
    one_connection, pipelines, one_byte_at_a_time, old_and_polite, refusals, mutations, resets, stalls,
    shutdown_in_the_middle)})
