"""Names under which the blocks are stored. Flow parameters and `audiences.toml` default to these."""

WAREHOUSE_BLOCK = "ecommerce-warehouse"
EMAIL_BLOCK = "sla-email"
SLACK_BLOCK = "sla-slack"
TEAMS_BLOCK = "sla-teams"
WEBHOOK_BLOCK = "sla-webhook"

# The slugs of the blocks' types, without importing those.
WAREHOUSE_TYPE = "snowflake-connector"
EMAIL_TYPE = "email-server-credentials"
SLACK_TYPE = "slack-webhook"
TEAMS_TYPE = "ms-teams-webhook"
WEBHOOK_TYPE = "custom-webhook"

WAREHOUSE_SLUG = f"{WAREHOUSE_TYPE}/{WAREHOUSE_BLOCK}"
EMAIL_SLUG = f"{EMAIL_TYPE}/{EMAIL_BLOCK}"
SLACK_SLUG = f"{SLACK_TYPE}/{SLACK_BLOCK}"
TEAMS_SLUG = f"{TEAMS_TYPE}/{TEAMS_BLOCK}"
WEBHOOK_SLUG = f"{WEBHOOK_TYPE}/{WEBHOOK_BLOCK}"


def warehouse_block(environment: str) -> str:
    """Name of an environment's warehouse block; production's is the plain one."""
    return _of(WAREHOUSE_BLOCK, environment)


def email_block(environment: str) -> str:
    """Name of an environment's block of mail credentials."""
    return _of(EMAIL_BLOCK, environment)


def webhook_blocks(environment: str) -> tuple[str, str, str]:
    """Names of an environment's blocks for Slack, Teams and any other webhook."""
    return _of(SLACK_BLOCK, environment), _of(TEAMS_BLOCK, environment), _of(WEBHOOK_BLOCK, environment)


def _of(name: str, environment: str) -> str:
    return name if environment == "prod" else f"{name}-{environment}"
