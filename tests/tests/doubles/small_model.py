"""A small model behind the server of llama.cpp, as it comes in xllamacpp, until the standard input ends.

usage: small_model.py FILE.gguf PORT
"""

import os
import sys

import xllamacpp


def main() -> None:
    path, port = sys.argv[1:]
    settings = xllamacpp.CommonParams()
    settings.model.path = path
    settings.hostnames, settings.port = ["127.0.0.1"], int(port)
    # One place, so that the next question finds what the last one left in the cache.
    settings.n_ctx, settings.n_parallel = 1024, 1
    # It may talk without an end.
    settings.n_predict = 64
    settings.cpuparams.n_threads = 2
    # The same question gets the same answer.
    settings.sampling.temp, settings.sampling.seed = 0.0, 1
    settings.use_jinja, settings.warmup = True, False
    server = xllamacpp.Server(settings)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    # What it holds ends with the process: nothing here is worth an orderly end.
    os._exit(0)


if __name__ == "__main__":
    main()
