#!/usr/bin/python3
"""M/M/1 at rho = .9 in SimPy: prints nanoseconds of CPU time per event (arrival or departure)."""
import random
import time

import simpy

CUSTOMERS = 100000


def source(env, line):
    for _ in range(CUSTOMERS):
        yield env.timeout(random.expovariate(0.9))
        line.put(env.now)


def server(env, line, total):
    for _ in range(CUSTOMERS):
        came = yield line.get()
        yield env.timeout(random.expovariate(1.0))
        total[0] += env.now - came


def main():
    random.seed(1)
    env = simpy.Environment()
    line = simpy.Store(env)
    total = [0.0]
    env.process(source(env, line))
    env.process(server(env, line, total))
    start = time.process_time()
    env.run()
    print((time.process_time() - start) * 1e9 / (2 * CUSTOMERS), total[0] / CUSTOMERS)


main()
