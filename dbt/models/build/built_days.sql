-- The last model of a build, made only when every other one and all their tests went well: what it holds is what
-- the next build compares the landing zone with.
{% for model in [
    'dim_customers',
    'dim_products',
    'delayed_orders',
    'delivery_kpis',
    'carrier_scorecard',
    'data_health',
    'sla_alerts',
    'breach_history',
] -%}
-- depends_on: {{ ref(model) }}
{% endfor %}
{{ require_whole_build() }}

with

build as (

    select * from {{ ref('current_build') }}

),

loaded_days as (

    select * from {{ ref('loaded_days') }}

),

final as (

    select
        loaded_days.entity,
        loaded_days.batch_day,
        loaded_days.batch_id,
        loaded_days.row_count,
        build.build_number,
        build.as_of,
        build.delivery_terms
    from loaded_days
    cross join build

)

select * from final
