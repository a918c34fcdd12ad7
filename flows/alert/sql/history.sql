-- Open breaches at the end of each of the last days, by carrier.
select
    as_of,
    carrier,
    cast(sum(open_breaches) as number(18, 0)) as open_breaches
from {alerts}.breach_history
where %(is_default)s = 1 or owner = %(audience)s
group by
    as_of,
    carrier
