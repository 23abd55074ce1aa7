"""A device for a report, as text to hand on: the facts of its product, or a bundle of all that a bug report needs.

facts of a product (`dump --profile`)
    seen_values.py     reports of a wire, or of a probe -> what was seen of each wire key
    product_facts.py   that, the profile of today and the match with the catalogue -> ProductFacts
    facts_text.py      ProductFacts -> Markdown
    probed.py          the same from a wire, without a hub

bundle (`dump`)
    source.py          what a hub, or the configuration and the store, have of a device -> BundleSource
    shown_frames.py    frames that a hub shows -> lines of a capture
    private_words.py   what of it is known to be the owner's
    bundle.py          BundleSource -> files, cleaned and searched -> zip
    bundle_cleaner.py  what its files share; bundle_configuration.py, bundle_device.py, bundle_frames.py: the files
    text_cleaning.py   a text -> the same with words of the program only; json_cleaning.py, frame_cleaning.py: of wires
    pseudonyms.py      private words -> replacements; vocabulary.py: the words of the program
    scanning.py        is a word in some bytes, in any form?
    opening.py         the captures in a bundle
"""
