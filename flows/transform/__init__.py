"""dbt through prefect-dbt: build and test the models for one as-of day."""
