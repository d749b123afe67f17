"""The unified API: one small Flask app under /api/satudata/v1."""
