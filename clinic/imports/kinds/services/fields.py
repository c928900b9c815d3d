"""What a price list can say about services, and how its columns are called."""

from __future__ import annotations

import re

from clinic.core.i18n import lazy as _l
from clinic.imports.kinds.base import Field, words

_MONEY = re.compile(
    r"(?:₹|rs\.?|inr)\s?[\d,]+(?:\.\d{1,2})?(?:\s?/-)?|[\d,]+(?:\.\d{1,2})?\s?/-", re.IGNORECASE
)
_LENGTH = re.compile(r"\d{1,3}\s?(?:m|mins?|minutes?|hrs?|hours?|मिनट)\.?", re.IGNORECASE)

FIELDS: tuple[Field, ...] = (
    Field(
        name="name",
        label=_l("Name"),
        heading="Name",
        words=words(
            "name|service|service name|treatment|treatment name|therapy|therapy name|procedure|procedure name|item",
            "item name|description|particulars|package|package name|test name|name of service|name of treatment",
            "नाम|सेवा|सेवा का नाम|उपचार|उपचार का नाम|चिकित्सा|विवरण|थेरेपी",
        ),
        needed=True,
        unless=words("patient|client|room|category|department|template|hindi|code"),
    ),
    Field(
        name="code",
        label=_l("Short code"),
        heading="Code",
        words=words(
            "code|service code|short code|item code|treatment code|procedure code|sku|कोड|सेवा कोड|संकेत"
        ),
    ),
    Field(
        name="name_hi",
        label=_l("Name in Hindi"),
        heading="Name in Hindi",
        words=words("name in hindi|hindi name|name hindi|service name hindi|हिंदी नाम|हिन्दी नाम|नाम हिंदी में"),
    ),
    Field(
        name="minutes",
        label=_l("Minutes"),
        heading="Minutes",
        words=words(
            "minutes|mins|min|duration|duration minutes|duration mins|duration min|time|length|time minutes|session time",
            "मिनट|अवधि|समय|अवधि मिनट",
        ),
        looks=lambda cell: bool(_LENGTH.fullmatch(cell)),
    ),
    Field(
        name="fee",
        label=_l("Fee"),
        heading="Fee",
        words=words(
            "fee|fees|price|rate|rates|cost|charge|charges|amount|mrp|price inr|rate rs|amount rs|price rs|fee rs",
            "शुल्क|मूल्य|दर|राशि|कीमत|क़ीमत|फीस|फ़ीस|रुपये",
        ),
        looks=lambda cell: bool(_MONEY.fullmatch(cell)),
    ),
    Field(
        name="hue",
        label=_l("Colour in the calendar"),
        heading="Colour",
        words=words("colour|color|hue|calendar colour|रंग"),
    ),
    Field(
        name="room_kind",
        label=_l("Kind of room it needs"),
        heading="Room kind",
        words=words("room kind|room type|room|kind of room|type of room|कक्ष|कमरा|कमरे का प्रकार|कक्ष प्रकार"),
    ),
    Field(
        name="note_template",
        label=_l("Note template"),
        heading="Note template",
        words=words("note template|template|form|नोट का नमूना"),
    ),
    Field(
        name="online_booking",
        label=_l("Patients can book it online"),
        heading="Booked online",
        words=words("booked online|online booking|online|book online|bookable online|ऑनलाइन|ऑनलाइन बुकिंग"),
    ),
    Field(
        name="needs_confirmation",
        label=_l("An online booking waits until staff confirm it"),
        heading="Staff confirm",
        words=words("staff confirm|needs confirmation|confirmation|approval|needs approval|पुष्टि|पुष्टि आवश्यक"),
    ),
    Field(
        name="before_you_come",
        label=_l("Before you come"),
        heading="Before you come",
        words=words("before you come|instructions|preparation|patient instructions|आने से पहले|निर्देश|तैयारी"),
    ),
    Field(
        name="before_you_come_hi",
        label=_l("Before you come, in Hindi"),
        heading="Before you come in Hindi",
        words=words(
            "before you come in hindi|instructions in hindi|hindi instructions|instructions hindi|हिंदी निर्देश"
        ),
    ),
    Field(
        name="buffer_before",
        label=_l("Minutes before it"),
        heading="Minutes before",
        words=words(
            "minutes before|buffer before|setup time|preparation time|time before|पहले के मिनट|तैयारी का समय"
        ),
    ),
    Field(
        name="buffer_after",
        label=_l("Minutes after it"),
        heading="Minutes after",
        words=words(
            "minutes after|buffer after|cleaning time|clean up time|time after|बाद के मिनट|सफ़ाई का समय"
        ),
    ),
    Field(
        name="in_person",
        label=_l("In person"),
        heading="In person",
        words=words("in person|at the clinic|in clinic|क्लिनिक में|आमने सामने"),
    ),
    Field(
        name="online",
        label=_l("Online, by video"),
        heading="By video",
        words=words("by video|video|video visit|video consultation|teleconsultation|वीडियो से|वीडियो"),
    ),
    Field(
        name="therapists",
        label=_l("Therapists beside"),
        heading="Therapists",
        words=words(
            "therapists|number of therapists|therapists needed|no of therapists|थेरेपिस्ट|थेरेपिस्ट की संख्या"
        ),
    ),
    Field(
        name="same_sex",
        label=_l("Only people of the patient’s own sex"),
        heading="Same sex only",
        words=words("same sex only|same sex|same gender|same gender only|समान लिंग|केवल समान लिंग"),
    ),
    Field(
        name="equipment",
        label=_l("Equipment"),
        heading="Equipment",
        words=words("equipment|equipment needed|devices|apparatus|उपकरण|यंत्र"),
    ),
    Field(
        name="capacity",
        label=_l("Patients at once"),
        heading="Group places",
        words=words(
            "group places|group size|patients at once|capacity|batch size|समूह के स्थान|समूह का आकार|क्षमता"
        ),
    ),
    Field(
        name="notice_minutes",
        label=_l("Minutes of notice to book"),
        heading="Notice to book",
        words=words("notice to book|booking notice|minimum notice|notice|बुकिंग की सूचना|न्यूनतम सूचना"),
    ),
    Field(
        name="horizon_days",
        label=_l("Days ahead to book"),
        heading="Days ahead",
        words=words("days ahead|book ahead|booking horizon|advance days|कितने दिन पहले|अग्रिम दिन"),
    ),
    Field(
        name="change_minutes",
        label=_l("Minutes of notice to change"),
        heading="Notice to change",
        words=words("notice to change|change notice|cancellation notice|बदलने की सूचना|रद्द करने की सूचना"),
    ),
    Field(
        name="active",
        label=_l("Offered"),
        heading="In use",
        words=words("in use|active|is active|offered|available|सक्रिय|उपलब्ध|उपयोग में"),
    ),
)
