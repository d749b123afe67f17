"""Finds personal data by value: what it finds is counted and shown masked, never repeated.

Rules after UU 27/2022 Pasal 4. A NIK is region of first registration (2+2+2), date of birth with the day raised by 40
for women (6), serial (4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from satudata_schemas.reference import Reference

#: Every province number ever given out: a NIK keeps the one of its first registration for life (54 was Timor Timur).
_PROVINCES = """
11 12 13 14 15 16 17 18 19 21 31 32 33 34 35 36 51 52 53 54 61 62 63 64 65 71 72 73 74 75 76 81 82 91 92 93 94 95 96
"""
PROVINCES = frozenset(_PROVINCES.split())
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

#: A NIK or family card number as one pattern, after the same rules as `is_nik` but for the leap years.
NIK = (
    r"(?:1[1-9]|21|3[1-6]|5[1-4]|6[1-5]|7[1-6]|8[12]|9[1-6])(?!00)[0-9]{2}(?!00)[0-9]{2}"
    r"(?:(?:0[1-9]|[12][0-9]|3[01]|4[1-9]|[56][0-9]|7[01])(?:0[13578]|1[02])"
    r"|(?:0[1-9]|[12][0-9]|30|4[1-9]|[56][0-9]|70)(?:0[469]|11)"
    r"|(?:0[1-9]|[12][0-9]|4[1-9]|[56][0-9])02)[0-9]{2}(?!0000)[0-9]{4}"
)
#: Kinds that must never stand in open data.
BLOCKING = frozenset({"nik", "kk", "npwp", "person", "health", "broken_identity"})

#: Sixteen digits, bare or with single separators. Begins with a plain character class so that a text without digits
#: costs next to nothing; a digit behind another one begins no number, so that a long run of them is tried once.
_SIXTEEN = re.compile(r"[0-9]{17,}|([0-9](?<![0-9][0-9])(?:[ .\-\u00a0]?[0-9]){15}(?![0-9]))")
#: Words behind which a number is a NIK or a family card's, and those that make it another number.
_IDENTITY_WORDS = ("nik", "ktp", "ktp-el", "ktp el", "e-ktp", "kk", "kependudukan", "kartu keluarga", "tanda penduduk")
_OTHER = """
kode meter kwh aset barang inventaris register registrasi pendaftaran permohonan berkas transaksi pembayaran tagihan
faktur invoice resi voucher token account va rekening pelanggan seri serial sn imei isbn nop nib surat sertifikat
kontrak tender rup npwp bpjs jkn bayar billing
"""
_OTHER_WORDS = frozenset(_OTHER.split())
_SIGNS = " \t\u00a0:.=()#-"
_SEPARATORS = re.compile(r"[ .\-\u00a0]")
#: How people group a NIK when they group it.
_GROUPINGS = {(4, 4, 4, 4), (6, 6, 4), (2, 2, 2, 6, 4), (2, 2, 2, 2, 2, 2, 4), (6, 2, 2, 2, 4), (6, 10), (12, 4)}

_TEN = re.compile(r"[0-9](?:[ .\-]?[0-9]){9}")
_CONTACTS = {
    "phone": re.compile(r"(?<![\w.,/])(?:\+62|62|0)[ \-]?8[1-9][0-9](?:[ \-]?[0-9]){6,9}(?![\w])"),
    "email": re.compile(r"(?<![\w.+\-])[A-Za-z0-9][\w.+\-]{0,63}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,6}"),
    "nip": re.compile(r"(?<![\w.,])(?:19|20)[0-9]{6}[ .\-]?(?:19|20)[0-9]{4}[ .\-]?[12][ .\-]?[0-9]{3}(?![\w])"),
    "npwp": re.compile(r"(?<![\w.,])[0-9]{2}\.[0-9]{3}\.[0-9]{3}\.[0-9]-[0-9]{3}\.[0-9]{3}(?![\w])"),
}
_GOVERNMENT = re.compile(r"[@.](?:(?:go|desa|mil)\.id|gov|mil|gouv\.fr|g(?:o|ov|ob)\.[a-z]{2})\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """Personal data of one kind in one place: how many values, and one of them masked.

    `column` is None for running text.
    """

    kind: str
    count: int
    example: str
    column: str | None = None

    def to_dict(self) -> dict[str, object]:
        """`{kind, column, count, example}`."""
        return {"kind": self.kind, "column": self.column, "count": self.count, "example": self.example}


def is_nik(digits: str) -> bool:
    """Whether sixteen digits can be a NIK or a family card number: province ever used, regency and district 01–99, a
    real date, a serial other than 0000.
    """
    if digits[:2] not in PROVINCES or digits[2:4] == "00" or digits[4:6] == "00" or digits[12:] == "0000":
        return False
    day, month = int(digits[6:8]), int(digits[8:10])
    if day > 40:
        day -= 40
    if not 1 <= month <= 12 or not 1 <= day <= _DAYS[month - 1]:
        return False
    return not (month == 2 and day == 29 and int(digits[10:12]) % 4)


def mask(value: str) -> str:
    """The first and last four characters with stars between: `3276********0001`; shorter values keep two of each."""
    keep = 4 if len(value) >= 12 else min(2, len(value) // 4)
    return value[:keep] + "*" * (len(value) - 2 * keep) + value[len(value) - keep :] if keep else "*" * len(value)


#: Every digit as 0. What may stand between the digits of a number is left out, bytes of a no-break space included.
_ZEROS = bytes(0x30 if 0x30 <= byte <= 0x39 else byte for byte in range(256))
_BETWEEN = b" .-\xc2\xa0"


def _digits_in_a_row(text: str, count: int) -> bool:
    """Whether so many digits follow each other, whatever separates them: a hundredth of what a regular expression
    takes, and never no where that one finds something.
    """
    return b"0" * count in text.encode("utf-8", "replace").translate(_ZEROS, _BETWEEN)


def may_hold_nik(text: str) -> bool:
    """A quick no for the many texts without sixteen digits in a row."""
    return _digits_in_a_row(text, 16) and any(match.lastindex for match in _SIXTEEN.finditer(text))


def may_hold_nik_in_json(body: bytes) -> bool:
    """The same of JSON that is not parsed: also yes where something is escaped in it, which may be anything."""
    return b"\\u" in body or b"0" * 16 in body.translate(_ZEROS, _BETWEEN)


def niks(text: str, *, named: bool = False) -> Iterator[str]:
    """The sixteen digits of every NIK or family card number in running text.

    A bare number counts when its regency is or was in use and no word such as "meter" or "kode" stands before it; one
    behind a word such as NIK or KTP, or in a text that is `named` so as a whole, counts wherever it was given out.
    """
    for match in _SIXTEEN.finditer(text):
        digits = match.group() if match.end() - match.start() == 16 else _SEPARATORS.sub("", match.group())
        if not match.lastindex or not is_nik(digits):
            continue
        before = _before(text, match.start())
        told = named or before.endswith(_IDENTITY_WORDS)
        if (told or (Reference.load().wilayah.ever_used(digits[:4]) and not _names_another(before))) and _stands_alone(
            text, match, named=told
        ):
            yield digits


def _before(text: str, at: int) -> str:
    """The words right before a number, without signs and without "no" and "nomor"."""
    told = text[max(0, at - 40) : at].casefold().rstrip(_SIGNS)
    return told.removesuffix(" nomor").removesuffix(" no").rstrip(_SIGNS)


def _names_another(before: str) -> bool:
    """Whether the word before a number says that it is a code, a meter, an account."""
    words = before.split()
    return bool(words) and words[-1].strip(_SIGNS) in _OTHER_WORDS


def in_text(text: str) -> list[Finding]:
    """The NIKs and family card numbers a running text holds, as at most one Finding."""
    if not may_hold_nik(text):
        return []
    found = list(niks(text))
    return [Finding("nik", len(found), mask(found[0]))] if found else []


def may_hold_contacts(text: str) -> bool:
    """A quick no for the many texts with neither ten digits in a row nor an @."""
    return "@" in text or (_digits_in_a_row(text, 10) and _TEN.search(text) is not None)


def contacts_in_text(text: str) -> list[Finding]:
    """Mobile numbers, e-mail addresses (those of government hosts are a unit's), NIP and NPWP in a running text, one
    Finding a kind.
    """
    found: list[Finding] = []
    for kind, pattern in _CONTACTS.items():
        values = [match.group() for match in pattern.finditer(text) if not _is_another(text, match, kind)]
        if kind == "email":
            values = [value for value in values if not _GOVERNMENT.search(value)]
        elif kind == "nip":
            values = [value for value in values if is_nip(value)]
        if values:
            found.append(
                Finding(kind, len(values), mask(re.sub(r"[ .\-]", "", values[0]) if kind != "email" else values[0]))
            )
    return found


def _is_another(text: str, match: re.Match[str], kind: str) -> bool:
    """Whether a word before what looks like a telephone number says that it is a code."""
    return kind == "phone" and _names_another(_before(text, match.start()))


def is_nip(text: str) -> bool:
    """Whether a text is a civil servant's number: birth date, month of appointment, sex, serial (18 digits)."""
    digits = re.sub(r"[ .\-]", "", text)
    if len(digits) != 18 or digits[14] not in "12" or digits[15:] == "000":
        return False
    born, month, appointed, appointed_month = int(digits[:4]), int(digits[4:6]), int(digits[8:12]), int(digits[12:14])
    if not (1930 <= born <= 2015 and 1 <= month <= 12 and 1 <= int(digits[6:8]) <= _DAYS[month - 1]):
        return False
    return 1 <= appointed_month <= 12 and 15 <= appointed - born <= 60


def _stands_alone(text: str, match: re.Match[str], *, named: bool) -> bool:
    """Whether the digits are a number of their own and not a piece of a longer code, a decimal fraction or an odd
    grouping.
    """
    before = text[match.start() - 1 : match.start()]
    if before and (before.isalnum() or before == "_") and not named:
        return False
    if before in {".", ","} and match.start() > 1 and text[match.start() - 2].isdigit():
        return False
    after = text[match.end() : match.end() + 2]
    if after and (after[0].isalpha() or after[0] == "_" or (after[0] in ".,-" and after[1:].isdigit())):
        return False
    if match.end() - match.start() == 16:
        return True
    return tuple(len(group) for group in _SEPARATORS.split(match.group())) in _GROUPINGS
