"""Cuts a small slide out of a large one, tile by tile: every byte of a tile stays as it was.

    python3 slice.py FOLDER

FOLDER holds the slides; the slices are written here. Of striped pages (thumbnail, label, macro) the first strip remains.
"""
import pathlib
import struct
import sys

# Columns and rows of tiles of level 0. Both slices reach an edge, where tiles are partly empty.
SLICES = {
    "CMU-1-Small-Region.svs": (range(1, 5), range(10, 13)),
    "TCGA-CR-7395-01A-01-TS1.svs": (range(14, 18), range(12, 14)),
}

WIDTH, LENGTH, STRIPS, ROWS_PER_STRIP, STRIP_BYTES = 256, 257, 273, 278, 279
TILE_WIDTH, TILE_LENGTH, TILES, TILE_BYTES = 322, 323, 324, 325
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}
LETTERS = {3: "H", 4: "I"}


def pages(data):
    """Each page as {tag: (type, count, bytes)}; little-endian classic TIFF."""
    at = struct.unpack("<I", data[4:8])[0]
    while at:
        count = struct.unpack("<H", data[at:at + 2])[0]
        tags = {}
        for i in range(count):
            tag, kind, n = struct.unpack("<HHI", data[at + 2 + 12 * i:at + 10 + 12 * i])
            place, size = at + 10 + 12 * i, SIZES[kind] * n
            if size > 4:
                place = struct.unpack("<I", data[place:place + 4])[0]
            tags[tag] = (kind, n, data[place:place + size])
        yield tags
        at = struct.unpack("<I", data[at + 2 + 12 * count:at + 6 + 12 * count])[0]


def numbers(tags, tag):
    kind, n, raw = tags[tag]
    return struct.unpack(f"<{n}{LETTERS[kind]}", raw)


def longs(values):
    return 4, len(values), struct.pack(f"<{len(values)}I", *values)


def sliced(data, tags, columns, rows):
    """The tags of a page cut down, and its pieces of pixels."""
    if TILES not in tags:
        [offset, *_], [size, *_] = numbers(tags, STRIPS), numbers(tags, STRIP_BYTES)
        return tags | {LENGTH: longs([min(numbers(tags, ROWS_PER_STRIP)[0], numbers(tags, LENGTH)[0])])}, [data[offset:offset + size]]
    (width,), (length,) = numbers(tags, WIDTH), numbers(tags, LENGTH)
    (tile_width,), (tile_length,) = numbers(tags, TILE_WIDTH), numbers(tags, TILE_LENGTH)
    across = -(-width // tile_width)
    offsets, sizes = numbers(tags, TILES), numbers(tags, TILE_BYTES)
    kept = [y * across + x for y in rows for x in columns]
    return tags | {
        WIDTH: longs([min(width, (columns[-1] + 1) * tile_width) - columns[0] * tile_width]),
        LENGTH: longs([min(length, (rows[-1] + 1) * tile_length) - rows[0] * tile_length]),
    }, [data[offsets[i]:offsets[i] + sizes[i]] for i in kept]


def cut(data, columns, rows):
    (full, *_), out, link = [numbers(tags, WIDTH)[0] for tags in pages(data)], bytearray(b"II*\0\0\0\0\0"), 4
    for tags in pages(data):
        scale = round(full / numbers(tags, WIDTH)[0]) if TILES in tags else 1
        smaller = lambda span: range(span[0] // scale, span[-1] // scale + 1)
        tags, pieces = sliced(data, tags, smaller(columns), smaller(rows))
        places = []
        for piece in pieces:
            places.append(len(out))
            out += piece + b"\0" * (len(piece) % 2)
        tiled = TILES in tags
        tags = tags | {TILES if tiled else STRIPS: longs(places), TILE_BYTES if tiled else STRIP_BYTES: longs([len(p) for p in pieces])}
        entries = b""
        for tag, (kind, n, raw) in sorted(tags.items()):
            if len(raw) > 4:
                place = struct.pack("<I", len(out))
                out += raw + b"\0" * (len(raw) % 2)
                raw = place
            entries += struct.pack("<HHI", tag, kind, n) + raw.ljust(4, b"\0")
        out[link:link + 4] = struct.pack("<I", len(out))
        link = len(out) + 2 + len(entries)
        out += struct.pack("<H", len(tags)) + entries + b"\0\0\0\0"
    return bytes(out)


for name, (columns, rows) in SLICES.items():
    source = pathlib.Path(sys.argv[1]) / name
    pathlib.Path(__file__).with_name(name).write_bytes(cut(source.read_bytes(), columns, rows))
