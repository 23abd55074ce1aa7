"""Exact money: currencies of ISO 4217 with their minor units, prices as whole numbers, rounding.

price   10⁻¹² of the currency per kWh (PICO)          a text or TOML number has at most 12 digits behind its point
amount  a Fraction of the currency                    mWh × price = 10⁻¹⁸ of the currency (ATTO)
"""

from decimal import Decimal
from fractions import Fraction

PRICE_DIGITS = 12  # behind the point of a price
PICO = 10**PRICE_DIGITS
MWH = 10**6  # mWh in a kWh
ATTO = PICO * MWH
HIGHEST = 10**9  # of a price, in the currency

_THREE = "BHD IQD JOD KWD LYD OMR TND"  # digits behind the point
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_TWO = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
    CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
    KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
    NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT
    TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"""
CURRENCIES = {code: digits for digits, codes in ((0, _NONE), (2, _TWO), (3, _THREE)) for code in codes.split()}


def pico(price: Decimal | int) -> int | None:
    """A price as a whole number of 10⁻¹²; None where it has more digits than that, or is too high."""
    scaled = Fraction(price) * PICO
    return int(scaled) if scaled.denominator == 1 and abs(scaled) <= HIGHEST * PICO else None


def pico_rounded(price: Fraction) -> int:
    """The nearest whole number of 10⁻¹², halves away from zero."""
    return _half_away(price * PICO)


def rounded(amount: Fraction, digits: int) -> Decimal:
    """An amount with the digits of its currency, halves away from zero: the one rounding of a bill."""
    return as_decimal(_half_away(amount * 10**digits), digits)


def as_decimal(number: int, digits: int) -> Decimal:
    """``number`` × 10⁻ᵈⁱᵍⁱᵗˢ, exact however long it is."""
    return Decimal((number < 0, tuple(map(int, str(abs(number)))), -digits))


def short(amount: Fraction, digits: int = 6) -> Decimal:
    """An amount for people and charts: at most ``digits`` behind the point, without zeros at its end."""
    number = _half_away(amount * 10**digits)
    while digits and number % 10 == 0:
        number, digits = number // 10, digits - 1
    return as_decimal(number, digits)


def price_of(number: int) -> Decimal:
    """A price in the currency, without zeros at its end."""
    return short(Fraction(number, PICO), PRICE_DIGITS)


def _half_away(value: Fraction) -> int:
    whole = (abs(value.numerator) * 2 + value.denominator) // (2 * value.denominator)
    return -whole if value < 0 else whole
