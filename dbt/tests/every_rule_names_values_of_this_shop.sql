-- A rule that names a tier, country, carrier or segment which no order has applies to nothing: most often a slip of the
-- pen. What the shop does not record at all is not held against a rule.
{%- set tiers_to_come = "('" ~ var('known_tiers') | join("', '") ~ "')" %}

with

rules as (

    select * from {{ ref('stg_sla_rules') }}

),

slices as (

    select distinct
        shipping_tier,
        country,
        carrier,
        true as is_one
    from {{ ref('fct_orders') }}

),

known as (

    {% for column in ['shipping_tier', 'country', 'carrier'] %}
    select distinct
        '{{ column }}' as column_name,
        {{ column }} as known_value
    from slices
    where {{ column }} is not null
    union all
    {% endfor %}
    select distinct
        'segment' as column_name,
        segment as known_value
    from {{ ref('dim_customers') }}
    where segment is not null

),

named as (

    {% for column in ['shipping_tier', 'country', 'carrier', 'segment'] %}
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
        count(carrier) as carriers
    from slices

),

never_together as (

    -- Known one by one.
    select distinct
        rules.rule_id,
        'applies to nothing: no order has its tier, country and carrier together' as problem
    from rules
    cross join recorded
    left join slices
        on
            coalesce(rules.shipping_tier = slices.shipping_tier, rules.shipping_tier is null or recorded.tiers = 0)
            and coalesce(rules.country = slices.country, rules.country is null or recorded.countries = 0)
            and coalesce(rules.carrier = slices.carrier, rules.carrier is null or recorded.carriers = 0)
    where
        slices.is_one is null
        and coalesce(rules.shipping_tier, '') not in {{ tiers_to_come }}
        and recorded.tiers + recorded.countries + recorded.carriers > 0
        and rules.rule_id not in (select unknown_values.rule_id from unknown_values)

)

select * from unknown_values
union all
select * from never_together
