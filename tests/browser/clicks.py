"""What a person presses, counted."""

from playwright.sync_api import Locator


class Clicks:
    """Presses controls and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, control: Locator) -> None:
        """Press a control."""
        self.count += 1
        control.click()
