"""llama.cpp's own HTTP server, until its input ends: ``python _llama.py model.gguf``.

It runs in an environment of its own, which has ``xllamacpp`` and nothing of ours.
"""

import sys

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.hostnames = ["127.0.0.1"]
params.port = 0
params.n_ctx, params.n_parallel, params.n_predict, params.warmup = 8192, 1, 400, False
params.sampling.seed, params.sampling.temp = 8, 0.0
server = xllamacpp.Server(params)
sys.stdout.write(f"{server.listening_address}\n")
sys.stdout.flush()
sys.stdin.read()
