# syntax=docker/dockerfile:1
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
COPY requirements.txt /tmp/
RUN /venv/bin/pip install --quiet -r /tmp/requirements.txt

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 FLASK_APP=wsgi.py PORT=8000
RUN useradd --system --uid 10001 --home-dir /app sutra && install -d -o sutra -m 700 /data/files
WORKDIR /app
COPY --from=build /venv /venv
COPY . .
# Served as they lie there: once compressed, phones on thin networks fetch a quarter.
RUN python -m whitenoise.compress --quiet static
USER sutra
EXPOSE 8000
# One image for all processes; the others are started as `flask worker`, `flask clock` and `flask db upgrade`.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
CMD ["gunicorn", "--config", "gunicorn.conf.py", "wsgi:app"]
