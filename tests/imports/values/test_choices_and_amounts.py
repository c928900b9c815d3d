"""Cells that name one of a few things, amounts, times, codes and addresses."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from tests.imports.values.reading import READERS, REFUSED, value_or_refused


@pytest.mark.parametrize(
    ("reader", "wanted", "texts"),
    [
        ("read_sex", "male", "M|m|Male|MAN|boy|पुरुष|लड़का|Mr."),
        ("read_sex", "female", "F|f|Female|woman|girl|महिला|स्त्री|लड़की"),
        ("read_sex", "other", "O|T|other|transgender|TG|अन्य"),
        ("read_sex", REFUSED, "abc|M/F|7"),
        ("read_prakriti", "vata_pitta", "V-P|VP|V/P|P-V|vata pitta|Pitta-Vata|V>P|वात-पित्त"
         "|वातपित्त|vatapitta|Vata & Pitta|vata-pittaja"),
        ("read_prakriti", "vata_kapha", "V-K|vata/kapha|Kapha Vata|कफ वात|Vata-Kaphaja"),
        ("read_prakriti", "pitta_kapha", "PK|pitta kapha|Kapha-Pitta"),
        ("read_prakriti", "vata", "Vata|V|vata-pradhan|vata dominant|Vata prakriti|वात|vata (V)"),
        ("read_prakriti", "kapha", "KAPHA|कफ|kapha prakruti|Kaphaj"),
        ("read_prakriti", "pitta", "pitta|PITTA|पित्त प्रकृति"),
        ("read_prakriti", "tridosha", "tridosha|Tridoshic|sama|samadosha|VPK|V-P-K|त्रिदोष|सम"
         "|vata pitta kapha"),
        ("read_prakriti", REFUSED, "abc|V 60%, P 40%|good|vishnu|prakriti"),
        ("read_blood_group", "B+", "B+|B +ve|b positive|B+ve|बी पॉजिटिव|B Pos|B (+)"
         "|Blood group B+"),
        ("read_blood_group", "A+", "A+|A1+|A1 +ve|A Rh D positive"),
        ("read_blood_group", "AB-", "AB-|ab -ve|AB Negative|A1B-|एबी नेगेटिव|AB −"),
        ("read_blood_group", "O-", "O-|O neg|0 -ve|Rh O negative|ओ निगेटिव"),
        ("read_blood_group", REFUSED, "B|C+|positive|+|AB+-"),
        ("read_yes_no", True, "yes|Y|TRUE|1|हाँ|हां|जी हाँ"),
        ("read_yes_no", False, "no|N|false|0|नहीं|जी नहीं"),
        ("read_yes_no", None, "|-|n/a|?"),
        ("read_yes_no", REFUSED, "maybe|2"),
        ("read_postal_code", "560001", "560001|56 0001|560-001|560001.0|५६०००१|PIN 560001"
         "|Pin Code: 560 001"),
        ("read_postal_code", REFUSED, "5600|056001|5600011|abc|5.6E+05"),
        ("read_email", "asha@example.org", "asha@example.org| Asha@Example.org "
         "|mailto:asha@example.org|<asha@example.org>"),
        ("read_email", REFUSED, "asha|asha@|a@b.c, d@e.f"),
        ("read_minutes", 45, "45|45 min|45 mins.|45.0|४५ मिनट|0:45|00:45:00"),
        ("read_minutes", 90, "1h 30m|1 hr 30 min|01:30|1.5 hrs|1:30 hrs|1 घंटा 30 मिनट"),
        ("read_minutes", 60, "1 hr|1 hour|60 minutes|1 घंटा"),
        ("read_minutes", REFUSED, "abc|99 hrs|-30|1:75|5000"),
        ("read_money", Decimal("600"), "600|Rs. 600/-|600 INR|₹600|₹ 600.00|रु. 600|600 रुपये"
         "|Rs.600 only|६००|600.000"),
        ("read_money", Decimal("125000.5"), "₹1,25,000.50|125,000.5|125000.5"),
        ("read_money", Decimal(0), "free|Free of cost|निःशुल्क|0|मुफ़्त"),
        ("read_money", REFUSED, "-600|(600)|₹-5|$5|600 USD|1,25|600.123|six hundred|1e9"),
        ("read_time", time(10, 30), "10:30|10.30 am|10:30 A.M.|सुबह 10:30|0.4375|10:30:00"
         "|1030 hrs|10h30|१०:३०"),
        ("read_time", time(16, 0), "4 pm|16:00:00|4:00PM|शाम 4 बजे|4 in the evening|16:00 hrs"),
        ("read_time", time(0, 0), "12 am|12 midnight|00:00|रात 12 बजे"),
        ("read_time", time(12, 30), "12:30|12:30 pm|दोपहर 12:30"),
        ("read_time", time(23, 0), "11 pm|रात 11 बजे"),
        ("read_time", REFUSED, "10|25:00|10:75|16:00 am|0:30 pm|abc|सुबह शाम 4 बजे"),
        ("read_moment", (date(2026, 12, 16), time(16, 0)), "16/12/2026 4 pm|16-12-26 16:00"
         "|2026-12-16T16:00:00|2026-12-16 16:00:00+05:30"
         "|2026-12-16T10:30:00Z|16 Dec 2026, 4:00 PM|4 pm 16/12/2026|शाम 4 बजे 16/12/2026"
         "|16/12/2026 at 4 pm|46372.666667"),
        ("read_moment", REFUSED, "16/12/2026|4 pm|31/02/2026 4 pm|abc|16/12/2030 4 pm"),
    ],
)  # fmt: skip
def test_the_spellings_of_a_value_are_one_value(reader: str, wanted: Any, texts: str) -> None:
    spellings = texts.split("|")
    assert {text: value_or_refused(reader, text) for text in spellings} == dict.fromkeys(spellings, wanted)


def test_a_postal_code_from_abroad_stays_as_it_is() -> None:
    assert READERS["read_postal_code abroad"](" SW1A  1AA ") == "SW1A 1AA"
