"""What a list can say about practitioners, and how its columns are called."""

from __future__ import annotations

import re

from clinic.core.i18n import lazy as _l
from clinic.imports.kinds.base import Field, words

_SEX = re.compile(r"m|f|male|female|पुरुष|महिला|स्त्री", re.IGNORECASE)
_TITLED = re.compile(r"(dr|vd|vaidya|prof|डॉ|वैद्य)\W.{2,}", re.IGNORECASE)
_DEGREE = re.compile(r".*\b(bams|mbbs|md|ms|bhms|mpt|bpt)\b.*", re.IGNORECASE)

FIELDS: tuple[Field, ...] = (
    Field(
        name="name",
        label=_l("Name"),
        heading="Name",
        words=words(
            "name|doctor|doctor name|doctor s name|name of doctor|dr name|practitioner|practitioner name|full name",
            "vaidya|vaidya name|consultant|consultant name|physician|therapist|therapist name|provider|provider name",
            "staff name|first name|last name|surname",
            "नाम|डॉक्टर|डॉक्टर का नाम|चिकित्सक|चिकित्सक का नाम|वैद्य|वैद्य का नाम|पूरा नाम",
        ),
        needed=True,
        joiner=" ",
        parts=words("first name|last name|surname"),
        unless=words("city|state|address|phone|mobile|email|department|degree|service|patient|user"),
        looks=lambda cell: bool(_TITLED.fullmatch(cell)),
    ),
    Field(
        name="sex",
        label=_l("Sex"),
        heading="Sex",
        words=words("sex|gender|m f|male female|लिंग"),
        looks=lambda cell: bool(_SEX.fullmatch(cell)),
    ),
    Field(
        name="specialization",
        label=_l("Speciality"),
        heading="Speciality",
        words=words(
            "speciality|specialty|specialization|specialisation|department|dept|field|discipline|designation",
            "विशेषज्ञता|विशेषता|विभाग|पद",
        ),
    ),
    Field(
        name="qualification",
        label=_l("Qualification"),
        heading="Qualification",
        words=words("qualification|qualifications|degree|degrees|education|योग्यता|डिग्री|उपाधि|शिक्षा"),
        looks=lambda cell: bool(_DEGREE.fullmatch(cell)),
    ),
    Field(
        name="experience_years",
        label=_l("Years of experience"),
        heading="Years of experience",
        words=words(
            "experience|experience years|experience in years|exp|exp years|years experience|yrs of experience",
            "अनुभव|अनुभव वर्ष|अनुभव के वर्ष|वर्षों का अनुभव",
        ),
    ),
    Field(
        name="licence_number",
        label=_l("Licence number"),
        heading="Licence number",
        words=words(
            "licence|licence no|licence number|license|license no|license number|lic no|medical licence",
            "लाइसेंस|लाइसेंस नंबर|लाइसेंस संख्या|अनुज्ञप्ति संख्या",
        ),
    ),
    Field(
        name="registration_number",
        label=_l("Registration number"),
        heading="Registration number",
        words=words(
            "registration|registration no|registration number|reg no|regd no|regn no|council no|council registration",
            "nmc no|ncism no|mci no|hpr id|पंजीकरण|पंजीकरण संख्या|पंजीकरण नंबर|पंजीयन संख्या",
        ),
    ),
    Field(
        name="default_minutes",
        label=_l("Usual length of a visit"),
        heading="Usual visit (minutes)",
        words=words(
            "minutes|duration|slot|slot minutes|slot duration|visit minutes|usual visit|consultation time",
            "मिनट|अवधि|समय अवधि|परामर्श अवधि",
        ),
    ),
    Field(
        name="phone",
        label=_l("Telephone"),
        heading="Telephone",
        words=words(
            "telephone|phone|phone no|phone number|mobile|mobile no|mobile number|mob|contact|contact no|contact number",
            "मोबाइल|मोबाइल नंबर|फोन|फ़ोन|फोन नंबर|फ़ोन नंबर|संपर्क|संपर्क नंबर|दूरभाष",
        ),
        unless=words("name|person|address|emergency"),
    ),
    Field(
        name="email",
        label=_l("E-mail"),
        heading="E-mail",
        words=words("e mail|email|email id|e mail id|email address|mail|mail id|ईमेल|ई मेल"),
        looks=lambda cell: "@" in cell and "." in cell.rsplit("@", 1)[-1],
    ),
    Field(
        name="line",
        label=_l("House and street"),
        heading="Address",
        words=words(
            "address|full address|street|street address|address 1|address 2|address line 1|address line 2",
            "पता|पूरा पता",
        ),
        unless=words("name|email|mail|web|ip"),
        joiner=", ",
    ),
    Field(
        name="city",
        label=_l("City or village"),
        heading="City",
        words=words("city|town|place|district|शहर|नगर|गाँव|गांव|ज़िला|जिला"),
    ),
    Field(name="state", label=_l("State"), heading="State", words=words("state|province|राज्य|प्रदेश")),
    Field(
        name="postal_code",
        label=_l("PIN code"),
        heading="PIN code",
        words=words("pin|pin code|pincode|postal code|zip|zip code|postcode|पिन|पिन कोड|पिनकोड"),
    ),
    Field(name="country", label=_l("Country"), heading="Country", words=words("country|देश")),
    Field(
        name="active",
        label=_l("In use"),
        heading="In use",
        words=words("in use|active|is active|working|सक्रिय|कार्यरत|उपयोग में"),
    ),
    Field(
        name="verified",
        label=_l("Verified"),
        heading="Verified",
        words=words("verified|is verified|licence verified|सत्यापित"),
    ),
)
