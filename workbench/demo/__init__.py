"""The main job on real data, headless: tables to predictions, with its audit and its report."""
