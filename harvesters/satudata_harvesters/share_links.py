"""Addresses under which people share files, turned into the addresses of the files themselves."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

#: Where a private file sends those who ask for it.
_LOGIN_HOSTS = ("accounts.google.com", "login.live.com", "login.microsoftonline.com", "www.dropbox.com")
_SHARE_HOSTS = (
    "docs.google.com",
    "drive.google.com",
    "1drv.ms",
    "onedrive.live.com",
    "api.onedrive.com",
    "www.dropbox.com",
)


def is_share_link(url: str) -> bool:
    """Whether the address belongs to a service where files are private until somebody shares them."""
    host = urlsplit(url).hostname or ""
    return host in _SHARE_HOSTS or host.endswith(".sharepoint.com")


def is_login(url: str) -> bool:
    """Whether an answer came from a page that asks who is there."""
    parts = urlsplit(url)
    return parts.hostname in _LOGIN_HOSTS or "/ServiceLogin" in parts.path


def file_address(url: str) -> str:
    """The address that answers the file itself; any other address stays as it is.

    Google Sheets give the tab of the link as CSV (the first one otherwise); Drive, OneDrive, SharePoint and Dropbox
    the file.
    """
    parts = urlsplit(url)
    host, query = parts.hostname or "", parse_qs(parts.query)
    if host == "docs.google.com":
        return _google_sheet(url) or url
    if host == "drive.google.com":
        found = re.search(r"/file/d/([\w-]+)", parts.path) or re.search(r"[?&]id=([\w-]+)", url)
        return f"https://drive.google.com/uc?{urlencode({'export': 'download', 'id': found[1]})}" if found else url
    if host in {"1drv.ms", "onedrive.live.com"}:
        token = urlsafe_b64encode(url.encode()).decode().rstrip("=")
        return "/".join(("https://api.onedrive.com/v1.0/shares", f"u!{token}", "root", "content"))
    if host.endswith(".sharepoint.com") and "download" not in query:
        return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, "download=1")))))
    if host == "www.dropbox.com":
        kept = {name: values[-1] for name, values in query.items() if name != "dl"}
        return urlunsplit(parts._replace(query=urlencode({**kept, "dl": "1"})))
    return url


def _google_sheet(url: str) -> str | None:
    if published := re.search(r"/spreadsheets/d/e/([\w-]+)/pub", url):
        return f"https://docs.google.com/spreadsheets/d/e/{published[1]}/pub?output=csv"
    if found := re.search(r"/spreadsheets/d/([\w-]+)", url):
        tab = re.search(r"[#?&]gid=(\d+)", url)
        wanted = {"format": "csv"} | ({"gid": tab[1]} if tab else {})
        return f"https://docs.google.com/spreadsheets/d/{found[1]}/export?{urlencode(wanted)}"
    return None
