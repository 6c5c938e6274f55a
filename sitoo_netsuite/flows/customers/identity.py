"""By what a person is known: address, mobile number and name, normalised; pure.

Belongs here: when two spellings are the same address, number or name, and what an identity is called outside the
restricted tables. Does not belong here: who is matched with whom (`matching`).

An address is compared as a whole: that a provider ignores dots or what follows a `+` is its own affair, and two people
may share all but that.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

import idna
import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType, ValidationResult

_LONGEST_EMAIL = 254
_LONGEST_NUMBER = 40
# Letters that Unicode does not take apart into a letter and its accent.
_SAME_LETTER = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "ł": "l", "þ": "th"})
_NOT_LETTERS = re.compile(r"[\W\d_]+")
_DOMAIN = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")
_DIGITS = re.compile(r"\d+")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_ADDRESS = re.compile(r"[^\s\"'<>()\[\]{},;:\\]+@[^\s\"'<>()\[\]{},;:\\]+")

# What counts in a mobile field, and in a field for any number: a landline is its household's, nobody's own. Numbers of
# ranges that the library does not know yet are of an unknown kind.
_MOBILE_FIELD = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.UNKNOWN)
_PHONE_FIELD = (PhoneNumberType.MOBILE,)


def normalised_email(text: str | None) -> str | None:
    """The address trimmed, case-folded, in NFC, its domain in IDNA's ASCII form; None when it is no address."""
    trimmed = unicodedata.normalize("NFC", (text or "").strip())
    local, at, domain = trimmed.rpartition("@")
    if not at or not local or "@" in local or len(trimmed) > _LONGEST_EMAIL:
        return None
    if not local.isprintable() or any(letter.isspace() for letter in local):
        return None
    domain = domain.rstrip(".")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError:
            return None
    domain = domain.lower()
    if not _DOMAIN.fullmatch(domain):
        return None
    return f"{unicodedata.normalize('NFC', local.casefold())}@{domain}"


def normalised_mobile(mobile: str | None, phone: str | None, region: str | None) -> str | None:
    """The mobile number in E.164, from the field for it or else from the other one; None when neither holds one.

    `region` is the ISO country that numbers without a country code are of; without it only those with a `+` are read.
    """
    return _number(mobile, region, _MOBILE_FIELD) or _number(phone, region, _PHONE_FIELD)


@lru_cache(maxsize=4096)
def _number(text: str | None, region: str | None, kinds: tuple[int, ...]) -> str | None:
    if not text or len(text) > _LONGEST_NUMBER:
        return None
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    if number.extension or phonenumbers.number_type(number) not in kinds:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    # One digit over and over is what gets past a field that must not be empty.
    if len(set(phonenumbers.national_significant_number(number))) == 1:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def addresses_in(body: bytes) -> set[str]:
    """The normalised addresses that stand anywhere in a text, such as a record that cannot be read.

    JSON may write any letter as its number.
    """
    text = _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), body.decode("utf-8", "replace"))
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    found = (normalised_email(match.strip(".")) for match in _ADDRESS.findall(whole))
    return {email for email in found if email}


def is_placeholder(email: str, placeholders: Collection[str]) -> bool:
    """Whether a normalised address stands for nobody: it is listed, or its domain is, as in `@example.com`."""
    domain = f"@{email.rpartition('@')[2]}"
    return any(email == entry or domain == entry for entry in placeholders)


def normalised_placeholder(text: str) -> str:
    """An entry of the estate's `placeholders` as `is_placeholder` compares it."""
    if text.startswith("@"):
        email = normalised_email(f"x{text}")
        return email[1:] if email else text
    return normalised_email(text) or text


def person_hash(identity: str) -> bytes:
    """What a normalised address or number is called outside the restricted tables: its SHA-256."""
    return hashlib.sha256(identity.encode()).digest()


def external_id(person: bytes) -> str:
    """The external id of the customer made for a person; always the same, so that NetSuite takes it once."""
    return f"CUST-{person.hex()[:24]}"


