-- A rule that names a tier, country, carrier or segment which no order has applies to nothing: most often a slip of the
-- pen. What the shop does not record at all is not held against a rule.
{%- set columns = ['shipping_tier', 'country', 'carrier', 'segment'] %}
{%- set tiers_to_come = "('" ~ var('known_tiers') | join("', '") ~ "')" %}

with

rules as (

    select * from {{ ref('stg_sla_rules') }}

),

questions as (

    -- Without any, nobody needs to go through all orders.
    select count(*) as rules
    from rules
    where
        coalesce(country, carrier, segment) is not null
        or coalesce(shipping_tier, '') not in ('', '{{ var('known_tiers') | join("', '") }}')
    having count(*) > 0

),

slices as (

    select distinct
        orders.shipping_tier,
        orders.country,
        orders.carrier,
        orders.segment,
        true as is_one
    from {{ ref('fct_orders') }} as orders
    cross join questions

),

known as (

    {% for column in columns %}
    select distinct
        '{{ column }}' as column_name,
        {{ column }} as known_value
    from slices
    where {{ column }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

named as (

    {% for column in columns %}
    select distinct
        rule_id,
        '{{ column }}' as column_name,
        {{ column }} as named_value
    from rules
    where
        {{ column }} is not null
        {{ 'and ' ~ column ~ ' not in ' ~ tiers_to_come if column == 'shipping_tier' }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

unknown_values as (

    select
        named.rule_id,
        concat(
            'names the unknown ', replace(named.column_name, 'shipping_tier', 'tier'), ' "', named.named_value,
            '"; this shop has ',
            listagg(known.known_value, ', ') within group (
                order by known.known_value
            )
        ) as problem
    from named
    inner join known
        on named.column_name = known.column_name
    group by
        named.rule_id,
        named.column_name,
        named.named_value
    having count(case when named.named_value = known.known_value then 1 end) = 0

),

recorded as (

    select
        count(shipping_tier) as tiers,
        count(country) as countries,
        count(carrier) as carriers,
        count(segment) as segments
    from slices

),

never_together as (

    -- Known one by one.
    select distinct
        rules.rule_id,
        'applies to nothing: no order has its tier, country, carrier and segment together' as problem
    from rules
    cross join recorded
    left join slices
        on
            coalesce(rules.shipping_tier = slices.shipping_tier, rules.shipping_tier is null or recorded.tiers = 0)
            and coalesce(rules.country = slices.country, rules.country is null or recorded.countries = 0)
            and coalesce(rules.carrier = slices.carrier, rules.carrier is null or recorded.carriers = 0)
            and coalesce(rules.segment = slices.segment, rules.segment is null or recorded.segments = 0)
    where
        slices.is_one is null
        and coalesce(rules.shipping_tier, '') not in {{ tiers_to_come }}
        and recorded.tiers + recorded.countries + recorded.carriers + recorded.segments > 0
        and rules.rule_id not in (select unknown_values.rule_id from unknown_values)

)

select * from unknown_values
union all
select * from never_together
