"""What energy costs: tariffs, bills that add up, costs of devices, carbon. Pure.

    tariff (zones, tiers, feeds, taxes) ─┐
    energy of the home, per quarter ─────┼─► pricing ─► lines ─► bill          rounded here, and nowhere else
    feeds (prices, g CO₂ per kWh) ───────┘      └─────► costs of devices       shares of each quarter

Energy is whole mWh; a price is a whole number of 10⁻¹² of the currency per kWh; so sums are exact.
"""
