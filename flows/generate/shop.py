"""What is simulated: how much a shop sells, to whom, how it ships, and what goes wrong.

Every field has a default, so `Shop()` is a whole shop; `Shop.from_toml` reads the fields that a
file names and leaves the rest. All shares are weights: they need not add up to one.
"""

import math
from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, Strict, ValidationError, model_validator

from flows.errors import InputError
from flows.generate import defaults
from flows.generate.parts import (
    Carrier,
    Category,
    Demand,
    Dirt,
    Incidents,
    Part,
    Rate,
    Region,
    Tier,
    written_as_a_day,
)
from flows.toml_file import complaints, read_toml

_EXAMPLE = "data/sample/shop.toml"
_UNKNOWN = f"unknown field; {_EXAMPLE} lists them"


class Shop(Part):
    """What is simulated; immutable and hashable.

    `orders_per_day` is the mean of a year around `demand.anchor`, `customers` the number of
    accounts on that day (default: 30 for each of these orders). Rates are shares of all orders.
    No day before `opened` can be simulated.

    Raises:
        InputError: a field has a value that cannot be; the message names the field.
    """

    seed: Annotated[int, Strict(), Field(ge=0, lt=2**63)] = 7
    orders_per_day: Annotated[int, Strict(), Field(ge=1, le=10_000_000)] = 1_000
    opened: Annotated[date, Field(ge=date(1975, 1, 1)), BeforeValidator(written_as_a_day)] = defaults.OPENED
    customers: Annotated[int, Strict(), Field(ge=1, le=200_000_000)] | None = None
    products: Annotated[int, Strict(), Field(ge=1, le=50_000)] = 400
    cancelled_rate: Rate = 0.025
    returned_rate: Rate = 0.03
    failed_attempt_rate: Rate = 0.04
    demand: Demand = Demand()
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=8)] = tuple(
        Tier.model_validate(tier) for tier in defaults.TIERS
    )
    carriers: Annotated[tuple[Carrier, ...], Field(min_length=1, max_length=12)] = tuple(
        Carrier.model_validate(carrier) for carrier in defaults.CARRIERS
    )
    regions: Annotated[tuple[Region, ...], Field(min_length=1, max_length=40)] = tuple(
        Region.model_validate(region) for region in defaults.REGIONS
    )
    categories: Annotated[tuple[Category, ...], Field(min_length=1, max_length=40)] = tuple(
        Category.model_validate(category) for category in defaults.CATEGORIES
    )
    incidents: Incidents = Incidents()
    dirt: Dirt = Dirt()

    def __init__(self, /, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise InputError(f"this shop cannot be: {'; '.join(complaints(error, _UNKNOWN))}") from None

    def __hash__(self) -> int:
        # asked for on every look into a cache, so that a few fields must do
        return hash((self.seed, self.orders_per_day, self.opened, self.products, self.customers))

    @classmethod
    def from_toml(cls, path: Path, /, **fields: Any) -> "Shop":
        """The shop described in a TOML file; `fields` override it.

        Raises:
            InputError: the file cannot be read, or names what cannot be.
        """
        described = read_toml(path, _EXAMPLE)
        try:
            return cls(**{**described, **fields})
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        for what in ("tiers", "carriers", "regions", "categories"):
            parts: Sequence[Any] = getattr(self, what)
            names = [part.name for part in parts]
            if len(set(names)) < len(names):
                raise ValueError(f"{what}: a name stands twice: {', '.join(names)}")
            if not sum(part.share for part in parts) > 0:
                raise ValueError(f"{what}: all shares are zero")
        ended = self.cancelled_rate + self.incidents.stuck_rate + self.incidents.lost_rate
        if ended > 1 + 1e-9:
            raise ValueError(
                f"cancelled_rate, incidents.stuck_rate and incidents.lost_rate add up to {ended:g}; "
                "no more than all orders can be cancelled, stuck or lost"
            )
        return self

    @model_validator(mode="after")
    def _can_be_simulated(self) -> Self:
        """Durations in days that all have to be looked at, and combinations that have to be kept."""
        ways = 0
        for tier in self.tiers:
            for carrier in self.carriers:
                handover = _longest_days(tier.handover_hours * carrier.pickup, tier.handover_sigma)
                for region in self.regions:
                    hours = tier.transit_hours * carrier.transit * region.distance
                    transit = _longest_days(hours, tier.transit_sigma)
                    ways += handover * transit * 4
                    if handover + transit > defaults.LONGEST_LIFE_DAYS:
                        raise ValueError(
                            f"tiers: {tier.name} with {carrier.name} to {region.name} may take "
                            f"{handover + transit} days; at most {defaults.LONGEST_LIFE_DAYS} are possible, "
                            "so lower the hours or the sigma"
                        )
        if ways > defaults.MOST_WAYS:
            raise ValueError(
                f"tiers, carriers, regions and durations make {ways:,} different ways an order can go; "
                f"at most {defaults.MOST_WAYS:,} are possible, so name fewer of them or lower the sigmas"
            )
        return self

    @model_validator(mode="after")
    def _incidents_name_what_exists(self) -> Self:
        known = {
            "carrier": {carrier.name for carrier in self.carriers},
            "country": {region.country for region in self.regions},
            "region": {region.name for region in self.regions},
            "tier": {tier.name for tier in self.tiers},
        }
        for number, incident in enumerate(self.incidents.listed):
            for what, names in known.items():
                named = getattr(incident, what)
                if named is not None and named not in names:
                    known_names = ", ".join(sorted(names))
                    raise ValueError(
                        f"incidents.listed[{number}]: unknown {what} {named!r}; known: {known_names}"
                    )
        return self

    @model_validator(mode="after")
    def _incidents_have_a_place(self) -> Self:
        countries = {region.name: region.country for region in self.regions}
        for number, incident in enumerate(self.incidents.listed):
            if incident.region and incident.country and countries[incident.region] != incident.country:
                raise ValueError(
                    f"incidents.listed[{number}]: {incident.region} is in {countries[incident.region]}, "
                    f"not in {incident.country}; name one of the two"
                )
        return self

    @property
    def accounts(self) -> int:
        """Customers registered by `demand.anchor`."""
        return self.customers or max(200, 30 * self.orders_per_day)

    @property
    def origin(self) -> str:
        """How the manifest names where the rows came from: orders of two shops do not go together."""
        plain = type(self)(seed=self.seed, orders_per_day=self.orders_per_day)
        said = f"simulated, seed {self.seed}, {self.orders_per_day} orders a day"
        if self == plain:
            return said
        return f"{said}, shop {sha256(self.model_dump_json().encode()).hexdigest()[:12]}"


def described_shop(path: Path | None, orders_per_day: int | None, seed: int | None) -> Shop:
    """The shop of a file, or the default one; a size or seed given beside it comes first.

    Raises:
        InputError: the file, or what it says, cannot be used.
    """
    given = {"orders_per_day": orders_per_day, "seed": seed}
    fields = {name: value for name, value in given.items() if value is not None}
    return Shop.from_toml(path, **fields) if path else Shop(**fields)


def _longest_days(median_hours: float, sigma: float) -> int:
    """Days that all but one in ten thousand stay below."""
    return math.ceil(median_hours / 24 * math.exp(3.72 * sigma)) + 1
