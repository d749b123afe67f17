"""The platform that CKAN loads: catalogue, harvest, API and portal of a Satu Data region."""
