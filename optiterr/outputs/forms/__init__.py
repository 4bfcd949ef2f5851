"""Other forms of a comparison than the report: Excel, Parquet, maps, route lists and pictures."""
