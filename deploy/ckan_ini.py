"""CKAN's configuration file: written whole at each set-up from what the machine has, never edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.layout import Account, write_private

PLUGINS = "satudata scheming_datasets"
#: The dataset's form and display, made from the contract.
DATASET_SCHEMA = "ckanext.satudata:dataset_schema.yaml"

LOGGING = """
[loggers]
keys = root

[handlers]
keys = console

[formatters]
keys = line

[logger_root]
level = WARNING
handlers = console

[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = line

[formatter_line]
format = %(asctime)s %(levelname)s [%(name)s] %(message)s
"""


@dataclass(frozen=True)
class CkanSettings:
    """What differs between one installation and another."""

    site_id: str
    site_url: str
    database_url: str
    redis_url: str
    solr_url: str
    storage: Path
    session_secret: str
    #: Keys that seal the secrets of sources, one a line, newest first.
    source_secrets_file: Path
    #: Folder of the keys that sign access tokens.
    token_keys: Path
    allow_networks: tuple[str, ...] = ()
    more: Mapping[str, str] = field(default_factory=dict)

    def options(self) -> dict[str, str]:
        """Return every option of `[app:main]`."""
        return {
            "use": "egg:ckan",
            "debug": "false",
            "SECRET_KEY": self.session_secret,
            "WTF_CSRF_TIME_LIMIT": "28800",  # a form left open over a working day is still accepted
            "SESSION_TYPE": "redis",
            "SESSION_KEY_PREFIX": f"{self.site_id}:session:",
            "PERMANENT_SESSION_LIFETIME": "43200",
            "SESSION_COOKIE_SECURE": str(self.site_url.startswith("https:")).lower(),
            "REMEMBER_COOKIE_SECURE": str(self.site_url.startswith("https:")).lower(),
            "api_token.jwt.encode.secret": f"string:{self.session_secret}",
            "api_token.jwt.decode.secret": f"string:{self.session_secret}",
            "sqlalchemy.url": self.database_url,
            "sqlalchemy.hide_parameters": "true",  # a logged error shows its statement and not what people sent
            "ckan.redis.url": self.redis_url,
            "solr_url": self.solr_url,
            "solr_timeout": "10",  # seconds: a Solr that hangs holds neither a page nor the start of a job for long
            "ckan.search.solr_commit": "false",  # the core's soft commit shows a change within a second
            "ckan.site_id": self.site_id,
            "ckan.site_url": self.site_url,
            "ckan.site_title": "Portal Satu Data",
            "ckan.plugins": PLUGINS,
            "scheming.dataset_schemas": DATASET_SCHEMA,
            "ckan.locale_default": "id",
            "ckan.locales_offered": "id en",
            "ckan.locale_order": "id en",
            "ckan.display_timezone": "Asia/Jakarta",
            "ckan.storage_path": str(self.storage),
            "ckan.webassets.path": str(self.storage / "webassets"),
            # A visitor cannot make an account or an organisation: people come by the OPD, OPDs by `opd import`.
            "ckan.auth.create_user_via_web": "false",
            "ckan.auth.create_user_via_api": "false",
            "ckan.auth.user_create_organizations": "false",
            "ckan.auth.user_create_groups": "false",
            "ckan.auth.public_user_details": "false",
            "ckan.auth.create_unowned_dataset": "false",
            "ckanext.satudata.secrets_file": str(self.source_secrets_file),
            "ckanext.satudata.api.keys_dir": str(self.token_keys),
            "ckanext.satudata.allow_networks": " ".join(self.allow_networks),
            **self.more,
        }


def write_ini(path: Path, settings: CkanSettings, account: Account) -> Path:
    """Write the file (mode 600: it holds passwords)."""
    lines = ["# Ditulis oleh `make up`; perubahan di sini akan hilang. Written by `make up`; changes here are lost."]
    lines += ["[DEFAULT]", "debug = false", "", "[app:main]"]
    lines += [f"{name} = {value.replace('%', '%%')}" for name, value in settings.options().items()]
    return write_private(path, "\n".join(lines) + "\n" + LOGGING, account)
