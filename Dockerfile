# The image of the service: two stages, nothing of the build in what runs, no shell script, no HEALTHCHECK (the platform
# probes), a user without a name or a home, and a file system that may be read-only.
# The base comes as an argument so that whoever builds pins it by a digest that they have seen:
#   docker build --build-arg PYTHON=python:3.12-slim@sha256:... --platform linux/amd64 .
ARG PYTHON

FROM ${PYTHON} AS dependencies
COPY requirements/app.txt /requirements.txt
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes --requirement /requirements.txt

FROM ${PYTHON}
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /srv
COPY --from=dependencies /venv /venv
COPY app app
USER 65532
ENTRYPOINT ["python", "-m", "app"]
CMD ["api"]
