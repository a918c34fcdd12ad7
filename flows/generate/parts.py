"""The parts that a simulated shop is described with."""

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, field_validator, model_validator

from flows.generate import defaults


def written_as_a_day(value: object) -> object:
    """The value; refuses a number, which Pydantic would take for seconds since 1970."""
    if isinstance(value, int | float):
        raise ValueError("a day is written as 2026-11-21")
    return value


Day = Annotated[date, BeforeValidator(written_as_a_day)]
Rate = Annotated[float, Strict(), Field(ge=0, le=1)]
Weight = Annotated[float, Strict(), Field(ge=0, le=1_000_000)]
Factor = Annotated[float, Strict(), Field(ge=0.05, le=20)]
Hours = Annotated[float, Strict(), Field(ge=0.1, le=480)]
Bounds = tuple[Annotated[int, Strict(), Field(ge=1)], Annotated[int, Strict(), Field(le=900_000_000)]]
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^\S(.*\S)?$")]

INCIDENT_KINDS = ("outage", "backlog", "strike", "lost", "stuck")


class Part(BaseModel):
    """Immutable, and strict about what it is given."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)


class Tier(Part):
    """One way to ship.

    Hand-over (order to carrier) and transit (carrier to door) are log-normal, rounded to whole
    days: `handover_hours` and `transit_hours` are medians, the sigmas the standard deviation of
    the logarithm. `promised_days` after the order is the promise made to the customer.
    """

    name: Name
    share: Weight
    promised_days: Annotated[int, Strict(), Field(ge=0, le=60)]
    handover_hours: Hours
    transit_hours: Hours
    handover_sigma: Annotated[float, Strict(), Field(ge=0, le=1)] = 0.55
    transit_sigma: Annotated[float, Strict(), Field(ge=0, le=1)] = 0.4


class Carrier(Part):
    """Who carries: `transit` and `pickup` multiply the tier's medians."""

    name: Name
    share: Weight
    transit: Factor = 1.0
    pickup: Factor = 1.0


class Region(Part):
    """Where parcels go: `distance` multiplies the median transit."""

    name: Name
    country: str
    share: Weight
    distance: Factor = 1.0

    @field_validator("country")
    @classmethod
    def _has_people(cls, country: str) -> str:
        if country not in defaults.LOCALES:
            raise ValueError(f"no people are known for {country!r}; known: {', '.join(defaults.LOCALES)}")
        return country


class Category(Part):
    """A shelf of products: prices in cents and weights in grams lie between the two bounds given."""

    name: Name
    share: Weight
    price_cents: Bounds
    weight_grams: Bounds
    things: Annotated[tuple[Name, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        for what, (low, high) in (("price_cents", self.price_cents), ("weight_grams", self.weight_grams)):
            if low > high:
                raise ValueError(f"{what} runs from {low} down to {high}; the lower bound comes first")
        return self


class Demand(Part):
    """When orders come in.

    `orders_per_day` of the shop is the mean of a year around `anchor`; `growth_per_year` compounds
    from there (for ten years in both directions, flat beyond). `weekdays` starts on Monday, `hours`
    at midnight UTC. `season` gives factors for days of the year (MM-DD), joined by straight lines.
    `noise` is the relative standard deviation of a day around all that.
    """

    growth_per_year: Annotated[float, Strict(), Field(ge=-0.5, le=2)] = 0.08
    anchor: Day = date(2026, 1, 1)
    noise: Annotated[float, Strict(), Field(ge=0, le=0.3)] = 0.04
    weekdays: Annotated[tuple[Weight, ...], Field(min_length=7, max_length=7)] = defaults.WEEKDAYS
    hours: Annotated[tuple[Weight, ...], Field(min_length=24, max_length=24)] = defaults.HOURS
    season: tuple[tuple[str, Factor], ...] = defaults.SEASON

    @field_validator("season", mode="before")
    @classmethod
    def _from_table(cls, season: object) -> object:
        return tuple(season.items()) if isinstance(season, dict) else season

    @field_validator("season")
    @classmethod
    def _days_of_a_year(cls, season: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
        for day, _ in season:
            try:
                if not re.fullmatch(r"\d\d-\d\d", day):
                    raise ValueError
                date.fromisoformat(f"2025-{day}")
            except ValueError:
                raise ValueError(f"{day!r} is not a day of the year (MM-DD, and not 29 February)") from None
        if not season:
            raise ValueError('name at least one day, for example "01-01" = 1.0')
        return tuple(sorted(season))

    @field_validator("weekdays", "hours")
    @classmethod
    def _some_demand(cls, weights: tuple[float, ...]) -> tuple[float, ...]:
        if not sum(weights) > 0:
            raise ValueError("all weights are zero: no order would ever come")
        return weights


class Incident(Part):
    """Something that went wrong from one day to another (both included), within a scope.

    Kinds: `outage` (a carrier attempts no delivery), `backlog` (the warehouse hands nothing over),
    `strike` (neither), `lost` (parcels handed over in the time never arrive), `stuck` (orders
    placed in the time are never handed over). A field of the scope that is not given means any;
    `share` is the part of the scope that is hit.
    """

    kind: Literal["outage", "backlog", "strike", "lost", "stuck"]
    first: Annotated[Day, Field(alias="from")]
    last: Annotated[Day, Field(alias="to")]
    carrier: str | None = None
    country: str | None = None
    region: str | None = None
    tier: str | None = None
    share: Annotated[float, Strict(), Field(ge=0.0001, le=1)] = 1.0

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"it ends on {self.last}, before it starts on {self.first}")
        if self.days > defaults.LONGEST_INCIDENT_DAYS:
            longest = defaults.LONGEST_INCIDENT_DAYS
            raise ValueError(f"it lasts {self.days} days; at most {longest} are possible")
        return self

    @property
    def days(self) -> int:
        """Its length in days."""
        return (self.last - self.first).days + 1


class Incidents(Part):
    """What goes wrong: by rate, drawn from the seed, and by explicit list.

    `lost_rate` and `stuck_rate` are shares of all orders; the others are expected numbers a year.
    What is lost or stuck is given up, and cancelled, `given_up_days` after the hand-over or the
    order; 0 for never.
    """

    lost_rate: Rate = 0.004
    stuck_rate: Rate = 0.003
    given_up_days: Annotated[int, Strict(), Field(ge=0, le=120)] = 30
    outages_per_year: Annotated[float, Strict(), Field(ge=0, le=24)] = 5
    backlogs_per_year: Annotated[float, Strict(), Field(ge=0, le=24)] = 2
    strikes_per_year: Annotated[float, Strict(), Field(ge=0, le=24)] = 1
    listed: Annotated[tuple[Incident, ...], Field(max_length=200)] = ()


class Dirt(Part):
    """Shares of rows that are spoiled, each kind for itself; all zero by default."""

    duplicates: Rate = 0
    nulls: Rate = 0
    impossible_dates: Rate = 0
    unknown_statuses: Rate = 0
    broken_encodings: Rate = 0

    @property
    def any(self) -> bool:
        """Whether anything is spoiled at all."""
        return any(self.model_dump().values())
