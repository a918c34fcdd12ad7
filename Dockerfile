# One image for everything that runs this code: worker, flow run, Prefect server, the warehouse's stand-in.

FROM python:3.11-slim-bookworm AS builder
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
WORKDIR /build
RUN python -m pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
COPY requirements.txt ./
RUN python -m venv --without-pip /opt/venv \
    && uv pip sync --no-cache --python /opt/venv/bin/python requirements.txt
COPY pyproject.toml prefect.yaml audiences*.toml ./code/
COPY flows ./code/flows
COPY blocks ./code/blocks
COPY dbt ./code/dbt
COPY local ./code/local
COPY data/sample ./code/data/sample
RUN /opt/venv/bin/python -m compileall -q code

FROM python:3.11-slim-bookworm
# the code is where a deployment's pull step looks for it; all that is written is below ORDERS_DATA_DIR
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DO_NOT_TRACK=1 \
    HOME=/var/lib/order-monitoring \
    ORDER_MONITORING_HOME=/opt/order-monitoring \
    ORDERS_DATA_DIR=/var/lib/order-monitoring/data
RUN useradd --system --uid 10001 --home-dir /var/lib/order-monitoring --create-home --shell /usr/sbin/nologin orders
COPY --from=builder /opt/venv /opt/venv
COPY --from=builder /build/code /opt/order-monitoring
USER 10001
WORKDIR /opt/order-monitoring
VOLUME /var/lib/order-monitoring
CMD ["prefect", "worker", "start", "--pool", "order-monitoring", "--type", "process"]
