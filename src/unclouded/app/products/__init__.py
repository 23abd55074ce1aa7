"""The products that profiles and the catalogue know: listed, searched, and profiles of them checked.

listing.py         every product of a profile, as a row of a list
search.py          words, kind -> the products that have them (verb `products`, API)
supported_pages.py the pages docs/supported/*.md
profile_check.py   a profile file that is contributed: what is wrong with it, and what it would do (verb `check`)
"""
