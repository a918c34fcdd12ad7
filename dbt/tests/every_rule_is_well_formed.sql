-- What is wrong with a row of seeds/sla_rules.csv, in words: it would judge nothing, or something else than it says.
with

written as (

    select
        rules.*,
        coalesce(nullif(trim(rules.rule_id), ''), '(without rule_id)') as id,
        lower(trim(rules.clock_start)) as starts,
        lower(trim(rules.clock_stop)) as stops
    from {{ ref('sla_rules') }} as rules
    where {{ says_something(rule_columns()) }}

),

rules as (

    select
        *,
        row_number() over (
            order by rule_id, valid_from, valid_to, shipping_tier, country, carrier, segment, threshold, unit
        ) as line
    from {{ ref('stg_sla_rules') }}

),

delivery_rule as (

    select count(*) as row_count
    from rules
    where rule_id = '{{ var("delivery_rule") }}'

),

problems as (

    select
        id as rule_id,
        'rule_id is empty' as problem
    from written
    where coalesce(trim(rule_id), '') = ''
    {% for column, cleaned, accepted in [
        ('clock_start', 'starts', ['ordered', 'shipped', 'promised']),
        ('clock_stop', 'stops', ['shipped', 'delivered']),
        ('unit', 'lower(trim(unit))', ['hour', 'day']),
        ('severity', 'lower(trim(severity))', ['info', 'warning', 'critical']),
    ] %}
    union all
    select
        id as rule_id,
        concat(
            '{{ column }} is "', coalesce({{ column }}, ''), '", not one of ',
            '{{ accepted | join(", ") }}'
        ) as problem
    from written
    where
        coalesce({{ cleaned }}, '')
        not in ('{{ accepted | join("', '") }}')
    {% endfor %}
    {% for column, when_empty in [('threshold', 'false'), ('at_risk_before', 'true')] %}
    union all
    select
        id as rule_id,
        concat('{{ column }} is "', coalesce({{ column }}, ''), '", not a whole number from 0 to 99999') as problem
    from written
    where not coalesce(regexp_like(nullif(trim({{ column }}), ''), '^[0-9]{1,5}$'), {{ when_empty }})
    {% endfor %}
    {% for column in ['valid_from', 'valid_to'] %}
    union all
    select
        id as rule_id,
        concat('{{ column }} is "', {{ column }}, '", not a day written YYYY-MM-DD') as problem
    from written
    where
        coalesce(trim({{ column }}), '') != ''
        and (
            not regexp_like(trim({{ column }}), '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
            or try_to_date(trim({{ column }}), 'YYYY-MM-DD') is null
        )
    {% endfor %}
    union all
    select
        id as rule_id,
        'owner is empty: nobody would be told' as problem
    from written
    where coalesce(trim(owner), '') = ''
    union all
    select
        id as rule_id,
        'applies to nothing: its clock stops where it starts' as problem
    from written
    where starts = stops
    union all
    select
        rule_id,
        concat(
            'applies to nothing: valid_from ', to_char(valid_from, 'YYYY-MM-DD'), ' is after valid_to ',
            to_char(valid_to, 'YYYY-MM-DD')
        ) as problem
    from rules
    where valid_from > valid_to
    union all
    select
        earlier.rule_id,
        concat(
            'overlaps itself: two of its rows apply to the same orders from ',
            to_char(greatest(earlier.valid_from, later.valid_from), 'YYYY-MM-DD'), ' to ',
            to_char(least(earlier.valid_to, later.valid_to), 'YYYY-MM-DD')
        ) as problem
    from rules as earlier
    inner join rules as later
        on
            earlier.rule_id = later.rule_id
            and earlier.line < later.line
            and earlier.valid_from <= later.valid_to
            and earlier.valid_to >= later.valid_from
            and coalesce(earlier.shipping_tier = later.shipping_tier, true)
            and coalesce(earlier.country = later.country, true)
            and coalesce(earlier.carrier = later.carrier, true)
            and coalesce(earlier.segment = later.segment, true)
    union all
    select
        '{{ var("delivery_rule") }}' as rule_id,
        'is missing: delayed_orders and delivery_kpis judge by it (the var delivery_rule)' as problem
    from delivery_rule
    where row_count = 0
    union all
    select distinct
        rule_id,
        'runs otherwise than from ordered to delivered: delayed_orders and delivery_kpis judge by it' as problem
    from rules
    where
        rule_id = '{{ var("delivery_rule") }}'
        and (clock_start != 'ordered' or clock_stop != 'delivered')

)

select * from problems
