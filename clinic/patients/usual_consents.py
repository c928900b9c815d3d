"""The consents most clinics ask for, as a first draft: a clinic reads them, adapts them, and publishes."""

from __future__ import annotations

from dataclasses import dataclass

from clinic.patients.models import Purpose


@dataclass(frozen=True, kw_only=True)
class UsualConsent:
    """A kind with its words in both languages. ``valid_months`` None holds for good."""

    purpose: Purpose
    title: str
    title_hi: str
    body: str
    body_hi: str
    required: bool = False
    valid_months: int | None = None


USUAL = (
    UsualConsent(
        purpose=Purpose.TREATMENT,
        required=True,
        valid_months=24,
        title="Examination and treatment",
        title_hi="जाँच और उपचार",
        body=(
            "I agree to be examined and treated at this clinic by Ayurvedic practitioners and therapists.\n\n"
            "The practitioner explains each treatment before it begins: what it is for, what it feels"
            " like, what"
            " can go wrong and what else could be done. I can ask questions at any time, and I can stop a"
            " treatment at any moment without giving a reason.\n\n"
            "I have told the clinic about my illnesses, allergies, medicines and, if it applies, a"
            " pregnancy, and"
            " I will say when something changes. In an emergency the clinic does what is needed and calls the"
            " person I have named."
        ),
        body_hi=(
            "मैं इस क्लिनिक में आयुर्वेद चिकित्सकों और थेरेपिस्ट द्वारा जाँच और उपचार के लिए सहमति"
            " देता/देती हूँ।\n\n"
            "हर उपचार से पहले चिकित्सक बताते हैं कि वह किसलिए है, कैसा लगेगा, उससे क्या परेशानी हो सकती"
            " है और उसके अलावा"
            " क्या किया जा सकता है। मैं कभी भी प्रश्न पूछ सकता/सकती हूँ और बिना कारण बताए किसी भी क्षण"
            " उपचार रुकवा"
            " सकता/सकती हूँ।\n\n"
            "मैंने क्लिनिक को अपनी बीमारियों, एलर्जी, दवाओं और यदि लागू हो तो गर्भावस्था के बारे में"
            " बताया है, और कुछ बदलने पर"
            " बताऊँगा/बताऊँगी। आपात स्थिति में क्लिनिक ज़रूरी कदम उठाता है और मेरे बताए व्यक्ति को फ़ोन"
            " करता है।"
        ),
    ),
    UsualConsent(
        purpose=Purpose.DATA_USE,
        required=True,
        title="Keeping and using my data",
        title_hi="मेरी जानकारी रखना और उसका उपयोग",
        body=(
            "The clinic keeps my name, how to reach me, my visits, my health record and my bills, and"
            " uses them to"
            " treat me, to arrange my visits and to do what the law asks for.\n\n"
            "Only people of the clinic who need it for their work see it. It is not sold. Records are"
            " kept for as"
            " long as the law demands, at least three years after my last visit.\n\n"
            "I can see what is kept about me, take it along as a file, and have mistakes put right. If I"
            " withdraw"
            " this, the clinic keeps only what it has to keep by law, and cannot treat me any further."
        ),
        body_hi=(
            "क्लिनिक मेरा नाम, संपर्क, मुलाक़ातें, स्वास्थ्य रिकॉर्ड और बिल रखता है, और इनका उपयोग मेरे"
            " उपचार, मेरी मुलाक़ातें तय"
            " करने और क़ानून की माँग पूरी करने के लिए करता है।\n\n"
            "इन्हें क्लिनिक के केवल वे लोग देखते हैं जिन्हें काम के लिए इनकी ज़रूरत है। इन्हें बेचा नहीं"
            " जाता। रिकॉर्ड उतने समय तक रखे"
            " जाते हैं जितना क़ानून कहता है, मेरी अंतिम मुलाक़ात के कम से कम तीन वर्ष बाद तक।\n\n"
            "मैं देख सकता/सकती हूँ कि मेरे बारे में क्या रखा गया है, उसे फ़ाइल के रूप में ले सकता/सकती"
            " हूँ और ग़लतियाँ ठीक करवा"
            " सकता/सकती हूँ। यदि मैं यह सहमति वापस लूँ, तो क्लिनिक केवल वही रखेगा जो क़ानून के अनुसार"
            " रखना ज़रूरी है, और आगे मेरा"
            " उपचार नहीं कर सकेगा।"
        ),
    ),
    UsualConsent(
        purpose=Purpose.FAMILY,
        valid_months=24,
        title="Speaking with my family",
        title_hi="मेरे परिवार से बात करना",
        body=(
            "The clinic may speak about my treatment with the person I named for emergencies and with"
            " the family"
            " members who use the same mobile number as I do.\n\n"
            "Without this, the clinic speaks with me alone, except in an emergency."
        ),
        body_hi=(
            "क्लिनिक मेरे उपचार के बारे में उस व्यक्ति से बात कर सकता है जिसका नाम मैंने आपात स्थिति के"
            " लिए दिया है, और परिवार के उन"
            " सदस्यों से जो मेरे वाला ही मोबाइल नंबर इस्तेमाल करते हैं।\n\n"
            "इसके बिना क्लिनिक आपात स्थिति को छोड़कर केवल मुझसे बात करता है।"
        ),
    ),
    UsualConsent(
        purpose=Purpose.NEWS,
        title="News and offers",
        title_hi="समाचार और ऑफ़र",
        body=(
            "The clinic may tell me about seasonal treatments, events and offers by SMS or e-mail.\n\n"
            "Reminders of my own visits do not depend on this."
        ),
        body_hi=(
            "क्लिनिक मुझे ऋतु के उपचारों, कार्यक्रमों और ऑफ़र के बारे में एसएमएस या ई-मेल से बता सकता है।\n\n"
            "मेरी अपनी मुलाक़ातों की याद दिलाना इस पर निर्भर नहीं है।"
        ),
    ),
    UsualConsent(
        purpose=Purpose.PHOTOGRAPHY,
        valid_months=12,
        title="Photographs for my record",
        title_hi="मेरे रिकॉर्ड के लिए तस्वीरें",
        body=(
            "The clinic may take photographs of the part of the body that is treated, to follow how it"
            " heals. They"
            " are kept in my record and shown to nobody outside the clinic.\n\n"
            "Every time a photograph is taken I am asked, and can say no."
        ),
        body_hi=(
            "क्लिनिक उपचार वाले अंग की तस्वीरें ले सकता है, ताकि देखा जा सके कि वह कैसे ठीक हो रहा है।"
            " वे मेरे रिकॉर्ड में रखी जाती हैं"
            " और क्लिनिक के बाहर किसी को नहीं दिखाई जातीं।\n\n"
            "हर तस्वीर से पहले मुझसे पूछा जाता है, और मैं मना कर सकता/सकती हूँ।"
        ),
    ),
    UsualConsent(
        purpose=Purpose.RESEARCH,
        valid_months=24,
        title="Research and teaching",
        title_hi="अनुसंधान और शिक्षण",
        body=(
            "The clinic may use what is in my record for research and teaching, without my name and without"
            " anything that tells who I am.\n\n"
            "My treatment is the same whether I agree or not."
        ),
        body_hi=(
            "क्लिनिक मेरे रिकॉर्ड की जानकारी का उपयोग अनुसंधान और शिक्षण के लिए कर सकता है, मेरे नाम और"
            " पहचान बताने वाली किसी भी बात"
            " के बिना।\n\n"
            "मैं सहमति दूँ या न दूँ, मेरा उपचार वैसा ही रहेगा।"
        ),
    ),
)
