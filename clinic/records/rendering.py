"""What decodes files of strangers: a program of its own, started with bounds on memory, time and files.

It imports nothing of the application, has no settings and no secrets, and speaks through its standard input
and output alone. ``clinic.records.sandbox`` starts it; the frames both sides write are described there.
"""

from __future__ import annotations

import contextlib
import json
import math
import resource
import signal
import struct
import sys
import warnings
from collections.abc import Iterator
from io import BytesIO
from typing import Any, BinaryIO

MEMORY = 112 * 1024 * 1024
"""Address space in bytes; a third of it is the program itself, so that less than 100 MB are ever in use."""
CPU_SECONDS = 2
MOST_OUTPUT = 48 * 1024 * 1024
DECODED_PIXELS = 12_600_000
"""What is in memory at once: a picture of an ordinary phone."""
JPEG_PIXELS = 120_000_000
"""JPEG can be decoded at a half, a quarter or an eighth, so it may be larger."""
WEBP_PIXELS = 3_700_000
KEPT_PIXELS = 4_400_000
PROGRESSIVE_PIXELS = 6_000_000
"""Beyond these a progressive JPEG, which is kept whole beside its picture, is decoded smaller."""
PNG_KEPT_PIXELS = 2_200_000
THUMB_SIDE = 360
PAGE_PIXELS = 2_200_000
PAGE_SIDE = 3_000
PAGE_SCALE = 150 / 72
MOST_PAGES = 1_000
ORIENTATION = 0x0112
GREYS = ("1", "L", "I", "I;16", "I;16B", "I;16L")


class Refused(Exception):
    """The file is not taken; the text is a code."""


def bound() -> None:
    """Give up everything that decoding does not need."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_OUTPUT, MOST_OUTPUT))
    with contextlib.suppress(OSError, ValueError):  # not every system that one develops on bounds it
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)


def begin_clock() -> None:
    """From here on so much processor time, and then the kernel ends the program."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime) + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def frames(source: BinaryIO) -> Iterator[tuple[dict[str, Any], BytesIO]]:
    """The jobs on the input: what to do, and with which file, whose bytes nobody else holds on to."""
    while head := source.read(8):
        asked, length = struct.unpack(">II", head)
        yield json.loads(source.read(asked)), BytesIO(source.read(length))


def answer(target: BinaryIO, said: dict[str, Any], *parts: bytes) -> None:
    """Write one frame, and be done with it before anything else can go wrong."""
    words = json.dumps({**said, "parts": [len(part) for part in parts]}).encode()
    target.write(struct.pack(">I", len(words)) + words)
    for part in parts:
        target.write(part)
    target.flush()


def picture(data: BytesIO, kind: str, target: BinaryIO) -> None:
    """A picture decoded and written anew, upright, on white, with nothing in it but what is seen."""
    image, turn = _redrawn(data, kind)
    if turn is not None:
        image = image.transpose(turn)
    as_png = kind == "PNG" and (image.mode == "L" or image.width * image.height <= PNG_KEPT_PIXELS)
    kept = _png(image) if as_png else _jpeg(image, 88)
    media_type = "image/png" if as_png else "image/jpeg"
    said = {"media_type": media_type, "width": image.width, "height": image.height}
    image.thumbnail((THUMB_SIDE, THUMB_SIDE))
    answer(target, said, kept, _jpeg(image, 78))


