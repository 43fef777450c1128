"""The main job on real input, from nothing: broker, topics, worker, an invented sample, a scraped page."""
