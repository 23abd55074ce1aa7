"""The tariffs of the demo: three periods as in Spain, and one price for all times as in Germany."""

TARIFFS = """
# What energy costs: `unclouded costs`, `unclouded bill`, `unclouded tariffs`
[[tariff]]
name = "Three periods"
currency = "EUR"

[tariff.zones]
peak = "workdays 10:00-14:00, 18:00-22:00"
flat = "workdays 08:00-10:00, 14:00-18:00, 22:00-24:00"
valley = "other"

[[tariff.part]]
name = "Energy"
price = { peak = 0.1832, flat = 0.1241, valley = 0.0894 }

[[tariff.part]]
kind = "power"
name = "Power"
kW = 4.6
per = "year"
price = 31.40

[[tariff.part]]
kind = "feed_in"
name = "Surplus"
price = 0.06
at_most = "energy"

[[tariff.tax]]
name = "Electricity tax"
percent = 5.11269632
on = ["energy", "power"]

[[tariff.tax]]
name = "VAT"
percent = 21

[[tariff]]
name = "Flat"
currency = "EUR"

[[tariff.part]]
name = "Energy"
price = 0.2890

[[tariff.part]]
kind = "standing"
name = "Base price"
per = "month"
price = 11.90

[[tariff.part]]
kind = "feed_in"
name = "Feed-in"
price = 0.0786

[[tariff.tax]]
name = "VAT"
percent = 19
included = true

[costs]
tariff = "Three periods"
carbon_g_per_kWh = 180
"""
