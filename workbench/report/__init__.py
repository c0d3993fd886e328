"""Pictures and HTML of what a run did: values in, text out."""
