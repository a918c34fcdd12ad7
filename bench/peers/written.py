"""What one run of a generator wrote, and how long that took."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Written:
    """Rows of all tables, the orders among them (each counted once), and wall-clock seconds."""

    rows: int
    orders: int
    seconds: float

    @property
    def speed(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds

    @property
    def order_speed(self) -> float:
        """Orders a second."""
        return self.orders / self.seconds

    def __str__(self) -> str:
        """Speeds and how they came about, for a figure's detail."""
        return (
            f"{self.speed:,.0f} rows/s ({self.rows:,} in {self.seconds:.1f} s, "
            f"{self.order_speed:,.0f} orders/s)"
        )
