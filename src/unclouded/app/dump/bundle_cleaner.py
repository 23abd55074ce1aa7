"""What the files of one bundle share: pseudonyms, the rules for texts and settings, and which profiles are public."""

from collections.abc import Mapping
from decimal import Decimal

from unclouded.app.dump.json_cleaning import PRIVATE
from unclouded.app.dump.private_words import private_words
from unclouded.app.dump.product_facts import OWN_PROFILE, PERSONAL
from unclouded.app.dump.pseudonyms import Pseudonyms
from unclouded.app.dump.source import BundleSource
from unclouded.app.dump.text_cleaning import TextCleaner
from unclouded.app.dump.vocabulary import is_field, program_words
from unclouded.app.protocols import actions_of, settings_of
from unclouded.core.errors import ConfigError
from unclouded.profiles import ProfileLibrary

HIDDEN = "…"


class BundleCleaner:
    """``words``: what is known to be private; ``pseudonyms``: in its place; ``text``: cleans sentences and names."""

    def __init__(self, source: BundleSource) -> None:
        self.words = private_words(source)
        self.pseudonyms = Pseudonyms()
        words = self.words
        self.text = TextCleaner(self.pseudonyms, program_words(), words.known, words.public, words.secrets)
        self.library = ProfileLibrary(settings_of, source.config.profiles, actions_of)
        self._strong = words.strong()

    def is_shipped(self, profile: str) -> bool:
        """Whether a profile comes with the program, so that its keys and options are no one's."""
        try:
            self.library.get(profile)
        except ConfigError:
            return False
        return not self.library.is_own(profile)

    def profile(self, name: str) -> str:
        """Its name, if it comes with the program."""
        if not name:
            return ""
        return name if self.is_shipped(name) else OWN_PROFILE

    def option(self, option: str) -> str:
        """An option of a shipped profile."""
        is_private = any(word.lower() in option.lower() for word in self._strong)
        return HIDDEN if is_private else option

    def settings(self, value: object) -> object:
        """A table of settings: names, numbers and switches, and texts that are words of the program."""
        if isinstance(value, Mapping):
            return {self._key(str(key)): self._setting(str(key), one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.settings(one) for one in value]
        if isinstance(value, int | float | Decimal) or value is None:
            shown = float(value) if isinstance(value, Decimal) else value
            return HIDDEN if str(value) in self.words.known or str(value) in self.words.secrets else shown
        return value if isinstance(value, str) and self.text.is_public(value) else HIDDEN

    def _key(self, key: str) -> str:
        return key if is_field(key) else self.text.plain(key)

    def _setting(self, key: str, value: object) -> object:
        return HIDDEN if is_personal(key) and not isinstance(value, bool) else self.settings(value)


def is_personal(key: str) -> bool:
    """Whether what stands under a key is a person's, whatever it is: a place, a number, a name."""
    return PERSONAL.fullmatch(key) is not None or PRIVATE.fullmatch(key) is not None
