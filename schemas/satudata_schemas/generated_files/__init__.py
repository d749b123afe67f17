"""What is derived from the contract, one module a kind of file; `satudata_schemas.generate` writes them."""

NOTICE = "Generated from schemas/satudata_schemas by `make generated`. Do not edit."
