"""More than two hundred files that mean harm, made on the spot: each with what may become of it."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO

from PIL import Image, ImageCms, PngImagePlugin

from tests.records.files import jpeg, locked_pdf, pdf, photo_of_a_phone, png

SCRIPT = b"<script>alert(document.cookie)</script>"
MARKERS = (b"<script", b"alert(", b"javascript:", b"Exif", b"<?php", b"onload=", b"iCCP", b"ICC_PROFILE")
"""What no picture that is kept may hold."""


@dataclass(frozen=True)
class Hostile:
    """One file. ``kept``: ``picture`` (drawn anew), ``pdf`` (as an attachment, pages as pictures), ``""``
    (refused), or ``any`` where either refusing or drawing anew is right.
    """

    name: str
    data: bytes = field(repr=False)
    kept: str = ""


@cache
def corpus() -> tuple[Hostile, ...]:
    """All of them."""
    return (*_not_pictures(), *_polyglots(), *_cut_off(), *_bombs(), *_odd_pictures(), *_pdfs(), *_names())


def _not_pictures() -> Iterator[Hostile]:
    svg = (
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">'
        + SCRIPT
        + b"</svg>"
    )
    bodies = {
        "svg": svg,
        "html": b"<!DOCTYPE html><html>" + SCRIPT + b"</html>",
        "js": b"alert(1)",
        "php": b"<?php system($_GET['c']); ?>",
        "exe": b"MZ" + b"\0" * 200,
        "elf": b"\x7fELF" + b"\0" * 200,
        "zip": _zip(b"0" * 1_000_000),
        "gif": b"GIF89a/*" + b"\1\0\1\0" + b"*/=1;alert(1)",
        "bmp": b"BM" + b"\0" * 100,
        "tiff": b"II*\0" + b"\0" * 100,
        "ico": b"\0\0\1\0\1\0" + b"\0" * 60,
        "psd": b"8BPS\0\1" + b"\0" * 100,
        "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100,
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n(/etc/passwd) run\n",
        "rtf": b"{\\rtf1\\ansi " + b"x" * 100 + b"}",
        "doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500,
        "xml": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        "txt": b"only text",
        "nul": b"\0" * 5000,
        "utf16": "\ufeff<script>alert(1)</script>".encode("utf-16"),
    }
    for kind, body in bodies.items():
        for name in (f"photo.{kind}", f"{kind}.jpg", f"{kind}.pdf"):
            yield Hostile(name, body)
    yield Hostile("empty.png", b"")
    yield Hostile("one.jpg", b"\xff")


def _polyglots() -> Iterator[Hostile]:
    for name, tail in (
        ("html", SCRIPT),
        ("zip", _zip(b"x" * 1000)),
        ("php", b"<?php phpinfo(); ?>"),
        ("js", b"*/alert(1)/*"),
        ("pdf", pdf()),
        ("mega", b"A" * 2_000_000),
    ):
        yield Hostile(f"jpeg-and-{name}.jpg", jpeg() + tail, "picture")
        yield Hostile(f"png-and-{name}.png", png() + tail, "picture")
    for name, comment in (
        ("script", SCRIPT),
        ("php", b"<?php ?>"),
        ("js", b"/*alert(1)*/"),
        ("long", b"x" * 60_000),
    ):
        yield Hostile(f"comment-{name}.jpg", _jpeg(comment=comment), "picture")
    yield Hostile("pdf-in-jpeg-clothes.jpg", pdf(), "pdf")
    yield Hostile("jpeg-in-pdf-clothes.pdf", jpeg(), "picture")
    yield Hostile("pdf-after-html.pdf", SCRIPT + pdf())
    yield Hostile("pdf-after-blank.pdf", b"\n\n" + pdf())
    yield Hostile("pdf-and-html.pdf", pdf() + SCRIPT, "pdf")
    yield Hostile("pdf-and-zip.pdf", pdf() + _zip(b"x" * 1000), "pdf")
    yield Hostile("jpeg-magic-only.jpg", b"\xff\xd8\xff\xe0" + SCRIPT)
    yield Hostile("png-magic-only.png", b"\x89PNG\r\n\x1a\n" + SCRIPT)
    yield Hostile("webp-magic-only.webp", b"RIFF\x10\0\0\0WEBP" + SCRIPT)


def _cut_off() -> Iterator[Hostile]:
    for name, whole in (("jpg", jpeg()), ("png", png()), ("webp", _webp())):
        for part in range(1, 13):
            yield Hostile(f"cut-{part}.{name}", whole[: len(whole) * part // 14], "any")
    for part in range(1, 13):
        yield Hostile(f"cut-{part}.pdf", pdf()[: len(pdf()) * part // 14], "any")
    for number in range(12):
        broken = bytearray(jpeg() if number % 2 else png())
        for at in range(30 + number * 7, len(broken), 97 + number):
            broken[at] ^= 0xFF
        yield Hostile(f"bits-{number}.{'jpg' if number % 2 else 'png'}", bytes(broken), "any")


def _bombs() -> Iterator[Hostile]:
    for side in (12_000, 30_000, 65_000):
        yield Hostile(f"grey-{side}.png", _png_head(side, side, colour=0))
        yield Hostile(f"colour-{side}.png", _png_head(side, side, colour=6))
        yield Hostile(f"wide-{side}.png", _png_head(side * 1000, 2, colour=2))
        yield Hostile(f"tall-{side}.png", _png_head(2, side * 1000, colour=2))
    yield Hostile("endless.png", _png_head(2**31 - 1, 2**31 - 1, colour=6))
    yield Hostile("nothing-wide.png", _png_head(0, 100, colour=2))
    yield Hostile("full-of-white.png", _flat_png(9_000, 9_000))
    for width, height in ((65_535, 65_535), (60_000, 4_000), (1, 65_535), (0, 10), (10, 0)):
        yield Hostile(f"claims-{width}x{height}.jpg", _claims(width, height), "any")
    yield Hostile("canvas.webp", _webp_canvas(16_383, 16_383))
    yield Hostile("lossless.webp", _webp_lossless(16_383, 16_383))
    for name, chunk in (("zTXt", b"k\0\0"), ("iTXt", b"k\0\1\0\0\0")):
        yield Hostile(
            f"text-bomb-{name}.png",
            _with_chunk(name.encode(), chunk + zlib.compress(b"0" * 80_000_000)),
            "any",
        )
    yield Hostile("giant-text.png", _with_chunk(b"tEXt", b"k\0" + b"<script>" * 500_000), "any")
    yield Hostile("icc-bomb.png", _with_chunk(b"iCCP", b"p\0\0" + zlib.compress(b"0" * 80_000_000)), "any")
    yield Hostile("thousand-texts.png", _with_chunk(b"tEXt", b"k\0" + SCRIPT, times=2000), "any")
    yield Hostile("stream-bomb.pdf", _pdf_with(_stream_bomb()), "any")
    yield Hostile("nested-stream-bomb.pdf", _pdf_with(_stream_bomb(filters=3)), "any")


def _odd_pictures() -> Iterator[Hostile]:
    for turned in range(1, 9):
        yield Hostile(f"turned-{turned}.jpg", photo_of_a_phone(turned), "picture")
    yield Hostile("turned-99.jpg", photo_of_a_phone(99), "picture")
    for mode in ("CMYK", "L"):
        yield Hostile(f"{mode}.jpg", _saved(Image.new(mode, (200, 100)), "JPEG"), "picture")
    for mode in ("1", "L", "LA", "P", "RGBA", "I;16"):
        yield Hostile(f"{mode.replace(';', '')}.png", _saved(Image.new(mode, (200, 100)), "PNG"), "picture")
    yield Hostile(
        "progressive.jpg",
        _saved(Image.effect_noise((900, 900), 90).convert("RGB"), "JPEG", progressive=True),
        "picture",
    )
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    yield Hostile("icc.jpg", _saved(Image.new("RGB", (50, 50)), "JPEG", icc_profile=profile), "picture")
    yield Hostile(
        "icc-broken.jpg", _saved(Image.new("RGB", (50, 50)), "JPEG", icc_profile=SCRIPT * 3000), "picture"
    )
    frames = [Image.new("RGB", (100, 100), (shade, 0, 0)) for shade in range(0, 250, 10)]
    for kind, name in (("PNG", "apng"), ("WEBP", "webp")):
        out = BytesIO()
        frames[0].save(out, kind, save_all=True, append_images=frames[1:])
        yield Hostile(f"animated.{name}", out.getvalue(), "picture")
    info = PngImagePlugin.PngInfo()
    info.add_text("XML:com.adobe.xmp", SCRIPT.decode())
    yield Hostile("xmp.png", _saved(Image.new("RGB", (50, 50)), "PNG", pnginfo=info), "picture")
    yield Hostile("exif.png", _saved(Image.new("RGB", (50, 50)), "PNG", exif=_exif()), "picture")
    yield Hostile("exif.webp", _saved(Image.new("RGB", (50, 50)), "WEBP", exif=_exif()), "picture")
    yield Hostile(
        "exif-broken.jpg", _jpeg_with_app1(b"Exif\0\0" + b"MM\0*\xff\xff\xff\xff" + SCRIPT), "picture"
    )
    yield Hostile("exif-loop.jpg", _jpeg_with_app1(b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\x08"), "picture")
    yield Hostile("many-markers.jpg", jpeg()[:2] + b"\xff\xfe\0\x03x" * 20_000 + jpeg()[2:], "any")


def _pdfs() -> Iterator[Hostile]:
    js = b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>"
    launch = b"/OpenAction<</S/Launch/F(cmd.exe)>>"
    uri = b"/OpenAction<</S/URI/URI(http://127.0.0.1/)>>"
    form = b"/AcroForm<</XFA(<xdp>x</xdp>)/Fields[]/NeedAppearances true>>"
    scripts = b"/JavaScript<</Names[(a)<</S/JavaScript/JS(a)>>]>>"
    names = b"/Names<</EmbeddedFiles<</Names[(a)<</F(a.exe)>>]>>" + scripts + b">>"
    for name, extra in (
        ("javascript", js),
        ("launch", launch),
        ("uri", uri),
        ("xfa", form),
        ("embedded", names),
    ):
        yield Hostile(f"{name}.pdf", _pdf(catalog=extra), "pdf")
    for name, box in (
        ("huge", b"[0 0 1e30 1e30]"),
        ("large", b"[0 0 200000 200000]"),
        ("thin", b"[0 0 1 200000]"),
        ("nothing", b"[0 0 0 0]"),
        ("negative", b"[0 0 -100 -100]"),
        ("words", b"[a b c d]"),
        ("infinite", b"[0 0 inf nan]"),
    ):
        yield Hostile(f"box-{name}.pdf", _pdf(box=box), "any")
    yield Hostile("locked.pdf", locked_pdf())
    yield Hostile("no-pages.pdf", _pdf(kids=b"[]", count=0), "any")
    yield Hostile("hundred-thousand.pdf", _pdf(kids=b"[" + b"3 0 R " * 100_000 + b"]", count=100_000), "any")
    yield Hostile("says-million.pdf", _pdf(count=1_000_000), "any")
    yield Hostile("pages-in-circle.pdf", _pdf(kids=b"[2 0 R]"), "any")
    yield Hostile(
        "form-in-itself.pdf", _pdf_with(b"/Fm0 Do", resources=b"/XObject<</Fm0 4 0 R>>", is_form=True), "any"
    )
    yield Hostile("xref-in-circle.pdf", _pdf().replace(b"/Root 1 0 R", b"/Root 1 0 R/Prev 9"), "any")
    yield Hostile("xref-far-away.pdf", _pdf().replace(b"startxref", b"startxref\n99999999999\n%"), "any")
    yield Hostile("deep-arrays.pdf", _pdf(catalog=b"/X" + b"[" * 50_000 + b"]" * 50_000), "any")
    yield Hostile(
        "deep-dictionaries.pdf", _pdf(catalog=b"/X" + b"<</A" * 20_000 + b" 1" + b">>" * 20_000), "any"
    )
    yield Hostile("endless-path.pdf", _pdf_with(b"0 0 m " + b"9 9 l 1 5 l " * 400_000 + b"S"), "any")
    yield Hostile("deep-state.pdf", _pdf_with(b"q " * 500_000), "any")
    yield Hostile("large-picture.pdf", _picture_pdf(60_000, 60_000), "any")
    yield Hostile("head-only.pdf", b"%PDF-1.7\n%%EOF", "")
    yield Hostile("zeros.pdf", b"%PDF-1.7\n" + b"\0" * 3_000_000, "")
    yield Hostile("garbage.pdf", b"%PDF-1.4\n" + bytes(range(256)) * 2000, "")


def _names() -> Iterator[Hostile]:
    for name in (
        "../../etc/passwd.jpg",
        "..\\..\\windows\\system32\\a.jpg",
        "/absolute/path.jpg",
        "nul\0byte.jpg",
        "right\u202egpj.exe",
        "\u2066isolate\u2069.jpg",
        "new\nline\r.jpg",
        "n" * 1_000_000 + ".jpg",
        "photo.php.jpg",
        "photo.jpg.exe",
        "photo.jpg.",
        ".jpg",
        "....jpg",
        "<script>alert(1)<\x2fscript>.jpg",
        '"quoted"; filename=evil.exe.jpg',
        "CON.jpg",
        "%2e%2e%2f.jpg",
        "पर्चा.jpg",
        "👩‍⚕️.jpg",
        "\ud800lone.jpg",
        "=cmd|' /C calc'!A0.jpg",
        "",
    ):
        yield Hostile(name, jpeg(), "picture")


def _zip(content: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", content)
    return out.getvalue()


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _jpeg(**options: object) -> bytes:
    return _saved(Image.new("RGB", (60, 60), "white"), "JPEG", **options)


def _webp() -> bytes:
    return _saved(Image.effect_noise((120, 120), 80).convert("RGB"), "WEBP")


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = SCRIPT.decode()
    return exif


def _jpeg_with_app1(body: bytes) -> bytes:
    return jpeg()[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg()[2:]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png_head(width: int, height: int, *, colour: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    body = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _flat_png(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * ((width // 8 + 1) * height), 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _with_chunk(kind: bytes, body: bytes, *, times: int = 1) -> bytes:
    whole = png()
    return whole[:33] + _chunk(kind, body) * times + whole[33:]


def _claims(width: int, height: int) -> bytes:
    whole = bytearray(jpeg())
    at = whole.index(b"\xff\xc0")
    whole[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(whole)


def _webp_canvas(width: int, height: int) -> bytes:
    body = b"\x02\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    inner = b"WEBPVP8X" + struct.pack("<I", 10) + body + b"ANIM" + struct.pack("<I", 6) + b"\0" * 6
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


def _webp_lossless(width: int, height: int) -> bytes:
    bits = (width - 1) | (height - 1) << 14
    body = b"\x2f" + struct.pack("<I", bits) + b"\0" * 200
    inner = b"WEBPVP8L" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


def _pdf(
    *,
    catalog: bytes = b"",
    box: bytes = b"[0 0 200 200]",
    kids: bytes = b"[3 0 R]",
    count: int = 1,
    more: bytes = b"",
    page: bytes = b"",
) -> bytes:
    parts = [
        b"<</Type/Catalog/Pages 2 0 R" + catalog + b">>",
        b"<</Type/Pages/Kids" + kids + b"/Count %d>>" % count,
        b"<</Type/Page/Parent 2 0 R/MediaBox" + box + page + b">>",
    ]
    out = b"%PDF-1.7\n"
    places = []
    for number, body in enumerate([*parts, *([more] if more else [])], start=1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(places) + 1, start)


def _pdf_with(
    content: bytes | tuple[bytes, bytes], *, resources: bytes = b"", is_form: bool = False
) -> bytes:
    filters, body = content if isinstance(content, tuple) else (b"", content)
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 99 99]/Resources<<" + resources + b">>" if is_form else b""
    stream = b"<</Length %d" % len(body) + filters + form + b">>stream\n" + body + b"\nendstream"
    return _pdf(more=stream, page=b"/Contents 4 0 R/Resources<<" + resources + b">>")


def _stream_bomb(filters: int = 1) -> tuple[bytes, bytes]:
    body = b"0 0 m 1 1 l S " * 3_000_000
    for _time in range(filters):
        body = zlib.compress(body, 9)
    return b"/Filter[" + b"/FlateDecode " * filters + b"]", body


def _picture_pdf(width: int, height: int) -> bytes:
    body = zlib.compress(b"\0" * 4_000_000, 9)
    head = b"<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8" % (
        width,
        height,
    )
    stream = head + b"/Filter/FlateDecode/Length %d>>stream\n" % len(body) + body + b"\nendstream"
    return _pdf(
        more=stream,
        page=b"/Resources<</XObject<</Im0 4 0 R>>>>/Contents 4 0 R",
    )
