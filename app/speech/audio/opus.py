"""Opus packets as WhatsApp's own phones make them: three frames of 20 ms in each ("code 3", RFC 6716, 3.2.5).

libopus puts one frame into a packet ("code 0"). Both are right, every decoder reads both; iPhones have been seen to
refuse voice notes of the second kind (WhiskeySockets/Baileys, pull request 2648).
"""

from collections.abc import Iterable, Iterator

from av import AudioStream, Packet

FRAMES_PER_PACKET = 3
_CODE = 0b11
_VARIABLE = 0x80
_ONE_BYTE_LENGTHS = 252


def repacked(packets: Iterable[Packet], stream: AudioStream) -> Iterator[Packet]:
    """Frames share a packet only while their first byte (mode, bandwidth, length of frame) is the same."""
    group: list[Packet] = []
    for packet in packets:
        if not packet.size:
            continue
        if group and (len(group) == FRAMES_PER_PACKET or _first(group[0]) != _first(packet)):
            yield _merged(group, stream)
            group = []
        group.append(packet)
    if group:
        yield _merged(group, stream)


def _first(packet: Packet) -> int:
    return memoryview(packet)[0]


def _merged(group: list[Packet], stream: AudioStream) -> Packet:
    merged = Packet(code_3([bytes(packet) for packet in group]))
    merged.stream = stream
    merged.time_base = group[0].time_base
    merged.pts, merged.dts = group[0].pts, group[0].dts
    merged.duration = sum(packet.duration or 0 for packet in group)
    return merged


def code_3(packets: list[bytes]) -> bytes:
    """Code 0 packets of the same kind into one of code 3 with lengths of their own."""
    frames = [packet[1:] for packet in packets]
    lengths = b"".join(_length(len(frame)) for frame in frames[:-1])
    return bytes([packets[0][0] | _CODE, _VARIABLE | len(frames)]) + lengths + b"".join(frames)


def _length(size: int) -> bytes:
    if size < _ONE_BYTE_LENGTHS:
        return bytes([size])
    first = _ONE_BYTE_LENGTHS + (size & 0b11)
    return bytes([first, (size - first) >> 2])
