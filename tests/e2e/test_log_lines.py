"""Text from outside writes no line of its own into the logs of the running processes."""

import secrets
from urllib.parse import quote

from demo.portal import Portal
from tests.e2e.stack import API, WALIDATA

START = "2026-01-01 00:00:00,000 ERROR [root]"


def forged(stack, word):
    """Lines of the logs of web, worker, tick and commands that somebody outside began."""
    found = []
    for name in ("web", "worker", "tick", "commands"):
        lines = stack.log(name).read_text("utf-8", errors="replace").splitlines()
        found += [line for line in lines if line.startswith(START) and word in line]
    return found


def test_a_forged_line_is_recognised(stack):
    word = secrets.token_hex(4)
    with stack.log("worker").open("a") as log:
        log.write(f"{START} {word}\n")
    assert len(forged(stack, word)) == 1


def test_a_source_cannot_forge_a_line(stack, tmp_path):
    word, name = secrets.token_hex(4), f"palsu-{secrets.token_hex(4)}"
    line = f"Jumlah\n{START} {word}\r\n{START} {word}\u2028{START} {word}"
    portal = Portal(datasets=12, seed=secrets.randbits(32))
    for number, entry in enumerate(sorted(portal.entries, key=lambda entry: entry.id)):
        package = entry.package
        package.update(title=f"{line}{number}", notes=line, license_id=line, author=line, tags=[{"name": line}])
        package["organization"] = {"id": "x", "name": "x", "title": line}
        package["extras"] = [{"key": line, "value": line}, {"key": "kode_wilayah", "value": line}]
        for resource in package["resources"]:
            resource.update(name=line, format=line, mimetype=line)
    with stack.serving(portal) as url:
        definition = {
            "name": name, "title": f"Palsu {line}", "organization": WALIDATA, "connector": "ckan", "url": url,
            "penayangan": "otomatis",
        }  # fmt: skip
        file = stack.write_source(tmp_path, definition)
        added = stack.ckan("satudata", "source", "add", name, "--file", str(file), "--approved-by", "walidata")
        if added.code:  # a title that spans lines may be refused
            file = stack.write_source(tmp_path, definition | {"title": "Palsu"})
            stack.satudata("source", "add", name, "--file", str(file), "--approved-by", "walidata")
        run = stack.harvest(name)
        for path in (f"/sumber-data/{name}", f"/sumber-data/{name}/penarikan/{run['run']}", "/dataset/"):
            stack.get(path)
        portal.html = True
        stack.harvest(name)
    assert run["state"] == "selesai"
    assert run["read"] == 12
    assert forged(stack, word) == []


def test_a_reader_cannot_forge_a_line(stack):
    word = secrets.token_hex(4)
    line = quote(f"x\n{START} {word}\r\n")
    paths = (
        *(f"{page}/{line}" for page in ("/dataset", "/organization", "/sumber-data", API, f"{API}/datasets")),
        f"/dataset/?q={line}",
        f"/api/3/action/package_search?fq={line}&sort={line}",
    )
    for path in paths:
        assert stack.get(path, headers={"Authorization": f"Bearer {line}"}).status_code < 600
        assert stack.get(path).status_code < 500, path
    stack.request("POST", "/user/login", data={"login": f"x\n{START} {word}", "password": "x"})
    assert forged(stack, word) == []
