# Model Lab with one engine, to run a repository's suites in:
#   docker build --target cpu -t modellab .
#   docker run --rm -v "$PWD:/work" -v modellab-cache:/cache modellab -m smoke
# On an NVIDIA GPU (the host has the driver and NVIDIA's container toolkit):
#   docker build --target cuda -t modellab:cuda .
#   docker run --rm --gpus all -v "$PWD:/work" -v modellab-cache:/cache modellab:cuda -m smoke --lab-device cuda

FROM python:3.12-slim-bookworm AS wheel
WORKDIR /source
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY pytest_modellab ./pytest_modellab
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim-bookworm AS cpu
ARG EXTRAS=faster-whisper,data,report
COPY constraints.txt /tmp/constraints.txt
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir -c /tmp/constraints.txt "$(echo /wheels/*.whl)[${EXTRAS}]" \
    && useradd --create-home --uid 1000 lab \
    && install -d -o lab /cache /work
ENV MODELLAB_CACHE=/cache \
    PYTHONUNBUFFERED=1
USER 1000
WORKDIR /work
ENTRYPOINT ["pytest"]
CMD ["-m", "smoke"]

FROM cpu AS cuda
# cuBLAS and cuDNN come as packages; the driver is the host's.
USER 0
RUN pip install --no-cache-dir -c /tmp/constraints.txt "$(echo /wheels/*.whl)[faster-whisper-cuda]"
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 1000
