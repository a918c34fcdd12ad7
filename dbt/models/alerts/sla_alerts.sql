{{ config(materialized='view') }}

with

build as (

    select as_of from {{ ref('current_build') }}

),

breaches as (

    select * from {{ ref('sla_breaches') }}

),

at_risk as (

    select * from {{ ref('sla_at_risk') }}

),

alert_states as (

    select * from {{ ref('alert_states') }}

),

rules as (

    select
        rule_id,
        max(description) as rule_description,
        max(severity) as severity,
        max(owner) as owner,
        count(case when clock_stop = 'shipped' then 1 end) = count(*) as waits_for_shipment
    from {{ ref('stg_sla_rules') }}
    group by rule_id

),

policies as (

    select
        policies.*,
        {{ is_quiet('policies.quiet_days', 'build.as_of') }} as is_quiet
    from {{ ref('stg_alert_policies') }} as policies
    cross join build

),

told as (

    -- When digests of earlier days said last to each audience that an alert is open, and that it is not any more.
    select
        digest_alerts.order_id,
        digest_alerts.rule_id,
        max(case when digest_alerts.section != 'resolved' then digests.as_of end) as told_open_on,
        max(case when digest_alerts.section = 'resolved' then digests.as_of end) as told_resolved_on
    from {{ source('ops', 'digest_alerts') }} as digest_alerts
    inner join {{ source('ops', 'digests') }} as digests
        on digest_alerts.digest_id = digests.digest_id
    cross join build
    where
        digests.as_of < build.as_of
        and digest_alerts.section != 'at_risk'
    group by
        digest_alerts.order_id,
        digest_alerts.rule_id,
        digests.audience

),

untold as (

    -- Somebody believes that they are open.
    select distinct
        order_id,
        rule_id
    from told
    where coalesce(told_open_on >= told_resolved_on, told_open_on is not null)

),

broken as (

    -- Of one that was resolved before, nothing counts any more.
    select
        breaches.*,
        {% for column in [
            'opened_on',
            'acknowledged_by',
            'snoozed_until',
            'escalated_on',
            'escalated_to',
            'last_told_on',
        ] %}
        case when alert_states.is_open then alert_states.{{ column }} end as {{ column }},
        {% endfor %}
        coalesce(case when alert_states.is_open then alert_states.state end, 'new') as alert_state,
        coalesce(not alert_states.is_open, false) as is_again
    from breaches
    left join alert_states
        on
            breaches.order_id = alert_states.order_id
            and breaches.rule_id = alert_states.rule_id

),

ended as (

    -- Known to the ledger and not broken any more. Those that were resolved on an earlier day are listed as long as
    -- somebody has not been told.
    select
        alert_states.*,
        case when alert_states.is_open then 'to_resolve' else 'resolved' end as alert_state
    from alert_states
    left join breaches
        on
            alert_states.order_id = breaches.order_id
            and alert_states.rule_id = breaches.rule_id
    left join untold
        on
            alert_states.order_id = untold.order_id
            and alert_states.rule_id = untold.rule_id
    where
        breaches.order_id is null
        and (
            alert_states.is_open
            or alert_states.resolved_on = alert_states.as_of
            or untold.order_id is not null
        )

),

