"""What a device has reported, as text and JSON to hand on.

seen_values.py    reports of a wire, or of a probe -> what was seen of each wire key
product_facts.py  that, the profile of today and the match with the catalogue -> ProductFacts (`dump --profile`)
facts_text.py     ProductFacts -> Markdown
"""
