# The API for a ClickHouse server or, with a volume at /data, for an embedded store.
FROM python:3.13-slim-bookworm

# Exactly what the lock file names, hashes checked; then the project itself without dependencies.
WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY sql ./sql
COPY ratecard_compiler ./ratecard_compiler
COPY migrations ./migrations
COPY api ./api
COPY fixtures ./fixtures
RUN pip install --no-cache-dir --no-deps .

RUN useradd --create-home --uid 10001 runrate && mkdir /data && chown runrate /data
USER runrate
WORKDIR /data
ENV RUNRATE_STORE=chdb:/data TZ=UTC PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/readyz', timeout=2)"
# One process owns a store: no workers.
CMD ["runrate", "serve", "--host", "0.0.0.0", "--port", "8080"]
