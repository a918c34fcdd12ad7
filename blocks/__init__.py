"""How the outside world is reached: Prefect block definitions as code.

`python -m blocks.register` writes them from the environment, `--check` tries them.
"""

from blocks.late import postpone

# prefect-snowflake imports its worker for Snowpark Container Services, and Snowflake's whole management API
# with it, wherever one of its blocks is used: a third of the time that a run's imports take
postpone("prefect_snowflake.experimental.workers.spcs")
