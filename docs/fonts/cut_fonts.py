# ruff: noqa: SIM905, T201  (clusters read as words; this is a command)
"""Cut the patient portal's fonts: the published faces, less what English and Hindi pages never show.

Needs fonttools, brotli and uharfbuzz. Run from the repository's root:
    python docs/fonts/cut_fonts.py
Reads static/vendor/, writes static/fonts/. The licence reserves the original names, so the cut faces
carry their own.
"""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import uharfbuzz
from fontTools import subset
from fontTools.merge import Merger
from fontTools.ttLib import TTFont

VENDOR = Path("static/vendor")
OUT = Path("static/fonts")
PLEX = VENDOR / "ibm-plex-sans-5.3.0"
PLEX_DEVANAGARI = VENDOR / "ibm-plex-sans-devanagari-5.3.0"
TIRO = VENDOR / "tiro-devanagari-hindi-5.3.0"

LATIN = [*range(0x20, 0x7F), *map(ord, "\u00a0·×–—‘’“”•…−")]
RUPEE = [0x20B9]

CONSONANTS = "कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह" + "क़ख़ग़ज़ड़ढ़फ़"
NUKTA = ["क़", "ख़", "ग़", "ज़", "ड़", "ढ़", "फ़"]
MATRAS = "ािीुूृेैोौॅॉ"
SIGNS = "ंँः"
VOWELS = "अआइईउऊऋएऐओऔऍऑ"
MARKS = "़्ऽ।॥०१२३४५६७८९ॐ॰"
PAIRS = """
क्क क्ख क्त क्य क्र क्ल क्व क्ष क्स क्म ख्य ख्त ख्व ग्न ग्य ग्र ग्ल ग्व ग्ध ग्ग घ्न घ्य घ्र ङ्क ङ्ग च्च च्छ च्य छ्र ज्ज ज्ञ ज्य ज्र ज्व
ञ्च ञ्ज ट्ट ट्ठ ट्य ट्र ठ्य ड्ड ड्ढ ड्य ड्र ढ्य ण्ट ण्ठ ण्ड ण्ढ ण्ण ण्य ण्व त्क त्त त्थ त्न त्प त्म त्य त्र त्व त्स थ्य थ्व द्ग द्द द्ध
द्भ द्म द्य द्र द्व द्न द्ब ध्य ध्र ध्व ध्न न्त न्थ न्द न्ध न्न न्म न्य न्र न्व न्ह न्स न्ट न्ड न्ज न्च न्क न्ग न्फ प्त प्न प्प प्य प्र प्ल प्स
फ्र फ्ल फ्त ब्ज ब्द ब्ध ब्ब ब्र ब्ल ब्य भ्य भ्र म्न म्प म्ब म्भ म्म म्य म्र म्ल म्ह म्स य्य र्य ल्क ल्द ल्प ल्म ल्य ल्ल ल्ह ल्व ल्ट ल्ड ल्त
व्य व्र व्व श्क श्च श्न श्म श्य श्र श्ल श्व ष्क ष्ट ष्ठ ष्ण ष्प ष्म ष्य स्क स्ख स्ट स्त स्थ स्न स्प स्फ स्म स्य स्र स्व स्स स्ल ह्न ह्म ह्य
ह्र ह्ल ह्व ह्ण क्ट प्ट प्श प्स ब्स ल्फ ल्ग ल्च ल्स क्न क्फ ग्स न्श म्त म्द ट्स फ़्त ख़्त ज़्य
""".split()
TRIPLES = """
स्त्र क्ष्म क्ष्य त्त्व त्र्य न्त्र न्द्र न्ध्र ष्ट्र ष्ट्य स्थ्य स्त्य ङ्क्र त्स्य ज्ज्व द्ध्य र्द्ध र्त्त ल्ट्र क्स्ट न्स्ट म्प्र क्त्र म्ब्र च्छ्व द्व्य द्र्य
""".split()


def hindi_samples() -> list[str]:
    """Every consonant with every vowel sign, as a half, with r before and after it; the usual clusters."""
    bases = [*CONSONANTS, *NUKTA]
    clusters = [*PAIRS, *TRIPLES]
    samples = list(itertools.chain(VOWELS, MARKS, SIGNS))
    samples += [base + matra for base in bases for matra in MATRAS]
    samples += [base + matra + "ं" for base in bases for matra in MATRAS]
    samples += ["र्" + base + matra for base in bases for matra in ["", *MATRAS]]
    samples += ["र्" + base + matra + "ं" for base in bases for matra in "ािीेैोौ"]
    samples += [base + "्र" + matra for base in bases for matra in ["", *MATRAS]]
    samples += [base + "्" + second for base in bases for second in "यवम"]
    samples += [cluster + matra for cluster in clusters for matra in ["", *MATRAS]]
    samples += [vowel + sign for vowel in [*VOWELS, *bases] for sign in SIGNS]
    samples += [base + "ँ" for base in ("आ", "हूँ", "या", "पाँ", "घूँ", "गि")]
    return samples


