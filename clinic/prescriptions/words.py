"""The closed sets of a prescription's words: by code, with what a reader sees and what people type.

Sanskrit terms are told with what they mean; patients read the meaning only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from clinic.core.i18n import lazy as _l
from clinic.core.text import fold


@dataclass(frozen=True)
class Word:
    """One code: ``label`` (lazy) as staff choose it, ``plain`` (lazy) as patients read it, ``typed`` what
    else people write for it.
    """

    code: str
    label: Any
    plain: Any
    typed: tuple[str, ...] = ()


def _set(*words: Word) -> dict[str, Word]:
    return {word.code: word for word in words}


KALPANAS = _set(
    Word("churna", _l("Churna (powder)"), _l("powder"), ("churna", "choorna", "churnam", "powder", "चूर्ण")),
    Word("vati", _l("Vati (tablet)"), _l("tablet"), ("vati", "gutika", "vatika", "gulika", "वटी", "गुटिका")),
    Word("guggulu", _l("Guggulu (resin tablet)"), _l("resin tablet"), ("guggulu", "guggul", "गुग्गुलु", "गुग्गुल")),
    Word(
        "kashaya",
        _l("Kashaya (decoction)"),
        _l("decoction"),
        ("kashaya", "kashayam", "kwath", "kwatha", "kadha", "quath", "decoction", "क्वाथ", "काढ़ा", "कषाय"),
    ),
    Word("phanta", _l("Phanta (hot infusion)"), _l("hot infusion"), ("phanta", "फांट")),
    Word("hima", _l("Hima (cold infusion)"), _l("cold infusion"), ("hima", "हिम")),
    Word(
        "swarasa",
        _l("Swarasa (fresh juice)"),
        _l("fresh juice"),
        ("swarasa", "swaras", "juice", "स्वरस", "रस (ताज़ा)"),
    ),
    Word("kalka", _l("Kalka (paste)"), _l("paste"), ("kalka", "कल्क")),
    Word("ghrita", _l("Ghrita (medicated ghee)"), _l("medicated ghee"), ("ghrita", "ghritam", "ghrit", "घृत")),
    Word(
        "taila",
        _l("Taila (medicated oil)"),
        _l("medicated oil"),
        ("taila", "tailam", "thailam", "tail", "oil", "तेल", "तैल"),
    ),
    Word("asava", _l("Asava (fermented)"), _l("fermented medicine"), ("asava", "asavam", "आसव")),
    Word(
        "arishta",
        _l("Arishta (fermented decoction)"),
        _l("fermented decoction"),
        ("arishta", "arishtam", "arista", "अरिष्ट"),
    ),
    Word(
        "avaleha",
        _l("Avaleha (electuary)"),
        _l("herbal jam"),
        ("avaleha", "lehya", "leha", "lehyam", "avleha", "prash", "rasayana", "अवलेह", "लेह"),
    ),
    Word("bhasma", _l("Bhasma (calx)"), _l("mineral ash"), ("bhasma", "bhasmam", "भस्म")),
    Word(
        "rasa",
        _l("Rasa (mercurial)"),
        _l("mineral medicine"),
        ("rasa", "ras", "rasam", "रस", "parpati", "पर्पटी"),
    ),
    Word("lepa", _l("Lepa (application)"), _l("paste to apply"), ("lepa", "lepam", "lep", "लेप")),
    Word("arka", _l("Arka (distillate)"), _l("distillate"), ("arka", "ark", "अर्क")),
)
FORMS = _set(
    Word("tablet", _l("Tablet"), _l("tablet"), ("tab", "tablet", "tablets", "tabs", "गोली")),
    Word("capsule", _l("Capsule"), _l("capsule"), ("cap", "caps", "capsule", "capsules", "कैप्सूल")),
    Word("syrup", _l("Syrup"), _l("syrup"), ("syp", "syr", "syrup", "liquid", "सिरप")),
    Word("suspension", _l("Suspension"), _l("suspension"), ("susp", "suspension")),
    Word("powder", _l("Powder"), _l("powder"), ("powder", "granules", "पाउडर")),
    Word("sachet", _l("Sachet"), _l("sachet"), ("sachet",)),
    Word("drops", _l("Drops"), _l("drops"), ("drops", "drop", "gtt", "ड्रॉप")),
    Word("cream", _l("Cream"), _l("cream"), ("cream", "क्रीम")),
    Word("ointment", _l("Ointment"), _l("ointment"), ("oint", "ointment", "gel", "मरहम")),
    Word("lotion", _l("Lotion"), _l("lotion"), ("lotion",)),
    Word("injection", _l("Injection"), _l("injection"), ("inj", "injection", "इंजेक्शन")),
    Word("inhaler", _l("Inhaler"), _l("inhaler"), ("inh", "inhaler", "rotacap")),
    Word("spray", _l("Spray"), _l("spray"), ("spray",)),
    Word("suppository", _l("Suppository"), _l("suppository"), ("supp", "suppository")),
    Word("patch", _l("Patch"), _l("patch"), ("patch",)),
)
ROUTES = _set(
    Word("oral", _l("By mouth"), _l("by mouth"), ("oral", "po", "p/o", "by mouth", "मुँह से")),
    Word("sublingual", _l("Under the tongue"), _l("under the tongue"), ("sl", "sublingual")),
    Word("topical", _l("On the skin"), _l("on the skin"), ("la", "l/a", "topical", "local")),
    Word("nasal", _l("Into the nose"), _l("into the nose"), ("nasal", "nasya", "नस्य")),
    Word("eye", _l("Into the eyes"), _l("into the eyes"), ("eye", "ophthalmic")),
    Word("ear", _l("Into the ears"), _l("into the ears"), ("ear", "otic")),
    Word("inhaled", _l("Inhaled"), _l("inhaled"), ("inhaled", "inhalation")),
    Word("rectal", _l("Rectal"), _l("into the rectum"), ("rectal", "pr", "basti")),
    Word("vaginal", _l("Vaginal"), _l("into the vagina"), ("vaginal", "pv")),
    Word("gargle", _l("As a gargle"), _l("as a gargle"), ("gargle", "gandusha", "kavala")),
    Word("im", _l("Into a muscle (IM)"), _l("into a muscle"), ("im",)),
    Word("iv", _l("Into a vein (IV)"), _l("into a vein"), ("iv",)),
    Word("sc", _l("Under the skin (SC)"), _l("under the skin"), ("sc", "subcutaneous")),
)
FOOD = _set(
    Word(
        "after",
        _l("After food"),
        _l("after food"),
        ("after food", "pc", "after meals", "after meal", "खाने के बाद"),
    ),
    Word(
        "before",
        _l("Before food"),
        _l("before food"),
        ("before food", "ac", "before meals", "before meal", "खाने से पहले"),
    ),
    Word("with", _l("With food"), _l("with food"), ("with food", "with meals", "खाने के साथ")),
    Word(
        "empty",
        _l("On an empty stomach"),
        _l("on an empty stomach"),
        ("empty stomach", "on an empty stomach", "खाली पेट"),
    ),
    Word("any", _l("With or without food"), _l("with or without food"), ()),
)
SEVANA_KALAS = _set(
    Word("abhakta", _l("Abhakta: on an empty stomach"), _l("on an empty stomach"), ("abhakta", "अभक्त")),
    Word("pragbhakta", _l("Pragbhakta: before food"), _l("before food"), ("pragbhakta", "प्राग्भक्त")),
    Word(
        "madhyabhakta",
        _l("Madhyabhakta: in the middle of the meal"),
        _l("in the middle of the meal"),
        ("madhyabhakta",),
    ),
    Word("adhobhakta", _l("Adhobhakta: after food"), _l("after food"), ("adhobhakta", "अधोभक्त")),
    Word("samudga", _l("Samudga: before and after food"), _l("before and after food"), ("samudga",)),
    Word("sabhakta", _l("Sabhakta: mixed with food"), _l("mixed with food"), ("sabhakta",)),
    Word("grasantara", _l("Grasantara: between morsels"), _l("between morsels"), ("grasantara",)),
    Word("antarabhakta", _l("Antarabhakta: between meals"), _l("between meals"), ("antarabhakta",)),
    Word(
        "muhurmuhu",
        _l("Muhurmuhu: again and again"),
        _l("again and again, a little each time"),
        ("muhurmuhu",),
    ),
    Word("nisha", _l("Nisha: at bedtime"), _l("at bedtime"), ("nisha", "निशा")),
)
ANUPANAS = _set(
    Word(
        "warm_water",
        _l("Warm water"),
        _l("warm water"),
        ("warm water", "lukewarm water", "ushnodaka", "गुनगुना पानी", "उष्णोदक"),
    ),
    Word("water", _l("Water"), _l("water"), ("water", "jala", "पानी", "जल")),
    Word("milk", _l("Milk"), _l("milk"), ("milk", "dugdha", "kshira", "दूध")),
    Word("honey", _l("Honey"), _l("honey"), ("honey", "madhu", "kshaudra", "शहद", "मधु")),
    Word("ghee", _l("Ghee"), _l("ghee"), ("ghee", "ghrita", "goghrita", "घी")),
    Word("buttermilk", _l("Buttermilk"), _l("buttermilk"), ("buttermilk", "takra", "छाछ", "तक्र")),
    Word("jaggery", _l("Jaggery"), _l("jaggery"), ("jaggery", "guda", "gud", "गुड़")),
)
UNITS = _set(
    Word(
        "tablet",
        _l("tablet"),
        _l("tablet"),
        ("tablet", "tablets", "tab", "tabs", "vati", "goli", "गोली", "गोलियाँ", "वटी"),
    ),
    Word("capsule", _l("capsule"), _l("capsule"), ("capsule", "capsules", "cap", "caps", "कैप्सूल")),
    Word("ml", _l("ml"), _l("ml"), ("ml", "millilitre", "milliliter", "cc", "मिली", "मि.ली.", "मिलीलीटर")),
    Word("g", _l("g"), _l("g"), ("g", "gm", "gms", "gram", "grams", "ग्राम")),
    Word("mg", _l("mg"), _l("mg"), ("mg", "milligram", "milligrams", "मिग्रा", "मि.ग्रा.")),
    Word("mcg", _l("mcg"), _l("mcg"), ("mcg", "µg", "ug", "microgram", "micrograms")),
    Word("drop", _l("drop"), _l("drop"), ("drop", "drops", "gtt", "बूँद", "बूंद", "बूँदें")),
    Word(
        "teaspoon",
        _l("teaspoon"),
        _l("teaspoon"),
        ("tsp", "teaspoon", "teaspoons", "tsf", "चम्मच", "छोटा चम्मच"),
    ),
    Word("tablespoon", _l("tablespoon"), _l("tablespoon"), ("tbsp", "tablespoon", "tablespoons", "बड़ा चम्मच")),
    Word("sachet", _l("sachet"), _l("sachet"), ("sachet", "sachets", "पुड़िया")),
    Word("puff", _l("puff"), _l("puff"), ("puff", "puffs")),
    Word("unit", _l("unit"), _l("unit"), ("unit", "units", "iu")),
    Word("pinch", _l("pinch"), _l("pinch"), ("pinch", "pinches", "चुटकी")),
    Word("application", _l("application"), _l("application"), ("application", "applications", "apply", "la")),
    Word("bottle", _l("bottle"), _l("bottle"), ("bottle", "bottles", "btl", "शीशी")),
    Word("tube", _l("tube"), _l("tube"), ("tube", "tubes", "ट्यूब")),
    Word("strip", _l("strip"), _l("strip"), ("strip", "strips", "पत्ता")),
    Word("packet", _l("packet"), _l("packet"), ("packet", "packets", "pack", "पैकेट")),
)
COUNTED = frozenset({"tablet", "capsule"})
"""Units that go without saying beside a number: a tablet is what is taken of a tablet."""


def finder(words: Mapping[str, Word]) -> dict[str, str]:
    """From what people type, folded, to the code."""
    found: dict[str, str] = {}
    for word in words.values():
        for text in (word.code, *word.typed):
            found.setdefault(fold(text), word.code)
    return found


KALPANA_OF, FORM_OF, ROUTE_OF = finder(KALPANAS), finder(FORMS), finder(ROUTES)
UNIT_OF, FOOD_OF, ANUPANA_OF, SEVANA_KALA_OF = (
    finder(UNITS),
    finder(FOOD),
    finder(ANUPANAS),
    finder(SEVANA_KALAS),
)
UNIT_OF_FORM = {
    "tablet": "tablet",
    "capsule": "capsule",
    "syrup": "ml",
    "suspension": "ml",
    "drops": "drop",
    "sachet": "sachet",
    "inhaler": "puff",
    "spray": "puff",
    "cream": "application",
    "ointment": "application",
    "lotion": "application",
    "vati": "tablet",
    "guggulu": "tablet",
    "kashaya": "ml",
    "phanta": "ml",
    "hima": "ml",
    "swarasa": "ml",
    "asava": "ml",
    "arishta": "ml",
    "arka": "ml",
    "churna": "g",
    "avaleha": "g",
    "ghrita": "ml",
    "bhasma": "mg",
    "rasa": "mg",
    "lepa": "application",
}
"""What a bare number of a form or kalpana counts."""


def plain(words: Mapping[str, Word], code: str) -> str:
    """What a patient reads for a code; the code's own text where it is none of ours."""
    word = words.get(code)
    return str(word.plain) if word else code


def label(words: Mapping[str, Word], code: str) -> str:
    """What staff read for a code."""
    word = words.get(code)
    return str(word.label) if word else code


def choices(words: Mapping[str, Word]) -> list[tuple[str, str]]:
    """Codes with their labels, for a list to choose from."""
    return [(word.code, str(word.label)) for word in words.values()]


def last_code(text: str, found: Mapping[str, str]) -> str:
    """The code that the last word of a name stands for: ``kashaya`` in ``Maharasnadi kashaya``."""
    return _first(reversed(fold(text).split()), found)


def _first(words: Iterable[str], found: Mapping[str, str]) -> str:
    for word in words:
        if word in found:
            return found[word]
    return ""
