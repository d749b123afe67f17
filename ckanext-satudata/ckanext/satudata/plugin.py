"""What CKAN calls: each interface hands over to the room that answers it. No logic here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from ckan import model, plugins
from ckan.lib.plugins import DefaultPermissionLabels, DefaultTranslation
from ckan.plugins import toolkit
from flask import Blueprint, Flask

from ckanext.satudata import cli
from ckanext.satudata.api.app import mount
from ckanext.satudata.catalog import database_errors, edits, forgiving, form, index, labels
from ckanext.satudata.portal import blueprints, facets, serving, template_functions


@toolkit.blanket.config_declarations
class SatudataPlugin(plugins.SingletonPlugin, DefaultTranslation, DefaultPermissionLabels):
    """Satu Data on CKAN: harvested, checked and published datasets of a region's applications."""

    plugins.implements(plugins.IConfigurer)
    plugins.implements(plugins.ITranslation)
    plugins.implements(plugins.IClick)
    plugins.implements(plugins.IBlueprint)
    plugins.implements(plugins.IMiddleware, inherit=True)
    plugins.implements(plugins.ITemplateHelpers)
    plugins.implements(plugins.IFacets, inherit=True)
    plugins.implements(plugins.IPackageController, inherit=True)
    plugins.implements(plugins.IResourceController, inherit=True)
    plugins.implements(plugins.IPermissionLabels)
    plugins.implements(plugins.IValidators)
    plugins.implements(plugins.IActions)
    plugins.implements(plugins.IDomainObjectModification, inherit=True)

    def update_config(self, config: Any) -> None:
        """Templates of the portal; its few static files are served by `portal.serving`."""
        toolkit.add_template_directory(config, "templates")
        forgiving.wrap()
        database_errors.listen()
        config["ckan.gravatar_default"] = "disabled"  # no page asks another host for a picture

    def get_commands(self) -> list[click.Command]:
        """`ckan satudata …`."""
        return [cli.satudata]

    def get_blueprint(self) -> list[Blueprint]:
        """Pages of the portal."""
        return blueprints()

    def make_middleware(self, app: Flask, _config: Any) -> Flask:
        """Mount the API and the portal's files beside CKAN, compress pages; return the same app, as CKAN expects."""
        return serving.compress(mount(app))

    def get_helpers(self) -> dict[str, Callable[..., Any]]:
        """Template helpers, prefixed `satudata_`."""
        return template_functions.all_functions()

    def dataset_facets(self, facets_dict: dict[str, Any], package_type: str) -> dict[str, Any]:
        """Facets of the search page, in the order people narrow down."""
        return facets.dataset_facets(facets_dict, package_type)

    def before_dataset_index(self, pkg_dict: dict[str, Any]) -> dict[str, Any]:
        """Add our declared `sd_*` fields to the document CKAN sends to Solr."""
        return index.add_fields(pkg_dict)

    def before_dataset_search(self, search_params: dict[str, Any]) -> dict[str, Any]:
        """Keep what is already hidden in Postgres out of every answer of a lagging index."""
        return index.exclude_hidden(search_params)

    def after_dataset_create(self, context: Any, pkg_dict: dict[str, Any]) -> None:
        """Nothing becomes public that assessment refuses or nobody has approved."""
        edits.guard(context, pkg_dict)

    def after_dataset_update(self, context: Any, pkg_dict: dict[str, Any]) -> None:
        """The same for every edit, and a published dataset is not spoilt by one."""
        edits.guard(context, pkg_dict)

    def after_dataset_show(self, context: Any, pkg_dict: dict[str, Any]) -> None:
        """Take away what the access class hides from this reader."""
        labels.redact(context, pkg_dict)

    def get_validators(self) -> dict[str, Callable[..., Any]]:
        """What the dataset's form stores of what a person sends."""
        return form.validators()

    def before_resource_update(self, _context: Any, current: dict[str, Any], resource: dict[str, Any]) -> None:
        """The form of a file loses nothing it does not show."""
        form.keep_unshown(current, resource)

    def get_dataset_labels(self, dataset_obj: model.Package) -> list[str]:
        """Who may see a dataset."""
        return labels.dataset_labels(dataset_obj, super().get_dataset_labels(dataset_obj))

    def get_user_dataset_labels(self, user_obj: Any) -> list[str]:
        """What a person may see."""
        return labels.user_labels(user_obj, super().get_user_dataset_labels(user_obj))

    def get_actions(self) -> dict[str, Callable[..., Any]]:
        """CKAN's search for files asks no permission label; ours does."""
        return {"resource_search": labels.resource_search}

    def notify(self, entity: Any, operation: str) -> None:
        """Edits by people: the same assessment, change log and index as the engine's writes."""
        edits.notify(entity, operation)
