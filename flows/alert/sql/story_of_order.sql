-- Everything that is recorded about an order's alerts, in the order in which it came about.
with

told as (

    -- A warning and a good end are told without being events of a life.
    select
        digest_alerts.rule_id,
        digest_alerts.section,
        digests.as_of,
        digests.reserved_at,
        digests.state,
        digests.digest_id
    from ops.digest_alerts as digest_alerts
    inner join ops.digests as digests
        on digest_alerts.digest_id = digests.digest_id
    where
        digest_alerts.order_id = %(order)s
        and digest_alerts.section in ('at_risk', 'resolved')

),

story as (

    select
        rule_id,
        as_of,
        recorded_at,
        case
            when event in ('opened', 'reopened', 'resolved') then 0
            when event = 'escalated' then 1
            when event in ('notified', 'reminded') then 2
            else 3
        end as place,
        event,
        digest_id,
        actor,
        coalesce(reason, audience) as detail,
        snoozed_until,
        note
    from ops.alert_events
    where order_id = %(order)s
    union all
    select
        rule_id,
        as_of,
        reserved_at as recorded_at,
        2 as place,
        case section when 'at_risk' then 'warned' else 'told resolved' end as event,
        digest_id,
        cast(null as varchar) as actor,
        case when state != 'sent' then 'not sent yet' end as detail,
        cast(null as date) as snoozed_until,
        cast(null as varchar) as note
    from told

)

select
    rule_id,
    as_of,
    event,
    digest_id,
    actor,
    detail,
    snoozed_until,
    note
from story
order by
    as_of,
    recorded_at,
    place,
    rule_id,
    digest_id
