"""The pages of the catalogue: ``topic/slug.toml`` is read without importing anything,
``topic/slug.py`` when the claim runs."""