def _redrawn(data: BytesIO, kind: str) -> tuple[Any, Any]:
    """What is seen, in grey or in three colours, and how it has yet to be turned.

    It is made in strips, so that beside the decoded picture there is only the smaller one that is kept.
    """
    with _opened(data, kind) as opened:
        turn = _turn(opened)
        if kind == "JPEG":
            _decode_smaller(opened)
        opened.load()
        data.close()
        share = min(math.sqrt(KEPT_PIXELS / (opened.width * opened.height)), 1.0)
        width, height = max(int(opened.width * share), 1), max(int(opened.height * share), 1)
        kept = Image.new("L" if opened.mode in GREYS else "RGB", (width, height))
        step = max(height // 32, 1)
        for top in range(0, height, step):
            bottom = min(top + step, height)
            first, last = top * opened.height / height, bottom * opened.height / height
            strip = _flat(opened.crop((0, int(first), opened.width, math.ceil(last))))
            box = (0, first - int(first), opened.width, last - int(first))
            if strip.size != (width, bottom - top):
                strip = strip.resize((width, bottom - top), Image.Resampling.BICUBIC, box=box)
            kept.paste(strip, (0, top))
    return kept, turn


def _opened(data: BytesIO, kind: str) -> Any:
    if kind == "WEBP" and _webp_pixels(data.getvalue()[:32]) > WEBP_PIXELS:
        raise Refused("pixels")
    opened = Image.open(data, formats=(kind,))
    pixels = opened.width * opened.height
    if pixels > (JPEG_PIXELS if kind == "JPEG" else DECODED_PIXELS) or not pixels:
        raise Refused("pixels")
    return opened


def _webp_pixels(data: bytes) -> int:
    """How many pixels the head of the file announces; its decoder makes room for them before one can ask."""
    chunk, body = data[12:16], data[20:30]
    if len(body) < 10:
        raise Refused("damaged")
    if chunk == b"VP8X":
        width = int.from_bytes(body[4:7], "little") + 1
        return width * (int.from_bytes(body[7:10], "little") + 1)
    if chunk == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return ((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1)
    if chunk == b"VP8 ":
        width, height = struct.unpack("<HH", body[6:10])
        return int((width & 0x3FFF) * (height & 0x3FFF))
    raise Refused("damaged")


def _turn(opened: Any) -> Any:
    """How the camera was held."""
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    try:
        return turns.get(opened.getexif().get(ORIENTATION))
    except Exception:  # what a camera wrote beside the picture is often broken, and the picture is not
        return None


def _decode_smaller(opened: Any) -> None:
    pixels = opened.width * opened.height
    whole = bool(opened.info.get("progressive")) and pixels > PROGRESSIVE_PIXELS
    most = DECODED_PIXELS // 4 if whole else DECODED_PIXELS
    for share in (1, 2, 4, 8):
        width, height = -(-opened.width // share), -(-opened.height // share)
        if width * height <= most:
            if share > 1:
                opened.draft(None, (width, height))
            return
    raise Refused("pixels")


def _flat(strip: Any) -> Any:
    """Eight bits of grey or of three colours; what can be seen through is seen on white."""
    if strip.mode in GREYS:
        deep = strip.mode.startswith("I")
        return strip.point(lambda value: value * (1 / 256)).convert("L") if deep else strip.convert("L")
    if strip.mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in strip.info:
        clear = strip.convert("RGBA")
        ground = Image.new("RGB", clear.size, "white")
        ground.paste(clear, mask=clear.getchannel("A"))
        return ground
    return strip.convert("RGB")


def _png(image: Any) -> bytes:
    out = BytesIO()
    image.save(out, "PNG", compress_level=4)
    return out.getvalue()


def _jpeg(image: Any, quality: int) -> bytes:
    out = BytesIO()
    image.info.clear()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def document(data: BytesIO, target: BinaryIO) -> None:
    """How many pages a PDF has, told before anything of it is drawn; then its first page, small."""
    with _document(data) as pdf:
        answer(target, {"media_type": "application/pdf", "pages": len(pdf)})
        page = _page(pdf, 0)
        page.thumbnail((THUMB_SIDE, THUMB_SIDE))
        answer(target, {"thumb": True}, _jpeg(page, 78))


def pages(data: BytesIO, first: int, last: int, target: BinaryIO) -> None:
    """Pages as pictures, each told as soon as it is drawn; the first page is 1."""
    with _document(data) as pdf:
        for number in range(first, min(last, len(pdf)) + 1):
            image = _page(pdf, number - 1)
            answer(target, {"page": number, "width": image.width, "height": image.height}, _jpeg(image, 82))


@contextlib.contextmanager
def _document(data: BytesIO) -> Iterator[Any]:
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(data.getvalue())
    except pypdfium2.PdfiumError as failure:
        raise Refused("locked" if getattr(failure, "err_code", 0) == 4 else "damaged") from failure
    try:
        if not 0 < len(pdf) <= MOST_PAGES:
            raise Refused("pages" if len(pdf) else "damaged")
        yield pdf
    finally:
        pdf.close()


def _page(pdf: Any, index: int) -> Any:
    """A page drawn on white. Scripts, forms and links of the document are never looked at."""
    page = pdf[index]
    width, height = (side if math.isfinite(side) else 0 for side in page.get_size())
    if width <= 0 or height <= 0:
        raise Refused("damaged")
    scale = min(PAGE_SCALE, math.sqrt(PAGE_PIXELS / (width * height)), PAGE_SIDE / max(width, height))
    bitmap = page.render(scale=scale, may_draw_forms=False, draw_annots=True)
    return bitmap.to_pil().convert("RGB")


def work(asked: dict[str, Any], data: BytesIO, target: BinaryIO) -> None:
    """Do one job; whatever is wrong with the file is a refusal."""
    begin_clock()
    try:
        match asked["do"]:
            case "picture":
                picture(data, str(asked["kind"]), target)
            case "document":
                document(data, target)
            case "pages":
                pages(data, int(asked["first"]), int(asked["last"]), target)
        answer(target, {"done": True, **taken()})
    except Refused as refusal:
        answer(target, {"refused": str(refusal)})
    except (MemoryError, Image.DecompressionBombError):
        answer(target, {"refused": "pixels"})
    except Exception:  # a forged file fails in as many ways as there are decoders
        answer(target, {"refused": "damaged"})


def taken() -> dict[str, float]:
    """What the program has used so far: the most memory at once, in MB, and seconds of the processor."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    peak = used.ru_maxrss  # which counts what it was started from, too
    with contextlib.suppress(OSError), open("/proc/self/status", encoding="ascii") as status:
        peak = next((int(line.split()[1]) for line in status if line.startswith("VmHWM")), peak)
    return {"megabytes": peak / 1000, "seconds": used.ru_utime + used.ru_stime}


def main() -> None:
    """Do what the input asks for, one job after the other, until it ends."""
    warnings.simplefilter("ignore")
    target = sys.stdout.buffer
    for asked, data in frames(sys.stdin.buffer):
        work(asked, data, target)


if __name__ == "__main__":
    bound()

from PIL import Image  # noqa: E402  (the bounds hold for the decoders' own code too)

if __name__ == "__main__":
    Image.MAX_IMAGE_PIXELS = None  # ours are stricter, and asked before anything is decoded
    main()
