"""Plans are values: fanouts and model plans, printed, compared and saved as JSON."""
