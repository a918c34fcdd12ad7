{%- set built_days, last_attempt = standing('built_days'), standing('current_build') -%}
{%- set has_to = 'true' if is_full_refresh() or not everything_stands() else 'false' -%}

with

clock as (

    select {{ as_of() }} as as_of

),

delivery_rule as (

    -- fct_orders and delivery_kpis keep the verdicts of this rule.
    select
        listagg(
            concat_ws(
                '|',
                cast(threshold as varchar),
                unit,
                coalesce(shipping_tier, ''),
                coalesce(country, ''),
                coalesce(carrier, ''),
                coalesce(segment, ''),
                to_char(valid_from, 'YYYY-MM-DD'),
                to_char(valid_to, 'YYYY-MM-DD')
            ),
            '; '
        ) within group (
            order by valid_from, valid_to, shipping_tier, country, carrier, segment
        ) as terms
    from {{ ref('stg_sla_rules') }}
    where rule_id = '{{ var("delivery_rule") }}'

),

last_completed as (

    {% if built_days %}
    select
        max(build_number) as build_number,
        max(as_of) as as_of,
        max(delivery_terms) as delivery_terms
    from {{ built_days }}
    {% else %}
    select
        cast(null as number(18, 0)) as build_number,
        cast(null as date) as as_of,
        cast(null as varchar) as delivery_terms
    {% endif %}

),

last_attempt as (

    -- One that was not completed may have left tables of a later day, or half of them made as a whole.
    {% if last_attempt %}
    select
        build_number,
        as_of,
        rebuilds_everything
    from {{ last_attempt }}
    {% else %}
    select
        cast(null as number(18, 0)) as build_number,
        cast(null as date) as as_of,
        cast(null as boolean) as rebuilds_everything
    {% endif %}

),

final as (

    select
        cast(coalesce(last_completed.build_number, 0) + 1 as number(18, 0)) as build_number,
        clock.as_of,
        last_completed.as_of as since,
        coalesce(delivery_rule.terms, '') as delivery_terms,
        {{ has_to }}
        or coalesce(
            last_completed.as_of > clock.as_of
            or last_completed.delivery_terms != coalesce(delivery_rule.terms, ''),
            true
        )
        or coalesce(
            last_attempt.build_number > last_completed.build_number
            and (last_attempt.as_of > clock.as_of or last_attempt.rebuilds_everything),
            false
        ) as rebuilds_everything
    from clock
    cross join delivery_rule
    cross join last_completed
    left join last_attempt
        on true

)

select * from final