@dataclass(frozen=True, slots=True, repr=False)
class PersonName:
    """A name as words without accents, case and punctuation. Each part may be empty. Its repr shows no content."""

    given: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    company: tuple[str, ...] = ()

    @property
    def is_full(self) -> bool:
        return bool(self.given and self.family)

    @property
    def person(self) -> PersonName:
        """The name without the company."""
        return PersonName(self.given, self.family)

    @property
    def is_empty(self) -> bool:
        return not (self.given or self.family or self.company)


def person_name(given: str | None, family: str | None, company: str | None) -> PersonName:
    """The name of a record. An address or number that stands where a name ought to is no name."""
    return PersonName(_words(given), _words(family), _words(company))


def _words(text: str | None) -> tuple[str, ...]:
    if not text or "@" in text:
        return ()
    apart = unicodedata.normalize("NFKD", text.casefold()).translate(_SAME_LETTER)
    letters = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return tuple(word for word in _NOT_LETTERS.split(letters) if word)


def contradict(one: PersonName, other: PersonName) -> bool:
    """Whether two names can hardly be one person's, so that a shared address or number must not link them.

    Given and family names both have to be alike, in their order or swapped; a company is compared where neither or only
    one of the two names a person. What is not there contradicts nothing.
    """
    if (one.given or one.family) and (other.given or other.family):
        in_order = _alike(one.given, other.given) and _alike(one.family, other.family)
        # Two given names alone cannot be swapped.
        may_be_swapped = (one.given and other.family) or (one.family and other.given)
        swapped = may_be_swapped and _alike(one.given, other.family) and _alike(one.family, other.given)
        return not (in_order or swapped)
    return not _alike(one.company, other.company)


def agree(one: PersonName, other: PersonName) -> bool:
    """Whether a given name, or a company, that both have says that they are one person's, and nothing contradicts it.

    A family name alone is a whole family's.
    """
    if contradict(one, other):
        return False
    swapped = one.given and other.family and _alike(one.given, other.family) and _alike(one.family, other.given)
    swapped = swapped or (
        other.given and one.family and _alike(other.given, one.family) and _alike(other.family, one.given)
    )
    given = one.given and other.given and _alike(one.given, other.given)
    company = one.company and other.company and _alike(one.company, other.company)
    return bool(given or swapped or company)


def namesakes(one: PersonName, other: PersonName) -> bool:
    """Whether the given names may be the same, with a slip of the finger too: somebody who may have another family name
    by now. Too weak to link anybody, and enough not to make them.
    """
    return _alike(one.given, other.given) or any(
        may_be_mistyped(word, another) for word in one.given for another in other.given
    )


def _alike(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    if not some or not others:
        return True
    return any(_same_word(one, other) for one in some for other in others)


def _same_word(one: str, other: str) -> bool:
    """The same but for an initial, a doubled letter or two letters swapped.

    Other slips are not forgiven: Daniel and Daniela, Maria and Marta are one letter apart, and often one family's.
    """
    if one == other or (1 in (len(one), len(other)) and one[0] == other[0]):
        return True
    if _without_doubles(one) == _without_doubles(other):
        return True
    return _swapped(one, other)


def _without_doubles(word: str) -> str:
    return "".join(letter for letter, before in zip(word, " " + word, strict=False) if letter != before)


def _swapped(one: str, other: str) -> bool:
    unlike = [place for place in range(min(len(one), len(other))) if one[place] != other[place]]
    return (
        len(one) == len(other)
        and len(unlike) == 2
        and unlike[1] == unlike[0] + 1
        and one[unlike[0]] == other[unlike[1]]
        and one[unlike[1]] == other[unlike[0]]
    )


def may_be_mistyped(one: str, other: str) -> bool:
    """Whether one of two normalised addresses, or two numbers, may be the other with one slip of a finger.

    A letter left out, added, changed or swapped with its neighbour; in an address, digits tell people apart.
    """
    if one == other:
        return False
    if "@" in one and _DIGITS.findall(one) != _DIGITS.findall(other):
        return False
    if abs(len(one) - len(other)) > 1:
        return False
    start = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if start is None:
        return True
    a, b = one[start:], other[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
