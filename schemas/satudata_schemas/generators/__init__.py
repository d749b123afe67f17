"""What makes the files that are derived from the contract; `satudata_schemas.generate` writes them."""

NOTICE = "Generated from schemas/satudata_schemas by `make generated`. Do not edit."
