"""Names under which the blocks are stored. Flow parameters default to these."""

WAREHOUSE_BLOCK = "ecommerce-warehouse"
EMAIL_BLOCK = "sla-email"

WAREHOUSE_SLUG = f"snowflake-connector/{WAREHOUSE_BLOCK}"
EMAIL_SLUG = f"email-server-credentials/{EMAIL_BLOCK}"
