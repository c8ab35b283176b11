"""HTTP/1.1 messages, read whole and written again with the same head (RFC 9112)."""

import asyncio
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Message:
    """A request or a reply: first line, headers as they came, body without transfer encoding."""

    first: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @property
    def method(self) -> str:
        return self.first.split(" ")[0]

    @property
    def target(self) -> str:
        return self.first.split(" ")[1]

    @property
    def status(self) -> int:
        return int(self.first.split(" ")[1])

    def header(self, name: str) -> str:
        return next((v for k, v in self.headers if k.lower() == name), "")

    @property
    def keeps_open(self) -> bool:
        return self.header("connection").lower() != "close" and not self.first.endswith("HTTP/1.0")

    def with_body(self, body: bytes) -> "Message":
        headers = [(k, v) for k, v in self.headers if k.lower() not in ("content-length", "x-amz-crc32")]
        return replace(self, headers=[*headers, ("Content-Length", str(len(body)))], body=body)

    def encode(self) -> bytes:
        head = "".join(f"{k}: {v}\r\n" for k, v in self.headers)
        return f"{self.first}\r\n{head}\r\n".encode("latin-1") + self.body


async def read_head(reader: asyncio.StreamReader) -> Message | None:
    """First line and headers; None where the other side has closed instead."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as ended:
        if ended.partial:
            raise ConnectionError("closed inside a head") from ended
        return None
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    return Message(first, [(k, v.strip()) for k, _, v in (line.partition(":") for line in lines)])


async def read_body(reader: asyncio.StreamReader, message: Message, *, until_closed: bool = False) -> Message:
    if "chunked" in message.header("transfer-encoding").lower():
        body = bytearray()
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass
        headers = [(k, v) for k, v in message.headers if k.lower() != "transfer-encoding"]
        return replace(message, headers=headers).with_body(bytes(body))
    if length := message.header("content-length"):
        return replace(message, body=await reader.readexactly(int(length)))
    return replace(message, body=await reader.read()) if until_closed else message


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Message | None:
    head = await read_head(reader)
    if head is None:
        return None
    if head.header("expect").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
        head = replace(head, headers=[(k, v) for k, v in head.headers if k.lower() != "expect"])
    return await read_body(reader, head)


async def read_reply(reader: asyncio.StreamReader, method: str) -> Message:
    while (head := await read_head(reader)) is not None:
        if head.status == 100:
            continue
        if method == "HEAD" or head.status in (204, 304):
            return head
        framed = head.header("content-length") or head.header("transfer-encoding")
        return await read_body(reader, head, until_closed=not framed)
    raise ConnectionError("closed without a reply")