listed as (

    select
        alert_state,
        rule_id,
        severity,
        owner,
        order_id,
        customer_id,
        customer_name,
        product_id,
        product_name,
        carrier,
        country,
        shipping_tier,
        order_date,
        status,
        opened_on,
        is_again,
        acknowledged_by,
        snoozed_until,
        escalated_on,
        escalated_to,
        last_told_on,
        cast(null as date) as resolved_on,
        cast(null as varchar) as resolution,
        breached_on as breaks_on,
        days_elapsed,
        days_over,
        cast(null as number(9, 0)) as days_left,
        amount_at_stake,
        as_of
    from broken
    union all
    select
        'at_risk' as alert_state,
        at_risk.rule_id,
        at_risk.severity,
        at_risk.owner,
        at_risk.order_id,
        at_risk.customer_id,
        at_risk.customer_name,
        at_risk.product_id,
        at_risk.product_name,
        at_risk.carrier,
        at_risk.country,
        at_risk.shipping_tier,
        at_risk.order_date,
        at_risk.status,
        cast(null as date) as opened_on,
        false as is_again,
        cast(null as varchar) as acknowledged_by,
        cast(null as date) as snoozed_until,
        cast(null as date) as escalated_on,
        cast(null as varchar) as escalated_to,
        cast(null as date) as last_told_on,
        cast(null as date) as resolved_on,
        cast(null as varchar) as resolution,
        at_risk.breaks_on,
        at_risk.days_elapsed,
        cast(null as number(9, 0)) as days_over,
        at_risk.days_left,
        at_risk.amount_at_stake,
        at_risk.as_of
    from at_risk
    left join ended
        on
            at_risk.order_id = ended.order_id
            and at_risk.rule_id = ended.rule_id
    where ended.order_id is null
    union all
    select
        ended.alert_state,
        ended.rule_id,
        rules.severity,
        rules.owner,
        ended.order_id,
        orders.customer_id,
        customers.customer_name,
        orders.product_id,
        products.product_name,
        orders.carrier,
        orders.country,
        orders.shipping_tier,
        orders.ordered_at as order_date,
        orders.status,
        ended.opened_on,
        false as is_again,
        ended.acknowledged_by,
        ended.snoozed_until,
        ended.escalated_on,
        ended.escalated_to,
        ended.last_told_on,
        ended.resolved_on,
        case
            when not ended.is_open then ended.resolution
            when orders.order_id is null then 'order gone'
            when orders.is_delivered or orders.status = 'delivered' then 'delivered'
            when orders.status in ('cancelled', 'returned') then orders.status
            when rules.rule_id is null then 'rule withdrawn'
            when rules.waits_for_shipment and (orders.shipped_at is not null or orders.status != 'pending')
                then 'shipped'
            else 'no longer broken'
        end as resolution,
        cast(null as date) as breaks_on,
        cast(null as number(9, 0)) as days_elapsed,
        cast(null as number(9, 0)) as days_over,
        cast(null as number(9, 0)) as days_left,
        orders.order_total as amount_at_stake,
        ended.as_of
    from ended
    left join rules
        on ended.rule_id = rules.rule_id
    left join {{ ref('fct_orders') }} as orders
        on ended.order_id = orders.order_id
    left join {{ ref('dim_customers') }} as customers
        on orders.customer_id = customers.customer_id
    left join {{ ref('dim_products') }} as products
        on orders.product_id = products.product_id

),

final as (

    select
        -- the rule
        listed.alert_state,
        listed.rule_id,
        rules.rule_description,
        listed.severity,
        listed.owner,

        -- the order
        listed.order_id,
        listed.customer_id,
        listed.customer_name,
        listed.product_id,
        listed.product_name,
        listed.carrier,
        listed.country,
        listed.shipping_tier,
        listed.order_date,
        listed.status,

        -- what the ledger knows
        listed.opened_on,
        listed.is_again,
        listed.acknowledged_by,
        listed.snoozed_until,
        listed.escalated_on,
        listed.escalated_to,
        listed.last_told_on,
        listed.resolved_on,
        listed.resolution,

        -- what the policy says
        policies.escalate_to,
        coalesce(
            listed.alert_state in ('new', 'open')
            and not policies.is_quiet
            and (
                coalesce(
                    datediff(day, coalesce(listed.opened_on, listed.as_of), listed.as_of)
                    >= policies.escalate_after_days,
                    false
                )
                or {{ weight_of('listed.severity') }} >= {{ weight_of('policies.escalate_at_severity') }}
            ),
            false
        ) as is_to_escalate,
        policies.remind_every_days,
        coalesce(policies.is_quiet, false) as is_quiet,

        -- the breach
        listed.breaks_on,
        listed.days_elapsed,
        listed.days_over,
        listed.days_left,
        listed.amount_at_stake,
        listed.as_of
    from listed
    left join rules
        on listed.rule_id = rules.rule_id
    left join policies
        on coalesce(rules.rule_id, '*') = policies.rule_id
    where
        listed.alert_state != 'at_risk'
        or coalesce(policies.warn_at_risk, true)

)

select * from final
