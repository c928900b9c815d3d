"""Pages about patients."""

from clinic.patients.views.blueprint import bp

blueprints = (bp,)
