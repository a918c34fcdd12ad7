"""The shop that is simulated when nothing else is asked for: a mid-sized retailer in northern Europe."""

from datetime import date

OPENED = date(2010, 1, 1)

# country → Faker's locale for its people
LOCALES = {
    "FI": "fi_FI",
    "SE": "sv_SE",
    "DE": "de_DE",
    "FR": "fr_FR",
    "GB": "en_GB",
    "PL": "pl_PL",
    "IT": "it_IT",
}

LONGEST_INCIDENT_DAYS = 90
LONGEST_LIFE_DAYS = 250
MOST_WAYS = 1_000_000

# Monday first: parcels are ordered early in the week, Saturday is for the shops in town.
WEEKDAYS = (1.16, 1.10, 1.04, 1.00, 0.92, 0.78, 1.00)
# Orders per hour of the day, relative: a quiet night, a lunch bump, an evening peak.
HOURS = (2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 13, 14, 15, 13, 12, 12, 13, 15, 18, 21, 22, 18, 11, 5)
# Quiet after the holidays and in July; the sales of late November; gifts until a week before Christmas.
SEASON = (
    ("01-01", 0.70),
    ("01-08", 0.88),
    ("03-15", 0.95),
    ("05-15", 1.00),
    ("07-15", 0.82),
    ("08-25", 0.98),
    ("10-15", 1.02),
    ("11-18", 1.15),
    ("11-25", 1.75),
    ("11-30", 1.90),
    ("12-03", 1.35),
    ("12-15", 1.65),
    ("12-20", 1.30),
    ("12-24", 0.60),
    ("12-31", 0.65),
)

TIERS = (
    {
        "name": "standard",
        "share": 0.70,
        "promised_days": 6,
        "handover_hours": 17,
        "transit_hours": 58,
        "transit_sigma": 0.40,
    },
    {
        "name": "express",
        "share": 0.15,
        "promised_days": 3,
        "handover_hours": 9,
        "transit_hours": 24,
        "transit_sigma": 0.33,
    },
    {
        "name": "economy",
        "share": 0.15,
        "promised_days": 9,
        "handover_hours": 24,
        "transit_hours": 78,
        "transit_sigma": 0.38,
    },
)

CARRIERS = (
    {"name": "NordPost", "share": 0.45},
    {"name": "Baltic Express", "share": 0.28, "transit": 0.88, "pickup": 0.9},
    {"name": "Kurier 24", "share": 0.17, "transit": 0.94},
    {"name": "Maison Colis", "share": 0.10, "transit": 1.18, "pickup": 1.15},
)

REGIONS = (
    {"name": "FI-South", "country": "FI", "share": 0.16, "distance": 0.85},
    {"name": "FI-North", "country": "FI", "share": 0.04, "distance": 1.20},
    {"name": "SE-South", "country": "SE", "share": 0.13, "distance": 0.95},
    {"name": "SE-North", "country": "SE", "share": 0.03, "distance": 1.20},
    {"name": "DE-North", "country": "DE", "share": 0.15, "distance": 0.95},
    {"name": "DE-South", "country": "DE", "share": 0.13, "distance": 1.00},
    {"name": "FR-North", "country": "FR", "share": 0.11, "distance": 1.05},
    {"name": "FR-South", "country": "FR", "share": 0.07, "distance": 1.12},
    {"name": "GB-Mainland", "country": "GB", "share": 0.09, "distance": 1.12},
    {"name": "GB-Islands", "country": "GB", "share": 0.01, "distance": 1.35},
    {"name": "PL-Central", "country": "PL", "share": 0.08, "distance": 1.00},
)

CATEGORIES = (
    {
        "name": "kitchen",
        "share": 0.26,
        "price_cents": (790, 14_900),
        "weight_grams": (200, 4_000),
        "things": ("Kettle", "Frying Pan", "Bread Knife", "Cutting Board", "Teapot", "Crème Brûlée Set"),
    },
    {
        "name": "outdoor",
        "share": 0.16,
        "price_cents": (1_490, 34_900),
        "weight_grams": (300, 9_000),
        "things": (
            "Rucksack",
            "Two-Person Tent",
            "Head Torch",
            "Camping Stove",
            "Hammock",
            "Fisherman's Knife",
        ),
    },
    {
        "name": "office",
        "share": 0.20,
        "price_cents": (290, 24_900),
        "weight_grams": (50, 6_000),
        "things": ("Desk Lamp", "Notebook, A5", "Keyboard Stand", "File Box", "Chair Mat", "Fountain Pen"),
    },
    {
        "name": "toys",
        "share": 0.22,
        "price_cents": (490, 7_900),
        "weight_grams": (100, 2_000),
        "things": (
            "Puzzle, 1,000 Pieces",
            "Wooden Train",
            "Kite",
            "Board Game",
            "Building Set",
            "Doll's House",
        ),
    },
    {
        "name": "textiles",
        "share": 0.16,
        "price_cents": (990, 12_900),
        "weight_grams": (150, 2_500),
        "things": ("Wool Blanket", "Linen Sheet", "Towel Set", "Cushion", "Scarf", "Men's Dressing Gown"),
    },
)
