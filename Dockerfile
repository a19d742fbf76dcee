# The image of the service: two stages, nothing of the build in what runs, no shell script, no HEALTHCHECK (the platform
# probes), a user without a name or a home, and a file system that may be read-only.
# The base is pinned: the index of python:3.12.14-slim-trixie, of 2026-09-01. A newer one, by the digest that you see:
#   docker build --build-arg PYTHON=python:3.12-slim@sha256:... --platform linux/amd64 .
ARG PYTHON=python:3.12-slim@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea

FROM ${PYTHON} AS dependencies
COPY requirements/app.txt /requirements.txt
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes --requirement /requirements.txt

FROM ${PYTHON}
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /srv
COPY --from=dependencies /venv /venv
COPY app app
# Byte code is made here, as a file system that is read-only keeps none: each start would compile all of it again.
RUN python -m compileall -q --invalidation-mode unchecked-hash app
USER 65532
ENTRYPOINT ["python", "-m", "app"]
CMD ["api"]
