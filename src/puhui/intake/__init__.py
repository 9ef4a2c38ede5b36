"""The story of one delivery: `take.py` reads as the arrows Parcel → Landing → Checked → Linked → Edition."""
