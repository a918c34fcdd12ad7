"""From files to the warehouse: Parquet staging, PUT and COPY, the manifest."""
