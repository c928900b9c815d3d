"""How mails look: declarations written into each element, as mail programs want it, and classes beside them.

The classes let dark mode (``templates/messages/_document.html``) and the preview on a page
(``static/css/screens/message-texts.css``) dress the same elements.
"""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

_TEXT = "-apple-system,'Segoe UI',Roboto,'Noto Sans','Noto Sans Devanagari',sans-serif"
_DISPLAY = "Georgia,'Noto Serif','Noto Serif Devanagari',serif"
STYLES: Mapping[str, str] = {
    "page": "margin:0;padding:0;background:#f5f3ec;color:#1a1b17",
    "ground": "padding:24px 12px",
    "sheet": "width:100%;max-width:560px;margin:0 auto;background:#ffffff;border-radius:8px",
    "head": (
        f"padding:24px 28px 13px;border-bottom:1px solid #1a1b17;font:400 22px/30px {_DISPLAY};color:#1a1b17"
    ),
    "words": f"padding:20px 28px 0;font:400 17px/26px {_TEXT};color:#1a1b17",
    "title": f"padding:12px 28px 0;font:400 27px/36px {_DISPLAY};color:#1a1b17",
    "facts": f"padding:8px 28px 0;font:400 16px/25px {_TEXT};color:#1a1b17",
    "quiet": "color:#54534b",
    "note": f"padding:20px 28px 0;font:400 16px/24px {_TEXT};color:#1a1b17",
    "note-box": "padding:14px 16px;background:#e7f0e8;border-radius:6px;color:#1a1b17",
    "buttons": f"padding:18px 28px 0;font:600 16px/22px {_TEXT}",
    "button": (
        "display:inline-block;margin:0 8px 8px 0;padding:12px 20px;background:#1c5a3a;color:#ffffff;"
        "border:1px solid #1c5a3a;border-radius:6px;text-decoration:none"
    ),
    "button-quiet": (
        "display:inline-block;margin:0 8px 8px 0;padding:12px 20px;background:#ffffff;color:#1c5a3a;"
        "border:1px solid #cfcabd;border-radius:6px;text-decoration:none"
    ),
    "code": f"padding:16px 28px 0;font:600 36px/44px {_TEXT};letter-spacing:6px;color:#1a1b17",
    "link": "color:#1c5a3a;word-break:break-word",
    "small": f"padding:14px 28px 0;font:400 14px/21px {_TEXT};color:#54534b",
    "foot": (f"padding:18px 28px 26px;border-top:1px solid #e6e2d8;font:400 14px/21px {_TEXT};color:#6b695f"),
    "gap": "padding:26px 0 0;font-size:1px;line-height:1px",
}


class Look(dict[str, Markup]):
    """The attributes of each piece of a mail, by its name: ``<td {{ look.words }}>``."""

    def __getattr__(self, name: str) -> Markup:
        return self[name.replace("_", "-")]


IN_MAIL = Look(
    {name: Markup('class="m-{}" style="{}"').format(name, style) for name, style in STYLES.items()}
)
ON_A_PAGE = Look({name: Markup('class="m-{}"').format(name) for name in STYLES})
