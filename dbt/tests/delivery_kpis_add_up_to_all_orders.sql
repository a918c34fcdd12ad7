-- No order is lost or counted twice on its way into the KPIs, and neither is a cent.
with

orders as (

    select
        count(*) as orders,
        count(case when is_late then 1 end) as late,
        coalesce(sum(case when is_open then order_total end), 0) as revenue_waiting
    from {{ ref('fct_orders') }}

),

kpis as (

    select
        coalesce(sum(orders), 0) as orders,
        coalesce(sum(late + backlog_late), 0) as late,
        coalesce(sum(revenue_waiting), 0) as revenue_waiting
    from {{ ref('delivery_kpis') }}

)

select
    orders.orders,
    kpis.orders as kpi_orders,
    orders.late,
    kpis.late as kpi_late,
    orders.revenue_waiting,
    kpis.revenue_waiting as kpi_revenue_waiting
from orders
cross join kpis
where
    orders.orders != kpis.orders
    or orders.late != kpis.late
    or orders.revenue_waiting != kpis.revenue_waiting
