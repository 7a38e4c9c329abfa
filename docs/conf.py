"""How the documentation is built: sphinx-build -W -b html docs docs/_build."""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS.parent), str(DOCS)]  # document this checkout, installed or not

from pictures import draw  # noqa: E402

import sourcescore  # noqa: E402
from sourcescore import datasets  # noqa: E402

project = "sourcescore"
author = "the sourcescore authors"
release = version = sourcescore.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# The reference comes from the docstrings. A name in single backticks is a link where it is one of
# ours, and code where it is not.
default_role = "py:obj"
autosummary_generate = True
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # numpydoc has the types in words
numpydoc_show_class_members = False  # autodoc lists them
numpydoc_xref_param_type = False

# Names of ours must lead somewhere; those of other packages would need their inventories, and so
# the network, to be looked up.
nitpicky = True
_PUBLIC = {name: f"sourcescore.datasets.{name}" for name in datasets.__all__}
_PUBLIC |= {name: f"sourcescore.{name}" for name in sourcescore.__all__}
_OURS = "|".join(["sourcescore", *(name for name in _PUBLIC if name not in ("score", "read"))])
nitpick_ignore_regex = [(".*", rf"(?!({_OURS})(\.|$)).*")]
# Parts of the inside that docstrings name for those who read the code.
nitpick_ignore = [
    ("py:obj", "sourcescore.classify.certainty"),
    ("py:obj", "sourcescore.confidence"),
    ("py:obj", "sourcescore.sources.antecedents.CLASSES"),
    ("py:obj", "sourcescore.sources.antecedents.FEATURES"),
]

html_theme = "furo"
html_title = f"sourcescore {release}"
html_static_path = ["_static"]
html_css_files = ["sourcescore.css"]
html_extra_path = ["_pictures/pages"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#0f5c8c",
        "color-brand-content": "#0f5c8c",
    },
    "dark_css_variables": {
        "color-brand-primary": "#7cc0ea",
        "color-brand-content": "#7cc0ea",
    },
}

draw(DOCS / "_pictures")


def setup(app):
    """Let docstrings of one module name the public things of another without its name."""
    app.connect("missing-reference", _public_name)


def _public_name(app, env, node, content):
    head, dot, rest = node.get("reftarget", "").partition(".")
    if node.get("refdomain") != "py" or head not in _PUBLIC:
        return None
    target = f"{_PUBLIC[head]}{dot}{rest}"
    return env.get_domain("py").resolve_xref(
        env, node["refdoc"], app.builder, "obj", target, node, content
    )
