"""Why: what stands in the way of a plan, and what a scenario says as algebra."""
