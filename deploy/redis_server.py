"""A Redis of our own: its folder, its port on 127.0.0.1, a password."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from deploy.layout import Account, write_private


@dataclass(frozen=True)
class RedisServer:
    """One Redis: folder, port and the file that holds its password."""

    folder: Path
    port: int
    password_file: Path

    @property
    def configuration(self) -> Path:
        """The file it starts from."""
        return self.folder / "redis.conf"

    @property
    def command(self) -> list[str]:
        """The command that runs it in the foreground."""
        return ["redis-server", str(self.configuration)]

    def url(self, number: int = 0) -> str:
        """Return the address of one of its numbered databases."""
        return f"redis://:{self.password()}@127.0.0.1:{self.port}/{number}"

    def password(self) -> str:
        """Read its password."""
        return self.password_file.read_text("utf-8").strip()


def write_configuration(server: RedisServer, account: Account, *, throwaway: bool = False) -> None:
    """Write the file Redis starts from (mode 600: it holds the password)."""
    lines = [
        "bind 127.0.0.1",
        "protected-mode yes",
        f"port {server.port}",
        f"dir {server.folder}",
        f"requirepass {server.password()}",
        "daemonize no",
        "loglevel warning",
        "databases 512" if throwaway else "databases 4",
        'save ""' if throwaway else "save 900 1 300 100",
        "appendonly no" if throwaway else "appendonly yes",
        # Queues and revocations are not a cache: rather refuse a write than forget one.
        "maxmemory 512mb",
        "maxmemory-policy noeviction",
    ]
    write_private(server.configuration, "\n".join(lines) + "\n", account)


def answers(server: RedisServer) -> bool:
    """Tell whether it lets us in and has loaded its data."""
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=2) as connection:
            connection.sendall(f"AUTH {server.password()}\r\nPING\r\n".encode())
            connection.settimeout(2)
            answer = b""
            while answer.count(b"\r\n") < 2:
                part = connection.recv(512)
                if not part:
                    break
                answer += part
    except OSError:
        return False
    return b"+PONG" in answer
