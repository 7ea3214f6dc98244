# Everything Onward runs: one image, a command for each process. See docker-compose.yml.

FROM python:3.11-slim AS built
WORKDIR /build
RUN python -m venv /opt/onward
ENV PATH=/opt/onward/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.lock ./
RUN pip install --quiet --no-deps --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY contracts contracts
COPY config config
COPY store store
COPY workers workers
COPY deploy/unneeded.py deploy/unneeded.py
RUN pip install --quiet --no-deps --no-build-isolation . \
 && python deploy/unneeded.py > unneeded.txt \
 && pip uninstall --quiet --yes $(cat unneeded.txt) \
 && python -m compileall -q /opt/onward/lib

FROM python:3.11-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin onward \
 && install -d -o onward -g onward -m 750 /var/lib/onward /var/lib/onward-key /var/lib/sandbox
COPY --from=built /opt/onward /opt/onward
ENV PATH=/opt/onward/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    ONWARD_DATA_DIR=/var/lib/onward
WORKDIR /var/lib/onward
USER onward
EXPOSE 8080
ENTRYPOINT ["onward"]
CMD ["up"]
