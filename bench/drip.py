#!/usr/bin/python3
"""Clients that send a request's header one byte at a time and never end it: how long each is let.

    python3 bench/drip.py PORT [CLIENTS [SECONDS [LIMIT_SECONDS]]]

A client that is cut connects again, so the number stays. Exit status 1 unless every one was cut within LIMIT (the server's
--request-timeout-ms, 10 s, and the half second of its sweep).
"""
import selectors
import socket
import sys
import time

HEADER = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"a" * 1000
PAUSE = 0.5  # seconds between two bytes of one client


class Drip:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.socket.setblocking(False)
        self.began = time.monotonic()
        self.sent = 0

    def send(self):
        try:
            self.sent += self.socket.send(HEADER[self.sent:self.sent + 1])
        except OSError:
            pass  # cut just now: the selector tells

    def cut(self):
        """Whether the server closed it."""
        try:
            return self.socket.recv(4096) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True


def main():
    port, clients, seconds, limit = (float(a) for a in sys.argv[1:] + ["500", "13", "10.5"][len(sys.argv) - 2:])
    selector = selectors.DefaultSelector()
    drips = set()

    def connect():
        drip = Drip(int(port))
        drips.add(drip)
        selector.register(drip.socket, selectors.EVENT_READ, drip)

    lifetimes = []
    end = time.monotonic() + seconds
    while len(drips) < clients:
        connect()
    first = set(drips)
    turn = time.monotonic()
    while time.monotonic() < end:
        for key, _ in selector.select(max(0, turn - time.monotonic())):
            drip = key.data
            if drip.cut():
                lifetimes.append(time.monotonic() - drip.began)
                selector.unregister(drip.socket)
                drip.socket.close()
                drips.discard(drip)
                first.discard(drip)
                connect()
        if time.monotonic() >= turn:
            turn += PAUSE
            for drip in drips:
                drip.send()
    late = sum(t > limit for t in lifetimes) + sum(time.monotonic() - d.began > limit for d in drips)
    span = f"after {min(lifetimes):.1f} to {max(lifetimes):.1f} s" if lifetimes else ""
    print(f"{clients:.0f} dripping clients, connecting again when cut: {len(lifetimes)} cut {span}; {len(first)} of the first never, {late} later than {limit} s")
    sys.exit(1 if first or late else 0)


if __name__ == "__main__":
    main()