def glyphs_of(path: Path, samples: list[str]) -> set[int]:
    """The glyphs the shaper uses for these samples, those on the way to a cluster included."""
    buffer = io.BytesIO()
    font = TTFont(path)
    font.flavor = None
    font.save(buffer)
    face = uharfbuzz.Font(uharfbuzz.Face(buffer.getvalue()))
    used: set[int] = set()
    for sample in samples:
        text = uharfbuzz.Buffer()
        text.add_str(sample)
        text.guess_segment_properties()

        def note(_message: str, text: uharfbuzz.Buffer = text) -> None:
            used.update(info.codepoint for info in text.glyph_infos)

        text.set_message_func(note)
        uharfbuzz.shape(face, text)
        used.update(info.codepoint for info in text.glyph_infos)
    # Before the first step the buffer holds characters, not glyphs.
    return {glyph for glyph in used if glyph < font["maxp"].numGlyphs}


def cut(path: Path, *, unicodes: list[int], glyphs: set[int] | None = None) -> TTFont:
    """The font with these characters; with ``glyphs``, also only these shapes."""
    options = subset.Options()
    options.hinting = False
    plain = ["kern", "liga", "locl", "mark", "mkmk", "ccmp", "tnum", "lnum"]
    options.layout_features = ["*"] if glyphs is not None else plain
    options.layout_closure = glyphs is None
    options.notdef_outline = True
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    font = TTFont(path)
    worker = subset.Subsetter(options)
    worker.populate(unicodes=unicodes, gids=sorted(glyphs or ()))
    worker.subset(font)
    return font


def rename(font: TTFont, family: str, weight: int) -> None:
    """Put our own name where the original's was; the copyright and the licence stay."""
    full = f"{family} {weight}"
    names = {1: full, 2: "Regular", 3: full, 4: full, 6: full.replace(" ", "")}
    for record in list(font["name"].names):
        if record.nameID in names:
            record.string = names[record.nameID]
        elif record.nameID in (16, 17):
            font["name"].removeNames(nameID=record.nameID)


def write(font: TTFont, name: str) -> None:
    font.flavor = "woff2"
    target = OUT / name
    font.save(target)
    print(f"{name} {target.stat().st_size / 1024:.1f} KB")


def latin(folder: Path, stem: str, weight: int, family: str) -> TTFont:
    """Basic Latin with the rupee sign, which the published files keep in another one."""
    parts = []
    for subset_name, unicodes in (("latin", LATIN), ("latin-ext", RUPEE)):
        font = cut(folder / f"{stem}-{subset_name}-{weight}-normal.woff2", unicodes=unicodes)
        font.flavor = None
        buffer = io.BytesIO()
        font.save(buffer)
        buffer.seek(0)
        parts.append(buffer)
    merged = Merger().merge(parts)
    rename(merged, family, weight)
    return merged


def main() -> None:
    OUT.mkdir(exist_ok=True)
    samples = hindi_samples()
    characters = sorted({ord(char) for sample in samples for char in sample} | {0x200C, 0x200D, 0x25CC})
    for weight in (400, 500, 600):
        write(latin(PLEX, "ibm-plex-sans", weight, "Sutra Text"), f"sutra-text-latin-{weight}.woff2")
    write(latin(TIRO, "tiro-devanagari-hindi", 400, "Sutra Display"), "sutra-display-latin-400.woff2")
    path = TIRO / "tiro-devanagari-hindi-devanagari-400-normal.woff2"
    titles = cut(path, unicodes=characters, glyphs=glyphs_of(path, samples))
    rename(titles, "Sutra Display", 400)
    write(titles, "sutra-display-devanagari-400.woff2")
    word = "हिन्दी"
    path = PLEX_DEVANAGARI / "ibm-plex-sans-devanagari-devanagari-500-normal.woff2"
    switch = cut(path, unicodes=[ord(char) for char in word], glyphs=glyphs_of(path, [word]))
    rename(switch, "Sutra Switch", 500)
    write(switch, "sutra-switch-500.woff2")


if __name__ == "__main__":
    main()
