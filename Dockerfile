# The dashboard, from a clone:
#   docker build -t digits . && docker run --rm -p 5006:5006 digits
# What follows the name goes to `mnist-visual serve`: --workers 2, --allow-origin HOST:5006, ...
FROM python:3.13-slim AS built
WORKDIR /source
COPY pyproject.toml README.md LICENSE CREDITS.md ./
COPY src src
COPY apps apps
RUN python -m venv /opt/digits && /opt/digits/bin/pip install --no-cache-dir ".[offline]"

FROM python:3.13-slim
COPY --from=built /opt/digits /opt/digits
RUN useradd --create-home --uid 10001 server
USER server
WORKDIR /home/server
EXPOSE 5006
# No page is opened for it, so a server that is full is well.
HEALTHCHECK --start-period=30s CMD ["/opt/digits/bin/python", "-c", \
    "from urllib.request import urlopen; urlopen('http://localhost:5006/favicon.ico', timeout=5)"]
# The first process of a container hears no SIGTERM unless it listens for it.
STOPSIGNAL SIGINT
ENTRYPOINT ["/opt/digits/bin/mnist-visual", "serve", "--address", "0.0.0.0", "--no-browser"]
