# One image for every role: `docker run … nexus`, `… keeper`, `… bootstrap`, or any command of the command line.
FROM denoland/deno:2.9.6 AS build
WORKDIR /src
COPY deno.json deno.lock main.ts ./
COPY lib lib
COPY roles roles
COPY scripts scripts
RUN deno task compile

FROM debian:bookworm-slim
# The program is dynamically linked against the C library and finds it at a fixed path, to lock memory.
RUN install -d -m 0700 -o 1000 -g 1000 /var/lib/spike
COPY --from=build /src/dist/spike /usr/local/bin/spike
ENV HOME=/var/lib/spike SPIKE_DATA_DIR=/var/lib/spike/data
WORKDIR /var/lib/spike
USER 1000:1000
EXPOSE 8553 8554
ENTRYPOINT ["/usr/local/bin/spike"]
