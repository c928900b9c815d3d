"""What substances are called: English, Hindi, Latin and Sanskrit names, classes, and brands in daily use.

One entry is one thing somebody can be allergic to or be given twice. A class names its members: who reacts to
one of them is warned of all. Short on purpose; what is missing still matches by its own name.
"""

from __future__ import annotations

from collections.abc import Iterable

from clinic.core.text import fold

SUBSTANCES: dict[str, tuple[str, ...]] = {
    "penicillins": (
        "penicillin", "penicillins", "amoxicillin", "amoxycillin", "amoxiclav", "co amoxiclav",
        "ampicillin", "cloxacillin", "flucloxacillin", "dicloxacillin", "piperacillin", "benzathine",
        "augmentin", "mox", "novamox", "पेनिसिलिन", "एमोक्सिसिलिन", "एम्पीसिलीन",
    ),
    "cephalosporins": (
        "cephalosporin", "cephalosporins", "cephalexin", "cefalexin", "cefadroxil", "cefixime",
        "cefuroxime", "cefpodoxime", "ceftriaxone", "cefotaxime", "cefdinir", "taxim", "zifi",
    ),
    "sulfonamides": (
        "sulfa", "sulpha", "sulfa drugs", "sulpha drugs", "sulfonamide", "sulphonamide", "sulfonamides",
        "sulfamethoxazole", "co trimoxazole", "cotrimoxazole", "septran", "bactrim", "sulfasalazine",
        "sulfadiazine", "dapsone", "सल्फा",
    ),
    "nsaids": (
        "nsaid", "nsaids", "aspirin", "acetylsalicylic acid", "disprin", "ecosprin", "ibuprofen",
        "brufen", "diclofenac", "voveran", "aceclofenac", "naproxen", "ketorolac", "mefenamic acid",
        "meftal", "nimesulide", "indomethacin", "piroxicam", "etoricoxib", "एस्पिरिन", "आइबुप्रोफेन",
        "डाइक्लोफेनाक",
    ),
    "paracetamol": (
        "paracetamol", "acetaminophen", "crocin", "dolo", "calpol", "metacin", "पैरासिटामोल",
        "पेरासिटामोल",
    ),
    "quinolones": (
        "quinolone", "quinolones", "ciprofloxacin", "levofloxacin", "ofloxacin", "norfloxacin",
        "moxifloxacin", "सिप्रोफ्लोक्सासिन",
    ),
    "macrolides": ("macrolide", "macrolides", "erythromycin", "azithromycin", "clarithromycin", "azee"),
    "metronidazole": ("metronidazole", "tinidazole", "ornidazole", "flagyl", "मेट्रोनिडाज़ोल"),
    "tetracyclines": ("tetracycline", "tetracyclines", "doxycycline", "minocycline"),
    "opioids": ("opioid", "opioids", "codeine", "tramadol", "morphine"),
    "iodine": ("iodine", "iodide", "povidone iodine", "betadine", "contrast", "आयोडीन"),
    "local_anaesthetics": ("lignocaine", "lidocaine", "xylocaine", "bupivacaine", "local anaesthetic"),
    "milk": (
        "milk", "dairy", "lactose", "casein", "dugdha", "kshira", "ksheera", "दूध", "दुग्ध", "क्षीर",
        "डेयरी", "buttermilk", "takra", "छाछ", "तक्र", "curd", "दही", "paneer",
    ),
    "ghee": ("ghee", "ghrita", "ghritam", "goghrita", "clarified butter", "घी", "घृत"),
    "honey": ("honey", "madhu", "kshaudra", "makshika madhu", "शहद", "मधु", "bee products", "pollen"),
    "sesame": (
        "sesame", "sesamum indicum", "til", "tila", "tila taila", "sesame oil", "gingelly", "तिल",
        "तिल तेल",
    ),
    "peanut": ("peanut", "peanuts", "groundnut", "groundnuts", "arachis hypogaea", "मूंगफली", "मूँगफली"),
    "nuts": (
        "nuts", "tree nuts", "almond", "almonds", "cashew", "walnut", "badam", "vatada", "बादाम",
        "काजू", "अखरोट",
    ),
    "egg": ("egg", "eggs", "अंडा", "अंडे"),
    "fish": ("fish", "मछली"),
    "shellfish": (
        "shellfish", "prawn", "prawns", "crab", "shrimp", "झींगा", "शंख", "shankha", "conch shell",
    ),
    "wheat": ("wheat", "gluten", "triticum", "godhuma", "गेहूं", "गेहूँ", "ग्लूटेन"),
    "soya": ("soy", "soya", "soybean", "सोया"),
    "mustard": ("mustard", "sarshapa", "brassica", "sarson", "सरसों", "सर्षप"),
    "turmeric": (
        "turmeric", "haridra", "curcuma", "curcuma longa", "haldi", "curcumin", "हल्दी", "हरिद्रा",
    ),
    "ginger": (
        "ginger", "shunthi", "sunthi", "ardraka", "zingiber", "zingiber officinale", "adrak", "sonth",
        "अदरक", "सोंठ", "शुंठी", "trikatu", "त्रिकटु",
    ),
    "pepper": (
        "black pepper", "pepper", "maricha", "piper nigrum", "kali mirch", "काली मिर्च", "मरिच",
        "trikatu", "त्रिकटु",
    ),
    "long_pepper": ("long pepper", "pippali", "piper longum", "पिप्पली", "trikatu", "त्रिकटु"),
    "garlic": ("garlic", "lasuna", "rasona", "allium sativum", "lahsun", "लहसुन", "लशुन"),
    "asafoetida": ("asafoetida", "hingu", "hing", "ferula", "हींग", "हिंगु"),
    "ashwagandha": ("ashwagandha", "withania", "withania somnifera", "अश्वगंधा"),
    "guggulu": ("guggulu", "guggul", "commiphora", "commiphora mukul", "गुग्गुलु", "गुग्गुल"),
    "liquorice": ("liquorice", "licorice", "yashtimadhu", "mulethi", "glycyrrhiza", "मुलेठी", "यष्टिमधु"),
    "aloe": ("aloe", "aloe vera", "kumari", "kanya", "घृतकुमारी", "एलोवेरा", "कुमारी"),
    "neem": ("neem", "nimba", "azadirachta", "azadirachta indica", "नीम", "निंब"),
    "amla": (
        "amla", "amalaki", "emblica", "emblica officinalis", "आंवला", "आँवला", "आमलकी", "triphala",
        "त्रिफला",
    ),
    "haritaki": (
        "haritaki", "terminalia chebula", "harad", "abhaya", "हरड़", "हरीतकी", "triphala", "त्रिफला",
    ),
    "bibhitaki": ("bibhitaki", "terminalia bellirica", "baheda", "बहेड़ा", "triphala", "त्रिफला"),
    "senna": ("senna", "swarnapatri", "cassia angustifolia", "सनाय"),
    "bhallataka": ("bhallataka", "semecarpus", "semecarpus anacardium", "marking nut", "भिलावा", "भल्लातक"),
    "sulphur": ("sulphur", "sulfur", "gandhaka", "गंधक"),
    "mercury": ("mercury", "parada", "parad", "hingula", "kajjali", "पारद", "पारा"),
    "alcohol": ("alcohol", "ethanol", "शराब", "मद्य"),
    "sugar": ("sugar", "sharkara", "शक्कर", "चीनी"),
    "jaggery": ("jaggery", "guda", "gud", "गुड़"),
    "latex": ("latex", "rubber", "लेटेक्स"),
}  # fmt: skip
IN_KALPANA = {
    "ghrita": ("ghee", "milk"),
    "taila": ("sesame",),
    "asava": ("alcohol", "jaggery"),
    "arishta": ("alcohol", "jaggery"),
    "guggulu": ("guggulu",),
}
"""What a preparation is made with unless its maker says otherwise."""

_BY_FIRST: dict[str, list[tuple[str, str]]] = {}
for _code, _names in SUBSTANCES.items():
    for _name in _names:
        _folded = fold(_name)
        _BY_FIRST.setdefault(_folded.split(" ", 1)[0], []).append((f" {_folded} ", _code))


def substances_in(text: str) -> set[str]:
    """The codes of the substances a text names, by whole words, in any language of the list."""
    folded = fold(text)
    padded = f" {folded} "
    return {code for word in set(folded.split()) for name, code in _BY_FIRST.get(word, ()) if name in padded}


def holds_words(text: str, wanted: Iterable[str]) -> bool:
    """Whether a text has one of these words or runs of words whole."""
    padded = f" {fold(text)} "
    return any(f" {folded} " in padded for word in wanted if (folded := fold(word)))
