-- The orders that are on their way: what a group of breaches is compared with.
select
    carrier,
    country,
    shipping_tier,
    count(*) as orders
from {marts}.fct_orders
where is_open
group by
    carrier,
    country,
    shipping_tier
