"""A CKAN portal of a test, as far as a reader sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.harvesters.site import Asked, answer


def packages(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [
        {"id": f"id-{number:05d}", "name": f"n-{number}", "title": f"Judul {number}"}
        for number in range(first, first + count)
    ]


def searching(
    found: Sequence[Any] | Callable[[], Sequence[Any]], *, envelope: dict[str, Any] | None = None, cap: int = 1000
) -> Callable[[Asked], bytes]:
    """A handler that answers `package_search` over these packages."""
    around = {"success": True} if envelope is None else envelope

    def handle(asked: Asked) -> bytes:
        if not asked.path.endswith("/api/3/action/package_search"):
            return answer({"timestamp": "2026", "status": 404, "error": "Not Found", "path": asked.path}, status=404)
        everything = list(found() if callable(found) else found)
        start, rows = int(asked.query.get("start", 0)), min(int(asked.query.get("rows", 10)), cap)
        return answer({**around, "result": {"count": len(everything), "results": everything[start : start + rows]}})

    return handle


def listing(
    found: Sequence[dict[str, Any]], failing: Callable[[str], int | None] = lambda _: None
) -> Callable[[Asked], bytes]:
    """A handler that knows only `package_list` and `package_show`."""
    by_name = {package["name"]: package for package in found}

    def handle(asked: Asked) -> bytes:
        if asked.path.endswith("/package_list"):
            return answer({"success": True, "result": list(by_name)})
        if asked.path.endswith("/package_show"):
            status = failing(asked.query["id"])
            if status:
                return answer({"success": False}, status=status)
            return answer({"success": True, "result": by_name[asked.query["id"]]})
        return answer({"success": False}, status=404)

    return handle
