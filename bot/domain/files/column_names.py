"""PURE: known column names of order files, in the languages used here.

Names are compared by their letters and digits alone, without case, accents, Arabic vowel signs, stretching and variants
of a letter, so that `رقم الطلب`, `رقم_الطّلب` and `N° de commande`, `Order_ID`, `orderId` are found however they are
written.
"""

import re
import unicodedata

_LETTER_VARIANTS = str.maketrans("أإآٱىیکةۀہؤئ#", "ااااييكهههوي№", "ـ")
_NO_LETTER_OR_DIGIT = re.compile(r"[\W_]+")


def normal(name: str) -> str:
    """Normalise a name for comparison; empty if it has no letter or digit."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).translate(_LETTER_VARIANTS))
    return _NO_LETTER_OR_DIGIT.sub("", plain).casefold()


def _names(*names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(normal, names)))


FINCART_ID = frozenset(
    _names("Fincart ID", "Fincart IDs", "Fincart order ID", "Fincart order IDs", "Order ID Fincart", "معرف فينكارت")
)
"""Fincart's order ids, by name."""

ORDER_ID = frozenset(
    _names(
        "Order ID",
        "Order IDs",
        "معرف الطلب",
        "معرف الطلبات",
        "رقم الطلب",
        "رقم طلب",
        "رقم الطلبية",
        "رقم الأوردر",
        "رقم أوردر",
        "أرقام الطلبات",
        "شناسه سفارش",
        "شماره سفارش",
        "ID commande",
        "ID de commande",
        "ID de la commande",
        "Identifiant commande",
        "Identifiant de commande",
        "Identifiant de la commande",
        "N° commande",
        "N° de commande",
        "Nº de commande",
        "No commande",
        "No de commande",
        "Num commande",
        "Numéro commande",
        "Numéro de commande",
        "Numéro de la commande",
        "Numéros de commande",
    )
)
"""Order ids. Arabic, Persian and French say "order number" for it, as people say it of Fincart's."""

SOME_ID = frozenset(
    _names(
        "ID",
        "IDs",
        "Order",
        "Orders",
        "معرف",
        "المعرف",
        "الطلب",
        "طلب",
        "الطلبات",
        "شناسه",
        "سفارش",
        "Identifiant",
        "Commande",
        "Commandes",
    )
)
"""Ids of orders or of something else."""

ORDER_NUMBER = frozenset(_names("Order number", "Order numbers", "Order no", "Order num", "Order nr"))
"""In English, and in Fincart's own words (`orderNumber`), another number than its order id."""

LABEL = _names(
    "label",
    "name",
    "reference",
    "reference number",
    "ref",
    "order code",
    "order number",
    "order no",
    "short id",
    "الاسم",
    "اسم",
    "اسم العميل",
    "العميل",
    "المرجع",
    "الرقم المرجعي",
    "رقم المرجع",
    "كود الطلب",
    "نام",
    "نام مشتری",
    "کد سفارش",
    "libellé",
    "nom",
    "nom du client",
    "référence",
    "réf",
    "customer name",
    "customer",
    "client",
)
"""What may stand beside an order's id in messages, the best first."""

ANY = FINCART_ID | ORDER_ID | SOME_ID | ORDER_NUMBER | frozenset(LABEL)


def strength(name: str) -> int:
    """Rank how surely a column of this (normalised) name holds order ids: 3 Fincart's, 2 an order's, 1 some, 0
    unknown."""
    return 3 if name in FINCART_ID else 2 if name in ORDER_ID else 1 if name in SOME_ID else 0
