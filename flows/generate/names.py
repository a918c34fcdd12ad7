"""The names of a country: pools of Faker's words, and some of our own that are always there."""

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

import polars as pl

from flows.generate import defaults
from flows.generate.randomness import bits_of, stream_key

# Names of each sex in a pool are every first name with every family name.
FIRST_NAMES, LAST_NAMES, COMPANIES, CITIES = 70, 120, 600, 150
# The local part of an address before its number is ASCII and never longer than this, a multiple of 8.
_LAST_WIDTH = 21
LOCAL_WIDTH = len("a.") + _LAST_WIDTH + len(".")

# Characters that Unicode does not take apart into a letter and a mark.
_TO_ASCII = str.maketrans(
    {"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "œ": "oe"}
)


class _Local(NamedTuple):
    """What a country's pools hold besides Faker's words, whatever the seed."""

    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    cities: tuple[str, ...]
    companies: tuple[str, ...]  # a and b are family names


# fmt: off
_LOCAL = {
    "FI": _Local(
        ("Päivi", "Väinö"), ("Hyvönen", "Mäkelä", "O'Connor", "D'Angelo"),
        ("Helsinki", "Jyväskylä", "Mikkeli, Anttola", "Rovaniemi", "Hämeenlinna", "Inari, Sevettijärvi"),
        ("{a} Oy", "{a} & {b} Oy", "{a}, {b} & Pojat Oy", "Kahvila {a}", "Konepaja {a} Oy", "{a} Ky"),
    ),
    "SE": _Local(
        ("Åsa", "Örjan"), ("Sjöström", "Ängmark", "O'Brien", "D'Albert"),
        ("Malmö", "Umeå", "Färjestaden, Öland", "Östersund", "Göteborg", "Boden, Sävast"),
        ("{a} AB", "{a} & {b} AB", "{a}, {b} & Söner AB", "Bröderna {a}", "{a} Måleri HB", "Café {a}"),
    ),
    "DE": _Local(
        ("Jürgen", "Käthe"), ("Müller", "Weiß", "D'Alessio", "O'Reilly"),
        ("Köln", "München", "Halle, Saale", "Lübeck", "Würzburg", "Münden, Hann."),
        ("{a} GmbH", "{a} & {b} GmbH", "{a}, {b} & Söhne", "{a}'s Backstube", "Büro {a} KG", "{a}, {b} OHG"),
    ),
    "FR": _Local(
        ("Zoé", "Noël"), ("Lefèvre", "D'Aubigné", "L'Hôte", "Béranger"),
        ("L'Haÿ-les-Roses", "Orléans", "Villeneuve-d'Ascq", "Bélesta, Ariège", "Nîmes", "L'Isle-d'Abeau",
         "Paris", "Marseille", "Lyon", "Toulouse", "Nice", "Nantes", "Montpellier", "Strasbourg",
         "Bordeaux", "Lille", "Rennes", "Reims", "Saint-Étienne", "Toulon", "Le Havre", "Grenoble", "Dijon",
         "Angers", "Le Mans", "Aix-en-Provence", "Brest", "Limoges", "Tours", "Amiens", "Perpignan", "Metz",
         "Besançon", "Rouen", "Caen", "Nancy", "Avignon", "Poitiers", "La Rochelle", "Pau", "Béziers",
         "Calais", "Quimper", "Les Sables-d'Olonne", "Saint-Jean-d'Angély", "Châteauneuf, Isère",
         "Vénissieux", "Chambéry"),
        ("{a} SARL", "{a} et Fils", "{a}, {b} & Cie", "L'Atelier {a}", "Boulangerie {a}", "{a} Frères, SAS"),
    ),
    "GB": _Local(
        ("Siân", "Zoë"), ("O'Connor", "D'Arcy", "Brontë", "O'Neill"),
        ("King's Lynn", "St Mary's, Scilly", "Tŷ Croes", "Llangefni, Ynys Môn", "Bishop's Stortford",
         "Ventnor, Isle of Wight", "London", "Birmingham", "Manchester", "Leeds", "Glasgow", "Sheffield",
         "Bradford", "Liverpool", "Edinburgh", "Bristol", "Cardiff", "Leicester", "Coventry", "Belfast",
         "Nottingham", "Newcastle upon Tyne", "Hull", "Plymouth", "Stoke-on-Trent", "Wolverhampton",
         "Derby", "Swansea", "Southampton", "Aberdeen", "Portsmouth", "York", "Dundee", "Peterborough",
         "Oxford", "Cambridge", "Norwich", "Exeter", "Gloucester", "Bath", "Inverness", "Carlisle",
         "Lerwick", "Douglas", "Stornoway", "Kirkwall", "St Peter Port", "Land's End"),
        ("{a} Ltd", "{a} and Sons", "{a}, {b} & Co", "{a}'s Café", "The {a} Partnership", "{a} & {b} LLP"),
    ),
    "PL": _Local(
        ("Łukasz", "Żaneta"), ("Wójcik", "Zając", "O'Hara", "D'Ambrosio"),
        ("Łódź", "Kraków", "Święta Katarzyna, Bodzentyn", "Gdańsk", "Poznań", "Dąbrowa, Opole"),
        ("{a} Sp. z o.o.", "{a} i Synowie, Sp. j.", "{a} & {b} S.A.", "Zakład {a}", "Piekarnia {a}"),
    ),
    "IT": _Local(
        ("Niccolò", "Mosè"), ("D'Angelo", "Dell'Acqua", "Nicolò", "Forlì"),
        ("L'Aquila", "Cantù", "Samone, Torino", "Reggio nell'Emilia", "Forlì", "Castro, Bergamo", "Roma",
         "Milano", "Napoli", "Torino", "Palermo", "Genova", "Bologna", "Firenze", "Bari", "Catania",
         "Verona", "Venezia", "Messina", "Padova", "Trieste", "Brescia", "Parma", "Prato", "Modena",
         "Perugia", "Ravenna", "Livorno", "Rimini", "Cagliari", "Ferrara", "Salerno", "Sassari", "Latina",
         "Monza", "Bergamo", "Siracusa", "Pescara", "Trento", "Vicenza", "Terni", "Bolzano", "Novara",
         "Piacenza", "Ancona", "Udine", "Arezzo", "Sant'Antioco"),
        ("{a} S.r.l.", "{a} e Figli", "{a}, {b} & C. S.n.c.", "Caffè {a}", "L'Officina {a}", "{a} S.p.A."),
    ),
}
# fmt: on
# Faker makes French and British cities up, and Italian ones come in another order in every process.
_ONLY_OWN_CITIES = ("FR", "GB", "IT")


class People(NamedTuple):
    """Who lives, trades and where, in a country."""

    persons: pl.DataFrame  # name, local: the part of an address before the number
    companies: pl.DataFrame  # likewise
    cities: list[str]


def people_of(seed: int, country: str) -> People:
    """The pools of a country, which do not depend on what other countries a shop has."""
    from faker import Faker  # here, because only a cold pool needs it

    fake = Faker(defaults.LOCALES[country], use_weighting=False)
    fake.seed_instance(stream_key(seed, f"people.{country}"))
    local = _LOCAL[country]
    women = _several(fake.first_name_female, FIRST_NAMES, local.first_names)
    men = _several(fake.first_name_male, FIRST_NAMES, local.first_names)
    women_of = _several(fake.last_name_female, LAST_NAMES, local.last_names)
    men_of = _several(fake.last_name_male, LAST_NAMES, local.last_names)
    return People(
        persons=pl.concat([_full_names(women, women_of), _full_names(men, men_of)]),
        companies=_companies(seed, country, local.companies, men_of),
        cities=_several(fake.city, 0 if country in _ONLY_OWN_CITIES else CITIES, local.cities),
    )


def _several(draw: Callable[[], str], draws: int, always: tuple[str, ...]) -> list[str]:
    """What came out of so many draws, each once, after what is always there."""
    return list(dict.fromkeys([*always, *(draw() for _ in range(draws))]))


def _full_names(first: list[str], last: list[str]) -> pl.DataFrame:
    firsts = pl.DataFrame({"first": first, "first_local": [_plain(name, 1) for name in first]})
    lasts = pl.DataFrame({"last": last, "last_local": [_plain(name, _LAST_WIDTH) for name in last]})
    return firsts.join(lasts, how="cross", maintain_order="left_right").select(
        name=pl.concat_str("first", pl.lit(" "), "last"),
        local=pl.concat_str("first_local", pl.lit("."), "last_local", pl.lit(".")),
    )


def _companies(seed: int, country: str, forms: tuple[str, ...], names: list[str]) -> pl.DataFrame:
    said = []
    for number in range(COMPANIES):
        word = bits_of(number, seed, f"company.{country}")
        a, b = names[(word >> 32) % len(names)], names[(word & 0xFFFFFFFF) % len(names)]
        said.append(forms[number % len(forms)].format(a=a, b=b))
    once = list(dict.fromkeys(said))
    return pl.DataFrame({"name": once, "local": [_plain(name, LOCAL_WIDTH - 1) + "." for name in once]})


def _plain(text: str, width: int) -> str:
    """At most so many small ASCII letters and hyphens: `Käthe & Söhne` becomes `kathe-sohne`."""
    letters = unicodedata.normalize("NFKD", text.translate(_TO_ASCII)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", letters.replace("'", "").lower()).strip("-")[:width].rstrip("-")
