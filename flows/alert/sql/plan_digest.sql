-- What one audience is told as of a day: its alerts, worst first, each with the section it belongs to, if any.
-- A pure function of the mart, the ledger and what digests of earlier days, and updates of this one, have told.
-- An update also goes by the day's digest, and tells only of what was opened, escalated or resolved since.
with

lines as (

    -- What this audience was told last about each alert.
    select
        digest_alerts.order_id,
        digest_alerts.rule_id,
        digest_alerts.section,
        digests.as_of
    from ops.digest_alerts as digest_alerts
    inner join ops.digests as digests
        on digest_alerts.digest_id = digests.digest_id
    where
        digests.audience = %(audience)s
        and (
            digests.as_of < %(as_of)s
            or (digests.as_of = %(as_of)s and (%(is_update)s = 1 or digests.digest_id like '%%/update-%%'))
        )
    qualify row_number() over (
        partition by digest_alerts.order_id, digest_alerts.rule_id
        order by digests.as_of desc, digests.reserved_at desc, digests.digest_id asc
    ) = 1

),

known as (

    select
        sla_alerts.*,
        lines.section as told,
        lines.as_of as told_on,
        coalesce(lines.section in ('new', 'escalated', 'reminded'), false) as is_known_open,
        sla_alerts.is_to_escalate or coalesce(sla_alerts.escalated_on = %(as_of)s, false) as escalates,
        coalesce(sla_alerts.escalated_to, case when sla_alerts.is_to_escalate then sla_alerts.escalate_to end)
            as escalates_to,
        %(is_default)s = 1 or coalesce(sla_alerts.owner = %(audience)s, false) as is_theirs
    from {alerts}.sla_alerts as sla_alerts
    left join lines
        on
            sla_alerts.order_id = lines.order_id
            and sla_alerts.rule_id = lines.rule_id

),

planned as (

    select
        known.*,
        case
            when known.is_quiet then null
            when known.alert_state in ('to_resolve', 'resolved')
                then case when known.is_known_open then 'resolved' end
            when known.alert_state = 'at_risk'
                then case when coalesce(known.told, 'resolved') = 'resolved' then 'at_risk' end
            when known.alert_state = 'snoozed' then null
            when
                known.escalates and (known.is_known_open or not known.is_theirs)
                and not coalesce(known.told = 'escalated' and known.told_on = known.as_of, false)
                then 'escalated'
            when not known.is_known_open then 'new'
            when known.alert_state = 'acknowledged' then null
            when known.told_on = known.as_of then null
            when
                known.snoozed_until >= known.told_on
                or dateadd(day, known.remind_every_days, known.told_on) <= known.as_of
                then 'reminded'
        end as planned_section
    from known
    where
        known.is_theirs
        or coalesce(known.escalates_to = %(audience)s, false)
        or (known.alert_state in ('to_resolve', 'resolved') and known.is_known_open)

),

sections as (

    select
        planned.*,
        case
            when %(is_update)s = 0 or planned.planned_section in ('new', 'escalated', 'resolved')
                then planned.planned_section
        end as section
    from planned

),

final as (

    select
        section,
        case
            when alert_state in ('to_resolve', 'resolved') then 'resolved'
            when section = 'new' then 'new'
            when escalates and alert_state in ('new', 'open') then 'escalated'
            when alert_state = 'new' then 'open'
            else alert_state
        end as state,
        rule_id,
        rule_description,
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
        breaks_on,
        coalesce(opened_on, case when alert_state = 'new' then as_of end) as opened_on,
        days_elapsed,
        days_over,
        days_left,
        amount_at_stake,
        escalates_to as escalated_to,
        acknowledged_by,
        snoozed_until,
        resolution,
        case
            when section = 'reminded' then 'reminded'
            when section in ('new', 'escalated') and not is_known_open then 'notified'
        end as tells
    from sections
    where section is not null or alert_state in ('new', 'open', 'escalated', 'acknowledged', 'snoozed', 'at_risk')

)

select * from final
order by
    case severity when 'critical' then 0 when 'warning' then 1 else 2 end,
    days_over desc nulls last,
    amount_at_stake desc nulls last,
    order_id,
    rule_id
