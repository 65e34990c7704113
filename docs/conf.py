"""The site: ``make docs`` builds it without a network. Pages of claims and of the lecture are made from the catalogue."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

from proofs_checks import __version__  # noqa: E402

project = "preality"
author = "the preality authors"
release = __version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "mathml_formulas", "catalogue_pages"]
source_suffix = {".md": "myst-nb"}
exclude_patterns = ["_build", "_ext"]
html_theme = "furo"
html_title = "preality"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_execution_cache_path = str(HERE / "_build" / "executed")
autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
default_role = "code"
suppress_warnings = ["misc.highlighting_failure", "myst-nb.lexer"]
