"""examples/downloader.c against servers that err: `downloads.py <downloader>`."""

import asyncio
import re
import socket
import subprocess
import sys


def checksum_of(data):
    checksum = 0xCBF29CE484222325
    for byte in data:
        checksum = (checksum ^ byte) * 0x100000001B3 & (1 << 64) - 1
    return checksum


class Server:
    """Serves zeros. One size in each way of erring: what the downloader is to say of it."""

    FAULTS = {
        8: "wrong checksum after 8 bytes",
        16: "cut short after 10 bytes",
        32: "wrong length after 0 bytes",
        64: "no length or no checksum after 0 bytes",
        128: "no answer after 0 bytes",
        256: "no answer after 0 bytes",
        512: "refused after 0 bytes",
        1024: "more than was announced after 0 bytes",
    }

    def __init__(self, stalls=False):
        self.stalls, self.open, self.most = stalls, 0, 0
        self.sums = {}

    def head(self, size, length=None, status=200):
        if size not in self.sums:
            self.sums[size] = checksum_of(bytes(size))
        fields = f"content-length:{size if length is None else length}\r\netag: \"{self.sums[size]:016x}\"\r\n"
        return f"HTTP/1.1 {status} X\r\n{fields}\r\n".encode()

    def answer(self, size):
        head, body = self.head(size), bytes(size)
        return {
            8: head + b"not zero",
            16: head + body[:10],
            32: self.head(32, length=33) + bytes(33),
            64: b"HTTP/1.1 200 X\r\nContent-Length: 64\r\n\r\n" + body,
            128: b"",
            256: b"H" * 5000,
            512: self.head(512, status=500) + body,
            1024: head + body + b"more",
        }.get(size, head + body)

    async def serve(self, reader, writer):
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            size = int(re.match(r"GET /bytes/(\d+) HTTP/1.1\r\n", request)[1])
            answer = self.answer(size)
            if self.stalls and size > 1000:
                writer.write(answer[:-1])
                await writer.drain()
                await reader.read()
            for start in range(0, len(answer), 50_000):
                writer.write(answer[start:start + 50_000])
                await writer.drain()
        except ConnectionError:
            pass
        self.open -= 1
        writer.close()


async def download(server, *options):
    """Exit code and lines of the downloader, and how many connections there were at once."""
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    child = await asyncio.create_subprocess_exec(
        sys.argv[1], f"127.0.0.1:{port}", *options, stdout=subprocess.PIPE)
    output, _ = await asyncio.wait_for(child.communicate(), 30)
    listener.close()
    return child.returncode, output.decode().splitlines()


async def main():
    server = Server()
    code, lines = await download(server, "5")
    assert code == 1, lines
    wanted = sorted(f"/bytes/{size}: {fault}" for size, fault in Server.FAULTS.items())
    assert sorted(lines[:-1]) == wanted, lines
    assert lines[-1].startswith("60 files, ") and lines[-1].endswith(f", {len(wanted)} faults"), lines
    assert 2 <= server.most <= 5, f"{server.most} connections at once"

    code, lines = await download(Server(stalls=True), "60", "1500")
    assert code == 1, lines
    assert any("the time is up" in line or "cut short" in line for line in lines), lines

    with socket.socket() as mute:  # its port is taken, and it does not listen
        mute.bind(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % mute.getsockname()[1]
        child = await asyncio.create_subprocess_exec(sys.argv[1], address, stdout=subprocess.PIPE)
        output, _ = await asyncio.wait_for(child.communicate(), 30)
    assert child.returncode == 1 and b"60 faults" in output, output


asyncio.run(main())
