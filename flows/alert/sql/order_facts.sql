select
    orders.order_id,
    orders.status,
    orders.ordered_at,
    orders.promised_on,
    orders.shipped_at,
    orders.delivered_at,
    orders.carrier,
    orders.country,
    orders.shipping_tier,
    coalesce(customers.customer_name, orders.customer_id) as customer,
    coalesce(products.product_name, orders.product_id) as product,
    orders.order_total
from marts.fct_orders as orders
left join marts.dim_customers as customers
    on orders.customer_id = customers.customer_id
left join marts.dim_products as products
    on orders.product_id = products.product_id
where orders.order_id = %(order)s
