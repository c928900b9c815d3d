"""What a web server loads."""

from clinic.app import create_app

app = create_app()
