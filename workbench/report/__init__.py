"""Pictures and reports as text: what a notebook, a README or a headless run can show. No torch."""
