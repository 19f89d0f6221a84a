"""The line above every page."""

from nicegui import ui

from gnomon.web.controls import words


def header(run_name: str | None, here: str) -> None:
    """Draw the name and the way to the other page; ``here`` is this page's address."""
    with ui.element("header").classes("top"):
        words("a", "gnomon", "name").props("href=/")
        with ui.element("nav").props('aria-label="Pages"'):
            pages = [("/", "Explore")]
            if run_name is not None:
                pages.append(("/run", f"Run {run_name}"))
            for address, title in pages:
                link = words("a", title).props(f"href={address}")
                if address == here:
                    link.props("aria-current=page")
